"""How a file is stored: format, size, profile, depth, orientation; and that its pixels come out right."""

from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.decoding import decode
from services.qc.inspection.header import read_header
from tests.qc.test_inspection_clean import FAIL, FLAG, PACKSHOT, PASS, SRGB, encode, fired, product, verdicts

CAPTURE = ImageSpec(deliverable=False)
BAG = Image.fromarray(product())


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[274] = orientation
    return tags


def pixels_of(data: bytes, format: str) -> Any:
    return decode(data, format, read_header(data, format)).rgb


def swapped_profile() -> bytes:
    """sRGB with its red and green primaries exchanged: a profile that nobody can overlook."""
    profile = bytearray(SRGB)
    tags = {
        bytes(profile[at : at + 4]): int.from_bytes(profile[at + 4 : at + 8], "big")
        for at in range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12)
    }
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red : red + 20], profile[green : green + 20] = profile[green : green + 20], profile[red : red + 20]
    return bytes(profile)


STORED: dict[str, tuple[bytes, str, ImageSpec, str, MeasurementOutcome]] = {
    "a PNG named .jpg": (encode(BAG, "PNG"), "bag.jpg", PACKSHOT, "T02", FAIL),
    "no extension": (encode(BAG), "bag", PACKSHOT, "T02", FAIL),
    "a GIF, which isn't asked for": (encode(BAG, "GIF"), "bag.gif", PACKSHOT, "T02", FAIL),
    "a .jpeg": (encode(BAG), "shots/Bag.JPEG", PACKSHOT, "T02", PASS),
    "two pages": (encode(BAG, "TIFF", save_all=True, append_images=[BAG]), "bag.tif", PACKSHOT, "T02", FAIL),
    "too small": (encode(BAG), "bag.jpg", ImageSpec(min_width=801), "T04", FAIL),
    "too low": (encode(BAG), "bag.jpg", ImageSpec(min_height=1001), "T04", FAIL),
    "too wide": (encode(BAG), "bag.jpg", ImageSpec(max_width=799), "T04", FAIL),
    "too small for zoom": (encode(BAG), "bag.jpg", ImageSpec(min_longest_side=1001), "T04", FAIL),
    "exactly large enough": (encode(BAG), "bag.jpg", ImageSpec(min_longest_side=1000, max_height=1000), "T04", PASS),
    "wrong aspect": (encode(BAG), "bag.jpg", ImageSpec(aspect=0.81), "T04", FAIL),
    "nearly the aspect": (encode(BAG), "bag.jpg", ImageSpec(aspect=0.803), "T04", PASS),
    "too many bytes": (encode(BAG), "bag.jpg", ImageSpec(max_bytes=1000), "T05", FAIL),
    "no profile": (encode(BAG, icc_profile=None), "bag.jpg", PACKSHOT, "T06", FLAG),
    "another profile": (encode(BAG, icc_profile=swapped_profile()), "bag.jpg", PACKSHOT, "T06", FLAG),
    "a broken profile": (encode(BAG, icc_profile=b"no profile at all"), "bag.jpg", PACKSHOT, "T06", FLAG),
    "CMYK": (encode(BAG.convert("CMYK"), icc_profile=None), "bag.jpg", PACKSHOT, "T06", FAIL),
    "a CMYK capture": (encode(BAG.convert("CMYK"), icc_profile=None), "bag.jpg", CAPTURE, "T06", FLAG),
    "a palette": (encode(BAG.convert("P"), "PNG"), "bag.png", PACKSHOT, "T07", FAIL),
    "1 bit": (encode(BAG.convert("1"), "PNG", icc_profile=None), "bag.png", PACKSHOT, "T07", FAIL),
    "alpha": (encode(BAG.convert("RGBA"), "PNG"), "bag.png", PACKSHOT, "T07", FAIL),
    "alpha in a palette": (encode(BAG.convert("P"), "PNG", transparency=0), "bag.png", PACKSHOT, "T07", FAIL),
    "greyscale": (encode(BAG.convert("L"), icc_profile=None), "bag.jpg", PACKSHOT, "T07", FLAG),
    "16 bit": (encode(BAG.convert("L").convert("I;16"), "PNG", icc_profile=None), "b.png", PACKSHOT, "T07", FAIL),
    "Lab": (encode(Image.new("LAB", (800, 1000), (200, 128, 128)), "TIFF"), "bag.tif", PACKSHOT, "T07", FAIL),
    "turned by EXIF": (encode(BAG, exif=exif(6)), "bag.jpg", PACKSHOT, "T08", FAIL),
    "a capture turned by EXIF": (encode(BAG, exif=exif(6)), "bag.jpg", CAPTURE, "T08", FLAG),
    "EXIF that turns nothing": (encode(BAG, exif=exif(1)), "bag.jpg", PACKSHOT, "T08", PASS),
}


@pytest.mark.parametrize("stored", STORED)
def test_how_a_file_is_stored(stored: str) -> None:
    data, filename, spec, check, outcome = STORED[stored]
    found = verdicts(data, spec, filename)
    assert found[check].outcome is outcome, found[check]
    assert found["T01"].outcome is PASS  # whatever is wrong with it, it can be decoded


def test_a_profile_that_is_srgb_by_name_alone_is_said_to_be_so() -> None:
    """Its name is still that of the profile it was made from."""
    detail = verdicts(encode(BAG, icc_profile=swapped_profile()))["T06"].detail
    assert "named sRGB" in detail
    assert "not sRGB" not in detail


def test_one_bit_is_one_bit() -> None:
    assert "1 bit a channel" in verdicts(encode(BAG.convert("1"), "PNG"), filename="b.png")["T07"].detail


def test_16_bit_colour_is_noticed_though_it_is_read_as_8_bit(tmp_path: Any) -> None:
    cv2.imwrite(str(tmp_path / "bag.png"), product()[:, :, ::-1].astype(np.uint16) * 257)
    found = verdicts((tmp_path / "bag.png").read_bytes(), filename="bag.png")
    assert (found["T07"].outcome, found["T07"].value) == (FAIL, 16)
    assert fired(found) == {"T06", "T07"}


def test_sizes_are_those_of_the_upright_picture() -> None:
    spec = ImageSpec(min_width=1000, max_height=800)
    assert verdicts(encode(BAG, exif=exif(6)), spec)["T04"].outcome is PASS
    assert verdicts(encode(BAG), spec)["T04"].outcome is FAIL


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_are_upright(format: str, orientation: int) -> None:
    scene = np.zeros((48, 80, 3), np.uint8)
    scene[:24, :40], scene[24:, :40] = (255, 0, 0), (0, 0, 255)
    data = encode(scene, format, exif=exif(orientation))
    tagged = Image.fromarray(scene)
    tagged.getexif()[274] = orientation
    expected = np.asarray(ImageOps.exif_transpose(tagged))
    found = pixels_of(data, format.lower())
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 6


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_profile_is_applied_before_colours_are_measured(format: str) -> None:
    red = np.full((32, 32, 3), (255, 0, 0), np.uint8)
    found = pixels_of(encode(red, format, icc_profile=swapped_profile()), format.lower())
    assert found[16, 16].tolist() == pytest.approx([0, 255, 0], abs=8)


@pytest.mark.parametrize(
    ("format", "mode"),
    [
        *[("PNG", mode) for mode in ("RGB", "L", "P", "1", "RGBA", "LA", "I;16")],
        *[("TIFF", mode) for mode in ("RGB", "L", "P", "1", "RGBA", "CMYK", "I;16")],
        *[("JPEG", mode) for mode in ("RGB", "L", "CMYK")],
        *[("WEBP", mode) for mode in ("RGB", "RGBA")],
        ("GIF", "P"),
        ("BMP", "RGB"),
    ],
)
def test_every_kind_of_pixels_is_shown_alike(format: str, mode: str) -> None:
    scene = np.full((60, 40, 3), 255, np.uint8)
    scene[20:40, 10:30] = 0
    image = Image.fromarray(scene).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    found = pixels_of(encode(image, format, icc_profile=None), format.lower())
    assert np.abs(found.astype(int) - scene).mean() < 8


def test_transparency_lies_on_white() -> None:
    glass = Image.new("RGBA", (16, 16), (0, 0, 200, 128))
    for format in ("PNG", "TIFF", "WEBP"):
        found = pixels_of(encode(glass, format, lossless=True), format.lower())
        assert found[8, 8].tolist() == pytest.approx([127, 127, 227], abs=1)

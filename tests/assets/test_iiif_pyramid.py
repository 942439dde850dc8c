"""Pyramids and the views composed of them, against Pillow on the original's pixels."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from services.assets.iiif.building import build
from services.assets.iiif.composing import compose, source_of
from services.assets.iiif.domain import Limits, View, parse
from services.assets.iiif.pyramid import INDEX_BYTES, TILE, Damaged, Pyramid, count_of, index_bytes, read_index, scaled
from services.assets.rendering import CannotRender
from services.assets.rendering.decoding import srgb_profile

LIMITS = Limits(max_side=4096, max_area=8_000_000)
WIDTH, HEIGHT = 1301, 1100
Pixels = NDArray[np.uint8]


@cache
def picture(width: int = WIDTH, height: int = HEIGHT, channels: int = 3) -> Pixels:
    """Waves that no two places have alike, with an edge of one pixel."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [128 + 100 * np.sin(x / (23 + 7 * one) + y / (41 - 5 * one) + one) for one in range(channels)]
    pixels = np.stack(waves, axis=2).astype(np.uint8)
    pixels[height // 3, :, :3] = 250
    return pixels


def file_of(pixels: NDArray[np.generic], file_format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, file_format, **options)
    return file.getvalue()


class Built:
    """A master's pyramid, and what the service does with it."""

    def __init__(self, master: bytes, folder: Path) -> None:
        (folder / "master").write_bytes(master)
        build(folder / "master", folder / "made")
        self.file = (folder / "made").read_bytes()
        self.pyramid = read_index(self.file[:INDEX_BYTES], len(self.file))

    def view(self, request: str) -> View:
        return parse(*request.split("/")).of(self.pyramid.width, self.pyramid.height, LIMITS)

    def stored(self, request: str) -> bytes | None:
        """The tile that is the answer as it stands."""
        tile = self.pyramid.tile_of(self.view(request))
        return None if tile is None else self.file[slice(*tile)]

    def composed(self, request: str) -> bytes:
        view = self.view(request)
        source = source_of(self.pyramid, view, LIMITS.max_area)
        tiles = [self.file[slice(*self.pyramid.tile_at(source.level, *place))] for place in source.tiles()]
        return compose(self.pyramid, view, source, tiles)

    def image(self, request: str) -> Image.Image:
        image = Image.open(io.BytesIO(self.stored(request) or self.composed(request)))
        image.load()
        assert image.info["icc_profile"] == srgb_profile()
        return image


@pytest.fixture(scope="module")
def opaque(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(file_of(picture(), icc_profile=srgb_profile()), tmp_path_factory.mktemp("opaque"))


@pytest.fixture(scope="module")
def clear(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """With transparency: its tiles are lossless."""
    return Built(file_of(picture(channels=4)), tmp_path_factory.mktemp("clear"))


def psnr(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((one.astype(float) - other.astype(float)) ** 2))))


REGIONS = ["full", "square", "0,0,512,512", "512,512,512,512", "1024,1024,512,512", "300,200,700,600", "1300,1099,9,9",
           "pct:10,20,30,40", "0,510,1301,4"]  # fmt: skip


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_at_its_own_size_is_the_originals_pixels(clear: Built, opaque: Built, region: str) -> None:
    box = clear.view(f"{region}/max/0/default.png").region
    place = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
    exact = np.asarray(clear.image(f"{region}/max/0/default.png"))
    assert np.array_equal(exact, picture(channels=4)[place])
    for image_format in ("jpg", "png"):
        near = np.asarray(opaque.image(f"{region}/max/0/default.{image_format}"))
        assert near.size < 1000 or psnr(near, picture()[place]) > 44, image_format
        assert np.abs(near.astype(int) - picture()[place]).max() <= 16


def test_rotation_and_mirroring(clear: Built) -> None:
    part = Image.fromarray(picture(channels=4)[200:500, 100:600])
    for turn in (0, 90, 180, 270):
        for mark, before in (("", part), ("!", part.transpose(Image.Transpose.FLIP_LEFT_RIGHT))):
            answer = clear.image(f"100,200,500,300/max/{mark}{turn}/default.png")
            assert np.array_equal(np.asarray(answer), np.asarray(before.rotate(-turn, expand=True))), (mark, turn)


@pytest.mark.parametrize(
    ("region", "size"),
    [("full", "1000,"), ("300,200,700,600", "500,"), ("full", "400,"), ("301,201,801,601", "!200,200"),
     ("full", "pct:10"), ("300,200,700,600", "100,500"), ("full", "1301,3"), ("7,9,3,2", "1,1")],
)  # fmt: skip
def test_a_size_is_what_pillow_makes_of_the_original(clear: Built, region: str, size: str) -> None:
    view = clear.view(f"{region}/{size}/0/default.png")
    box = view.region
    part = Image.fromarray(picture(channels=4)).crop((box.x, box.y, box.x + box.width, box.y + box.height))
    expected = part.resize((view.width, view.height), Image.Resampling.LANCZOS)
    answer = clear.image(f"{region}/{size}/0/default.png")
    assert answer.size == expected.size
    # From the full size it is the same; from smaller levels, which are means, nearly.
    if source_of(clear.pyramid, view, LIMITS.max_area).level == 0:
        assert np.array_equal(np.asarray(answer), np.asarray(expected))
    assert psnr(np.asarray(answer), np.asarray(expected)) > 29


def test_gray_has_no_colour_and_the_lumas_values(opaque: Built, clear: Built) -> None:
    luma = np.asarray(Image.fromarray(picture(channels=4)).convert("RGB").convert("L"))
    gray = np.asarray(clear.image("full/max/0/gray.png"))
    assert all(np.array_equal(gray[..., channel], luma) for channel in range(3))
    assert np.array_equal(gray[..., 3], picture(channels=4)[..., 3])
    answer = np.asarray(opaque.image("full/max/0/gray.jpg"))
    assert np.ptp(answer.astype(int), axis=2).max() == 0


def test_transparency_lies_on_white_in_a_jpeg(clear: Built) -> None:
    pixels = picture(channels=4).astype(float)
    alpha = pixels[..., 3:] / 255
    expected = pixels[..., :3] * alpha + 255 * (1 - alpha)
    answer = clear.image("full/max/0/default.jpg")
    assert (answer.mode, answer.format) == ("RGB", "JPEG")
    assert psnr(np.asarray(answer), expected) > 44


def test_what_has_a_channel_for_transparency_and_none_of_it_is_opaque(tmp_path: Path) -> None:
    pixels = np.dstack([picture(80, 60), np.full((60, 80), 255, np.uint8)])
    assert Built(file_of(pixels), tmp_path).pyramid.format == "jpg"


def test_every_tile_of_the_table_is_sent_as_it_is_stored(opaque: Built, clear: Built) -> None:
    """By the arithmetic of the specification's implementation notes, as viewers do it; composed it looks the same."""
    for built, extension in ((opaque, "jpg"), (clear, "png")):
        seen = 0
        for level in range(len(built.pyramid.levels)):
            side = TILE << level
            for x in range(0, WIDTH, side):
                for y in range(0, HEIGHT, side):
                    w, h = min(side, WIDTH - x), min(side, HEIGHT - y)
                    across, down = -(-w // (1 << level)), -(-h // (1 << level))
                    request = f"{x},{y},{w},{h}/{across},{down}/0/default.{extension}"
                    stored = built.stored(request)
                    assert stored is not None, request
                    image = Image.open(io.BytesIO(stored))
                    assert image.size == (across, down) == scaled(w, h, level)
                    composed = Image.open(io.BytesIO(built.composed(request)))
                    assert psnr(np.asarray(image), np.asarray(composed)) > 40 or built is clear, request
                    seen += 1
        assert seen == count_of(WIDTH, HEIGHT)
        for other in ("1,0,512,512/max", "0,0,512,512/256,", "0,0,513,512/max", "0,0,1024,1024/max"):
            assert built.stored(f"{other}/0/default.{extension}") is None
        for plain in ("90/default", "!0/default", "0/gray"):
            assert built.stored(f"0,0,512,512/max/{plain}.{extension}") is None
        assert built.stored(f"0,0,512,512/max/0/color.{extension}") is not None


def test_the_smaller_levels_are_means(tmp_path: Path) -> None:
    """Of four by four pixels, weighted by their opacity: what is clear gives no colour to its neighbours."""
    pixels = np.zeros((1204, 1404, 4), np.uint8)
    pixels[..., :3] = np.random.default_rng(3).integers(0, 256, (301, 351, 3)).repeat(4, 0).repeat(4, 1)
    pixels[..., 3] = 255
    pixels[::2, :, :] = (255, 0, 255, 0)
    built = Built(file_of(pixels), tmp_path)
    answer = np.asarray(built.image("full/351,301/0/default.png")).astype(int)
    assert np.abs(answer[..., :3] - pixels[1::4, ::4, :3]).max() <= 3
    assert set(np.unique(answer[..., 3])) <= {127, 128}


def display_p3() -> bytes:
    """sRGB's profile with the primaries of Display P3 in it (D50, as ICC writes them): their curves are the same."""
    profile = bytearray(srgb_profile())
    primaries = {
        b"rXYZ": (0.5151, 0.2412, -0.0011),
        b"gXYZ": (0.2920, 0.6922, 0.0419),
        b"bXYZ": (0.1571, 0.0666, 0.7841),
    }
    for number in range(int.from_bytes(profile[128:132], "big")):
        entry = profile[132 + 12 * number : 144 + 12 * number]
        if (values := primaries.get(bytes(entry[:4]))) is not None:
            begin = int.from_bytes(entry[4:8], "big") + 8
            fixed = [round(value * 65536).to_bytes(4, "big", signed=True) for value in values]
            profile[begin : begin + 12] = b"".join(fixed)
    return bytes(profile)


P3_TO_SRGB = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
"""Linear light, from the primaries of both (SMPTE EG 432-1 with D65, IEC 61966-2-1)."""


def test_a_wide_gamut_becomes_right_srgb(tmp_path: Path) -> None:
    inside = np.array([[200, 120, 90], [90, 150, 110], [80, 90, 160], [128, 128, 128], [230, 220, 200]], np.uint8)
    master = file_of(inside.reshape(1, -1, 3).repeat(40, 0).repeat(40, 1), icc_profile=display_p3())
    answer = np.asarray(Built(master, tmp_path).image("full/max/0/default.png"))[20, 20::40]
    signal = inside / 255
    linear = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4) @ P3_TO_SRGB.T
    expected = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.abs(linear) ** (1 / 2.4) - 0.055) * 255
    assert np.abs(expected - inside).max() > 8  # so that reading the numbers as sRGB is no answer
    assert np.abs(answer - expected).max() <= 2.5


def test_orientation_cmyk_and_sixteen_bits(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Built(file_of(picture(700, 300), exif=exif), tmp_path)
    assert (turned.pyramid.width, turned.pyramid.height) == (300, 700)
    upright = np.asarray(Image.fromarray(picture(700, 300)).rotate(-90, expand=True))
    assert psnr(np.asarray(turned.image("full/max/0/default.png")), upright) > 40
    ink = Image.fromarray(picture(90, 70)).convert("CMYK")
    file = io.BytesIO()
    ink.save(file, "TIFF")
    printed = Built(file.getvalue(), tmp_path).image("full/max/0/default.png")
    assert (printed.mode, printed.size) == ("RGB", (90, 70))
    assert psnr(np.asarray(printed), np.asarray(ink.convert("RGB"))) > 40
    deep = picture(90, 70)[..., 0].astype(np.uint16) * 257
    assert psnr(np.asarray(Built(file_of(deep), tmp_path).image("full/max/0/default.png"))[..., 0], deep >> 8) > 44


def test_the_same_master_gives_the_same_pyramid(tmp_path: Path) -> None:
    master = file_of(picture(600, 520), "JPEG")
    assert Built(master, tmp_path).file == Built(master, tmp_path).file


def test_what_is_no_sound_image_is_refused(tmp_path: Path) -> None:
    huge = bytearray(file_of(picture(8, 8)))
    huge[16:24] = (50_000).to_bytes(4, "big") * 2  # its header's crc is wrong then, too: both are reasons
    for master in (b"", b"no image", bytes(huge), file_of(picture(300, 300))[:5000]):
        with pytest.raises(CannotRender):
            Built(master, tmp_path)


def test_a_jpeg_that_would_take_too_much_memory_is_refused_by_its_header(tmp_path: Path) -> None:
    """A progressive one is held as coefficients beside its pixels: 100 megapixels in full chroma as 1,000 MB."""
    sizes = {"progressive": (10_000, 10_000), "damaged": (9_000, 9_000)}
    for reason, (width, height) in sizes.items():
        master = bytearray(file_of(picture(64, 64), "JPEG", progressive=True))
        frame = master.index(b"\xff\xc2") + 5
        master[frame : frame + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
        with pytest.raises(CannotRender, match=reason):
            Built(bytes(master[:600]), tmp_path)


def test_an_index_that_is_not_this_files_is_noticed(opaque: Built) -> None:
    begin, size = opaque.file[:INDEX_BYTES], len(opaque.file)
    for wrong, bytes_ in (
        (b"", size), (begin[:20], size), (begin[:60], size), (begin, size - 1), (b"x" + begin[1:], size),
        (begin[:8] + b"\0\0\0\0" + begin[12:], size), (begin[:8] + b"\xff" * 8 + begin[16:], size),
    ):  # fmt: skip
        with pytest.raises(Damaged):
            read_index(wrong, bytes_)


def test_every_index_fits_into_what_is_read_of_it() -> None:
    for width, height in ((10_000, 10_000), (65_535, 1525), (1525, 65_535), (65_535, 513), (12_500, 8000), (65_535, 1)):
        assert index_bytes(width, height) <= INDEX_BYTES


@given(st.integers(1, 20_000), st.integers(1, 5000), st.data())
def test_work_is_bounded_whatever_is_asked(width: int, height: int, data: st.DataObject) -> None:
    """No view reads more than four times the pixels that may be sent, and the tiles at its border."""
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    w, h = data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
    across, down = data.draw(st.integers(1, min(w, 4096))), data.draw(st.integers(1, min(h, 4096)))
    limits = Limits(4096, 4096 * 4096)
    view = parse(f"{x},{y},{w},{h}", f"{across},{down}", "0", "default.jpg").of(width, height, limits)
    count = count_of(width, height)
    pyramid = Pyramid(width, height, "jpg", np.zeros(count, np.uint64), np.zeros(count, np.uint32))
    for max_area in (limits.max_area, 100_000):
        source = source_of(pyramid, view, max_area)
        size = source.right - source.left, source.bottom - source.top
        assert size[0] * size[1] <= 4 * max_area + 2 * sum(size) or source.level == len(pyramid.levels) - 1
        for column, row in source.tiles():
            pyramid.tile_at(source.level, column, row)
        if source.level and size[0] * size[1] * 4 <= max_area:  # a finer one would have been too fine
            assert scaled(w, h, source.level) >= (across, down)


def test_the_profile_is_srgb() -> None:
    assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile())))

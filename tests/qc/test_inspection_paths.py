"""T21: clipping paths as Photoshop stores them in JPEG and TIFF, right, wrong and hostile."""

import struct
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from contracts.values import ImageSpec
from services.qc.evaluation.paths import in_jpeg, path, resource, subpath
from services.qc.inspection.photoshop import read_paths
from tests.qc.test_inspection_clean import CANNOT, FAIL, FLAG, PACKSHOT, PASS, encode, product, verdicts

CUT_OUT = PACKSHOT.model_copy(update={"clipping_path": True})
CORNERS = np.array([(0, 0), (0, 1), (1, 1), (1, 0)], float)


@cache
def outline(grow: int = 0, holes: bool = True) -> bytes:
    """The product's own outline as a path; `grow` px larger or smaller."""
    mask = (product().min(axis=2) < 245).astype(np.uint8)
    square = np.ones((2 * abs(grow) + 1,) * 2, np.uint8)
    mask = cv2.dilate(mask, square) if grow > 0 else cv2.erode(mask, square)
    mode = cv2.RETR_CCOMP if holes else cv2.RETR_EXTERNAL
    found, _ = cv2.findContours(mask, mode, cv2.CHAIN_APPROX_TC89_L1)
    return path(*(subpath((one[:, 0, ::-1] + 0.5) / (1000, 800)) for one in found if cv2.contourArea(one) > 200))


def judged(block: bytes, pixels: Any = None, spec: ImageSpec = CUT_OUT) -> Any:
    return verdicts(in_jpeg(encode(product() if pixels is None else pixels), block), spec)["T21"]


GOOD = {
    "with its openings": resource(2000, outline(), "Path 1"),
    "around all of it": resource(2000, outline(holes=False), "Path 1"),
    "a pixel inside": resource(2000, outline(-1), "Path 1"),
    "beside other resources": resource(1005, b"\0" * 16) + resource(2000, outline(), "Bag") + resource(1036, b"x" * 9),
    "the named one of two": resource(2000, path(subpath(CORNERS)), "Frame")
    + resource(2001, outline(), "Bag")
    + resource(2999, b"\x03Bag" + b"\0" * 6),
    "one of two, none named": resource(2000, path(subpath(CORNERS))) + resource(2001, outline()),
}
BAD = {
    "none": (b"", FAIL, "no clipping path"),
    "other resources only": (resource(1005, b"\0" * 16), FAIL, "no clipping path"),
    "open": (resource(2000, path(subpath(CORNERS * 0.5, closed=False))), FAIL, "isn't closed"),
    "open beside the closed one": (
        resource(2000, outline() + subpath(CORNERS * 0.1, closed=False)),
        FLAG,
        "1 open part",
    ),
    "the whole frame": (resource(2000, path(subpath(CORNERS))), FLAG, "overlaps the subject"),
    "ten pixels outside": (resource(2000, outline(10)), FLAG, "overlaps the subject"),
    "the wrong one named": (
        resource(2000, path(subpath(CORNERS)), "Frame") + resource(2001, outline()) + resource(2999, b"\x05Frame"),
        FLAG,
        "'Frame'",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_right_path_passes(name: str) -> None:
    found = judged(GOOD[name])
    assert found.outcome is PASS, found
    assert found.value >= 0.98


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_path_is_named(name: str) -> None:
    block, outcome, says = BAD[name]
    found = judged(block)
    assert (found.outcome, says in found.detail) == (outcome, True), found


def test_it_is_measured_only_where_it_is_asked_for() -> None:
    assert "T21" not in verdicts(encode(product()))


def test_curves_are_drawn_as_curves() -> None:
    """A disc by four knots: the square between them would be two thirds of it."""
    disc = cv2.circle(np.full((1000, 800, 3), 255, np.uint8), (400, 500), 300, (60, 90, 150), -1, cv2.LINE_AA)
    knots = []
    for angle in np.arange(4) * np.pi / 2:
        out, along = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
        three = np.stack([out - 0.5523 * along, out, out + 0.5523 * along])
        knots.append((three * 300 + (500, 400) + 0.5) / (1000, 800))
    found = judged(resource(2000, path(subpath(knots))), disc)
    assert (found.outcome, found.value >= 0.99) == (PASS, True), found


def test_a_long_path_in_several_segments_is_read() -> None:
    block = resource(1005, b"\0" * 100_000) + GOOD["with its openings"]
    assert judged(block).outcome is PASS


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_a_tiff_holds_it_in_a_tag(compression: str | None) -> None:
    block = GOOD["with its openings"]
    data = encode(product(), "TIFF", tiffinfo={34377: block}, compression=compression)
    assert verdicts(data, CUT_OUT, "bag.tif")["T21"].outcome is PASS
    without = verdicts(encode(product(), "TIFF"), CUT_OUT, "bag.tif")["T21"]
    assert (without.outcome, "no clipping path" in without.detail) == (FAIL, True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_path_is_turned_with_the_picture(orientation: int) -> None:
    """It is drawn on the picture as it is stored, whatever the EXIF tag says."""
    exif = Image.Exif()
    exif[274] = orientation
    data = in_jpeg(encode(product(), exif=exif), GOOD["with its openings"])
    assert verdicts(data, CUT_OUT)["T21"].outcome is PASS


def test_formats_without_a_place_for_it_are_named() -> None:
    found = verdicts(encode(product(), "PNG"), CUT_OUT, "bag.png")["T21"]
    assert (found.outcome, "PNG" in found.detail) == (FAIL, True)


def test_without_a_background_the_overlap_cannot_be_told() -> None:
    pattern = np.random.default_rng(5).integers(40, 200, (50, 40, 3)).astype(np.uint8)
    close_up = cv2.resize(pattern, (800, 1000), interpolation=cv2.INTER_NEAREST)
    assert judged(resource(2000, path(subpath(CORNERS))), close_up).outcome is CANNOT


def test_without_a_background_the_path_is_the_mask() -> None:
    """On a busy set nothing else tells the subject; of two paths, nothing says which one is meant."""
    busy = np.random.default_rng(5).integers(40, 250, (1000, 800, 3)).astype(np.uint8)
    scene = np.where(product().min(axis=2, keepdims=True) < 245, product(), busy)
    box = path(subpath([(0.18, 0.16), (0.18, 0.84), (0.85, 0.84), (0.85, 0.16)]))
    one, two = resource(2000, box), resource(2000, box) + resource(2001, outline())
    found = verdicts(in_jpeg(encode(scene), one), CUT_OUT)
    assert found["T17"].value == pytest.approx(68, abs=1.5)
    assert found["T17"].confidence == 1
    assert (found["T09"].outcome, found["T21"].outcome) == (PASS, CANNOT)
    for data in (encode(scene), in_jpeg(encode(scene), two)):
        assert verdicts(data, CUT_OUT)["T17"].outcome is CANNOT


HOSTILE = {
    "a resource that says it is huge": b"8BIM\x07\xd0\0\0\xff\xff\xff\xff" + b"x" * 50,
    "a name that runs over the end": b"8BIM\x07\xd0\xff" + b"x" * 20,
    "half a record": resource(2000, path(subpath(CORNERS))[:-7]),
    "more knots than it has": resource(2000, struct.pack(">HH22x", 0, 65_535) + b"\0" * 26),
    "a subpath within a subpath": resource(2000, struct.pack(">HH22x", 0, 3) * 8),
    "no knots": resource(2000, path(subpath([]))),
    "one knot": resource(2000, path(subpath(CORNERS[:1]))),
    "a million resources": b"8BIM\x03\xed\0\0\0\0\0\0" * 1_000_000,
    "a hundred thousand subpaths": resource(2000, subpath(CORNERS[:2]) * 33_000),
    "far outside": resource(2000, path(subpath(CORNERS * 100))),
    "too many knots": resource(2000, subpath(np.random.default_rng(1).random((60_000, 2)))),
    "rubbish": bytes(np.random.default_rng(2).integers(0, 256, 5000, np.uint8)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_paths_count_as_none(name: str) -> None:
    assert [one for one in read_paths(HOSTILE[name]) if one.closed] == []
    assert judged(HOSTILE[name][:500_000]).outcome is FAIL


def test_a_wild_path_is_drawn() -> None:
    """About as many knots as are taken, each curve across all of the frame and beyond: drawing costs the most."""
    knots = np.random.default_rng(3).uniform(-0.9, 1.9, (3_999, 3, 2))
    assert judged(resource(2000, path(subpath(knots)))).outcome is FLAG

"""Cells of an image: which of them the subject touches in real pictures, and what somebody has seen of them."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from services.qc.inspection import DEFAULT
from services.qc.inspection.cells import Touched, touched_cells
from services.qc.inspection.frame import read_frame
from services.qc.zoom.domain import CELL, Grid, SubjectCells, coverage, subject_cells
from services.qc.zoom.schemas import MOST_CELLS, MOST_SIDE
from tests.qc.stage import measurement

BROWN = (90, 60, 40)
REAL = Path(os.environ.get("PACKSHOT_CATALOGUE") or Path(__file__).parents[3] / "shared" / "data" / "catalogue")


def drawn(size: tuple[int, int], *boxes: tuple[int, int, int, int], orientation: int | None = None) -> Touched:
    """The cells of brown boxes (left, top, right, bottom, both ends in it) on white."""
    image = Image.new("RGB", size, "white")
    for box in boxes:
        ImageDraw.Draw(image).rectangle(box, fill=BROWN)
    return cells_of(image, orientation)


def cells_of(image: Image.Image, orientation: int | None = None) -> Touched:
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    encoded = io.BytesIO()
    image.save(encoded, "PNG", exif=exif)
    touched = touched_cells(read_frame(encoded.getvalue(), "x.png", DEFAULT), CELL)
    assert touched is not None
    return touched


def test_cells_are_those_that_the_subject_reaches() -> None:
    touched = drawn((1024, 700), (300, 300, 700, 400))
    assert (touched.width, touched.height, touched.whole) == (1024, 700, False)
    assert touched.rows == ("0000", "0110", "0000")


def test_six_pixels_around_the_subject_belong_to_it() -> None:
    """Whatever the mask's scale: what is cut out badly shows beside the outline."""
    assert drawn((768, 768), (262, 300, 400, 400)).rows == ("000", "010", "000")
    assert drawn((768, 768), (261, 300, 400, 400)).rows == ("000", "110", "000")
    far = drawn((3072, 3072), (264 + 24, 1300, 1500, 2000))
    near = drawn((3072, 3072), (256 + 6, 1300, 1500, 2000))
    assert {row[0] for row in far.rows} == {"0"}
    assert "1" in {row[0] for row in near.rows}


@pytest.mark.parametrize("size", [(2051, 1027), (1027, 2051), (1283, 513)])
def test_the_last_pixels_that_halving_leaves_out_are_cells_too(size: tuple[int, int]) -> None:
    width, height = size
    touched = drawn(size, (300, 300, width - 1, height - 1))
    assert (len(touched.rows[0]), len(touched.rows)) == (-(-width // CELL), -(-height // CELL))
    assert {row[-1] for row in touched.rows[1:]} == {"1"}
    assert "0" not in touched.rows[-1][1:]
    assert touched.rows[0].startswith("0")


def test_an_image_is_cut_as_a_viewer_shows_it() -> None:
    """A file that lies on its side (orientation 6) is turned first."""
    touched = drawn((1024, 512), (10, 10, 200, 200), orientation=6)
    assert (touched.width, touched.height) == (512, 1024)
    assert touched.rows == ("01", "00", "00", "00")


@pytest.mark.parametrize("size", [(1, 1), (256, 256), (257, 1), (65_535, 1), (65_535, 3), (5, 60_001), (1601, 799)])
def test_a_picture_of_any_shape_is_cut_into_all_of_its_cells(size: tuple[int, int]) -> None:
    width, height = size
    for touched in (drawn(size), drawn(size, (0, 0, width - 1, 0))):
        assert len(touched.rows) == -(-height // CELL)
        assert {len(row) for row in touched.rows} == {-(-width // CELL)}
        assert "1" in touched.rows[0]
    cells = [(column, row) for row in range(-(-height // CELL)) for column in range(-(-width // CELL))]
    assert all(Grid(width, height).has(cell) for cell in cells)
    assert len(cells) <= MOST_CELLS
    assert max(max(cell) for cell in cells) <= MOST_SIDE // CELL


def test_where_nothing_tells_the_subject_every_cell_counts() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (600, 520, 3), np.uint8)
    empty = Image.new("RGB", (520, 600), "white")
    soft = cv2.GaussianBlur(np.asarray(drawn_disc()), (0, 0), 60)
    for image in (Image.fromarray(noise), empty, Image.fromarray(soft)):
        touched = cells_of(image)
        assert (touched.whole, touched.rows) == (True, ("111", "111", "111"))


def drawn_disc() -> Image.Image:
    """Blurred, it is shade without an outline: the mask is no sure one."""
    image = Image.new("RGB", (520, 600), "white")
    ImageDraw.Draw(image).ellipse((180, 220, 340, 380), fill=BROWN)
    return image


def test_what_cannot_be_decoded_has_no_cells() -> None:
    assert touched_cells(read_frame(b"no image", "x.png", DEFAULT), CELL) is None


@pytest.mark.skipif(not (REAL / "catalogue.csv").exists(), reason="the real catalogue isn't here (PACKSHOT_CATALOGUE)")
def test_of_real_photos_no_pixel_of_the_subject_lies_outside_of_its_cells() -> None:
    for path in sorted((REAL / "photos").rglob("*.jpg"))[::24]:
        frame = read_frame(path.read_bytes(), path.name, DEFAULT)
        touched = touched_cells(frame, CELL)
        assert touched is not None
        assert not touched.whole
        scale, mask = frame.subject.scale, frame.subject.mask > 0
        for row, cells in enumerate(touched.rows):
            for column, is_touched in enumerate(cells):
                part = mask[row * CELL // scale : (row + 1) * CELL // scale,
                            column * CELL // scale : (column + 1) * CELL // scale]  # fmt: skip
                assert is_touched == "1" or not part.any(), (path.name, column, row)
        assert "0" in "".join(touched.rows), path.name


def test_coverage_counts_the_subjects_cells_alone() -> None:
    subject = SubjectCells(width=600, height=500, whole=False, rows=("010", "111"))
    grid = Grid(600, 500)
    nothing = coverage(subject, None, 0.95)
    assert (nothing.cells, nothing.seen, nothing.needed, nothing.suffices) == (4, 0, 4, False)
    assert nothing.uncovered == ((1, 0), (0, 1), (1, 1), (2, 1))
    beside = coverage(subject, grid.map_of([(0, 0), (2, 0), (1, 1)]), 0.75)
    assert (beside.seen, beside.uncovered, beside.suffices) == (1, ((1, 0), (0, 1), (2, 1)), False)
    enough = coverage(subject, grid.map_of([(1, 0), (1, 1), (2, 1)]), 0.75)
    assert (enough.seen, enough.needed, enough.suffices, enough.share) == (3, 3, True, 0.75)
    assert grid.by_rows(grid.map_of([(0, 0), (2, 1), (2, 1)])) == ["100", "001"]
    assert [cell for cell in [(0, 0), (2, 1), (3, 0), (0, 2), (-1, 0)] if grid.has(cell)] == [(0, 0), (2, 1)]


@pytest.mark.parametrize(
    ("cells", "share", "needed"),
    [(20, 0.95, 19), (24, 0.95, 23), (180, 0.95, 171), (3, 0.95, 3), (7, 1, 7), (1, 0.01, 1)],
)
def test_the_share_is_rounded_against_the_reviewer_and_by_nothing_else(cells: int, share: float, needed: int) -> None:
    subject = SubjectCells(width=cells * CELL, height=1, whole=True, rows=("1" * cells,))
    assert coverage(subject, None, share).needed == needed


def test_versions_that_were_measured_before_cells_were_kept_are_seen_as_a_whole() -> None:
    size = measurement("T04", "pass").model_copy(update={"detail": "513 × 256 px, an aspect of 2."})
    assert subject_cells(None, [size]) == SubjectCells(width=513, height=256, whole=True, rows=("111",))
    assert subject_cells(None, [measurement("T04", "cannot_measure")]) is None
    own = SubjectCells(width=1, height=1, whole=False, rows=("1",))
    assert subject_cells(own, [size]) == own

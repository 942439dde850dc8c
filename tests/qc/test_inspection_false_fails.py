"""Counting false fails: on a catalogue made here, and on the real one where it is at hand."""

import os
from pathlib import Path

import pytest

from contracts.values import MeasurementOutcome
from services.qc.evaluation import changes
from services.qc.evaluation.changes import noisy, read, saved
from services.qc.inspection.false_fails import MOST, PACKSHOT, count_false_fails
from tests.qc.test_inspection_clean import FAIL, PASS, encode, product, verdicts
from tests.qc.test_inspection_defects import blurred

REAL = Path(os.environ.get("PACKSHOT_CATALOGUE") or Path(__file__).parents[3] / "shared" / "data" / "catalogue")

MOST_FLAGS = 5.0  # % of clean photos
SURFACE_AND_BACKGROUND = ("T15", "T16", "T22", "T23", "T24", "T26", "T27")


def catalogue(folder: Path, photos: dict[str, tuple[str, bytes]]) -> Path:
    (folder / "photos").mkdir()
    lines = ["sku,product_name,category,product_type,colorway,view,file,width,height,bytes,sha256"]
    for name, (view, data) in photos.items():
        (folder / "photos" / name).write_bytes(data)
        lines.append(f"B1,Bag,bags,bag,red,{view},{name},800,1000,{len(data)},-")
    (folder / "catalogue.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_false_fails_are_counted_by_check(tmp_path: Path) -> None:
    photos = {
        "sharp.jpg": ("front", encode(product())),
        "soft.jpg": ("back", encode(blurred(3))),
        "detail.jpg": ("detail", encode(product((90, 120, 200)))),
    }
    seen: list[tuple[int, int]] = []
    counts = {
        one.check: one
        for one in count_false_fails(catalogue(tmp_path, photos), 2, lambda done, of: seen.append((done, of)))
    }
    assert seen == [(1, 3), (2, 3), (3, 3)]
    focus, background, balance = counts["T09"], counts["T14"], counts["T13"]
    assert (focus.outcomes[PASS], focus.outcomes[FAIL], focus.judged) == (2, 1, 3)
    assert focus.false_fail_rate == pytest.approx(100 / 3)
    assert list(focus.failed) == ["soft.jpg"]
    assert (background.judged, background.outcomes[PASS]) == (2, 2)  # a detail isn't asked for a white background
    assert (balance.judged, balance.outcomes[MeasurementOutcome.CANNOT_MEASURE]) == (2, 1)
    assert balance.false_fail_rate == 0
    assert counts["T04"].false_fail_rate == 100  # these photos are small


def test_a_missing_catalogue_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        count_false_fails(tmp_path)


@pytest.mark.skipif(not (REAL / "catalogue.csv").exists(), reason="the real catalogue isn't here (PACKSHOT_CATALOGUE)")
def test_no_check_fails_more_than_two_per_cent_of_the_real_photos() -> None:
    counts = count_false_fails(REAL, os.cpu_count() or 1)
    assert counts
    assert {one.check: one.failed for one in counts if one.false_fail_rate > MOST} == {}
    # A flag costs a person's look. Focus and clipping flag what was left soft and black on purpose.
    flagged = {one.check: 100 * one.outcomes[MeasurementOutcome.FLAG] / sum(one.outcomes.values()) for one in counts}
    assert {
        check: rate for check, rate in flagged.items() if check in SURFACE_AND_BACKGROUND and rate > MOST_FLAGS
    } == {}
    # Focus that can't be measured says nothing either: not more often than was found possible.
    focus = next(one for one in counts if one.check == "T09")
    assert focus.judged >= 0.95 * sum(focus.outcomes.values())


@pytest.mark.skipif(not (REAL / "catalogue.csv").exists(), reason="the real catalogue isn't here (PACKSHOT_CATALOGUE)")
def test_threads_of_coarse_cloth_are_not_taken_for_soft_edges() -> None:
    """A bag in black canvas whose stitches are sharp; a little blur is seen on it as on anything."""
    pixels = read((REAL / "photos" / "mb05-black-0.jpg").read_bytes())
    for sharp in (pixels, read(saved(pixels)), noisy(pixels, 1)):
        assert verdicts(saved(sharp), PACKSHOT)["T09"].outcome is PASS
    assert verdicts(saved(changes.blurred(pixels, 1)), PACKSHOT)["T09"].outcome is MeasurementOutcome.FLAG
    assert verdicts(saved(changes.blurred(pixels, 1.5)), PACKSHOT)["T09"].outcome is FAIL

"""Named defects on the real photos, each against the photo itself: how often they are seen, and what else fires."""

import csv
import dataclasses
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from contracts.values import ImageSpec, Measurement
from packshot.sample.files import jpeg
from services.qc.inspection import DEFAULT, ApprovedFile, Reference, inspect
from services.qc.inspection.colour import delta_e, lab_of
from services.qc.inspection.fingerprint import fingerprint
from services.qc.inspection.frame import Frame, read_frame
from services.qc.inspection.reference import Neighbour, Slot
from tests.qc import retouching
from tests.qc.retouching import COMPARED, CRITICAL, HARMLESS, against
from tests.qc.test_inspection_clean import CANNOT, FAIL, FLAG, PASS
from tests.qc.test_inspection_false_fails import REAL

pytestmark = pytest.mark.skipif(
    not (REAL / "catalogue.csv").exists(), reason="the real catalogue isn't here (PACKSHOT_CATALOGUE)"
)
_EVERY = 12  # photos: the test's share of them
_DETECTED, _FALSE = 0.95, 0.01
_NEUTRAL = 1.0  # ΔE00 that a defect itself makes on the product: a turned hue of a grey is no defect


def photos(view: str | None = None) -> list[dict[str, str]]:
    with (REAL / "catalogue.csv").open(encoding="utf-8", newline="") as table:
        return [row for row in csv.DictReader(table) if view in (None, row["view"])]


def read(row: dict[str, str]) -> tuple[bytes, Frame]:
    data = (REAL / "photos" / row["file"]).read_bytes()
    return data, read_frame(data, row["file"], DEFAULT)


def some() -> Iterator[tuple[str, bytes, Frame, Any]]:
    """Name, bytes, frame and pixels of photos that show a whole product, from all over the catalogue."""
    for row in [row for row in photos() if row["view"] != "detail"][::_EVERY]:
        data, frame = read(row)
        assert frame.picture is not None
        yield row["file"], data, frame, frame.picture.rgb


def share(found: dict[str, bool]) -> float:
    return sum(found.values()) / len(found)


def test_a_waist_drawn_in_and_texture_smoothed_away_are_seen() -> None:
    slim: dict[str, bool] = {}
    smooth: dict[str, bool] = {}
    for name, data, frame, pixels in some():
        left, top, width, height = (side * frame.subject.scale for side in frame.subject.box or ())
        drawn_in = against(jpeg(retouching.slimmed(pixels, 3, box=(left, top, width, height))), data)
        slim[name] = drawn_in["S01"].outcome in (FLAG, FAIL)
        smooth[name] = against(jpeg(retouching.smoothed(pixels)), data)["F03"].outcome in (FLAG, FAIL)
    assert share(slim) >= _DETECTED, slim
    assert share(smooth) >= _DETECTED, smooth


def test_a_turned_hue_is_seen_where_it_changes_the_product() -> None:
    """On near-neutral goods the turn itself changes less than one ΔE00: nothing is asked of the check."""
    seen: dict[str, bool] = {}
    for name, data, frame, pixels in some():
        turned = retouching.hue_turned(pixels, 5)
        inside = cv2.resize(frame.subject.inner, pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
        changed = delta_e(*(lab_of(one[inside][::37][:, None])[:, 0] for one in (pixels, turned)))
        if np.percentile(changed, 75) > _NEUTRAL:
            seen[name] = against(jpeg(turned), data, CRITICAL)["F01"].outcome in (FLAG, FAIL)
    assert len(seen) >= 5
    assert share(seen) >= _DETECTED, seen


def test_what_harms_nothing_fails_nothing() -> None:
    fails: dict[str, bool] = {}
    for name, data, _, pixels in some():
        for change in ("saved again, q92", "shifted by some pixels", "exported at 75 %"):
            found = against(HARMLESS[change](pixels), data, CRITICAL)
            fails |= {f"{name} {change} {check}": found[check].outcome is FAIL for check in COMPARED}
    assert share(fails) <= _FALSE, [what for what, failed in fails.items() if failed]
    assert not any(fails.values())


def test_a_back_is_not_compared_with_a_front() -> None:
    """Another pose, of the same product on the same person."""
    fronts = {row["sku"]: row for row in photos("front")}
    pairs = [(fronts[row["sku"]], row) for row in photos("back") if row["sku"] in fronts][::4]
    assert len(pairs) >= 5
    for front, back in pairs:
        found = against(read(back)[0], read(front)[0])
        assert {found[check].outcome for check in ("S01", "S02", "S03", "F03")} == {CANNOT}, (front, back)


def test_another_colorways_picture_is_flagged_and_its_own_is_not() -> None:
    """Delivered anew into a colorway's slot: its own picture, and that of another colorway of the same take."""
    own: dict[str, bool] = {}
    other: dict[str, bool] = {}
    rows = photos("front")
    for row in rows[::_EVERY]:
        sibling = next((one for one in rows if one["sku"] == row["sku"] and one["colorway"] != row["colorway"]), None)
        if sibling is None:
            continue
        slot = Slot(row["sku"], row["colorway"], row["view"])
        theirs = fingerprint(read(sibling)[1])
        assert theirs is not None
        neighbour = Neighbour(dataclasses.replace(slot, colorway=sibling["colorway"]), theirs)
        reference = Reference(slot=slot, others=(neighbour,)).reading(None, ApprovedFile(read(row)[0], row["file"]))
        for source, answers in ((row, own), (sibling, other)):
            frame = read(source)[1]
            assert frame.picture is not None
            found = near_duplicate(jpeg(retouching.shifted(frame.picture.rgb)), reference)
            answers[row["file"]] = found.outcome is FLAG
    assert len(own) >= 4
    assert share(other) >= _DETECTED, other
    assert share(own) <= _FALSE, own


def near_duplicate(data: bytes, reference: Reference) -> Measurement:
    [found] = [one for one in inspect(data, "x.jpg", ImageSpec(), reference) if one.check == "F05"]
    assert found.outcome in (PASS, FLAG)
    return found

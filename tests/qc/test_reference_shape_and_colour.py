"""A retouched picture against the capture that it was made from: named defects, and changes that harm nothing."""

import numpy as np
import pytest

from contracts.values import ImageSpec, MeasurementOutcome
from packshot.sample.files import jpeg, png
from services.qc.inspection import NO_REFERENCE, ApprovedFile, Reference, inspect
from services.qc.inspection.checks import CHECKS
from services.qc.inspection.checks.shape import contour_deviation
from services.qc.inspection.reference import Against
from services.qc.inspection.registration import Registration
from tests.qc import retouching
from tests.qc.retouching import COMPARED, CRITICAL, HARMLESS, against, outcomes, sample
from tests.qc.test_inspection_clean import CANNOT, FAIL, FLAG, PASS

TEE, HOODIE, TROUSERS, DAYPACK, WATCH, SHOE = range(6)


@pytest.mark.parametrize("change", HARMLESS)
@pytest.mark.parametrize("product", [TEE, HOODIE, DAYPACK, WATCH])
def test_what_harms_nothing_passes(product: int, change: str) -> None:
    pixels = sample(product)
    found = against(HARMLESS[change](pixels), jpeg(pixels), CRITICAL)
    assert outcomes(found) == dict.fromkeys(COMPARED, "pass"), [
        one for one in found.values() if one.outcome is not PASS
    ]


@pytest.mark.parametrize("product", [TEE, HOODIE, DAYPACK])
def test_a_waist_drawn_in_by_three_per_cent_is_seen_and_by_six_fails(product: int) -> None:
    pixels = sample(product)
    three = against(jpeg(retouching.slimmed(pixels, 3)), jpeg(pixels))["S01"]
    assert three.outcome in (FLAG, FAIL), three
    assert "slimmer" in three.detail
    assert "% from the top" in three.detail
    six = against(jpeg(retouching.slimmed(pixels, 6)), jpeg(pixels))["S01"]
    assert six.outcome is FAIL, six
    assert six.value is not None
    assert three.value is not None
    assert six.value > 1.5 * three.value


def test_a_smaller_export_of_a_slimmed_picture_is_seen_as_well() -> None:
    """Scale is free, so that an export can be compared; it must not take up the slimming."""
    pixels = sample(TEE)
    export = jpeg(retouching.resized(retouching.slimmed(pixels, 5), 0.8))
    assert against(export, jpeg(pixels))["S01"].outcome is FAIL


@pytest.mark.parametrize(("points", "most"), [(10, 0.0), (30, 4.0)])
def test_the_contour_is_smoothed_over_the_same_part_of_it_at_any_scale(points: int, most: float) -> None:
    """4 % of the height are 20 points of the capture's outline, of which a small export has 8 pixels: what closes a gap
    between two fingers there is no changed shape, and 6 % are one."""
    empty = np.zeros((200, 100), np.uint8)
    line = np.stack([np.full(500, 50.0), np.arange(500) * 0.4], axis=1)
    distance = np.zeros(500)
    distance[480 - points : 480] = 4
    lying = Registration(
        scale=0.4, shift=(0, 0), contour=line, part=np.zeros(500, np.int32), distance=distance, both=empty, frame=empty,
        structure=np.ones((200, 100)), alike=1, box=(0, 0, 100, 200),
    )  # fmt: skip
    assert contour_deviation(lying).max() == most


@pytest.mark.parametrize("product", [TEE, HOODIE, TROUSERS])
def test_a_cut_out_is_compared_with_its_capture_on_another_background(product: int) -> None:
    pixels = sample(product)
    capture = jpeg(retouching.on_grey(pixels))
    assert outcomes(against(jpeg(pixels), capture)) == dict.fromkeys(COMPARED, "pass")
    assert against(jpeg(retouching.slimmed(pixels, 5)), capture)["S01"].outcome in (FLAG, FAIL)
    assert against(jpeg(retouching.smoothed(pixels)), capture)["F03"].outcome is FAIL


def test_an_edge_that_the_captures_background_hides_does_not_fail() -> None:
    """Steel on grey: the capture's mask loses a part of the watch that the cut-out shows."""
    pixels = sample(WATCH)
    assert against(jpeg(pixels), jpeg(retouching.on_grey(pixels)))["S01"].outcome is not FAIL


@pytest.mark.parametrize(("percent", "outcome"), [(1.2, FLAG), (-1.2, FLAG), (4, FAIL), (-4, FAIL)])
def test_a_longer_or_shorter_product_is_seen(percent: float, outcome: MeasurementOutcome) -> None:
    pixels = sample(TROUSERS)
    found = against(jpeg(retouching.stretched(pixels, percent)), jpeg(pixels))["S02"]
    assert found.outcome is outcome, found


def test_a_length_that_the_frame_cuts_off_is_not_measured() -> None:
    pixels = np.ascontiguousarray(sample(TEE)[400:1100, 400:900])
    assert against(jpeg(pixels), jpeg(pixels))["S02"].outcome is CANNOT


def test_a_lost_detail_is_flagged_with_its_place() -> None:
    """The pocket is gone, and the fabric goes on where it was."""
    pixels = sample(DAYPACK)
    retouched = pixels.copy()
    rows, columns = slice(900, 1100), slice(500, 780)
    retouched[rows, columns] = pixels[rows, columns].mean(axis=(0, 1)).round()
    found = against(jpeg(retouched), jpeg(pixels))["S03"]
    assert found.outcome is FLAG, found
    assert "% from the left" in found.detail


def test_another_pose_is_not_compared() -> None:
    for product in (TEE, DAYPACK, SHOE):
        found = against(jpeg(sample(product, view="back")), jpeg(sample(WATCH)))
        assert {found[check].outcome for check in ("S01", "S02", "S03", "F03")} == {CANNOT}
        assert "another" in found["S01"].detail


@pytest.mark.parametrize("product", [TEE, DAYPACK])
def test_five_degrees_of_hue_are_seen_where_there_is_a_hue(product: int) -> None:
    for colorway in range(2):
        pixels = sample(product, colorway)
        turned = jpeg(retouching.hue_turned(pixels, 5))
        found = against(turned, jpeg(pixels), CRITICAL)["F01"]
        chromatic = np.ptp(np.median(pixels[(pixels.min(axis=2) < 240)], axis=0)) > 40
        assert found.outcome is not PASS or not chromatic, found
        assert against(jpeg(retouching.hue_turned(pixels, 40)), jpeg(pixels))["F01"].outcome is FAIL or not chromatic


def test_the_hue_of_a_grey_is_none() -> None:
    """A hue turned by any angle leaves a grey as it is: nothing to see, and nothing is said."""
    grey = sample(TEE).copy()
    grey[:] = grey.mean(axis=2, keepdims=True).astype(np.uint8)
    found = against(jpeg(retouching.hue_turned(grey, 90)), jpeg(grey), CRITICAL)["F01"]
    assert found.outcome is PASS
    assert found.value == pytest.approx(0, abs=0.1)


def test_one_recoloured_part_fails_though_the_rest_is_right() -> None:
    pixels = sample(DAYPACK)
    retouched = pixels.copy()
    retouched[850:1150, 400:900] = retouching.hue_turned(pixels[850:1150, 400:900], 50)
    assert against(jpeg(retouched), jpeg(pixels))["F01"].outcome in (FLAG, FAIL)


def test_a_colour_critical_product_is_held_to_closer_bounds() -> None:
    pixels = sample(TEE)
    lighter = np.clip(pixels.astype(float) * 1.055, 0, 255).astype(np.uint8)
    found = {critical: against(jpeg(lighter), jpeg(pixels), ImageSpec(colour_critical=critical)) for critical in (0, 1)}
    assert [found[critical]["F01"].outcome for critical in (0, 1)] == [PASS, FLAG]
    assert found[1]["F01"].threshold == "≤ 1"


def test_a_swatch_is_compared_by_its_colour_and_never_fails() -> None:
    """Light and folds change a garment's colour, so that a flat swatch can but flag."""
    pixels = sample(TEE)
    cloth = np.median(pixels[700:900, 560:720].reshape(-1, 3), axis=0)
    for colour, outcome in ((cloth, PASS), ((240, 40, 200), FLAG)):
        swatch = np.full((400, 400, 3), np.round(colour), np.uint8)
        reference = NO_REFERENCE.reading(None, ApprovedFile(png(swatch), "swatch.png"))
        [found] = [one for one in inspect(jpeg(pixels), "x.jpg", CRITICAL, reference) if one.check == "F01"]
        assert found.outcome is outcome, found


@pytest.mark.parametrize("product", [TEE, HOODIE, DAYPACK])
def test_texture_smoothed_away_or_sharpened_is_seen(product: int) -> None:
    pixels = sample(product)
    lost = against(jpeg(retouching.smoothed(pixels)), jpeg(pixels))["F03"]
    assert lost.outcome is FAIL, lost
    assert "smoothed" in lost.detail
    added = against(jpeg(retouching.sharpened(pixels)), jpeg(pixels))["F03"]
    assert added.outcome in (FLAG, FAIL), added
    assert "sharpened" in added.detail


def test_smoothing_is_seen_in_a_smaller_export() -> None:
    pixels = sample(HOODIE)
    found = against(jpeg(retouching.resized(retouching.smoothed(pixels), 0.75)), jpeg(pixels))["F03"]
    assert found.outcome in (FLAG, FAIL), found


def test_a_copy_far_from_the_captures_size_has_no_texture_to_compare() -> None:
    pixels = sample(HOODIE)
    assert against(jpeg(retouching.resized(pixels, 0.2)), jpeg(pixels))["F03"].outcome is CANNOT


def test_without_references_nothing_is_compared_and_nobody_is_told() -> None:
    data = jpeg(sample(TEE))
    asked = {one.check for one in inspect(data, "x.jpg", ImageSpec())}
    assert asked.isdisjoint({check.id for check in CHECKS if check.against is not None})


@pytest.mark.parametrize("against_what", list(Against))
def test_a_reference_that_should_be_there_and_is_not_is_said(against_what: Against) -> None:
    data = jpeg(sample(TEE))
    found = inspect(data, "x.jpg", ImageSpec(), Reference(expected=frozenset({against_what})))
    checks = {check.id for check in CHECKS if check.against is against_what}
    assert checks
    told = [one for one in found if one.check in checks]
    assert {one.check for one in told} == checks
    assert {one.outcome for one in told} == {CANNOT}
    assert all("Not compared" in one.detail for one in told)


def test_a_crop_that_cannot_be_laid_over_its_master_has_no_colours_to_compare() -> None:
    """A square crop of a shoe's close-up: its colours have other shares, and a swatch's rules would flag it."""
    pixels = sample(SHOE, view="detail")
    master, crop = ApprovedFile(jpeg(pixels), "master.jpg"), jpeg(pixels[: pixels.shape[1]])
    rules = {
        CANNOT: Reference().reading(master, None).with_colour_of_capture(),
        FLAG: Reference().reading(None, master),
    }
    for outcome, reference in rules.items():
        [found] = [one for one in inspect(crop, "x.jpg", ImageSpec(), reference) if one.check == "F01"]
        assert found.outcome is outcome, found


def test_where_the_capture_was_cut_off_nothing_is_taken_for_a_changed_detail() -> None:
    """The first round was cropped wrongly: what the second one shows beside the old frame is no change."""
    pixels = sample(HOODIE, view="back")
    cut = pixels.shape[1] // 10
    capture = np.pad(pixels[:, cut:], ((0, 0), (0, cut), (0, 0)), mode="edge")
    found = against(jpeg(pixels), jpeg(capture))
    assert {check: found[check].outcome for check in ("S01", "S02", "S03")} == dict.fromkeys(
        ("S01", "S02", "S03"), PASS
    )

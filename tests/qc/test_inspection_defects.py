"""Named defects: one defect of one severity a file, and the verdict that it must get (qc.md, rule 8)."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from contracts.values import Gate, ImageSpec, MeasurementOutcome
from services.qc.inspection import DEFAULT
from services.qc.inspection.edges import strongest_edges
from services.qc.inspection.frame import read_frame
from services.qc.inspection.subject import strips
from services.qc.inspection.thresholds import Bounds
from tests.qc.test_inspection_clean import CANNOT, FAIL, FLAG, PACKSHOT, PASS, encode, fired, product, verdicts

CAPTURE = ImageSpec(deliverable=False)
VARIANT = PACKSHOT.model_copy(update={"focus_required": False})


def blurred(sigma: float) -> Any:
    return cv2.GaussianBlur(product(), (0, 0), sigma)


def tinted(red: float, green: float, blue: float) -> Any:
    return np.round(product() * np.array([red, green, blue])).astype(np.uint8)


def small(share: float) -> Any:
    """The product scaled to so much of its size, in the middle of the same frame."""
    size = (round(800 * share), round(1000 * share))
    scene = np.full((1000, 800, 3), 255, np.uint8)
    top, left = (1000 - size[1]) // 2, (800 - size[0]) // 2
    scene[top : top + size[1], left : left + size[0]] = cv2.resize(product(), size, interpolation=cv2.INTER_AREA)
    return scene


def stained() -> Any:
    """A soft grey patch that the retoucher left in a corner."""
    stain = np.full((1000, 800, 3), 255, np.uint8)
    cv2.ellipse(stain, (90, 100), (70, 80), 0, 0, 360, (236, 236, 236), -1)
    return np.minimum(product(), cv2.GaussianBlur(stain, (0, 0), 9))


def vignetted() -> Any:
    down, across = np.mgrid[-1:1:1000j, -1:1:800j]
    shade = 1 - 0.25 * np.clip(np.hypot(down, across) - 0.7, 0, 1)
    return (product() * shade[:, :, None]).astype(np.uint8)


def crushed() -> Any:
    scene = product()
    scene[700:750, 200:600] = 0
    return scene


def blown() -> Any:
    """A highlight that a lamp burns into the product."""
    glow = np.zeros((1000, 800, 3), np.float32)
    cv2.circle(glow, (400, 720), 90, (600, 600, 600), -1)
    return np.clip(product() + cv2.GaussianBlur(glow, (0, 0), 30), 0, 255).astype(np.uint8)


# Made by the test that looks at them: every worker of a run loads every file of tests.
DEFECTS: dict[str, tuple[Callable[[], Any], ImageSpec, str, MeasurementOutcome]] = {
    "blur σ1": (lambda: blurred(1.0), PACKSHOT, "T09", FLAG),
    "blur σ1.5": (lambda: blurred(1.5), PACKSHOT, "T09", FAIL),
    "blur σ3": (lambda: blurred(3.0), PACKSHOT, "T09", FAIL),
    "blur σ1.5 in a capture": (lambda: blurred(1.5), CAPTURE, "T09", FLAG),
    "blur σ1.5 in a variant": (lambda: blurred(1.5), VARIANT, "T09", FLAG),
    "crushed shadows": (crushed, PACKSHOT, "T10", FLAG),
    "blown highlights": (blown, PACKSHOT, "T10", FLAG),
    "yellow cast": (lambda: tinted(1, 1, 0.97), PACKSHOT, "T13", FLAG),
    "strong yellow cast": (lambda: tinted(1, 1, 0.92), PACKSHOT, "T13", FLAG),
    "blue cast in a grey backdrop": (lambda: tinted(0.86, 0.88, 0.92), CAPTURE, "T13", FLAG),
    "nearly white": (lambda: tinted(0.976, 0.976, 0.976), PACKSHOT, "T14", FAIL),
    "off-white": (lambda: tinted(0.95, 0.95, 0.95), PACKSHOT, "T14", FAIL),
    "grey": (lambda: tinted(0.8, 0.8, 0.8), PACKSHOT, "T14", FAIL),
    "grey patch": (stained, PACKSHOT, "T14", FAIL),
    "vignette": (vignetted, PACKSHOT, "T14", FAIL),
    "small subject": (lambda: small(0.6), PACKSHOT, "T17", FAIL),
    "subject a little small": (lambda: small(0.82), PACKSHOT, "T17", FLAG),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_named_defect_gets_its_verdict(defect: str) -> None:
    make, spec, check, outcome = DEFECTS[defect]
    found = verdicts(encode(make()), spec)
    assert found[check].outcome is outcome, found[check]


@pytest.mark.parametrize("defect", ["blur σ3", "grey patch", "small subject", "blown highlights"])
def test_a_defect_fires_its_own_check_and_no_other(defect: str) -> None:
    make, spec, check, _ = DEFECTS[defect]
    assert fired(verdicts(encode(make()), spec)) == {check}


def test_focus_ignores_the_crisp_outline_of_a_cut_out() -> None:
    """A blurred product that was cut out and set on white: only inside the mask does its blur show."""
    cut = np.where((product() >= 245).all(axis=2, keepdims=True), 255, blurred(2.0)).astype(np.uint8)
    assert verdicts(encode(cut))["T09"].outcome is FAIL


def test_a_soft_third_does_not_fail_a_photo_that_is_sharp_elsewhere() -> None:
    """Every third strip of the subject is measured first: where those are soft, the others count as well."""
    scene = product()
    for y in range(350, 840, 30):  # so that each strip has edges enough
        for x in range(150, 640, 40):
            cv2.line(scene, (x, y), (x + 14, y + 6), (235, 220, 190), 3, cv2.LINE_AA)
    scene = cv2.GaussianBlur(scene, (0, 0), 0.6)
    soft = cv2.GaussianBlur(scene, (0, 0), 3.0)
    frame = read_frame(encode(scene), "photo.jpg", DEFAULT)
    for rows, columns, _ in strips(frame.subject.inner, frame.subject.scale, 0, 3):
        around = slice(max(0, rows.start - 8), rows.stop + 8)  # the seam would be a sharp edge
        scene[around, columns] = soft[around, columns]
    found = read_frame(encode(scene), "photo.jpg", DEFAULT)
    third = strongest_edges(found.grey, found.subject, np.inf)
    assert third is not None
    assert third.typical_width > DEFAULT.edge_width.flags
    assert verdicts(encode(scene))["T09"].outcome is PASS


def test_focus_reads_the_same_through_compression() -> None:
    widths = [verdicts(encode(product(), quality=quality))["T09"].value for quality in (95, 75, 50)]
    assert None not in widths
    assert max(widths) - min(widths) < 0.2  # type: ignore[type-var, operator]


def test_a_plain_thing_has_too_few_edges_to_judge() -> None:
    scene = np.full((1000, 800, 3), 255, np.uint8)
    cv2.circle(scene, (400, 500), 300, (90, 90, 160), -1, cv2.LINE_AA)
    found = verdicts(encode(scene))
    assert found["T09"].outcome is CANNOT
    assert "too few edges" in found["T09"].detail


def test_what_no_background_surrounds_is_measured_where_that_needs_none() -> None:
    """A close-up that fills the frame: its focus can be told, a background can't."""
    pattern = np.random.default_rng(5).integers(40, 200, (50, 40, 3)).astype(np.uint8)
    close_up = cv2.GaussianBlur(cv2.resize(pattern, (800, 1000), interpolation=cv2.INTER_NEAREST), (0, 0), 0.6)
    found = verdicts(encode(close_up), ImageSpec(min_fill=0.8))
    assert {check: found[check].outcome for check in ("T09", "T10", "T13", "T17")} == {
        "T09": PASS, "T10": PASS, "T13": CANNOT, "T17": CANNOT,
    }  # fmt: skip
    assert verdicts(encode(close_up))["T14"].outcome is FAIL


def test_an_empty_frame_has_no_subject() -> None:
    found = verdicts(encode(np.full((1000, 800, 3), 255, np.uint8)))
    assert {check: found[check].outcome for check in ("T09", "T10", "T14", "T17")} == {
        "T09": CANNOT, "T10": CANNOT, "T14": PASS, "T17": FAIL,
    }  # fmt: skip


def test_a_subject_that_fades_into_its_background_is_not_measured() -> None:
    glow = np.full((1000, 800, 3), 255, np.uint8)
    cv2.circle(glow, (400, 500), 250, (120, 120, 120), -1)
    found = verdicts(encode(cv2.GaussianBlur(glow, (0, 0), 60)))
    assert {found[check].outcome for check in ("T13", "T14", "T17")} == {CANNOT}
    assert found["T17"].confidence is not None
    assert found["T17"].confidence < DEFAULT.least_confidence


def test_alpha_is_the_mask_where_there_is_one() -> None:
    pixels = product()
    alpha = np.where((pixels >= 245).all(axis=2), 0, 255).astype(np.uint8)
    hidden = np.where(alpha[:, :, None] > 0, pixels, 90).astype(np.uint8)  # rubbish where nobody sees it
    spec = PACKSHOT.model_copy(update={"alpha_allowed": True})
    found = verdicts(encode(np.dstack([hidden, alpha]), "PNG"), spec, "bag.png")
    assert found["T07"].outcome is PASS
    assert (found["T09"].outcome, found["T09"].confidence) == (PASS, 1.0)
    assert (found["T14"].outcome, found["T17"].outcome) == (PASS, PASS)
    assert found["T17"].value == pytest.approx(verdicts(encode(pixels))["T17"].value, abs=0.5)


def test_several_parts_are_one_subject_and_specks_are_none() -> None:
    scene = np.full((1000, 800, 3), 255, np.uint8)
    for x in (150, 500):  # a pair of earrings
        cv2.rectangle(scene, (x, 300), (x + 150, 700), (60, 50, 140), -1)
    scene[950:956, 20:26] = 0
    assert verdicts(encode(scene))["T17"].value == pytest.approx(500 / 800 * 100, abs=1)


def test_fill_has_an_upper_bound_too() -> None:
    spec = ImageSpec(max_fill=0.6)
    assert verdicts(encode(product()), spec)["T17"].outcome is FLAG
    assert verdicts(encode(small(0.6)), spec)["T17"].outcome is PASS


def test_what_the_spec_does_not_ask_for_is_left_out() -> None:
    assert {"T14", "T17"}.isdisjoint(verdicts(encode(product()), ImageSpec()))


def test_fill_is_decided_at_the_brand_gate_and_all_else_at_the_technical_one() -> None:
    gates = {check: one.gate for check, one in verdicts(encode(product())).items()}
    assert gates.pop("T17") is Gate.BRAND_MERCH
    assert set(gates.values()) == {Gate.TECHNICAL}


def test_thresholds_are_data() -> None:
    strict = DEFAULT.model_copy(update={"edge_width": Bounds(passes=0.5, flags=1.0)})
    assert verdicts(encode(product()), thresholds=strict)["T09"].outcome is FAIL

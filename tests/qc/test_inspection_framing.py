"""T15, T16, T18–T20: background, outline, and how the product lies in the frame. Named defects, and what must not
fire."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from contracts.values import Gate, ImageSpec, MeasurementOutcome
from tests.qc.test_inspection_clean import CANNOT, FLAG, PASS, encode, product, verdicts

GREY = (205, 205, 205)
STUDIO = ImageSpec(centred=True, min_margin=0.08, whole_subject=True, straight=True)


def moved(down: int, across: int) -> Any:
    return np.roll(product(), (down, across), (0, 1))


def turned(degrees: float) -> Any:
    """Clockwise, and small enough to stay in the frame."""
    turn = cv2.getRotationMatrix2D((400, 500), -degrees, 0.9)
    return cv2.warpAffine(product(), turn, (800, 1000), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))


def lit(first: float, last: float, spot: bool = False) -> Any:
    """On a grey backdrop whose light falls off from the top to the bottom, or from the middle outwards."""
    down, across = np.mgrid[0:1:1000j, 0:1:800j]
    way = np.hypot(down - 0.5, across - 0.5) * 1.4 if spot else down
    backdrop = (np.array(GREY) * (first + (last - first) * way)[:, :, None]).astype(np.uint8)
    outside = (product(GREY).min(axis=2) > 190)[:, :, None] & (product().min(axis=2) > 230)[:, :, None]
    return np.where(outside, backdrop, product(GREY))


def sharpened(pixels: Any, amount: float, radius: float) -> Any:
    return cv2.addWeighted(pixels, 1 + amount, cv2.GaussianBlur(pixels, (0, 0), radius), -amount, 0)


# Made by the test that looks at them: every worker of a run loads every file of tests.
DEFECTS: dict[str, tuple[Callable[[], Any], str]] = {
    "light falling off by an eighth": (lambda: lit(1, 0.88), "T15"),
    "light falling off by a fifth": (lambda: lit(1, 0.8), "T15"),
    "a hot spot": (lambda: lit(1.1, 0.9, spot=True), "T15"),
    "sharpened by 300 %, 2 px": (lambda: sharpened(product(), 3, 2), "T16"),
    "sharpened by 200 %, 3 px": (lambda: sharpened(product(), 2, 3), "T16"),
    "sharpened by 150 % on grey": (lambda: sharpened(product(GREY), 1.5, 2), "T16"),
    "off the centre": (lambda: moved(0, 40), "T18"),
    "far off the centre": (lambda: moved(60, 0), "T18"),
    "touching the right side": (lambda: moved(0, 132), "T19"),
    "cut off at the bottom": (lambda: moved(200, 0), "T19"),
    "tilted by 1.5°": (lambda: turned(1.5), "T20"),
    "tilted by 3° the other way": (lambda: turned(-3), "T20"),
}
HARMLESS: dict[str, Callable[[], Any]] = {
    "as it is": product,
    "on grey": lambda: product(GREY),
    "light falling off a little": lambda: lit(1, 0.97),
    "a little sharpened": lambda: sharpened(product(), 0.5, 1),
    "shifted by some pixels": lambda: moved(3, -5),
    "another colorway": lambda: product()[:, :, ::-1].copy(),
    "tilted by half a degree": lambda: turned(0.5),
}
CHECKS = ("T15", "T16", "T18", "T19", "T20")


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_named_defect_is_flagged(defect: str) -> None:
    make, check = DEFECTS[defect]
    found = verdicts(encode(make()), STUDIO)
    assert found[check].outcome is FLAG, found[check]


@pytest.mark.parametrize("quality", [92, 85])
@pytest.mark.parametrize("change", HARMLESS)
def test_harmless_changes_do_not_fire(change: str, quality: int) -> None:
    found = verdicts(encode(HARMLESS[change](), quality=quality), STUDIO)
    assert {check: found[check].outcome for check in CHECKS} == dict.fromkeys(CHECKS, PASS)


def test_a_tilt_is_told_with_its_way() -> None:
    for degrees in (-4.0, 2.5):
        found = verdicts(encode(turned(degrees)), STUDIO)["T20"]
        assert found.value == pytest.approx(degrees, abs=0.4)
        assert ("anticlockwise" in found.detail) == (degrees > 0)


def test_what_has_no_axis_has_no_tilt() -> None:
    scene = np.full((1000, 800, 3), 255, np.uint8)
    cv2.circle(scene, (400, 500), 300, (60, 90, 150), -1)
    lopsided = np.full((1000, 800, 3), 255, np.uint8)
    cv2.fillPoly(lopsided, [np.array([(200, 200), (600, 250), (350, 400), (300, 850)])], (60, 90, 150))
    for pixels in (scene, lopsided, moved(200, 0)):
        assert verdicts(encode(pixels), STUDIO)["T20"].outcome is CANNOT


def test_the_margin_is_asked_for_by_itself() -> None:
    wide = ImageSpec(min_margin=0.2)
    found = verdicts(encode(product()), wide)["T18"]
    assert (found.outcome, found.threshold) == (FLAG, "margin ≥ 20 %")
    assert verdicts(encode(moved(0, 40)), ImageSpec(min_margin=0.05))["T18"].outcome is PASS


def test_along_a_side_where_it_leaves_the_frame_there_is_no_middle() -> None:
    """A crop at the waist is judged across only."""
    assert verdicts(encode(moved(200, 0)), STUDIO)["T18"].outcome is PASS
    assert verdicts(encode(moved(200, 40)), STUDIO)["T18"].outcome is FLAG


def test_the_sides_that_cut_it_off_are_named() -> None:
    found = verdicts(encode(moved(200, 132)), STUDIO)["T19"]
    assert ("bottom" in found.detail, "right" in found.detail, "left" in found.detail) == (True, True, False)


def test_what_needs_a_background_cannot_be_measured_without_one() -> None:
    pattern = np.random.default_rng(5).integers(40, 200, (50, 40, 3)).astype(np.uint8)
    close_up = cv2.resize(pattern, (800, 1000), interpolation=cv2.INTER_NEAREST)
    found = verdicts(encode(close_up), STUDIO)
    assert {check: found[check].outcome for check in CHECKS} == dict.fromkeys(CHECKS, CANNOT)


def test_cloth_that_fills_the_frame_is_no_uneven_background() -> None:
    """A close-up of a dark or coloured cloth: what the border shows is the product."""
    shade = np.linspace(0.7, 1.3, 1000)[:, None, None]
    for colour in ((60, 60, 66), (150, 60, 50)):
        cloth = np.clip(np.array(colour) * shade, 0, 255).repeat(800, 1).astype(np.uint8)
        cv2.rectangle(cloth, (300, 400), (500, 600), (230, 230, 230), -1)
        assert verdicts(encode(cloth), ImageSpec())["T15"].outcome is CANNOT


def test_they_are_measured_only_where_they_are_asked_for() -> None:
    assert {"T18", "T19", "T20"}.isdisjoint(verdicts(encode(product())))


def test_margins_and_contact_are_decided_at_the_brand_gate() -> None:
    gates = {check: one.gate for check, one in verdicts(encode(product()), STUDIO).items()}
    assert {check for check, gate in gates.items() if gate is Gate.BRAND_MERCH} == {"T18", "T19"}


def test_none_of_them_fails_anything() -> None:
    for make, _ in DEFECTS.values():
        found = verdicts(encode(make()), STUDIO)
        assert MeasurementOutcome.FAIL not in {found[check].outcome for check in CHECKS}

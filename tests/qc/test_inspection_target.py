"""The ColorChecker in a photo: found however it lies, and its greys read."""

from typing import Any

import cv2
import numpy as np
import pytest

from contracts.values import ImageSpec, Measurement, MeasurementOutcome
from packshot.sample.files import png
from services.qc.inspection import Reference, inspect
from services.qc.inspection.target import CLASSIC, find_target
from tests.qc.retouching import sample
from tests.qc.test_inspection_clean import CANNOT, FAIL, FLAG, PASS

_CELL, _GAP = 120, 18


def chart() -> Any:
    picture = np.full((4 * _CELL + 5 * _GAP, 6 * _CELL + 7 * _GAP, 3), 38, np.uint8)
    for place, colour in enumerate(CLASSIC.values()):
        row, column = divmod(place, 6)
        y, x = _GAP + row * (_CELL + _GAP), _GAP + column * (_CELL + _GAP)
        picture[y : y + _CELL, x : x + _CELL] = colour
    return picture


def photographed(
    size: tuple[int, int] = (960, 1200),
    turned: float = 0,
    share: float = 0.6,
    slanted: float = 0,
    ground: int = 150,
    light: tuple[float, float, float] = (1, 1, 1),
) -> Any:
    """The chart on a ground; `share` of the frame's width, turned by degrees, one side nearer to the camera."""
    card = chart()
    height, width = card.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    angle = np.radians(turned)
    around = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    placed = ((corners - [width / 2, height / 2]) * size[0] * share / width) @ around.T
    placed[0, 0] += slanted * size[0] * share
    placed[1, 1] += slanted * size[0] * share / 2
    matrix = cv2.getPerspectiveTransform(corners, (placed + np.array(size) / 2).astype(np.float32))
    laid = cv2.warpPerspective(card, matrix, size, flags=cv2.INTER_AREA)
    covered = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size)
    scene = np.where(covered[..., None] > 127, laid, ground) * np.array(light, np.float64)
    noisy = cv2.GaussianBlur(scene, (0, 0), 0.8) + np.random.default_rng(1).normal(0, 2, scene.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def measured(pixels: Any) -> Measurement:
    reference = Reference(target="colorchecker_classic")
    [found] = [one for one in inspect(png(pixels), "x.png", ImageSpec(), reference) if one.check == "T12"]
    return found


WAYS: dict[str, dict[str, Any]] = {
    "straight": {},
    "turned a little": {"turned": 8},
    "upright": {"turned": 90},
    "upside down": {"turned": 180},
    "askew": {"turned": 45},
    "small": {"share": 0.2},
    "large": {"share": 0.9},
    "slanted": {"slanted": 0.1},
    "on white": {"ground": 255},
    "on black": {"ground": 40},
    "in a large photo": {"size": (3000, 2400), "share": 0.3},
}


@pytest.mark.parametrize("way", WAYS)
def test_the_chart_is_found_and_read_right(way: str) -> None:
    target = find_target(photographed(**WAYS[way]))
    assert target is not None
    assert target.difference.max() < 2
    assert measured(photographed(**WAYS[way])).outcome is PASS


@pytest.mark.parametrize(
    ("light", "outcome", "hue"),
    [
        ((0.9, 0.9, 0.9), PASS, "neutral"),
        ((1, 1, 0.975), FLAG, "yellow"),
        ((1, 1, 0.86), FAIL, "yellow"),
        ((0.86, 0.9, 1), FAIL, "blue"),
        ((0.9, 1, 0.9), FAIL, "green"),
    ],
)
def test_a_cast_shows_on_the_greys(light: Any, outcome: MeasurementOutcome, hue: str) -> None:
    found = measured(photographed(light=light))
    assert found.outcome is outcome, found
    assert hue in found.detail
    assert "ΔE00 over all 24 patches" in found.detail


def test_what_shows_no_chart_or_half_of_one_is_not_measured() -> None:
    half = photographed(share=0.9)[:, :450]
    checks = np.kron(np.indices((10, 12)).sum(axis=0) % 2, np.ones((60, 60)))[..., None] * np.array([200, 200, 200])
    for pixels in (sample(0), half, checks.astype(np.uint8), np.full((50, 50, 3), 120, np.uint8)):
        assert measured(np.ascontiguousarray(pixels)).outcome is CANNOT


def test_greys_that_are_clipped_say_nothing() -> None:
    assert measured(photographed(light=(6, 6, 6))).outcome is CANNOT

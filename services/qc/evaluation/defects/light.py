"""T10–T15, T25: exposure, white balance, the background, dust."""

import dataclasses
from typing import Any

import cv2
import numpy as np

from services.qc.evaluation import changes
from services.qc.evaluation.changes import saved
from services.qc.evaluation.defects.surface import before_backdrop
from services.qc.evaluation.photo import Case, Photo
from services.qc.evaluation.registry import CONTROL, defect
from services.qc.inspection.fingerprint import fingerprint
from services.qc.inspection.frame import read_frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.target import CLASSIC, COLUMNS, ROWS

_OF_SUBJECT = "{} % of the product"
_LEAST_LIGHTNESS = 15.0  # L*: a black product can't be much darker
_SEEN = 0.9  # of the frame's rows
_GREY = 186.0  # level of a backdrop that isn't clipped


@defect("T10", "crushed", "shadows crushed to black", unit=_OF_SUBJECT, severities=(1, 3, 10), asked=3, may_fail=False)
def crushed(photo: Photo, severity: float) -> Case | None:
    if not photo.inside.any():
        return None
    return photo.case(saved(changes.crushed(photo.pixels, severity, photo.inside)))


@defect(
    "T10", "burnt", "a place that a lamp burns out", unit=_OF_SUBJECT, severities=(1, 3, 10), asked=3, may_fail=False
)
def burnt(photo: Photo, severity: float) -> Case | None:
    if not photo.inside.any():
        return None
    return photo.case(saved(changes.burnt(photo.pixels, severity, photo.inside)))


@defect(
    "T10", "overexposed", "all of it too light", unit="by {} stops", severities=(0.5, 1, 2), asked=None, may_fail=False
)
def overexposed(photo: Photo, severity: float) -> Case | None:
    """Nothing is promised: on white, what is blown out can't be told from the background."""
    return None if photo.box is None else photo.case(saved(changes.overexposed(photo.pixels, severity)))


@defect("T11", "dark", "darker than its batch", unit="by {} L*", severities=(2.5, 4, 8), asked=4, may_fail=False)
def dark(photo: Photo, severity: float) -> Case | None:
    lightness = photo.fingerprint.luminance
    if lightness is None or lightness < _LEAST_LIGHTNESS or photo.box is None:
        return None
    return photo.case(saved(changes.darkened(photo.pixels, severity, photo.inside)))


@defect(
    "T12",
    "cast on the target",
    "yellow light on a ColorChecker that is held before the product",
    unit="C* {}",
    severities=(4, 7, 12),
    asked=7,
    control=True,
)
def target_cast(photo: Photo, severity: float) -> Case:
    scene = before_backdrop(photo, _GREY)
    chart = _chart(int(scene.shape[1] * 0.6))
    top, left = (scene.shape[0] - chart.shape[0]) // 2, (scene.shape[1] - chart.shape[1]) // 2
    scene[top : top + chart.shape[0], left : left + chart.shape[1]] = chart
    lit = scene if severity == CONTROL else changes.yellowed(scene, severity)
    return photo.case(saved(lit), reference=Reference(target="colorchecker_classic"))


def _chart(width: int) -> Any:
    cell = int(width / (COLUMNS + 1))
    gap = cell // (COLUMNS + 1)
    chart = np.full((ROWS * (cell + gap) + gap, COLUMNS * (cell + gap) + gap, 3), 38, np.uint8)
    for place, colour in enumerate(CLASSIC.values()):
        row, column = divmod(place, COLUMNS)
        top, left = gap + row * (cell + gap), gap + column * (cell + gap)
        chart[top : top + cell, left : left + cell] = colour
    return chart


@defect("T13", "cast", "a yellow cast", unit="C* {} on white", severities=(3, 5, 10), asked=3, may_fail=False)
def cast(photo: Photo, severity: float) -> Case | None:
    return None if photo.box is None else photo.case(saved(changes.yellowed(photo.pixels, severity)))


@defect(
    "T14", "off-white", "an off-white background", unit="level {}", severities=(248, 245, 230), asked=245, named=True
)
def off_white(photo: Photo, severity: float) -> Case | None:
    if not photo.spec.white_background:
        return None
    return photo.case(saved(changes.scaled(photo.pixels, *([severity / 255] * 3))))


@defect("T14", "stain", "soft grey shade in a corner", unit="{} % of the background", severities=(1, 4, 10), asked=4)
def stained(photo: Photo, severity: float) -> Case | None:
    outside = photo.outside
    if not photo.spec.white_background or not (outside[2:40, 2].all() or outside[2:40, -3].all()):
        return None
    return photo.case(saved(changes.stained(photo.pixels, severity, outside)))


@defect(
    "T15", "uneven", "light that falls off downwards", unit="by {} L*", severities=(2.5, 4, 7), asked=4, may_fail=False
)
def uneven(photo: Photo, severity: float) -> Case | None:
    """Only where the background shows from top to bottom, so that the fall is seen."""
    if photo.box is None or photo.outside.any(axis=1).mean() < _SEEN:
        return None
    return photo.case(saved(changes.unevenly_lit(photo.pixels, severity)))


@defect(
    "T25",
    "dust",
    "dark spots in the same places of five frames",
    unit="{} levels dark",
    severities=(6, 12, 30),
    asked=12,
    control=True,
    may_fail=False,
)
def dust(photo: Photo, severity: float) -> Case | None:
    """The other four frames show the spots and no product."""
    if not photo.outside.any():
        return None
    spots = np.zeros(photo.pixels.shape[:2], np.float32)
    if severity != CONTROL:
        down, across = np.nonzero(cv2.erode(photo.outside.astype(np.uint8), np.ones((61, 61), np.uint8)))
        if not len(down):
            return None
        for place in (len(down) // 7, len(down) // 3):
            cv2.circle(spots, (int(across[place]), int(down[place])), 4, severity, -1)
    spots = cv2.GaussianBlur(spots, (0, 0), 1.2)[..., None]
    scene, empty = before_backdrop(photo, _GREY), np.full_like(photo.pixels, round(_GREY))
    data, other = (saved(np.clip(one - spots, 0, 255).astype(np.uint8)) for one in (scene, empty))
    seen = fingerprint(read_frame(other, photo.file, photo.frame.thresholds))
    assert seen is not None
    return photo.case(data, reference=dataclasses.replace(photo.reference, shoot=(seen,) * 4))

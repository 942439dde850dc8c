"""T17–T21: how the product lies in the frame, and its clipping path."""

from typing import Any

import cv2
import numpy as np

from services.qc.evaluation import changes
from services.qc.evaluation.changes import saved
from services.qc.evaluation.paths import in_jpeg, path, resource, subpath
from services.qc.evaluation.photo import Case, Photo
from services.qc.evaluation.registry import CONTROL, defect
from services.qc.inspection.checks.framing import tilt
from services.qc.inspection.reference import NO_REFERENCE

_UPRIGHT = 0.5  # degrees: a product that stands straight
_LEAST_PATH = 200.0  # px² that a path goes around


@defect(
    "T17",
    "too little fill",
    "too small a product in the frame",
    unit="by {} points",
    severities=(2, 5, 15),
    asked=5,
    named=True,
)
def too_little_fill(photo: Photo, severity: float) -> Case | None:
    """The spec asks for what the clean photo has."""
    if photo.box is None:
        return None
    height, width = photo.pixels.shape[:2]
    fill = max(photo.box[2] / width, photo.box[3] / height)
    small = changes.shrunk(photo.pixels, 1 - severity / 100 / fill, photo.ground)
    return photo.case(saved(small), min_fill=min(1.0, fill))


@defect(
    "T18",
    "off the centre",
    "moved sideways from the middle of the frame",
    unit="by {} % of the width",
    severities=(3, 6),
    asked=3,
    control=True,
    may_fail=False,
)
def off_centre(photo: Photo, severity: float) -> Case | None:
    if photo.gaps is None or not photo.is_whole:
        return None
    left, top, right, bottom = photo.gaps
    width = photo.pixels.shape[1]
    moved = severity / 100 * width
    if moved + 10 > (left + right) / 2:
        return None
    down = (bottom - top) / 2
    return photo.case(saved(_moved(photo, (right - left) / 2 + moved, down)), centred=True)


@defect(
    "T19",
    "cut off",
    "a part of the product lies outside of the frame",
    unit="{} % of its width",
    severities=(1, 3, 10),
    asked=1,
    control=True,
    may_fail=False,
)
def cut_off(photo: Photo, severity: float) -> Case | None:
    if photo.gaps is None or photo.box is None or not photo.is_whole:
        return None
    across = photo.gaps[2] + severity / 100 * photo.box[2] if severity != CONTROL else 0
    return photo.case(saved(_moved(photo, across, 0)), whole_subject=True)


def _moved(photo: Photo, right: float, down: float) -> Any:
    matrix = np.array([[1, 0, round(right)], [0, 1, round(down)]], np.float64)
    size = (photo.pixels.shape[1], photo.pixels.shape[0])
    return cv2.warpAffine(photo.pixels, matrix, size, borderValue=photo.ground)


@defect("T20", "tilt", "turned clockwise", unit="by {}°", severities=(1.5, 2, 4), asked=2, control=True, may_fail=False)
def tilted(photo: Photo, severity: float) -> Case | None:
    """Only of what has an axis, and stands straight."""
    if not photo.is_whole:
        return None
    spec = photo.spec.model_copy(update={"straight": True})
    own = tilt(photo.frame, spec, NO_REFERENCE).value
    if own is None or abs(own) > _UPRIGHT:
        return None
    return photo.case(saved(changes.turned(photo.pixels, severity - own, photo.ground)), straight=True)


@defect(
    "T21",
    "path beside the product",
    "a clipping path that was moved",
    unit="by {} % of the width",
    severities=(1, 2, 5),
    asked=2,
    control=True,
    may_fail=False,
)
def path_moved(photo: Photo, severity: float) -> Case | None:
    if photo.box is None or not photo.is_whole:
        return None
    knots = _path(photo, severity / 100 * photo.box[2])
    return photo.case(in_jpeg(saved(photo.pixels), resource(2000, knots, "Path 1")), clipping_path=True)


@defect("T21", "no path", "without a clipping path")
def no_path(photo: Photo, severity: float) -> Case:
    return photo.case(photo.data, clipping_path=True)


def _path(photo: Photo, right: float) -> bytes:
    """Around the product, moved to the right by so many px."""
    height, width = photo.pixels.shape[:2]
    mask = cv2.resize(photo.frame.subject.silhouette, (width, height), interpolation=cv2.INTER_LINEAR)
    outlines, _ = cv2.findContours((mask > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
    return path(
        *(
            subpath((outline[:, 0, ::-1] + (0.5, 0.5 + right)) / (height, width))
            for outline in outlines
            if cv2.contourArea(outline) > _LEAST_PATH
        )
    )

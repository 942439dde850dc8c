"""S01–S03, F03: the shape, the details and the texture of the product against its approved capture."""

from typing import Any

import cv2
import numpy as np

from services.qc.evaluation import changes
from services.qc.evaluation.changes import saved
from services.qc.evaluation.photo import Case, Photo
from services.qc.evaluation.registry import defect

_WAIST = 0.15  # of the height, to both sides of the middle
_SPARE = 0.03  # of the frame's height


@defect("S01", "slimmer", "the waist drawn in", unit="by {} %", severities=(2, 3, 6), asked=3, named=True)
def slimmer(photo: Photo, severity: float) -> Case | None:
    """Only where both sides of the waist are in the frame."""
    if photo.box is None:
        return None
    mask, scale = photo.frame.subject.silhouette, photo.frame.subject.scale
    top, tall = photo.box[1] // scale, photo.box[3] // scale
    waist = mask[top + round(tall * (0.5 - _WAIST)) : top + round(tall * (0.5 + _WAIST))]
    if waist[:, 0].any() or waist[:, -1].any():
        return None
    return photo.case(saved(changes.slimmed(photo.pixels, severity, box=photo.box)))


@defect("S02", "longer", "longer for its width", unit="by {} %", severities=(1, 2, 4), asked=2)
def longer(photo: Photo, severity: float) -> Case | None:
    return photo.case(saved(changes.stretched(photo.pixels, severity))) if _ends_seen(photo) else None


@defect(
    "S02",
    "longer, cut off",
    "the same where the frame cuts the product off",
    unit="by {} %",
    severities=(1, 2, 4),
    asked=None,
)
def longer_cut_off(photo: Photo, severity: float) -> Case | None:
    """Nothing is promised: only its width is seen."""
    if photo.box is None or _ends_seen(photo):
        return None
    return photo.case(saved(changes.stretched(photo.pixels, severity)))


def _ends_seen(photo: Photo) -> bool:
    """Whether both ends of the product are in the frame, and stay there when it is stretched."""
    return photo.gaps is not None and min(photo.gaps[1], photo.gaps[3]) >= _SPARE * photo.pixels.shape[0]


@defect(
    "S03",
    "lost detail",
    "the most detailed place painted over",
    unit="{} % of the product",
    severities=(1, 2, 5),
    asked=2,
    may_fail=False,
)
def lost_detail(photo: Photo, severity: float) -> Case | None:
    place = _most_detailed(photo, severity / 100)
    if place is None:
        return None
    painted = photo.pixels.copy()
    painted[place] = painted[place].mean(axis=(0, 1)).round()
    return photo.case(saved(painted))


def _most_detailed(photo: Photo, share: float) -> Any:
    """The square of so much of the product where its lightness varies most; None where none fits into it."""
    scale = photo.frame.subject.scale
    inside = photo.frame.subject.inner > 0
    if photo.box is None or not inside.any():
        return None
    side = max(4, round(float(np.sqrt(share * inside.sum()))))
    grey = cv2.cvtColor(photo.frame.subject.small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    window = (side, side)
    variance = cv2.blur(grey * grey, window) - cv2.blur(grey, window) ** 2
    fits = cv2.erode(inside.astype(np.uint8), np.ones(window, np.uint8), borderValue=0) > 0
    if not fits.any():
        return None
    down, across = np.unravel_index(int(np.where(fits, variance, -1).argmax()), grey.shape)
    top, left = (int(middle) - side // 2 for middle in (down, across))
    return np.s_[top * scale : (top + side) * scale, left * scale : (left + side) * scale]


@defect("F03", "smoothed", "median filter", unit="over {} px", severities=(3, 5, 7), asked=5, named=True)
def smoothed(photo: Photo, severity: float) -> Case | None:
    return None if photo.box is None else photo.case(saved(changes.smoothed(photo.pixels, round(severity))))


@defect("F03", "sharpened", "unsharp mask over 1.5 px", unit="{} %", severities=(40, 80, 150), asked=80)
def sharpened(photo: Photo, severity: float) -> Case | None:
    return None if photo.box is None else photo.case(saved(changes.sharpened(photo.pixels, severity / 100)))

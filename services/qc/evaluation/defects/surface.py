"""T09, T16, T22–T24, T26, T27: what lenses, compression, sensors and editing do to the surface of a product."""

from typing import Any

import numpy as np

from services.qc.evaluation import changes
from services.qc.evaluation.changes import read, saved
from services.qc.evaluation.photo import Case, Photo
from services.qc.evaluation.registry import CONTROL, defect


@defect("T09", "blur", "Gaussian blur", unit="σ {} px", severities=(1, 1.5, 3), asked=1.5, named=True)
def blurred(photo: Photo, severity: float) -> Case:
    return photo.case(saved(changes.blurred(photo.pixels, severity)))


@defect("T09", "shake", "the camera moved sideways", unit="{} px", severities=(5, 9, 15), asked=None)
def shaken(photo: Photo, severity: float) -> Case:
    return photo.case(saved(changes.shaken(photo.pixels, severity)))


@defect("T16", "halo", "sharpened over 2 px", unit="by {} %", severities=(150, 200, 300), asked=300, may_fail=False)
def oversharpened(photo: Photo, severity: float) -> Case:
    return photo.case(saved(changes.sharpened(photo.pixels, severity / 100, 2)))


@defect(
    "T22",
    "saved before",
    "once saved at low quality, cropped, saved at 92",
    unit="quality {}",
    severities=(65, 60, 40),
    asked=60,
    may_fail=False,
)
def saved_before(photo: Photo, severity: float) -> Case:
    return photo.case(saved(read(saved(photo.pixels, quality=round(severity)))[3:, 5:]))


@defect("T22", "compressed", "saved strongly", unit="quality {}", severities=(85, 60), asked=85, may_fail=False)
def compressed(photo: Photo, severity: float) -> Case:
    return photo.case(saved(photo.pixels, quality=round(severity)))


@defect("T23", "noise", "a sensor's noise", unit="σ {} levels", severities=(8, 12, 16), asked=12, may_fail=False)
def noisy(photo: Photo, severity: float) -> Case:
    return photo.case(saved(changes.noisy(photo.pixels, severity)))


@defect(
    "T24",
    "banding",
    "too few tones, before a backdrop that shades",
    unit="{} tones",
    severities=(48, 32, 16),
    asked=32,
    control=True,
    may_fail=False,
)
def banded(photo: Photo, severity: float) -> Case:
    scene = before_backdrop(photo, np.linspace(120, 230, photo.pixels.shape[0])[:, None, None])
    return photo.case(saved(scene if severity == CONTROL else changes.posterised(scene, round(severity))))


@defect(
    "T26",
    "moiré",
    "waves of colour of 12 px over a third of the product",
    unit="{} levels",
    severities=(6, 10, 16),
    asked=10,
    may_fail=False,
)
def rippled(photo: Photo, severity: float) -> Case | None:
    if not photo.inside.any():
        return None
    return photo.case(saved(changes.rippled(photo.pixels, severity, 12, photo.inside)))


@defect(
    "T27",
    "enlarged",
    "made from a smaller picture",
    unit="{} times",
    severities=(1.5, 2, 3),
    asked=2,
    may_fail=False,
)
def enlarged(photo: Photo, severity: float) -> Case:
    return photo.case(saved(changes.enlarged(photo.pixels, severity)))


def before_backdrop(photo: Photo, backdrop: Any) -> Any:
    """The product on grey of these levels."""
    scene = photo.pixels * photo.share + (1 - photo.share) * backdrop
    return np.rint(scene).astype(np.uint8)

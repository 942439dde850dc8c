"""F01, F02, F04, F05: the product's colours, and pictures that are in the wrong slot."""

import dataclasses

import numpy as np

from services.qc.evaluation import changes
from services.qc.evaluation.changes import saved
from services.qc.evaluation.photo import Case, Photo
from services.qc.evaluation.registry import CONTROL, defect
from services.qc.inspection.colour import delta_e, lab_of

_NEUTRAL = 1.0  # ΔE00 that a defect makes on the product by itself: a turned hue of a grey is no defect
_OTHER_VIEW = "another-view"


@defect("F01", "hue", "every hue turned", unit="by {}°", severities=(3, 5, 10), asked=5, named=True)
def hue_turned(photo: Photo, severity: float) -> Case | None:
    """Only of what has a hue: where five degrees change more than a just noticeable difference."""
    if not photo.inside.any():
        return None
    some = photo.pixels[photo.inside][::37][:, None]
    if np.percentile(delta_e(lab_of(some), lab_of(changes.hue_turned(some, 5))), 75) <= _NEUTRAL:
        return None
    return photo.case(saved(changes.hue_turned(photo.pixels, severity)), colour_critical=True)


@defect("F02", "other colour", "another colour than the other views", unit="ΔE00 {}", severities=(4, 6, 10), asked=6)
def other_than_the_views(photo: Photo, severity: float) -> Case | None:
    if not photo.inside.any():
        return None
    return photo.case(saved(changes.recoloured(photo.pixels, photo.inside, severity)))


@defect("F04", "twice", "the very picture of another slot, in another format", control=True)
def exact_duplicate(photo: Photo, severity: float) -> Case:
    others = photo.siblings if severity == CONTROL else (*photo.siblings, photo.neighbour(view=_OTHER_VIEW))
    data = saved(photo.pixels, "PNG")
    return photo.case(data, suffix=".png", reference=dataclasses.replace(photo.reference, others=others))


@defect("F05", "nearly twice", "another slot's picture, shifted and saved again", may_fail=False)
def near_duplicate(photo: Photo, severity: float) -> Case:
    others = (*photo.siblings, photo.neighbour(view=_OTHER_VIEW))
    shifted = saved(changes.shifted(photo.pixels))
    return photo.case(shifted, reference=dataclasses.replace(photo.reference, others=others))


@defect(
    "F05",
    "wrong colorway",
    "the approved picture in another colour",
    unit="ΔE00 {}",
    severities=(6, 8, 15),
    asked=8,
    control=True,
    may_fail=False,
)
def wrong_colorway(photo: Photo, severity: float) -> Case | None:
    """Its colour reference is a file of its own: a variant's master is judged by F01."""
    if not photo.inside.any():
        return None
    reference = dataclasses.replace(photo.reference, colour=dataclasses.replace(photo.frame))
    pixels = changes.shifted(photo.pixels)
    if severity != CONTROL:
        pixels = changes.shifted(changes.recoloured(photo.pixels, photo.inside, severity))
    return photo.case(saved(pixels), reference=reference)

"""Changes that must not fire."""

import dataclasses

from services.qc.evaluation import changes
from services.qc.evaluation.changes import read, saved
from services.qc.evaluation.photo import Case, Photo
from services.qc.evaluation.registry import Harmless, harmless
from services.qc.inspection.colour import delta_e, lab_of

_SHIFT = (-5, 7)  # px
_ANOTHER = 8.0  # mean ΔE00 from one colorway to another
_COLOURS = ("F01", "F02", "T11")  # another colorway is a defect for what compares colours and lightness
_TAKE = ("S03", "F03")  # and isn't the capture's take for what compares its surface


@harmless("resave", "saved again at quality 92")
def resaved(photo: Photo) -> Case:
    return photo.case(saved(read(saved(photo.pixels))))


@harmless("shift", "shifted by 5 and 7 px")
def shifted(photo: Photo) -> Case:
    return photo.case(saved(changes.shifted(photo.pixels, *_SHIFT)))


@harmless("crop", "cropped by 10 to 40 px a side")
def cropped(photo: Photo) -> Case:
    return photo.case(saved(photo.pixels[30:-10, 20:-40]))


@harmless("export", "exported at 75 % of its size")
def exported(photo: Photo) -> Case:
    return photo.case(saved(changes.resized(photo.pixels, 0.75)), min_width=1, min_height=1)


@harmless("noise", "noise of σ 1 level")
def slightly_noisy(photo: Photo) -> Case:
    return photo.case(saved(changes.noisy(photo.pixels, 1)))


@harmless("colorway", "recoloured as another colorway", not_for=_COLOURS + _TAKE)
def another_colorway(photo: Photo) -> Case | None:
    """Its channels exchanged, delivered into that colorway's slot; the photo itself is in the next slot. A grey product
    has no other colorway by that."""
    some = photo.pixels[photo.inside][::97][:, None]
    if not len(some) or float(delta_e(lab_of(some), lab_of(some[..., ::-1])).mean()) < _ANOTHER:
        return None
    slot = dataclasses.replace(photo.slot, colorway=f"{photo.slot.colorway}-other")
    reference = dataclasses.replace(photo.reference, slot=slot, others=(photo.neighbour(),), naming=None)
    return photo.case(saved(photo.pixels[:, :, ::-1]), reference=reference)


HARMLESS: tuple[Harmless, ...] = tuple(found for found in list(vars().values()) if isinstance(found, Harmless))

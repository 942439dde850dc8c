"""F03: the fine structure of the product against the approved capture's."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from PIL import Image

from contracts.values import Gate, ImageSpec, MeasurementOutcome
from services.qc.inspection.checks.shape import compared
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Against, Reference
from services.qc.inspection.registration import Registration, laid_over
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.subject import strips

_FINE, _COARSE = 0.8, 1.6  # px: the band between two blurs. Finer yet is noise, and the choice of a resampling filter
_MARGIN = 6  # px: reach of the blurs
_LEAST_PIXELS = 4096
LEAST_ENERGY = 0.02  # levels²: less is no texture that could be lost
_LEAST_SCALE = 0.25  # a copy that is smaller yet has lost the texture by its size alone
_SAME_SCALE = 0.01


@check("F03", "texture", unit="×", gate=Gate.FINAL_QC, against=Against.CAPTURE)
def texture(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Energy of the fine structure over the capture's: the same places, at the scale of the smaller of the two."""
    registration = compared(frame, reference, same_picture=True)
    if isinstance(registration, Finding):
        return registration
    assert reference.capture is not None
    scale = scale_to(frame, reference.capture, registration)
    if not _LEAST_SCALE <= scale <= 1 / _LEAST_SCALE:
        return cannot_measure(f"It is {scale:.2g} times as large as the capture: too far apart to compare texture.")
    own, theirs = same_places(frame, reference.capture, registration)
    energy, approved = (
        fine_energy(*shrunk(one.grey, places, one.subject.scale, ratio))
        for one, places, ratio in ((frame, own, 1 / scale), (reference.capture, theirs, scale))
    )
    if energy is None or approved is None:
        return cannot_measure("Too little of the product is seen in both to compare its texture.")
    if approved < LEAST_ENERGY:
        return cannot_measure("The capture shows no texture that could be lost.")
    lost, added, ratio = frame.thresholds.texture_lost, frame.thresholds.texture_added, energy / approved
    seen = {"value": ratio, "scale": min(1.0, 1 / scale), "confidence": frame.subject.confidence}
    if lost.passes <= ratio <= added.passes:
        return Finding(
            MeasurementOutcome.PASS,
            "Its texture is the capture's.",
            threshold=f"{lost.passes:g}–{added.passes:g}",
            **seen,
        )
    detail = (
        f"Texture was smoothed away: {ratio:.0%} of the capture's is left. Restore it."
        if ratio < 1
        else f"It is sharpened: {ratio:.1f} times the capture's fine structure. Take sharpening back."
    )
    outside = not lost.flags <= ratio <= added.flags
    outcome = MeasurementOutcome.FAIL if outside else MeasurementOutcome.FLAG
    low, high = (lost.flags, added.flags) if outside else (lost.passes, added.passes)
    return Finding(outcome, detail, threshold=f"{low:g}–{high:g}", **seen)


def scale_to(frame: Frame, capture: Frame, registration: Registration) -> float:
    """How many times as large as in the capture the product is, in px of both files."""
    return registration.scale * frame.subject.scale / capture.subject.scale


def same_places(frame: Frame, capture: Frame, registration: Registration) -> tuple[Pixels, Pixels]:
    """Masks of what both show of the product's inside: on the reduced copy of the file, and on the capture's."""
    scale, shift, shape = registration.scale, registration.shift, registration.both.shape
    theirs = laid_over(capture.subject.inner, scale, shift, shape, cv2.INTER_NEAREST)
    own = cv2.bitwise_and(cv2.bitwise_and(registration.both, frame.subject.inner), theirs)
    back = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float64)
    size = (capture.subject.mask.shape[1], capture.subject.mask.shape[0])
    return own, cv2.warpAffine(own, back, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)


def shrunk(grey: Pixels, places: Pixels, mask_scale: int, ratio: float) -> tuple[Pixels, Pixels, int]:
    """The picture scaled down by the ratio, where that is less than 1; with its mask and the mask's scale."""
    if ratio >= 1 - _SAME_SCALE:
        return grey, places, mask_scale
    size = (max(1, round(grey.shape[1] * ratio)), max(1, round(grey.shape[0] * ratio)))
    # Bicubic lies between the softest and the sharpest filters that exports are made with.
    small: Any = Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(small), cv2.resize(places, size, interpolation=cv2.INTER_NEAREST), 1


def fine_energy(grey: Pixels, places: Pixels, scale: int) -> float | None:
    """Mean square of the fine structure, levels², where the mask is set; `scale` px of the picture are one of the
    mask. None for too few pixels."""
    energy = pixels = 0.0
    for _, _, own, part in fine_structure(grey, places, scale):
        energy += float(cv2.norm(own, cv2.NORM_L2SQR, part))
        pixels += cv2.countNonZero(part)
    return energy / pixels if pixels >= _LEAST_PIXELS else None


def fine_structure(grey: Pixels, places: Pixels, scale: int) -> Iterator[tuple[slice, slice, Any, Pixels]]:
    """In strips: rows and columns, the fine structure there in levels, and 255 where the mask is set."""
    for rows, columns, part in strips(places, scale):
        top, left = max(0, rows.start - _MARGIN), max(0, columns.start - _MARGIN)
        near = grey[top : rows.stop + _MARGIN, left : columns.stop + _MARGIN].astype(np.float32)
        fine = cv2.GaussianBlur(near, (0, 0), _FINE) - cv2.GaussianBlur(near, (0, 0), _COARSE)
        own = fine[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        yield rows, columns, own, part[: own.shape[0], : own.shape[1]]

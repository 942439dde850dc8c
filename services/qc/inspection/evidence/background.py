"""T13, T14, T15: where the background has a cast, isn't white, or is uneven."""

import cv2
import numpy as np

from contracts.values import ImageSpec
from services.qc.inspection.checks.background import WHITE, lightness_ends
from services.qc.inspection.checks.tone import judged_background
from services.qc.inspection.colour import LIGHTNESS, lab_of
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.evidence.layer import Ink, Layer
from services.qc.inspection.evidence.registry import evidence
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.subject import bright, strips


@evidence("T13")
def cast(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer:
    """The places of the background that are coloured; the check judges their median."""
    layer, subject, bounds = Layer(frame), frame.subject, frame.thresholds.white_balance
    judged, _ = judged_background(subject.small, subject.outside)
    colour = lab_of(subject.small)
    chroma = np.where(judged > 0, np.hypot(colour[..., 1], colour[..., 2]), 0)
    layer.hatch(_mask(chroma > bounds.passes), subject.scale, Ink.ORANGE)
    layer.hatch(_mask(chroma > bounds.flags), subject.scale, Ink.RED)
    layer.subject(frame)
    layer.says(Ink.ORANGE, f"the background has a cast: C* over {bounds.passes:g}")
    layer.says(Ink.RED, f"C* over {bounds.flags:g}")
    return layer


@evidence("T14")
def not_white(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    """Every pixel of the background that isn't white, at full resolution."""
    if frame.subject.by == "frame":
        return None
    assert frame.picture is not None
    layer, subject = Layer(frame), frame.subject
    for rows, columns, inside in strips(subject.outside, subject.scale):
        grey = cv2.bitwise_and(cv2.bitwise_not(bright(frame.picture.rgb[rows, columns], WHITE)), inside)
        layer.fill(grey, 1, Ink.ORANGE, (rows.start, columns.start))
    layer.around_fills(Ink.ORANGE)
    layer.subject(frame)
    layer.says(Ink.ORANGE, f"background that isn't white: a channel under {WHITE}")
    return layer


@evidence("T15")
def uneven(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    """What is darker than the light part, or where only a small part is light, what is lighter than the dark one."""
    subject, bounds = frame.subject, frame.thresholds.background_even
    ends = lightness_ends(subject)
    if ends is None:
        return None
    dark, light = ends
    layer = Layer(frame)
    lightness = LIGHTNESS[cv2.cvtColor(subject.small, cv2.COLOR_RGB2GRAY)]
    mostly_dark = float(np.median(lightness[subject.outside > 0])) < (dark + light) / 2
    apart = lightness - dark if mostly_dark else light - lightness
    apart[subject.outside == 0] = 0
    layer.hatch(_mask(apart > bounds.passes), subject.scale, Ink.ORANGE)
    layer.hatch(_mask(apart > bounds.flags), subject.scale, Ink.RED)
    layer.subject(frame)
    words = (
        f"lighter than the dark part (L* {dark:.0f})" if mostly_dark else f"darker than the light part (L* {light:.0f})"
    )
    layer.says(Ink.ORANGE, f"{words} by more than {bounds.passes:g}")
    layer.says(Ink.RED, f"by more than {bounds.flags:g}")
    return layer


def _mask(places: object) -> Pixels:
    return np.asarray(places, np.uint8) * np.uint8(255)

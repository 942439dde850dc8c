"""T10, T11, T24: where the subject is clipped, what was compared with the batch, and the bands of smooth areas."""

import cv2
import numpy as np

from contracts.values import ImageSpec
from services.qc.inspection.checks.banding import BRIGHTEST, DARKEST, gathered, smooth_levels, smooth_places
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.evidence.layer import Ink, Layer
from services.qc.inspection.evidence.registry import evidence
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.subject import strips

_ROWS = 512  # px; a multiple of a layer's scale
_NO_TONE = 2


@evidence("T10")
def clipped(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer:
    """Every pixel of the subject that is pure white or pure black, at full resolution."""
    layer, subject = Layer(frame), frame.subject
    for rows, columns, inside in strips(subject.inner, subject.scale):
        grey, at = frame.grey[rows, columns], (rows.start, columns.start)
        layer.fill(cv2.bitwise_and(cv2.inRange(grey, (0,), (0,)), inside), 1, Ink.BLUE, at)
        layer.fill(cv2.bitwise_and(cv2.inRange(grey, (255,), (255,)), inside), 1, Ink.ORANGE, at)
    layer.around_fills(Ink.BLUE)
    layer.around_fills(Ink.ORANGE)
    layer.subject(frame)
    layer.says(Ink.ORANGE, "pure white: no detail is left in the highlights")
    layer.says(Ink.BLUE, "pure black: no detail is left in the shadows")
    return layer


@evidence("T11")
def subject_of_batch(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer:
    """What is lighter or darker as a whole."""
    layer = Layer(frame)
    layer.subject(frame)
    return layer


@evidence("T24")
def bands(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer:
    """Smooth areas, from one tone that is left to the next in two colours."""
    assert frame.picture is not None
    layer, rgb = Layer(frame), frame.picture.rgb
    _, step, lowest = gathered(smooth_levels(rgb))
    tones = np.rint((np.arange(256) - lowest) / step).astype(int) % 2
    tones[:DARKEST] = tones[BRIGHTEST + 1 :] = _NO_TONE
    shown: Pixels = np.full_like(layer.plane, _NO_TONE)
    for top in range(0, rgb.shape[0], _ROWS):
        green, smooth = (one[:: layer.scale, :: layer.scale] for one in smooth_places(rgb[top : top + _ROWS]))
        rows = slice(top // layer.scale, top // layer.scale + green.shape[0])
        shown[rows] = np.where(smooth > 0, tones.astype(np.uint8)[green], _NO_TONE)
    for tone, ink in ((0, Ink.ORANGE), (1, Ink.BLUE)):
        layer.hatch((shown == tone).astype(np.uint8), layer.scale, ink)
    layer.says(Ink.ORANGE, f"smooth areas: each stripe is one of the tones that are left, {step:.0f} levels apart")
    layer.says(Ink.BLUE, "the next tone")
    return layer

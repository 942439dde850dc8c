"""F03: where the fine structure is less or more than the capture's."""

from typing import Any

import cv2
import numpy as np

from contracts.values import ImageSpec
from services.qc.inspection.checks.shape import compared
from services.qc.inspection.checks.texture import LEAST_ENERGY, fine_structure, same_places, scale_to, shrunk
from services.qc.inspection.colour import Plane
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.evidence.layer import Ink, Layer
from services.qc.inspection.evidence.registry import evidence
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registration import laid_over
from services.qc.inspection.registry import Finding

_WINDOW = 15  # px of the reduced copy: a place that is judged by itself
_LEAST_SEEN = 0.3  # of the window


@evidence("F03")
def texture(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    """The check judges the whole; here place by place."""
    registration = compared(frame, reference, same_picture=True)
    if isinstance(registration, Finding):
        return None
    assert reference.capture is not None
    capture, layer = reference.capture, Layer(frame)
    scale = scale_to(frame, capture, registration)
    own, theirs = same_places(frame, capture, registration)
    energy, seen = _map(*shrunk(frame.grey, own, frame.subject.scale, 1 / scale), own.shape)
    before, _ = _map(*shrunk(capture.grey, theirs, capture.subject.scale, scale), theirs.shape)
    before = laid_over(before, registration.scale, registration.shift, own.shape)
    window = (_WINDOW, _WINDOW)
    share = cv2.blur(seen, window)
    had = cv2.blur(before, window)
    ratio = cv2.blur(energy, window) / np.maximum(had, 1e-6)
    judged = (share >= _LEAST_SEEN) & (own > 0) & (had >= LEAST_ENERGY * share)
    lost, added = frame.thresholds.texture_lost, frame.thresholds.texture_added
    for ink, places in (
        (Ink.BLUE, ratio > added.passes),
        (Ink.ORANGE, ratio < lost.passes),
        (Ink.RED, ratio < lost.flags),
    ):
        layer.hatch((places & judged).astype(np.uint8) * np.uint8(255), frame.subject.scale, ink)
    layer.subject(frame)
    layer.says(Ink.ORANGE, f"less than {lost.passes:.0%} of the capture's fine texture is left")
    layer.says(Ink.RED, f"less than {lost.flags:.0%}")
    layer.says(Ink.BLUE, f"sharpened: more than {added.passes:.0%} of it")
    return layer


def _map(grey: Pixels, places: Pixels, scale: int, shape: tuple[int, ...]) -> tuple[Plane, Plane]:
    """Mean square of the fine structure, and the share of what is judged, in each pixel of a mask of this shape."""
    energy: Plane = np.zeros(places.shape, np.float32)
    seen: Plane = (places > 0).astype(np.float32)
    for rows, columns, fine, part in fine_structure(grey, places, scale):
        square: Any = np.where(part > 0, np.square(fine), 0).astype(np.float32)
        size = (square.shape[1] // scale, square.shape[0] // scale)
        top, left = rows.start // scale, columns.start // scale
        energy[top : top + size[1], left : left + size[0]] = cv2.resize(square, size, interpolation=cv2.INTER_AREA)
    if energy.shape != shape:
        height, width = shape
        size = (width, height)
        energy = np.asarray(cv2.resize(energy, size, interpolation=cv2.INTER_AREA))
        seen = np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_AREA))
    return energy, seen

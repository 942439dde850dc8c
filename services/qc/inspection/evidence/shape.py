"""S01, S02, S03, F03: where the product's contour, size, details and texture are others than in the capture."""

from typing import Any

import numpy as np

from contracts.values import ImageSpec
from services.qc.inspection.checks.shape import (
    ALIKE,
    broken_places,
    compared,
    contour_deviation,
    extent_changes,
    structure_blobs,
)
from services.qc.inspection.colour import Plane
from services.qc.inspection.evidence.layer import Ink, Layer
from services.qc.inspection.evidence.registry import evidence
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registration import Registration
from services.qc.inspection.registry import Finding

_TANGENT = 4  # points to each side that a contour's direction is taken from
_GAP = 3.0  # px of the reduced copy: farther apart, two points aren't of one run


@evidence("S01")
def contour(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    """The capture's contour, and beside it where the product's edge lies now."""
    registration = compared(frame, reference)
    if isinstance(registration, Finding):
        return None
    layer, scale, bounds = Layer(frame), frame.subject.scale, frame.thresholds.contour
    deviation = contour_deviation(registration)
    share = np.abs(deviation) / registration.height * 100
    layer.subject(frame)
    points = (registration.contour + 0.5) * scale
    for run in _runs(registration, np.ones(len(share), bool)):
        layer.line(points[run], Ink.BLUE, thin=True)
    now = points + _outwards(registration) * deviation[:, None] * scale
    for least, most, ink in ((bounds.passes, bounds.flags, Ink.ORANGE), (bounds.flags, np.inf, Ink.RED)):
        for run in _runs(registration, (share > least) & (share <= most)):
            layer.area(np.concatenate([points[run], now[run][::-1]]), ink)
            layer.line(now[run], ink)
    if len(share):
        worst = int(share.argmax())
        layer.ring(
            points[worst], 0.05 * registration.height * scale, Ink.RED if share[worst] > bounds.flags else Ink.ORANGE
        )
    layer.says(Ink.BLUE, "the capture's contour")
    layer.says(Ink.ORANGE, f"off it by more than {bounds.passes:g} % of the product's height; the ring: the farthest")
    layer.says(Ink.RED, f"by more than {bounds.flags:g} %")
    return layer


@evidence("S02")
def length(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    registration = compared(frame, reference)
    if isinstance(registration, Finding) or frame.subject.box is None:
        return None
    layer, scale = Layer(frame), frame.subject.scale
    layer.subject(frame)
    left, top, width, height = (side * scale for side in registration.box)
    layer.box(left, top, width, height, Ink.BLUE)
    changes = extent_changes(registration)
    across, down = changes.get("width", 0.0) / 100 * width, changes.get("height", 0.0) / 100 * height
    layer.box(left - across / 2, top - down / 2, width + across, height + down, Ink.ORANGE)
    for side, point in (("height", (left + width, top + height / 2)), ("width", (left + width / 2, top + height))):
        if side in changes:
            layer.label(f"{changes[side]:+.1f} %", point, Ink.ORANGE)
    layer.says(Ink.BLUE, "the product's size in the capture")
    layer.says(Ink.ORANGE, "its size now, and how much more of it that is")
    return layer


@evidence("S03")
def structure(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    """The map of structure as a heat-map; around the places that count, lines."""
    registration = compared(frame, reference, same_picture=True)
    if isinstance(registration, Finding):
        return None
    layer, scale, broken = Layer(frame), frame.subject.scale, broken_places(registration)
    shown = np.zeros_like(broken)
    for blob in structure_blobs(registration):
        left, top, width, height = blob.box
        shown[top : top + height, left : left + width] = broken[top : top + height, left : left + width]
    layer.hatch(broken_places(registration, ALIKE), scale, Ink.ORANGE)
    layer.hatch(shown, scale, Ink.RED)
    layer.subject(frame)
    layer.around(shown, scale, Ink.RED)
    layer.says(Ink.RED, "within these lines it shows something else than the capture")
    layer.says(Ink.ORANGE, "a little unlike the capture")
    return layer


def _outwards(registration: Registration) -> Plane:
    """From each point of the contour away from the subject: OpenCV keeps the subject to the right of an outline in a
    picture whose y runs down."""
    outwards = np.zeros_like(registration.contour, np.float64)
    for part in np.unique(registration.part):
        own = np.flatnonzero(registration.part == part)
        near = np.pad(registration.contour[own], ((_TANGENT, _TANGENT), (0, 0)), mode="edge").astype(np.float64)
        tangent = near[2 * _TANGENT :] - near[: -2 * _TANGENT]
        length = np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)
        outwards[own] = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) / length[:, None]
    return outwards


def _runs(registration: Registration, which: Any) -> list[Any]:
    """Of the chosen points, those that follow each other along one outline."""
    chosen = np.flatnonzero(which)
    if not len(chosen):
        return []
    steps = np.hypot(*np.diff(registration.contour[chosen], axis=0).T)
    ends = (np.diff(chosen) > 1) | (np.diff(registration.part[chosen]) != 0) | (steps > _GAP)
    return [run for run in np.split(chosen, np.flatnonzero(ends) + 1) if len(run) > 1]

"""T17–T20: how the subject lies in the frame: fill, margins, contact with its border, tilt."""

import math

import cv2
import numpy as np

from contracts.values import Gate, ImageSpec, MeasurementOutcome
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.subject import Subject, overlap

PASS, FLAG, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FLAG, MeasurementOutcome.FAIL
_LEAST_ELONGATION = 1.15  # long axis over short one: a rounder subject has no axis
_LEAST_SYMMETRY = 0.93  # overlap with its mirror image: the axis of a lopsided or turned subject says nothing


@check(
    "T17",
    "fill",
    unit="%",
    gate=Gate.BRAND_MERCH,
    asked=lambda spec: spec.min_fill is not None or spec.max_fill is not None,
)
def fill(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The subject's box over the frame, along the side where it takes more."""
    assert frame.picture is not None
    subject = frame.subject
    least, most = (spec.min_fill or 0) * 100, (1 if spec.max_fill is None else spec.max_fill) * 100
    if subject.by == "frame" or subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("The subject can't be told from its background for certain.", subject.confidence)
    seen = {"scale": 1 / subject.scale, "confidence": subject.confidence}
    if subject.box is None:
        return Finding(FAIL if least else FLAG, "There is no subject in the frame.", 0, f"≥ {least:g} %", **seen)
    height, width = subject.silhouette.shape
    across, down = subject.box[2] / width * 100, subject.box[3] / height * 100
    share = max(across, down)
    shown = f"The subject takes {across:.0f} % of the width and {down:.0f} % of the height"
    if share < least:
        outcome = FAIL if share < least - frame.thresholds.fill_fail_points else FLAG
        return Finding(
            outcome, f"{shown}; one of them must be {least:g} %. Crop it closer.", share, f"≥ {least:g} %", **seen
        )
    if share > most:
        return Finding(
            FLAG, f"{shown}; at most {most:g} % is wanted. Leave more margin.", share, f"≤ {most:g} %", **seen
        )
    return Finding(PASS, f"{shown}.", share, f"{least:g}–{most:g} %", **seen)


@check(
    "T18",
    "margins",
    unit="%",
    gate=Gate.BRAND_MERCH,
    asked=lambda spec: spec.centred or spec.min_margin is not None,
)
def margins(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """How far the middle of the subject's box is from the frame's, and the least margin; along a side where the subject
    leaves the frame neither means anything. The value is the offset, or the margin that is too small."""
    subject, bounds = frame.subject, frame.thresholds.centre_offset
    if subject.by == "frame" or subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("The subject can't be told from its background for certain.", subject.confidence)
    if subject.box is None:
        return cannot_measure("There is no subject in the frame.", subject.confidence)
    seen = {"scale": 1 / subject.scale, "confidence": subject.confidence}
    gaps = [(before, after) for before, after in _gaps(subject) if before and after]
    if not gaps:
        return cannot_measure("The subject leaves the frame on every side.", subject.confidence)
    least = min(map(min, gaps)) * 100
    if spec.min_margin is not None and least < spec.min_margin * 100:
        detail = f"Only {least:.1f} % of the frame are left beside the subject; leave {spec.min_margin * 100:g} %."
        return Finding(FLAG, detail, least, f"margin ≥ {spec.min_margin * 100:g} %", **seen)
    offset = max(abs(before - after) / 2 for before, after in gaps) * 100
    threshold = f"offset ≤ {bounds.passes:g} %"
    found = f"Its middle is {offset:.1f} % from the frame's, its least margin {least:.1f} %"
    if not spec.centred or offset <= bounds.passes:
        return Finding(PASS, f"{found}.", offset, threshold, **seen)
    how = "far off" if offset > bounds.flags else "a little off"
    return Finding(FLAG, f"{found}: it is {how} the centre. Move the crop.", offset, threshold, **seen)


@check("T19", "edge_contact", unit="px", gate=Gate.BRAND_MERCH, asked=lambda spec: spec.whole_subject)
def edge_contact(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Pixels of the frame's border that the subject covers."""
    subject, most = frame.subject, frame.thresholds.edge_contact
    if subject.by == "frame" or subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("The subject can't be told from its background for certain.", subject.confidence)
    mask = subject.silhouette
    sides = {"top": mask[0], "bottom": mask[-1], "left": mask[:, 0], "right": mask[:, -1]}
    touched = {side: cv2.countNonZero(line) * subject.scale for side, line in sides.items()}
    contact, threshold = sum(touched.values()), f"≤ {most:g} px"
    seen = {"scale": 1 / subject.scale, "confidence": subject.confidence}
    if contact <= most:
        return Finding(PASS, "The whole subject is in the frame.", contact, threshold, **seen)
    where = ", ".join(side for side, pixels in touched.items() if pixels)
    return Finding(FLAG, f"The subject is cut off ({where}): show the whole of it.", contact, threshold, **seen)


@check("T20", "tilt", unit="°", asked=lambda spec: spec.straight)
def tilt(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Angle of the mask's axis from the nearer of upright and level; positive is clockwise."""
    subject, bounds = frame.subject, frame.thresholds.tilt
    if subject.by == "frame" or subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("The subject can't be told from its background for certain.", subject.confidence)
    if subject.box is None or any(not (before and after) for before, after in _gaps(subject)):
        return cannot_measure("The whole subject must be in the frame to judge its tilt.", subject.confidence)
    angle, elongation = axis_of(subject)
    if elongation < _LEAST_ELONGATION:
        return cannot_measure("The subject is about as wide as it is high: it has no axis.", subject.confidence)
    if _symmetry(subject, angle) < _LEAST_SYMMETRY:
        return cannot_measure("The subject isn't symmetrical: its tilt can't be told.", subject.confidence)
    seen = {"scale": 1 / subject.scale, "confidence": subject.confidence}
    threshold = f"within ± {bounds.passes:g}°"
    if abs(angle) <= bounds.passes:
        return Finding(PASS, f"It stands straight ({angle:+.1f}°).", angle, threshold, **seen)
    how = "clearly " if abs(angle) > bounds.flags else ""
    way = "anticlockwise" if angle > 0 else "clockwise"
    detail = f"It is {how}tilted: turn it by {abs(angle):.1f}° {way}."
    return Finding(FLAG, detail, angle, threshold, **seen)


def _gaps(subject: Subject) -> list[tuple[float, float]]:
    """Across and down: what is left before and after the subject's box, as shares of the frame."""
    assert subject.box is not None
    height, width = subject.silhouette.shape
    left, top, across, down = subject.box
    return [(left / width, (width - left - across) / width), (top / height, (height - top - down) / height)]


def axis_of(subject: Subject) -> tuple[float, float]:
    """Degrees of the longest axis from the nearer of upright and level, and how much longer than the other it is."""
    moments = cv2.moments(subject.silhouette, binaryImage=True)
    across, down, both = moments["mu20"], moments["mu02"], moments["mu11"]
    angle = math.degrees(math.atan2(2 * both, across - down)) / 2
    spread = math.hypot(across - down, 2 * both)
    least = across + down - spread
    elongation = math.sqrt((across + down + spread) / least) if least > 0 else math.inf
    return (angle + 45) % 90 - 45, elongation


def _symmetry(subject: Subject, angle: float) -> float:
    """Overlap of the silhouette with its mirror image on the axis at this angle, or on the one across it."""
    moments = cv2.moments(subject.silhouette, binaryImage=True)
    x, y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    overlaps = []
    for axis in (angle, angle + 90):
        along, across = math.cos(math.radians(2 * axis)), math.sin(math.radians(2 * axis))
        mirror = np.array([[along, across, x - along * x - across * y], [across, -along, y - across * x + along * y]])
        mirrored = cv2.warpAffine(subject.silhouette, mirror, subject.silhouette.shape[::-1], flags=cv2.INTER_NEAREST)
        overlaps.append(overlap(mirrored, subject.silhouette))
    return max(overlaps)

"""T16: the halo that sharpening leaves along the subject's outline.

Lines are laid across the outline, at full resolution; what counts is the median of all of them, because single places
are textured. On a bright background the light side of a halo is clipped, and only its dark side shows, within the
subject: both sides are measured.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.colour import LIGHTNESS
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.subject import Subject

PASS, FLAG = MeasurementOutcome.PASS, MeasurementOutcome.FLAG
_LINES, _LEAST_LINES = 300, 30
_SHORTEST = 40  # points of an outline on the mask
_TANGENT = 4  # points to each side that an outline's direction is taken from
_ALONG = np.arange(-20, 25)  # px of the file, from within outwards
_EDGE = slice(14, 26)  # where on a line the steepest step is looked for: 5 px to each side of the mask's edge
_LEAST_CONTRAST = 10.0  # L* between subject and background
_MOST_UNEVEN = 2.0  # L* within the background of one line


@check("T16", "halo", unit="L*")
def halo(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Overshoot of L* within 1–4 px of the outline, beyond the background outside or beyond the subject inside."""
    subject, bounds = frame.subject, frame.thresholds.halo
    if subject.by == "frame" or subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("The subject can't be told from its background for certain.", subject.confidence)
    along = overshoots(frame.grey, subject)
    if len(along.at) < _LEAST_LINES:
        return cannot_measure("Too little of the outline stands out against an even background.", subject.confidence)
    outside, inside = float(np.median(along.outside)), float(np.median(along.inside))
    worst = max(outside, inside, 0.0)
    threshold = f"≤ {bounds.passes:g}"
    if worst <= bounds.passes:
        return Finding(PASS, "No halo along the outline.", worst, threshold, confidence=subject.confidence)
    detail = (
        f"{'A strong' if worst > bounds.flags else 'A'} halo {'around' if outside > inside else 'inside'} the outline "
        f"({worst:.1f} L*): sharpen less, or mask the outline."
    )
    return Finding(FLAG, detail, worst, threshold, confidence=subject.confidence)


@dataclass(frozen=True)
class Overshoots:
    """Of the lines that stand out against an even background."""

    at: Any  # n × 2, where they cross the outline: px of the file, across and down
    outside: Any  # n, L*; negative where the lightness only passes from one side to the other
    inside: Any  # n


def overshoots(grey: Pixels, subject: Subject) -> Overshoots:
    lines, at = _lines(grey, subject)
    outside, inside, clear = _overshoot(lines)
    return Overshoots(at[clear], outside[clear], inside[clear])


def _lines(grey: Pixels, subject: Subject) -> tuple[Any, Any]:
    """L* on lines across the outline, spread evenly along it: number × 45, those that leave the frame left out; and
    where they cross it."""
    outlines, _ = cv2.findContours(subject.silhouette, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points: list[Any] = [np.empty((0, 2), np.int32)]
    tangents: list[Any] = [np.empty((0, 2), np.int32)]
    for outline in outlines:
        if len(outline) < _SHORTEST:
            continue
        at = outline[:, 0]
        tangent = np.roll(at, -_TANGENT, axis=0) - np.roll(at, _TANGENT, axis=0)
        somewhere = tangent.any(axis=1)  # the tip of a thread has no direction
        points.append(at[somewhere])
        tangents.append(tangent[somewhere])
    origin, along = np.concatenate(points), np.concatenate(tangents)
    chosen = np.linspace(0, len(origin) - 1, min(len(origin), _LINES)).astype(int)
    centre = (origin[chosen] * subject.scale + (subject.scale - 1) / 2)[..., None]
    right, down = along[chosen].T[..., None]
    length = np.hypot(right, down)
    # OpenCV follows an outline with the subject on its right in a picture whose y runs down.
    x = np.rint(centre[:, 0] - down / length * _ALONG).astype(int)
    y = np.rint(centre[:, 1] + right / length * _ALONG).astype(int)
    ends = np.stack([x[:, [0, -1]], y[:, [0, -1]]])
    within = ((ends >= 0) & (ends < np.array(grey.shape[::-1])[:, None, None])).all(axis=(0, 2))
    return LIGHTNESS[grey[y[within], x[within]]], centre[within, :, 0]


def _overshoot(lines: Any) -> tuple[Any, Any, Any]:
    """Of each line: overshoot outside and inside, and whether it stands out."""
    step = np.abs(lines[:, 2:] - lines[:, :-2])[:, _EDGE]
    edge = step.argmax(axis=1) + _EDGE.start + 1
    each = np.arange(len(lines))[:, None]

    def part(first: int, last: int) -> Any:
        return lines[each, edge[:, None] + np.arange(first, last + 1)]

    background, deep, subject = (_medians(part(*reach)) for reach in ((7, 9), (-14, -10), (-9, -6)))
    difference = background - subject
    clear = (np.abs(difference) >= _LEAST_CONTRAST) & (np.ptp(part(6, 9), axis=1) < _MOST_UNEVEN)
    sign = np.sign(difference)[:, None]
    outside = (sign * (part(1, 4) - background[:, None])).max(axis=1)
    # Rounded things darken towards their outline: what goes on from farther in is no halo.
    expected = np.where(np.abs(subject - deep) < np.abs(difference), 2 * subject - deep, subject)
    inner = np.minimum(*(sign * (level[:, None] - part(-4, -1)) for level in (subject, expected))).max(axis=1)
    return outside, inner, clear


def _medians(rows: Any) -> Any:
    """Of each row; numpy's own takes five times as long for rows so short."""
    ordered, length = np.sort(rows, axis=1), rows.shape[1]
    return (ordered[:, (length - 1) // 2] + ordered[:, length // 2]) / 2

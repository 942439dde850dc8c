"""T09: focus, as the width of the sharpest edges inside the subject."""

import cv2
import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.edges import strongest_edges
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check

_SOFTENED = 1.0  # px, σ
_WIDENED = 3.9  # px²: by how much that makes the square of an edge's width larger


@check("T09", "focus", unit="px", version=2)
def focus(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """20th percentile of the edges' width; without the threads of a cloth, where they make it wide."""
    subject, bounds = frame.subject, frame.thresholds.edge_width
    if subject.box is None:
        return cannot_measure("No subject was found on the background.", subject.confidence)
    if subject.by == "background" and subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("The subject can't be told from its background for certain.", subject.confidence)
    width = frame.edge_width
    if width is None:
        return cannot_measure("The subject has too few edges to judge its focus.", subject.confidence)
    if width > bounds.passes:
        width = min(width, _width_without_threads(frame) or width)
    threshold = f"≤ {bounds.passes:g} px"
    if width <= bounds.passes:
        outcome, detail = MeasurementOutcome.PASS, f"Sharp: its edges are {width:.2f} px wide."
    elif width <= bounds.flags:
        outcome = MeasurementOutcome.FLAG
        detail = f"Slightly soft: even its sharpest edges are {width:.2f} px wide. Look at it at 100 %."
    else:
        outcome = MeasurementOutcome.FAIL if spec.deliverable and spec.focus_required else MeasurementOutcome.FLAG
        threshold = f"≤ {bounds.flags:g} px"
        detail = f"Out of focus or blurred: even its sharpest edges are {width:.2f} px wide. Take a sharper frame."
    return Finding(outcome, detail, width, threshold, confidence=subject.confidence)


def _width_without_threads(frame: Frame) -> float | None:
    """Within a window of coarse cloth many threads add up to the contrast of one wide edge. A little blur takes them
    away and widens real edges by what is known, sharp and soft ones alike; None where it leaves too few edges."""
    edges = strongest_edges(cv2.GaussianBlur(frame.grey, (0, 0), _SOFTENED), frame.subject, sharp=0)
    return None if edges is None else float(np.sqrt(max(0.0, edges.typical_width**2 - _WIDENED)))

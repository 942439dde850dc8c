"""T09: focus, as the width of the sharpest edges inside the subject.

The variance of the Laplacian isn't used: it spans a factor of four over the sharp photos of one studio. An edge's
width is its contrast over its steepest slope, which neither texture nor exposure changes.
"""

from typing import Any

import cv2
import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.decoding import Pixels
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.subject import Subject, strips

_WINDOW = 11  # px: an edge and both its sides
_LEAST_CONTRAST = 30  # levels; below it noise makes edges of its own
_LEAST_SLOPE = 2.0  # levels a px
_STRONGEST = 300  # edges that are judged: the ones that noise and compression change least
_LEAST_EDGES = 40
_PERCENTILE = 20  # the sharpest edges: the soft ones are folds and shadows


@check("T09", "focus", unit="px")
def focus(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """20th percentile of the edges' width."""
    subject, bounds = frame.subject, frame.thresholds.edge_width
    if subject.box is None:
        return cannot_measure("No subject was found on the background.", subject.confidence)
    if subject.by == "background" and subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("The subject can't be told from its background for certain.", subject.confidence)
    contrast, slope = _edges(frame.grey, subject)
    if len(contrast) < _LEAST_EDGES:
        return cannot_measure("The subject has too few edges to judge its focus.", subject.confidence)
    least = np.partition(contrast, -_STRONGEST)[-_STRONGEST] if len(contrast) > _STRONGEST else 0
    strong = contrast >= least
    width = float(np.percentile(contrast[strong] / slope[strong], _PERCENTILE))
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


def _edges(picture: Pixels, subject: Subject) -> tuple[Any, Any]:
    """Contrast and slope at the steepest point of every edge inside the subject, at full resolution."""
    contrasts: list[Any] = [np.empty(0, np.uint8)]
    slopes: list[Any] = [np.empty(0, np.float32)]
    square = np.ones((_WINDOW, _WINDOW), np.uint8)
    for rows, columns, inside in strips(subject.inner, subject.scale):
        top, left = max(0, rows.start - _WINDOW), max(0, columns.start - _WINDOW)
        grey = picture[top : rows.stop + _WINDOW, left : columns.stop + _WINDOW]
        own = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        slope = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        steepest = cv2.compare(slope, cv2.dilate(slope, square), cv2.CMP_EQ)[own] > 0
        contrast = cv2.subtract(cv2.dilate(grey, square), cv2.erode(grey, square))[own]
        slope = slope[own] / 8  # Sobel weighs a slope of one level a px by 8
        edges = (inside > 0) & steepest & (contrast >= _LEAST_CONTRAST) & (slope >= _LEAST_SLOPE)
        contrasts.append(contrast[edges])
        slopes.append(slope[edges])
    return np.concatenate(contrasts), np.concatenate(slopes)

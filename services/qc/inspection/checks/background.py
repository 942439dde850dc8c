"""T14: the white background."""

import cv2

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.subject import strips

_WHITE = 250  # never 255: compression alone darkens some pixels


@check("T14", "white_background", unit="%", asked=lambda spec: spec.white_background)
def white_background(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Background pixels with every channel at 250 or more, without the strip where the subject leaves the frame."""
    assert frame.picture is not None
    subject, bounds = frame.subject, frame.thresholds.white_background
    threshold = f"≥ {bounds.flags:g} %"
    if subject.by == "frame":
        return Finding(MeasurementOutcome.FAIL, "There is no white background around the subject.", 0, threshold)
    is_white = subject.background is None or min(subject.background) >= _WHITE
    if is_white and subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("The subject can't be told from its background for certain.", subject.confidence)
    pixels = white = 0
    for rows, columns, inside in strips(subject.outside, subject.scale):
        pixels += cv2.countNonZero(inside)
        found = cv2.inRange(frame.picture.rgb[rows, columns], (_WHITE,) * 3, (255,) * 3)
        white += cv2.countNonZero(cv2.bitwise_and(found, inside))
    if not pixels:
        return cannot_measure("Too little background is left to measure.", subject.confidence)
    share = white / pixels * 100
    seen = f"{share:.2f} % of the background is white (every channel ≥ {_WHITE})"
    cure = "look for shadows and grey patches" if is_white else "light it to pure white, or cut it out"
    if share >= bounds.passes:
        outcome, detail, threshold = MeasurementOutcome.PASS, f"{seen}.", f"≥ {bounds.passes:g} %"
    elif share >= bounds.flags:
        outcome, detail, threshold = MeasurementOutcome.FLAG, f"{seen}: {cure}.", f"≥ {bounds.passes:g} %"
    else:
        outcome = MeasurementOutcome.FAIL
        colour = ", ".join(str(level) for level in subject.background or ())
        detail = f"{seen}{'' if is_white else f'; it is {colour}'}: {cure}."
    return Finding(outcome, detail, share, threshold, confidence=subject.confidence)

"""T14 and T15: the background, whether it is white and whether it is even."""

import math

import cv2
import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.colour import LIGHTNESS, lab
from services.qc.inspection.frame import Frame
from services.qc.inspection.histogram import histogram, thinned
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.subject import Subject, bright, sampled_lines

_DARK, _COLOURED = 50.0, 8.0  # L*, C*ab: a close-up's cloth rather than a backdrop
WHITE = 250  # never 255: compression alone darkens some pixels


@check("T14", "white_background", unit="%", version=2, asked=lambda spec: spec.white_background)
def white_background(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Background pixels with every channel at 250 or more, without the strip where the subject leaves the frame; on
    sampled lines (`sampled_lines`)."""
    assert frame.picture is not None
    subject, bounds = frame.subject, frame.thresholds.white_background
    threshold = f"≥ {bounds.flags:g} %"
    if subject.by == "frame":
        return Finding(MeasurementOutcome.FAIL, "There is no white background around the subject.", 0, threshold)
    is_white = subject.background is None or min(subject.background) >= WHITE
    if is_white and subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("The subject can't be told from its background for certain.", subject.confidence)
    pixels = white = 0
    for rows, columns, inside in sampled_lines(subject.outside, subject.scale):
        pixels += cv2.countNonZero(inside)
        white += cv2.countNonZero(cv2.bitwise_and(bright(frame.picture.rgb[rows, columns], WHITE), inside))
    if not pixels:
        return cannot_measure("Too little background is left to measure.", subject.confidence)
    share = white / pixels * 100
    seen = f"{share:.2f} % of the background is white (every channel ≥ {WHITE})"
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


@check("T15", "background_even", unit="L*", version=2)
def background_even(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """L* between the 5th and the 95th percentile of the background."""
    subject, bounds = frame.subject, frame.thresholds.background_even
    if subject.by == "frame" or subject.confidence < frame.thresholds.least_confidence:
        return cannot_measure("No plain background was found around the subject.", subject.confidence)
    if subject.background and not spec.white_background and _may_be_cloth(*subject.background):
        return cannot_measure("What surrounds the subject is dark or coloured: it may be the product itself.")
    ends = lightness_ends(subject)
    if ends is None:
        return cannot_measure("Too little background is left to measure.", subject.confidence)
    dark, bright = ends
    spread = bright - dark
    seen = {"value": spread, "scale": 1 / subject.scale, "confidence": subject.confidence}
    threshold = f"≤ {bounds.passes:g}"
    if spread <= bounds.passes:
        return Finding(MeasurementOutcome.PASS, "The background is even.", threshold=threshold, **seen)
    detail = (
        f"The background is {'very ' if spread > bounds.flags else ''}uneven: L* {dark:.0f} to {bright:.0f}. "
        "Light it evenly, or even it out."
    )
    return Finding(MeasurementOutcome.FLAG, detail, threshold=threshold, **seen)


def lightness_ends(subject: Subject) -> tuple[float, float] | None:
    """L* of the background's dark and bright parts; None where there is none."""
    lines = thinned(subject.outside)
    grey = cv2.cvtColor(subject.small[lines], cv2.COLOR_RGB2GRAY)
    counts = histogram(grey, subject.outside[lines]).cumsum()
    if not counts[-1]:
        return None
    dark, bright = (float(LIGHTNESS[np.searchsorted(counts, counts[-1] * share)]) for share in (0.05, 0.95))
    return dark, bright


def _may_be_cloth(red: int, green: int, blue: int) -> bool:
    lightness, a, b = lab(red, green, blue)
    return lightness < _DARK or math.hypot(a, b) > _COLOURED

"""T17: how much of the frame the subject fills."""

from contracts.values import Gate, ImageSpec, MeasurementOutcome
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.registry import Finding, cannot_measure, check

PASS, FLAG, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FLAG, MeasurementOutcome.FAIL


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

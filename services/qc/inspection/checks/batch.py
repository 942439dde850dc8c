"""T11 luminance, T25 dust: the frame against the others of its batch and shoot."""

from typing import Any

import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.fingerprint import Spot, luminance, spots
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Against, Reference
from services.qc.inspection.registry import Finding, cannot_measure, check

PASS, FLAG = MeasurementOutcome.PASS, MeasurementOutcome.FLAG
_LEAST_BATCH = 3  # other frames: a median of fewer is no norm
_LEAST_SHOOT = 5  # frames, this one included
_SAME_PLACE = 0.002  # of the frame's side


@check("T11", "luminance", unit="L*", against=Against.BATCH)
def batch_luminance(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The subject's median L* less that of the batch: the same product in the same colorway, or it says nothing."""
    bounds, subject = frame.thresholds.luminance, frame.subject
    known = [other.luminance for other in reference.batch or () if other.luminance is not None]
    if len(known) < _LEAST_BATCH:
        return cannot_measure(f"The batch has {len(known)} other frames; {_LEAST_BATCH} are needed to compare with.")
    own = luminance(subject)
    if own is None or subject.by == "frame":
        return cannot_measure("No subject was found, or it is too small to measure.", subject.confidence)
    apart = own - float(np.median(known))
    seen = {"value": apart, "scale": 1 / subject.scale, "confidence": subject.confidence}
    if abs(apart) <= bounds.passes:
        return Finding(PASS, f"As light as its batch (L* {own:.0f}).", threshold=f"± {bounds.passes:g}", **seen)
    how = "Much" if abs(apart) > bounds.flags else "Slightly"
    words = "lighter" if apart > 0 else "darker"
    detail = f"{how} {words} than its batch: L* {own:.0f}, the batch's is {own - apart:.0f}. Match the exposure."
    return Finding(FLAG, detail, threshold=f"± {bounds.passes:g}", **seen)


@check("T25", "dust", unit="spots", against=Against.SHOOT)
def dust(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """Spots on the background that lie in the same place of the frame again and again: they are on the sensor or on
    the set, whatever the product."""
    own, least, others = spots(frame.subject), frame.thresholds.dust_repeats, _spots_of_others(reference)
    if len(others) + 1 < _LEAST_SHOOT:
        return cannot_measure(
            f"{len(others)} other frames of the shoot can be compared; {_LEAST_SHOOT - 1} are needed."
        )
    if own is None:
        return cannot_measure("The background is clipped or missing: it would show no dust.", frame.subject.confidence)
    repeated = repeated_spots(frame, reference)
    seen: dict[str, Any] = {
        "value": float(len(repeated)),
        "threshold": f"no spot in {least} frames",
        "scale": 1 / frame.subject.scale,
    }
    if not repeated:
        return Finding(PASS, f"No spot repeats over {len(others) + 1} frames of the shoot.", **seen)
    places = ", ".join(f"{spot.right:.1%} from the left and {spot.down:.1%} from the top" for spot in repeated[:3])
    return Finding(FLAG, f"Dust at {places}: retouch it, and clean the sensor or the set.", **seen)


def repeated_spots(frame: Frame, reference: Reference) -> list[Spot]:
    """Those in the same place of enough frames, the strongest first."""
    others = _spots_of_others(reference)
    least = frame.thresholds.dust_repeats
    return [spot for spot in spots(frame.subject) or () if 1 + sum(_has(other, spot) for other in others) >= least]


def _spots_of_others(reference: Reference) -> list[tuple[Spot, ...]]:
    return [other.spots for other in reference.shoot or () if other.spots is not None]


def _has(spots: tuple[Spot, ...], wanted: Spot) -> bool:
    return any(
        abs(spot.right - wanted.right) <= _SAME_PLACE and abs(spot.down - wanted.down) <= _SAME_PLACE for spot in spots
    )

"""T12: white balance by the target that was photographed."""

from typing import Any

import numpy as np

from contracts.values import ImageSpec, MeasurementOutcome
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Against, Reference
from services.qc.inspection.registry import Finding, cannot_measure, check
from services.qc.inspection.target import CLASSIC, GREYS, Target, find_target

PASS, FLAG, FAIL = MeasurementOutcome.PASS, MeasurementOutcome.FLAG, MeasurementOutcome.FAIL
_CLIPPED, _CRUSHED = 250, 4  # levels: beyond them a patch holds no colour any more
_LEAST_GREYS = 3


@check("T12", "white_balance_target", unit="ΔE(a*b*)", against=Against.TARGET)
def white_balance_target(frame: Frame, spec: ImageSpec, reference: Reference) -> Finding:
    """The worst of the chart's grey patches, in a* and b* alone: how light they are is a matter of exposure."""
    assert frame.picture is not None
    bounds = frame.thresholds.target
    target = find_target(frame.picture.rgb)
    if target is None:
        return cannot_measure("No ColorChecker was found: show all of it, flat to the camera and without glare.")
    names = list(CLASSIC)
    greys, casts = grey_casts(target)
    if len(greys) < _LEAST_GREYS:
        return cannot_measure("The ColorChecker's grey patches are clipped: correct the exposure.")
    value, mean = float(casts.max()), target.lab[greys].mean(axis=0)
    worst = int(target.difference.argmax())
    patches = (
        f"ΔE00 over all 24 patches: mean {target.difference.mean():.1f}, "
        f"worst {target.difference[worst]:.1f} ({names[worst]})"
    )
    if value <= bounds.passes:
        return Finding(PASS, f"The grey patches are neutral. {patches}.", value, f"≤ {bounds.passes:g}")
    hue = ("yellow" if mean[2] > 0 else "blue") if abs(mean[2]) > abs(mean[1]) else "red" if mean[1] > 0 else "green"
    outcome, bound = (FLAG, bounds.passes) if value <= bounds.flags else (FAIL, bounds.flags)
    detail = f"The grey patches have a {hue} cast (up to {value:.1f}): balance by the target. {patches}."
    return Finding(outcome, detail, value, f"≤ {bound:g}")


def grey_casts(target: Target) -> tuple[list[int], Any]:
    """Which of the chart's patches are grey and hold a colour, and how far each is from neutral in a* and b*."""
    greys = [i for i in GREYS if target.levels[i].max() < _CLIPPED and target.levels[i].min() > _CRUSHED]
    return greys, np.hypot(target.lab[greys, 1], target.lab[greys, 2])

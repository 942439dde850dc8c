"""T12: the grey patches of the target."""

from contracts.values import ImageSpec
from services.qc.inspection.checks.target import grey_casts
from services.qc.inspection.evidence.layer import Ink, Layer
from services.qc.inspection.evidence.registry import evidence
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference
from services.qc.inspection.target import find_target


@evidence("T12")
def white_balance_target(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer | None:
    assert frame.picture is not None
    target = find_target(frame.picture.rgb)
    if target is None:
        return None
    layer, bounds = Layer(frame), frame.thresholds.target
    for patch, cast in zip(*grey_casts(target), strict=True):
        ink = Ink.BLUE if cast <= bounds.passes else Ink.ORANGE if cast <= bounds.flags else Ink.RED
        x, y = (target.patches[patch] + 0.5).tolist()
        layer.label(f"{cast:.1f}", (x, y), ink)
    layer.says(Ink.BLUE, f"a neutral patch: at most {bounds.passes:g} from grey in a* and b*")
    layer.says(Ink.ORANGE, "a patch with a cast; one without a number is clipped")
    layer.says(Ink.RED, f"one of more than {bounds.flags:g}")
    return layer

"""T25: the spots that repeat."""

from contracts.values import ImageSpec
from services.qc.inspection.checks.batch import repeated_spots
from services.qc.inspection.evidence.layer import Ink, Layer
from services.qc.inspection.evidence.registry import evidence
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference

_RING = 0.012  # of the frame's longer side


@evidence("T25")
def dust(frame: Frame, spec: ImageSpec, reference: Reference) -> Layer:
    layer = Layer(frame)
    for spot in repeated_spots(frame, reference):
        layer.ring(
            (spot.right * layer.width, spot.down * layer.height), _RING * max(layer.width, layer.height), Ink.ORANGE
        )
    layer.says(Ink.ORANGE, f"a spot in the same place of {frame.thresholds.dust_repeats} frames or more")
    return layer

"""From measurements to overlays."""

import logging
from collections.abc import Sequence

from contracts.values import ImageSpec, Measurement, MeasurementOutcome
from services.qc.inspection.evidence import EVIDENCE
from services.qc.inspection.evidence.layer import Overlay, finished
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference

_SHOWN = (MeasurementOutcome.FLAG, MeasurementOutcome.FAIL)
_log = logging.getLogger(__name__)


def to_be_shown(measurements: Sequence[Measurement]) -> list[str]:
    """The checks whose flag or fail may have a place in the picture."""
    return [one.check for one in measurements if one.outcome in _SHOWN and one.check in EVIDENCE]


def draw_evidence(
    frame: Frame, spec: ImageSpec, reference: Reference, measurements: Sequence[Measurement]
) -> dict[str, Overlay]:
    """Check → its overlay, for each flag and fail of this frame that has a place in the picture. Never raises: a
    verdict stands without its overlay."""
    found: dict[str, Overlay] = {}
    if frame.picture is None:
        return found
    for check in to_be_shown(measurements):
        try:
            layer = EVIDENCE[check].draw(frame, spec, reference)
        except Exception:
            _log.exception("the evidence of check %s broke", check)
            continue
        if layer is not None:
            found[check] = finished(layer)
    return found

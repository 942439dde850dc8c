"""Whether a colour reference can be one. Pure."""

from collections.abc import Sequence
from enum import StrEnum

from contracts.assets import ColourReferenceKind
from contracts.values import Measurement, MeasurementOutcome
from services.qc.comparison.domain import Colour

FAIL, CANNOT_MEASURE = MeasurementOutcome.FAIL, MeasurementOutcome.CANNOT_MEASURE

IN_USE_FIRST = (ColourReferenceKind.SWATCH, ColourReferenceKind.TARGET_SHOT)
"""The cloth itself says more of its colour than a photo of the product."""

_NO_COLOURS = {
    ColourReferenceKind.SWATCH: "No colour can be read from it: let the cloth fill the frame.",
    ColourReferenceKind.TARGET_SHOT: "The product can't be told beside the chart: show it whole or in part, clear of"
    " the chart, on a plain ground.",
}


class ReferenceState(StrEnum):
    APPROVED = "approved"  # shots are compared with it, unless there is a newer one or one of a better kind
    REFUSED = "refused"


def refusals_of(kind: ColourReferenceKind, measurements: Sequence[Measurement], colours: Sequence[Colour]) -> list[str]:
    """Why it can't be a norm, for whoever stored it; none: it is approved. What only flags is no hindrance."""
    failed = [one.detail for one in measurements if one.outcome is FAIL]
    if failed:
        return failed
    unread = [one.detail for one in measurements if one.outcome is CANNOT_MEASURE]
    return unread or ([] if colours else [_NO_COLOURS[kind]])

"""Verdicts over a whole file."""

from collections.abc import Sequence

from contracts.values import Gate, Measurement, MeasurementOutcome

# A flag is something that was seen; `cannot_measure` is something that wasn't.
_FROM_BEST = (
    MeasurementOutcome.PASS,
    MeasurementOutcome.CANNOT_MEASURE,
    MeasurementOutcome.FLAG,
    MeasurementOutcome.FAIL,
)


def worst(measurements: Sequence[Measurement]) -> MeasurementOutcome:
    """Of at least one measurement."""
    return max((measured.outcome for measured in measurements), key=_FROM_BEST.index)


def not_measurable(cause: str) -> list[Measurement]:
    """The verdict on a file that can't be measured at all: it fails T01, so that a person looks at it."""
    return [
        Measurement(
            check="T01",
            name="decode",
            gate=Gate.TECHNICAL,
            outcome=MeasurementOutcome.FAIL,
            value=None,
            unit="",
            threshold="no error",
            detail=f"Can't be measured: {cause}.",
            algorithm="worker/1",
        )
    ]

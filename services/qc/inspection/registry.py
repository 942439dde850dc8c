"""How a check is written: a pure function `(Frame, ImageSpec, Reference) -> Finding` under the decorator `check`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from contracts.values import Gate, ImageSpec, Measurement, MeasurementOutcome
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Against, Reference


@dataclass(frozen=True)
class Finding:
    """What a check found. `detail` is for the person who must fix it."""

    outcome: MeasurementOutcome
    detail: str
    value: float | None = None
    threshold: str = ""
    scale: float = 1.0  # pixels measured per pixel of the file, along a side
    confidence: float | None = None  # of the subject's mask, where it was used


_MISSING = {
    Against.CAPTURE: "there is no approved capture of this shot",
    Against.COLOUR: "there is no approved colour reference",
    Against.TARGET: "nothing says which target it is a photo of",
    Against.BATCH: "nothing is known of the rest of its batch",
    Against.SHOOT: "nothing is known of the rest of its shoot",
    Against.VIEWS: "nothing is known of the product's other views",
    Against.OTHERS: "nothing is known of other files",
    Against.NAMING: "no rule for file names is on record",
    Against.APPROVED: "no version has been approved",
    Against.AI_USE: "nothing is on record of AI's part in it",
}

Measure = Callable[[Frame, ImageSpec, Reference], Finding]


@dataclass(frozen=True)
class Check:
    """One automatic check: called with a frame, a spec and a reference, it gives its measurement."""

    id: str
    name: str
    gate: Gate
    unit: str
    version: int
    needs: Literal["file", "header", "pixels"]
    asked: Callable[[ImageSpec], bool]  # whether a spec asks for it at all
    against: Against | None  # the reference that it compares with
    measure: Measure

    def applies(self, spec: ImageSpec, reference: Reference) -> bool:
        """Whether it is asked: by the spec, and by a reference that is there or should be. So nobody reads of
        comparisons that nobody could make; a reference that should be there and isn't is read of."""
        return self.asked(spec) and (self.against is None or reference.applies(self.against))

    def __call__(self, frame: Frame, spec: ImageSpec, reference: Reference) -> Measurement:
        if self.against is not None and not reference.has(self.against):
            return self.report(cannot_measure(f"Not compared: {_MISSING[self.against]}."))
        if (self.needs == "pixels" and frame.picture is None) or (self.needs == "header" and frame.header is None):
            return self.report(cannot_measure("Not measured: the file couldn't be decoded (see T01)."))
        return self.report(self.measure(frame, spec, reference))

    def report(self, finding: Finding) -> Measurement:
        return Measurement(
            check=self.id,
            name=self.name,
            gate=self.gate,
            outcome=finding.outcome,
            value=None if finding.value is None else round(float(finding.value), 3),
            unit=self.unit,
            threshold=finding.threshold,
            detail=finding.detail,
            algorithm=f"{self.name}/{self.version}",
            scale=finding.scale,
            confidence=finding.confidence,
        )


def check(
    id: str,
    name: str,
    *,
    unit: str = "",
    gate: Gate = Gate.TECHNICAL,
    version: int = 1,
    needs: Literal["file", "header", "pixels"] = "pixels",
    asked: Callable[[ImageSpec], bool] = lambda _: True,
    against: Against | None = None,
) -> Callable[[Measure], Check]:
    """Make a function a check. `version` counts its algorithm's changes; `needs` is what it can't measure without,
    `against` the reference that it compares with."""

    def make(measure: Measure) -> Check:
        return Check(id, name, gate, unit, version, needs, asked, against, measure)

    return make


def cannot_measure(detail: str, confidence: float | None = None) -> Finding:
    return Finding(MeasurementOutcome.CANNOT_MEASURE, detail, confidence=confidence)

"""Events of qc: what was measured, and every decision at the gates."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import EventData, Value
from contracts.values import Gate, Measurement, MeasurementOutcome, Outcome, Role, Sha256


class InspectionCompleted(EventData):
    """A version was measured."""

    type: ClassVar[str] = "qc.inspection.completed.v1"
    id: UUID
    version_id: UUID
    work_item_id: UUID
    sha256: Sha256
    outcome: MeasurementOutcome = Field(description="The worst of its measurements.")
    measurements: list[Measurement]
    completed_at: AwareDatetime


class ChecklistAnswer(StrEnum):
    """Every checklist item is a binary question to a person."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"


class GateResult(Value):
    """Where the gate stands after a decision."""

    state: str = Field(description="`open` (another reviewer must pass it), `passed` or `failed`.")
    next_gate: Gate | None = Field(description="The gate that opened; None after the last, or after a fail.")
    returns_to: str | None = Field(description="Where the work goes after a fail.")


class Decision(Value):
    """One pass or fail at one gate. Never changed; a changed decision is a new one."""

    id: UUID
    work_item_id: UUID
    version_id: UUID
    sha256: Sha256
    round: int = Field(ge=0)
    gate: Gate
    outcome: Outcome
    reasons: list[str] = Field(description="Of the reason taxonomy; at least one on a fail.")
    note: str
    automatic: bool = Field(description="Decided by measurement alone.")
    decided_by: str
    role: Role | None = Field(description="The role it was decided in; None when automatic.")
    checklist_version: int = Field(ge=1)
    answers: dict[str, ChecklistAnswer] = Field(description="Checklist item → its answer.")
    decided_at: AwareDatetime


class DecisionRecorded(EventData):
    """A gate was decided."""

    type: ClassVar[str] = "qc.decision.recorded.v1"
    decision: Decision
    gate: GateResult
    ai_facets: list[str] = Field(
        description="The reasons' AI rejection reasons (R77); empty where AI was not involved."
    )
    rework_facets: list[str] = Field(description="The reasons' rework reasons (R84).")


EVENTS: tuple[type[EventData], ...] = (InspectionCompleted, DecisionRecorded)

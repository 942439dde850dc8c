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


class FlagVerdict(StrEnum):
    """What a person says of an automatic flag."""

    ACCEPTED = "accepted"  # seen, and no defect
    CONFIRMED = "confirmed"  # it is a defect


class FlagAnswer(Value):
    """A person's answer to an automatic flag."""

    answer: FlagVerdict
    note: str | None = Field(default=None, max_length=500)


class Mark(Value):
    """Where on the image a reason shows: a point, or with `width` and `height` the region whose upper left corner it
    is. In pixels of the version as a viewer shows it, after EXIF orientation, from the upper left."""

    reason: str = Field(min_length=1, max_length=60, description="One of the decision's reasons.")
    x: int = Field(ge=0, le=2**31 - 1)
    y: int = Field(ge=0, le=2**31 - 1)
    width: int | None = Field(default=None, ge=1, le=2**31 - 1)
    height: int | None = Field(default=None, ge=1, le=2**31 - 1)
    note: str | None = Field(default=None, max_length=500)


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
    flags: dict[str, FlagAnswer] | None = Field(default=None, description="Automatic flag (check) → its answer.")
    marks: list[Mark] | None = Field(default=None, description="Where on the image the reasons show.")
    causes: dict[str, str] | None = Field(
        default=None, description="Checklist item that was answered `fail` or `not_applicable` → why."
    )
    overrides: dict[str, str] | None = Field(
        default=None, description="Automatic fail (check) that this pass overrides → why: an exception."
    )
    supersedes: UUID | None = Field(
        default=None, description="The decision that this one takes the place of; in events: of those that were told."
    )


class DecisionRecorded(EventData):
    """A gate was decided."""

    type: ClassVar[str] = "qc.decision.recorded.v1"
    decision: Decision
    gate: GateResult
    ai_facets: list[str] = Field(
        description="The reasons' AI rejection reasons (R77); empty where AI was not involved."
    )
    rework_facets: list[str] = Field(description="The reasons' rework reasons (R84).")
    escapes: list[str] | None = Field(
        default=None, description="The reasons that belong to an earlier gate: it let the defect through."
    )


class OverrideGranted(EventData):
    """A gate was passed although automatic checks failed: its owner overrides them."""

    type: ClassVar[str] = "qc.override.granted.v1"
    decision_id: UUID
    work_item_id: UUID
    version_id: UUID
    gate: Gate
    overrides: dict[str, str] = Field(min_length=1, description="Automatic fail (check) → why it doesn't count.")
    granted_by: str
    role: Role
    granted_at: AwareDatetime


EVENTS: tuple[type[EventData], ...] = (InspectionCompleted, DecisionRecorded, OverrideGranted)

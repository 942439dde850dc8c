"""Reviews as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from contracts.assets import Version
from contracts.values import (
    ComplexityClass,
    Gate,
    Measurement,
    MeasurementOutcome,
    Priority,
    Risk,
    Role,
    Sha256,
    WorkItem,
    WorkKind,
)
from services.qc.decisions.schemas import RecordedDecision
from services.qc.evidence.schemas import Evidence
from services.qc.reference.schemas import Question, Reason
from services.qc.reviews.domain import ReviewState
from services.qc.zoom.schemas import Covered


class ReviewSummary(BaseModel):
    """One review in a list."""

    id: UUID
    work_item_id: UUID
    version_id: UUID
    sha256: Sha256
    round: int
    kind: WorkKind
    sku: str
    colorway: str
    view: str
    channel: str | None
    state: ReviewState
    gate: Gate | None = Field(description="The open gate.")
    passes: int = Field(description="How many people have passed the open gate.")
    measured: MeasurementOutcome = Field(description="The worst of its measurements.")
    complexity_class: ComplexityClass
    priority: Priority
    ai: bool
    risk: Risk
    due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    claimed_by: str | None = Field(description="Who looks at the open gate: others can't decide there.")
    lease_until: datetime | None = Field(description="When it is free again.")


class OpenGate(BaseModel):
    """What a decision at the open gate needs."""

    gate: Gate
    decided_by_role: Role = Field(description="The one role that decides here.")
    passes: int
    passes_needed: int = Field(description="How many different people must pass it.")
    zoom_required: bool = Field(description="A pass needs an inspection at 100 % zoom.")
    zoom: Covered | None = Field(
        description="How much of it the reader has seen at 100 % zoom; none where that isn't required, or the version"
        " couldn't be measured, so that nobody can pass it."
    )
    blocked_by: list[str] = Field(description="Automatic checks that failed: a pass overrides each, or is refused.")
    flags: list[str] = Field(description="Automatic checks that flagged: a pass accepts each.")
    checklist_version: int
    checklist: list[Question] = Field(
        description="What this work is asked here, composed when its review was opened: every item is answered."
    )
    reasons: list[Reason] = Field(description="A fail names at least one of these.")


class ReviewPacket(BaseModel):
    """Everything that a reviewer needs to decide on a work item's newest version."""

    id: UUID
    state: ReviewState
    open_gate: OpenGate | None = Field(description="None when nothing is left to decide.")
    work: WorkItem
    version: Version = Field(description="As it was stored; assets knows its zone.")
    image: str = Field(description="Where its bytes are read, at the gateway.")
    width: int | None = Field(description="Of the version as a viewer shows it, in px; None: it wasn't measured.")
    height: int | None
    measurements: list[Measurement] = Field(description="Each with its value and the threshold that decided.")
    evidence: list[Evidence] = Field(
        description="Overlays that show where flags and fails were found: of each that has a place in the picture."
    )
    sent_back: RecordedDecision | None = Field(description="The fail that ended the round before, with its reasons.")
    decisions: list[RecordedDecision] = Field(
        description="Of the work item, every round, oldest first; without others' at a gate that is still open."
    )
    opened_at: datetime
    closed_at: datetime | None
    claimed_by: str | None = Field(description="Who looks at the open gate: others can't decide there.")
    lease_until: datetime | None = Field(description="When it is free again.")
    lease_id: UUID | None = Field(description="Of the reader's own claim.")


class ReviewPackets(BaseModel):
    """The packets of several work items."""

    items: list[ReviewPacket] = Field(description="In the order in which they were asked for.")
    unknown: list[UUID] = Field(description="Of these no version has been measured.")

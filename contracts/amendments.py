"""Events of amendments: a change to an accepted request is a quote first (R24a).

Intake owns the amendment and says what people do with it; routing owns the work and says what it would mean for that,
and what became of it. The aggregate is the amendment; each of the two counts its own versions of it.
"""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import EventData, Value
from contracts.values import ComplexityClass, Gate, Request, Risk, Sha256, WorkKind, WorkState


class Effect(StrEnum):
    """What an amendment does to one slot (colorway × view × channel)."""

    ADDED = "added"  # it would be made
    REMOVED = "removed"  # it would stop
    REDONE = "redone"  # it was begun, and would begin again in a new round
    CHANGED = "changed"  # it goes on where it is, with another priority, due time or way
    KEPT = "kept"


class Progress(StrEnum):
    """How far work is: what is lost when it stops."""

    NOT_BEGUN = "not_begun"
    BEGUN = "begun"
    PAST_GATE = "past_gate"  # of its round; `gate` names the last
    APPROVED = "approved"


class QuoteLine(Value):
    """What an amendment does to one work item."""

    effect: Effect
    work_item_id: UUID | None = Field(description="None: it is not made yet.")
    kind: WorkKind
    colorway: str
    view: str
    channel: str | None
    why: str
    state: WorkState | None = Field(description="Where it is now; None: it is not made yet.")
    round: int = Field(ge=0, description="Rounds of rework so far.")
    progress: Progress
    gate: Gate | None = Field(description="The last gate that it has passed in its round.")
    is_loss: bool = Field(description="It is past a gate, or approved, and would be stopped or redone.")
    class_before: ComplexityClass | None
    class_after: ComplexityClass | None
    track_before: str | None
    track_after: str | None
    due_before: AwareDatetime | None
    due_after: AwareDatetime | None = Field(description="If it were accepted now; None: no clock runs yet.")
    risk_before: Risk | None
    risk_after: Risk | None
    hours: float = Field(description="Estimated hours of labour more, or less.")
    cost: float = Field(description="Estimated cost more, or less.")


class QuoteCost(Value):
    """An estimate, never a bill: so many hours of labour, by the pack of steps, at what they cost by the pack of
    rates."""

    currency: str
    rates_version: int = Field(ge=1, description="Version of the pack of rates that it was estimated by.")
    steps_version: int | None = Field(
        default=None, ge=1, description="Version of the pack of steps; none where the rates still said the hours."
    )
    hours: float = Field(description="Hours of labour more, or less.")
    difference: float = Field(description="What the request costs more, or less.")
    lost: float = Field(ge=0, description="What was spent on work that would be stopped or redone.")


class Quote(Value):
    """What an amendment would do, as work stood when it was computed. Small: it never lists more than the first items
    of each effect, those that would be lost first; routing has them all (`GET /v1/quotes/{amendment_id}/items`)."""

    number: int = Field(ge=1, description="Counts the quotes of one amendment.")
    fingerprint: Sha256 = Field(description="Of what it was computed from: it holds while that stays the same.")
    computed_at: AwareDatetime
    counts: dict[Effect, int] = Field(description="Work items by effect.")
    losses: int = Field(ge=0, description="Items past a gate, or approved, that would be stopped or redone.")
    newly_at_risk: int = Field(ge=0)
    newly_breached: int = Field(ge=0)
    due_before: AwareDatetime | None = Field(description="The last due time of the request's open work.")
    due_after: AwareDatetime | None
    cost: QuoteCost
    lines: list[QuoteLine] = Field(description="The first items of each effect but `kept`.")


class AmendmentProposed(EventData):
    """Someone wants to change an accepted request. Nothing has changed yet."""

    type: ClassVar[str] = "intake.amendment.proposed.v1"
    id: UUID
    request_id: UUID
    request: Request | None = Field(description="The whole new content; None: the request is to be cancelled.")
    keep_begun_work: bool = Field(
        default=False, description="Work that was begun goes on although attributes or the AI brief changed."
    )
    cause: str
    proposed_by: str
    proposed_at: AwareDatetime


class AmendmentAccepted(EventData):
    """Its owner accepted one quote. It takes effect when routing says that it is applied."""

    type: ClassVar[str] = "intake.amendment.accepted.v1"
    id: UUID
    request_id: UUID
    request: Request | None = Field(description="The whole new content; None: the request is to be cancelled.")
    cause: str
    fingerprint: Sha256 = Field(description="Of the quote that was accepted: no other is applied.")
    accepted_by: str
    accepted_at: AwareDatetime


class AmendmentClosed(EventData):
    """It will not take effect: rejected, withdrawn, or expired."""

    type: ClassVar[str] = "intake.amendment.closed.v1"
    id: UUID
    request_id: UUID
    state: str = Field(examples=["rejected"])
    closed_by: str
    cause: str | None
    closed_at: AwareDatetime


class AmendmentQuoted(EventData):
    """What it would do. Again, with a reason, when work had moved on before an accepted quote could be applied."""

    type: ClassVar[str] = "routing.amendment.quoted.v1"
    id: UUID
    request_id: UUID
    quote: Quote
    reason: str | None = Field(default=None, description="Why the quote before doesn't hold any more.")


class AmendmentApplied(EventData):
    """It is in force: work was added, stopped, redone and changed as the accepted quote says."""

    type: ClassVar[str] = "routing.amendment.applied.v1"
    id: UUID
    request_id: UUID
    fingerprint: Sha256
    counts: dict[Effect, int]
    applied_at: AwareDatetime


class AmendmentRefused(EventData):
    """It can't be applied to the work that there is."""

    type: ClassVar[str] = "routing.amendment.refused.v1"
    id: UUID
    request_id: UUID
    cause: str
    refused_at: AwareDatetime


OF_INTAKE: tuple[type[EventData], ...] = (AmendmentProposed, AmendmentAccepted, AmendmentClosed)
OF_ROUTING: tuple[type[EventData], ...] = (AmendmentQuoted, AmendmentApplied, AmendmentRefused)

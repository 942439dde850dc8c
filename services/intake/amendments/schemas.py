"""Amendments as the API takes and shows them."""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from contracts.amendments import Quote
from services.intake.fields import FilledLine
from services.intake.requests.schemas import Brief, Sent


class AmendmentState(StrEnum):
    PROPOSED = "proposed"  # its quote is being computed
    QUOTED = "quoted"  # with its owner
    ACCEPTED = "accepted"  # routing applies it, or quotes it anew
    APPLIED = "applied"  # in force
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REFUSED = "refused"  # it can't be applied to the work that there is


class AmendmentProposal(Sent):
    """What is to change, or that the request is to be cancelled: one of the two."""

    changes: Brief | None = Field(
        default=None,
        description="Each top-level field that is sent replaces the one before; one sent as null is taken out.",
    )
    cancel: bool = Field(default=False, description="Stop the request's work instead.")
    keep_begun_work: bool = Field(
        default=False,
        description="Work that was begun goes on although attributes or the AI brief change: a note was made clearer. "
        "What changes its class, track, materials or specification is redone all the same.",
    )
    cause: FilledLine = Field(description="Why, for the history of the work.")


class Acceptance(Sent):
    acknowledge_losses: bool = Field(
        default=False, description="Needed when work that is past a gate would be stopped or redone."
    )


class Closing(Sent):
    cause: FilledLine | None = None


class AmendmentView(BaseModel):
    """One amendment with its newest quote."""

    id: UUID
    request_id: UUID
    version: int = Field(description="Counts its changes; the number in the ETag. A new quote is a new version.")
    state: AmendmentState
    cancel: bool
    changed: list[str] = Field(description="The brief's fields that would change.")
    brief: Brief | None = Field(description="The whole brief as it would be; null: a cancellation.")
    category_version: int | None = Field(description="Version of the category pack that it was checked by.")
    keep_begun_work: bool
    cause: str
    quote: Quote | None = Field(
        description="What it would do; null until routing has computed it. Every item: `GET /v1/quotes/{id}/items`."
    )
    reason: str | None = Field(description="Why the quote before doesn't hold any more, or why it was refused.")
    proposed_by: str
    proposed_at: AwareDatetime
    updated_at: AwareDatetime
    expires_at: AwareDatetime | None = Field(description="When it ends by itself, unless its owner decides before.")
    accepted_by: str | None
    accepted_at: AwareDatetime | None
    closed_by: str | None
    closed_cause: str | None

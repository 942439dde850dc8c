"""Requests as the API takes and shows them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from contracts.intake import FieldProblem, Question
from contracts.values import IntendedUse, ShotPlan
from services.intake.fields import MAX_LIST, Address, Attribute, FilledLine, Line, Moment, Prose, Sku, Slug, Word


class RequestState(StrEnum):
    RETURNED = "returned"  # with its requester: incomplete, or accepted before and asked about
    ANSWERED = "answered"  # with us again: the answers are to be accepted
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"


class WaitingFor(StrEnum):
    """Whose turn it is in the conversation about a request."""

    REQUESTER = "requester"
    US = "us"


# Of the other states nobody waits.
WAITING_FOR: Mapping[RequestState, WaitingFor] = {
    RequestState.RETURNED: WaitingFor.REQUESTER,
    RequestState.ANSWERED: WaitingFor.US,
}


def _named_by_words(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    if not all(0 < len(name) <= 60 and name.isascii() and name.replace("_", "a").isalnum() for name in attributes):
        raise PydanticCustomError("attribute_name", "The names of attributes are words of at most 60 characters.")
    return attributes


class Sent(BaseModel):
    """What callers send: no unknown fields, no values of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class WaiverBrief(Sent):
    """A view of the recipe that this request does without, and why."""

    view: Slug | None = None
    colorway: Slug | None = Field(default=None, description="None: for every colorway.")
    cause: Line | None = None


class AiBrief(Sent):
    """What AI is asked to do (R18); `GET /v1/categories/ai-shot` says which use needs which field."""

    use: Word | None = Field(default=None, description="A use that the AI policy names.")
    human_review: bool | None = Field(default=None, description="A person signs off every output; must be true (R72).")
    source_image: Address | None = None
    target_model_type: Line | None = None
    pose: Line | None = None
    styling_constraints: Prose | None = None
    anatomy_risk: Word | None = None


class Brief(Sent):
    """What is asked for. Every field may be missing: what is, is named in `problems` of the returned request."""

    sku: Sku | None = None
    product_name: Line | None = None
    category: Word | None = Field(default=None, description="One of `GET /v1/categories`.")
    materials: Annotated[list[Word], Field(max_length=20)] | None = Field(
        default=None, description="Materials and traits out of the category's list."
    )
    use: Word | None = Field(default=None, description=f"One of: {', '.join(IntendedUse)}.")
    colorways: Annotated[list[Slug], Field(max_length=MAX_LIST)] | None = None
    required_views: Annotated[list[Slug], Field(max_length=30)] | None = Field(
        default=None, description="Optional views of the recipe that are wanted besides its mandatory ones."
    )
    waivers: Annotated[list[WaiverBrief], Field(max_length=200)] | None = None
    channels: Annotated[list[Slug], Field(max_length=30)] | None = Field(
        default=None, description="Channels that have a pack; none for an experiment."
    )
    references: Annotated[list[Address], Field(max_length=MAX_LIST)] | None = Field(
        default=None, description="Creative references: guides, boards, earlier work."
    )
    deadline: Moment | None = None
    approval_owner: Line | None = Field(default=None, description="Subject of the person who approves the result.")
    priority: Word | None = Field(default=None, description="low, normal, high or urgent.")
    proposed_class: Annotated[str, Field(max_length=10)] | None = Field(
        default=None, description="C1 to C4; the router decides."
    )
    proposed_track: Word | None = Field(default=None, description="The router decides.")
    attributes: Annotated[dict[str, Attribute], Field(max_length=MAX_LIST), AfterValidator(_named_by_words)] | None = (
        Field(default=None, description="The category's own fields.")
    )
    ai: AiBrief | None = None


class Cancellation(Sent):
    cause: FilledLine


class AiRuling(BaseModel):
    """What the AI policy says of this request's AI use. It keeps the ruling that it was accepted with."""

    verdict: str
    rules: list[str] = Field(description="The rules that decided, by id.")
    conditions: list[str]
    raises_class_to: str | None
    policy_version: int


class Verdict(StrEnum):
    """What would become of a brief."""

    ACCEPTED = "accepted"
    RETURNED = "returned"  # it would be stored, and its requester asked to complete it
    REFUSED = "refused"  # nothing would be stored


class Validation(BaseModel):
    """What would become of a brief that was sent now. Nothing of it is kept."""

    state: Verdict
    problems: list[FieldProblem] = Field(description="What would have to change; empty when it would be accepted.")
    category_version: int | None = Field(description="Version of the category pack that it was checked against.")
    shots: list[ShotPlan] = Field(description="Those that it would make as it stands, at most 500.")
    ai_ruling: AiRuling | None = Field(description="What the AI policy says; null where it asks for no AI.")


class RequestSummary(BaseModel):
    """A request in a list."""

    id: UUID
    version: int
    state: RequestState
    waiting_for: WaitingFor | None
    sku: str | None
    product_name: str | None
    category: str | None
    priority: str | None
    deadline: datetime | None
    problems: list[FieldProblem]
    requested_by: str
    received_at: datetime
    updated_at: datetime


class RequestView(Brief):
    """A request with everything that was said in it, and what became of it."""

    id: UUID
    version: int = Field(description="Counts its changes; the number in the ETag.")
    state: RequestState
    waiting_for: WaitingFor | None = Field(description="Whose turn it is in the conversation; null: nobody's.")
    problems: list[FieldProblem] = Field(description="What keeps it from being accepted; empty when it is.")
    questions: list[Question] = Field(description="Open questions to its requester about an accepted request.")
    category_version: int | None = Field(description="Version of the category pack that it was accepted under.")
    shots: list[ShotPlan] = Field(description="Of an accepted one: recipe × colorways, less what is waived.")
    ai_ruling: AiRuling | None
    requested_by: str
    received_at: datetime
    updated_at: datetime
    accepted_at: datetime | None
    cancelled_at: datetime | None
    cancel_cause: str | None

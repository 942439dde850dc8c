"""The conversation about a request as the API takes and shows it, and the pack of its reminders."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.intake.fields import Prose
from services.intake.requests.schemas import Brief, Sent

MOST_REMINDERS = 10
MOST_QUESTIONS = 20

_LATEST_HOURS = 90 * 24


def _of_a_brief(pointer: str) -> str:
    if pointer.split("/")[1] not in Brief.model_fields:
        names = ", ".join(Brief.model_fields)
        raise PydanticCustomError(
            "pointer",
            "A pointer names a field of the brief, such as `/attributes/fit_notes`: {names}.",
            {"names": names},
        )
    return pointer


FilledProse = Annotated[Prose, StringConstraints(strip_whitespace=True, min_length=1)]
Pointer = Annotated[
    str,
    StringConstraints(pattern=r"^(/[A-Za-z0-9_-]{1,60}){1,4}$"),
    AfterValidator(_of_a_brief),
    Field(description="JSON pointer of the field of the brief that it is about.", examples=["/attributes/fit_notes"]),
]


class MessageKind(StrEnum):
    QUESTION = "question"  # of production to the requester
    ANSWER = "answer"
    NOTE = "note"
    REMINDER = "reminder"
    # What happened to the request, written by the service.
    RETURNED = "returned"
    ACCEPTED = "accepted"
    AMENDED = "amended"  # an amendment is in force
    CANCELLED = "cancelled"


class Message(BaseModel):
    """One entry of the conversation. None is ever changed or taken out."""

    id: UUID
    number: int = Field(description="Its place in the conversation, from 1 on.")
    kind: MessageKind
    text: str
    pointer: str | None = Field(description="JSON pointer of the field that it is about.")
    question_id: UUID | None = Field(description="Of an answer: the question.")
    by: str = Field(description="Who wrote it; `intake` for what happened to the request.")
    at: datetime


class Note(Sent):
    text: FilledProse
    pointer: Pointer | None = None


class Asked(Sent):
    text: FilledProse = Field(examples=["The sample has a hood, the brief says it has none. Which is right?"])
    pointer: Pointer | None = None


class Return(Sent):
    """What must be known before production goes on."""

    questions: Annotated[list[Asked], Field(min_length=1, max_length=MOST_QUESTIONS)]


# JSON has no UUIDs: the only value in a strict body that isn't what it looks like.
QuestionId = Annotated[UUID, Field(strict=False, description="Of an open question of the request.")]


class AnswerBrief(Sent):
    question_id: QuestionId
    text: FilledProse


class Answers(Sent):
    """One answer to each open question."""

    answers: Annotated[list[AnswerBrief], Field(min_length=1, max_length=MOST_QUESTIONS)]


Hours = Annotated[float, Field(gt=0, le=_LATEST_HOURS)]


class ClarificationPack(BaseModel):
    """When a requester is reminded of a request that waits for them."""

    model_config = ConfigDict(extra="forbid")

    reminder_hours: Annotated[list[Hours], Field(max_length=MOST_REMINDERS)] = Field(
        description="Hours by the wall clock after each return; empty: nobody is reminded.", examples=[[24, 72]]
    )

    @model_validator(mode="after")
    def rises(self) -> Self:
        if any(later <= earlier for earlier, later in zip(self.reminder_hours, self.reminder_hours[1:], strict=False)):
            raise ValueError("the hours rise: each reminder comes after the one before")
        return self


class PublishedClarification(ClarificationPack):
    version: int = Field(ge=1)

"""Events of intake: what becomes of a request."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import EventData, Value
from contracts.values import Request


class RequestAccepted(EventData):
    """A request is complete: production may begin."""

    type: ClassVar[str] = "intake.request.accepted.v1"
    request: Request


class FieldProblem(Value):
    """One field that keeps a request from being accepted, and what would make it right."""

    pointer: str = Field(description="JSON pointer into the request.", examples=["/attributes/fit_notes"])
    problem: str
    remedy: str


class Question(Value):
    """What production must know before it goes on."""

    id: UUID
    pointer: str | None = Field(description="JSON pointer into the request, where it is about one field.")
    text: str
    asked_by: str


class RequestReturned(EventData):
    """A request is with its requester, and the SLA clock stands still: it is incomplete, or was accepted before and has
    open questions."""

    type: ClassVar[str] = "intake.request.returned.v1"
    id: UUID
    sku: str | None
    category: str | None
    requested_by: str
    problems: list[FieldProblem]
    returned_at: AwareDatetime
    questions: list[Question] = Field(default=[], description="Open ones; none while it was never accepted.")
    returned_by: str | None = Field(default=None, description="Who asked; None: it is incomplete.")


class Answer(Value):
    """What the requester said to one question."""

    question_id: UUID
    pointer: str | None
    text: str


class RequestAnswered(EventData):
    """Every open question is answered: the request is with us again, and the SLA clock goes on."""

    type: ClassVar[str] = "intake.request.answered.v1"
    id: UUID
    sku: str | None
    category: str | None
    requested_by: str
    answers: list[Answer]
    answered_by: str
    returned_at: AwareDatetime = Field(description="When the questions were asked.")
    answered_at: AwareDatetime


class RequestClarified(EventData):
    """The answers are enough: the request is accepted again."""

    type: ClassVar[str] = "intake.request.clarified.v1"
    id: UUID
    sku: str | None
    category: str | None
    requested_by: str
    clarified_by: str
    returned_at: AwareDatetime = Field(description="When the questions were asked.")
    answered_at: AwareDatetime
    clarified_at: AwareDatetime


class RequestReminded(EventData):
    """A returned request still waits for its requester. It stays as it is, at its version."""

    type: ClassVar[str] = "intake.request.reminded.v1"
    id: UUID
    sku: str | None
    category: str | None
    to: str = Field(description="Its requester.")
    number: int = Field(ge=1, description="Counts the reminders since this return.")
    returned_at: AwareDatetime
    reminded_at: AwareDatetime


class RequestCancelled(EventData):
    """A request is withdrawn: unfinished work of it stops."""

    type: ClassVar[str] = "intake.request.cancelled.v1"
    id: UUID
    cause: str
    cancelled_by: str
    cancelled_at: AwareDatetime


class ImportFinished(EventData):
    """Every row of an imported file has its outcome: tell the person who sent it."""

    type: ClassVar[str] = "intake.import.finished.v1"
    id: UUID
    name: str = Field(description="What the file is called.")
    imported_by: str
    rows: int = Field(ge=1, description="All of them; the other four add up to it.")
    accepted: int = Field(ge=0)
    returned: int = Field(ge=0, description="Requests that are incomplete.")
    refused: int = Field(ge=0, description="Rows that are no request at all.")
    doubled: int = Field(ge=0, description="Rows that were imported before.")
    started_at: AwareDatetime
    finished_at: AwareDatetime


class RequestAmended(EventData):
    """An accepted request has new content: its amendment was accepted, and its work follows it already."""

    type: ClassVar[str] = "intake.request.amended.v1"
    request: Request
    state: str = Field(
        default="accepted", description="Where the request stands, as before: it may be `returned` or `answered` too."
    )
    amendment_id: UUID
    cause: str
    accepted_by: str
    amended_at: AwareDatetime


EVENTS: tuple[type[EventData], ...] = (
    RequestAccepted,
    RequestReturned,
    RequestCancelled,
    RequestAnswered,
    RequestClarified,
    RequestReminded,
    ImportFinished,
    RequestAmended,
)

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


class RequestReturned(EventData):
    """A request is incomplete: it is with its requester, and the SLA clock stands still."""

    type: ClassVar[str] = "intake.request.returned.v1"
    id: UUID
    sku: str | None
    category: str | None
    requested_by: str
    problems: list[FieldProblem]
    returned_at: AwareDatetime


class RequestCancelled(EventData):
    """A request is withdrawn: unfinished work of it stops."""

    type: ClassVar[str] = "intake.request.cancelled.v1"
    id: UUID
    cause: str
    cancelled_by: str
    cancelled_at: AwareDatetime


class RequestAmended(EventData):
    """An accepted request has new content: its amendment was accepted, and its work follows it already."""

    type: ClassVar[str] = "intake.request.amended.v1"
    request: Request
    amendment_id: UUID
    cause: str
    accepted_by: str
    amended_at: AwareDatetime


EVENTS: tuple[type[EventData], ...] = (RequestAccepted, RequestReturned, RequestCancelled, RequestAmended)

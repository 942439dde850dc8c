"""All SQL of requests."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.pagination import PageRequest
from contracts.intake import FieldProblem, Question
from contracts.values import Request
from services.intake.requests.models import request
from services.intake.requests.schemas import WAITING_FOR, AiRuling, Brief, RequestState, RequestSummary


@dataclass(frozen=True)
class StoredRequest:
    """One row. `questions`: open ones; `returned_at`, `answered_at`: the newest return and answer; `returned_version`:
    the version that this return gave it."""

    id: UUID
    version: int
    state: RequestState
    brief: Brief
    problems: list[FieldProblem]
    accepted: Request | None
    ai_ruling: AiRuling | None
    requested_by: str
    received_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = None
    cancel_cause: str | None = None
    questions: list[Question] = field(default_factory=list)
    returned_at: datetime | None = None
    answered_at: datetime | None = None
    returned_version: int | None = None

    @property
    def was_accepted(self) -> bool:
        """It is in production, whatever its state: what changes its content now is an amendment."""
        return self.accepted is not None


_SUMMARY = (
    *(request.c[name] for name in ("id", "version", "state", "sku", "category", "problems", "requested_by")),
    *(request.c[name] for name in ("received_at", "updated_at")),
    *(request.c.brief[name].astext.label(name) for name in ("product_name", "priority", "deadline")),
)


def _columns(stored: StoredRequest) -> dict[str, Any]:
    return {
        "id": stored.id,
        "version": stored.version,
        "state": stored.state,
        "sku": stored.brief.sku,
        "category": stored.brief.category,
        "brief": stored.brief.model_dump(mode="json", exclude_none=True),
        "problems": [problem.model_dump() for problem in stored.problems],
        "accepted": stored.accepted.model_dump(mode="json") if stored.accepted else None,
        "ai_ruling": stored.ai_ruling.model_dump() if stored.ai_ruling else None,
        "requested_by": stored.requested_by,
        "received_at": stored.received_at,
        "updated_at": stored.updated_at,
        "cancelled_at": stored.cancelled_at,
        "cancel_cause": stored.cancel_cause,
        "questions": [question.model_dump(mode="json") for question in stored.questions],
        "returned_at": stored.returned_at,
        "answered_at": stored.answered_at,
        "returned_version": stored.returned_version,
    }


def _stored(row: Row[Any]) -> StoredRequest:
    return StoredRequest(
        id=row.id,
        version=row.version,
        state=RequestState(row.state),
        brief=Brief.model_validate(row.brief),
        problems=[FieldProblem.model_validate(problem) for problem in row.problems],
        accepted=Request.model_validate(row.accepted) if row.accepted else None,
        ai_ruling=AiRuling.model_validate(row.ai_ruling) if row.ai_ruling else None,
        requested_by=row.requested_by,
        received_at=row.received_at,
        updated_at=row.updated_at,
        cancelled_at=row.cancelled_at,
        cancel_cause=row.cancel_cause,
        questions=[Question.model_validate(question) for question in row.questions],
        returned_at=row.returned_at,
        answered_at=row.answered_at,
        returned_version=row.returned_version,
    )


async def add(session: AsyncSession, stored: Sequence[StoredRequest]) -> None:
    if stored:
        await session.execute(insert(request), [_columns(one) for one in stored])


async def replace(session: AsyncSession, stored: StoredRequest) -> None:
    await session.execute(update(request).where(request.c.id == stored.id).values(_columns(stored)))


async def find(session: AsyncSession, request_id: UUID, *, lock: bool = False) -> StoredRequest | None:
    """`lock`: nobody else changes it until this transaction ends."""
    query = select(request).where(request.c.id == request_id)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    return _stored(row) if row else None


async def lock_all(session: AsyncSession, request_ids: Collection[UUID]) -> dict[UUID, StoredRequest]:
    """Locked in one order, so that two who want the same ones wait for each other once."""
    query = select(request).where(request.c.id.in_(request_ids)).order_by(request.c.id).with_for_update()
    return {row.id: _stored(row) for row in await session.execute(query)}


async def find_if_free(session: AsyncSession, request_id: UUID) -> StoredRequest | None:
    """Locked; None when someone is changing it at this moment."""
    query = select(request).where(request.c.id == request_id).with_for_update(skip_locked=True)
    row = (await session.execute(query)).first()
    return _stored(row) if row else None


async def newest(
    session: AsyncSession,
    page: PageRequest,
    *,
    states: Collection[RequestState] | None = None,
    sku: str | None = None,
    category: str | None = None,
) -> list[RequestSummary]:
    """Newest first; one more than the page has room for, if there is one. Reads no shots."""
    query = select(*_SUMMARY).order_by(request.c.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(request.c.id < page.after)
    if states is not None:
        query = query.where(request.c.state.in_(states))
    for column, value in ((request.c.sku, sku), (request.c.category, category)):
        if value is not None:
            query = query.where(column == value)
    rows = (await session.execute(query)).mappings()
    return [RequestSummary.model_validate({**row, "waiting_for": WAITING_FOR.get(row["state"])}) for row in rows]

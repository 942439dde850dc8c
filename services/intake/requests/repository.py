"""All SQL of requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.pagination import PageRequest
from contracts.intake import FieldProblem
from contracts.values import Request
from services.intake.requests.models import request
from services.intake.requests.schemas import AiRuling, Brief, RequestState, RequestSummary


@dataclass(frozen=True)
class StoredRequest:
    """One row."""

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


async def newest(
    session: AsyncSession,
    page: PageRequest,
    *,
    state: RequestState | None = None,
    sku: str | None = None,
    category: str | None = None,
) -> list[RequestSummary]:
    """Newest first; one more than the page has room for, if there is one. Reads no shots."""
    query = select(*_SUMMARY).order_by(request.c.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(request.c.id < page.after)
    for column, value in ((request.c.state, state), (request.c.sku, sku), (request.c.category, category)):
        if value is not None:
            query = query.where(column == value)
    return [RequestSummary.model_validate(dict(row)) for row in (await session.execute(query)).mappings()]

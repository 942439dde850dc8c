"""All SQL of amendments."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.pagination import PageRequest
from contracts.amendments import Quote
from contracts.values import Request
from services.intake.amendments.domain import OPEN
from services.intake.amendments.models import amendment
from services.intake.amendments.schemas import AmendmentState
from services.intake.requests.schemas import AiRuling, Brief


@dataclass(frozen=True)
class StoredAmendment:
    """One row. `brief` and `content` None: a cancellation."""

    id: UUID
    request_id: UUID
    version: int
    state: AmendmentState
    brief: Brief | None
    content: Request | None
    ai_ruling: AiRuling | None
    changed: list[str]
    keep_begun_work: bool
    cause: str
    proposed_by: str
    proposed_at: datetime
    updated_at: datetime
    quote: Quote | None = None
    reason: str | None = None
    expires_at: datetime | None = None
    accepted_by: str | None = None
    accepted_at: datetime | None = None
    closed_by: str | None = None
    closed_cause: str | None = None


async def add(session: AsyncSession, new: StoredAmendment) -> None:
    await session.execute(insert(amendment).values(_columns(new)))


async def replace(session: AsyncSession, changed: StoredAmendment) -> None:
    await session.execute(update(amendment).where(amendment.c.id == changed.id).values(_columns(changed)))


async def find(session: AsyncSession, amendment_id: UUID) -> StoredAmendment | None:
    return await _first(session, select(amendment).where(amendment.c.id == amendment_id))


async def lock(session: AsyncSession, amendment_id: UUID) -> StoredAmendment | None:
    """Nobody else changes it until this transaction ends. Whoever locks its request too locks that first."""
    return await _first(session, select(amendment).where(amendment.c.id == amendment_id).with_for_update())


async def lock_if_free(session: AsyncSession, amendment_id: UUID) -> StoredAmendment | None:
    """None when someone is changing it at this moment."""
    query = select(amendment).where(amendment.c.id == amendment_id)
    return await _first(session, query.with_for_update(skip_locked=True))


async def open_one(session: AsyncSession, request_id: UUID) -> StoredAmendment | None:
    """The request's amendment that is not closed. Lock the request first."""
    query = select(amendment).where(amendment.c.request_id == request_id, amendment.c.state.in_(OPEN))
    return await _first(session, query)


async def newest(session: AsyncSession, page: PageRequest, **where: object) -> list[StoredAmendment]:
    """Newest first; one more than the page has room for, if there is one. `where`: column → value, None: any."""
    query = select(amendment).order_by(amendment.c.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(amendment.c.id < page.after)
    for column, value in where.items():
        if value is not None:
            query = query.where(amendment.c[column] == value)
    return [_stored(row) for row in await session.execute(query)]


async def _first(session: AsyncSession, query: Select[Any]) -> StoredAmendment | None:
    row = (await session.execute(query)).first()
    return _stored(row) if row else None


def _columns(one: StoredAmendment) -> dict[str, Any]:
    return {
        "id": one.id,
        "request_id": one.request_id,
        "version": one.version,
        "state": one.state,
        "brief": one.brief.model_dump(mode="json", exclude_none=True) if one.brief else None,
        "content": one.content.model_dump(mode="json") if one.content else None,
        "ai_ruling": one.ai_ruling.model_dump() if one.ai_ruling else None,
        "changed": one.changed,
        "keep_begun_work": one.keep_begun_work,
        "cause": one.cause,
        "quote": one.quote.model_dump(mode="json") if one.quote else None,
        "reason": one.reason,
        "proposed_by": one.proposed_by,
        "proposed_at": one.proposed_at,
        "updated_at": one.updated_at,
        "expires_at": one.expires_at,
        "accepted_by": one.accepted_by,
        "accepted_at": one.accepted_at,
        "closed_by": one.closed_by,
        "closed_cause": one.closed_cause,
    }


def _stored(row: Row[Any]) -> StoredAmendment:
    values = dict(row._mapping)
    values["state"] = AmendmentState(row.state)
    for name, model in (("brief", Brief), ("content", Request), ("ai_ruling", AiRuling), ("quote", Quote)):
        values[name] = model.model_validate(values[name]) if values[name] is not None else None
    return StoredAmendment(**values)

"""All SQL of amendments in routing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from contracts.amendments import Quote, QuoteLine
from contracts.values import Gate, Request
from services.routing.amendments.domain import Standing
from services.routing.amendments.models import amendment, passed_gate, quote_line, request_content
from services.routing.amendments.schemas import QuoteItem, QuoteState
from services.routing.sla.clocks import TELLING, Clock
from services.routing.work import models as work_models
from services.routing.work.domain import Tracked

_ADD_LINES = text(
    "INSERT INTO quote_line SELECT * FROM jsonb_populate_recordset(NULL::quote_line, CAST(:rows AS jsonb))"
)
_KEEP_CONTENT = text(
    "INSERT INTO request_content SELECT * FROM jsonb_populate_recordset(NULL::request_content, CAST(:rows AS jsonb))"
    " ON CONFLICT (request_id) DO UPDATE SET content = excluded.content"
)


@dataclass(frozen=True)
class StoredAmendment:
    """One row. `content` None: the request is to be cancelled."""

    id: UUID
    version: int
    request_id: UUID
    state: QuoteState
    content: Request | None
    keep_begun_work: bool
    cause: str
    quote: Quote | None
    reason: str | None
    updated_at: datetime


@dataclass(frozen=True)
class TakenRequest:
    """What routing knows of a request. `content` None: it was taken before contents were kept."""

    cancelled: bool
    deadline: datetime | None
    content: Request | None


async def keep_content(session: AsyncSession, requests: Iterable[Request]) -> None:
    """What the requests say from now on."""
    rows = [{"request_id": request.id, "content": request.model_dump(mode="json")} for request in requests]
    if rows:
        await session.execute(_KEEP_CONTENT, {"rows": orjson.dumps(rows, default=str).decode()})


async def keep_passed(session: AsyncSession, work_item_id: UUID, round_number: int, gate: Gate) -> None:
    """Whoever calls this holds the item's lock: an amendment that is applied meanwhile must see it, or come first."""
    row = {"work_item_id": work_item_id, "round": round_number, "gate": gate}
    await session.execute(insert(passed_gate).values(row).on_conflict_do_nothing())


async def taken_request(session: AsyncSession, request_id: UUID, *, lock: bool = False) -> TakenRequest | None:
    """`lock`: nobody returns or cancels it meanwhile. Whoever locks its items too locks them after it."""
    request = work_models.request
    query = (
        select(request.c.cancelled, request.c.deadline, request_content.c.content)
        .outerjoin(request_content, request_content.c.request_id == request.c.id)
        .where(request.c.id == request_id)
    )
    row = (await session.execute(query.with_for_update(of=request) if lock else query)).first()
    if row is None:
        return None
    return TakenRequest(row.cancelled, row.deadline, Request.model_validate(row.content) if row.content else None)


async def change_request(session: AsyncSession, request_id: UUID, content: Request | None) -> None:
    """The amendment is in force. None: the request is cancelled."""
    request = work_models.request
    values: dict[str, Any] = {"cancelled": True} if content is None else {"deadline": content.deadline}
    await session.execute(update(request).where(request.c.id == request_id).values(values))
    if content is not None:
        await keep_content(session, [content])


async def standings(
    session: AsyncSession, request_id: UUID, items: Sequence[Tracked], clocks: Mapping[UUID, Clock | None]
) -> list[Standing]:
    """The request's items with the gates that they have passed in their rounds, and their clocks."""
    items_of = select(work_models.work_item.c.id).where(work_models.work_item.c.request_id == request_id)
    rows = await session.execute(select(passed_gate).where(passed_gate.c.work_item_id.in_(items_of)))
    passed: dict[tuple[UUID, int], set[Gate]] = {}
    for row in rows:
        passed.setdefault((row.work_item_id, row.round), set()).add(Gate(row.gate))
    return [
        Standing(item, frozenset(passed.get((item.work.id, item.work.round), ())), clocks.get(item.work.id))
        for item in items
    ]


async def clock_steps(session: AsyncSession, request_id: UUID) -> dict[UUID, list[Row[Any]]]:
    """What the history of the request's items says of their clocks, oldest first."""
    steps, items = work_models.history, work_models.work_item
    query = (
        select(steps)
        .join(items, items.c.id == steps.c.work_item_id)
        .where(items.c.request_id == request_id, steps.c.what.in_(TELLING))
        .order_by(steps.c.version)
    )
    found: dict[UUID, list[Row[Any]]] = {}
    for row in await session.execute(query):
        found.setdefault(row.work_item_id, []).append(row)
    return found


async def add(session: AsyncSession, new: StoredAmendment) -> None:
    await session.execute(insert(amendment).values(_columns(new)))


async def replace(session: AsyncSession, changed: StoredAmendment) -> None:
    await session.execute(update(amendment).where(amendment.c.id == changed.id).values(_columns(changed)))


async def find(session: AsyncSession, amendment_id: UUID, *, lock: bool = False) -> StoredAmendment | None:
    query = select(amendment).where(amendment.c.id == amendment_id)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    return _stored(row) if row else None


async def replace_lines(session: AsyncSession, amendment_id: UUID, lines: Sequence[QuoteLine]) -> None:
    """The lines of the newest quote; those of the one before go."""
    await session.execute(delete(quote_line).where(quote_line.c.amendment_id == amendment_id))
    rows = [{"id": new_id(), "amendment_id": amendment_id, "line": line.model_dump(mode="json")} for line in lines]
    await session.execute(_ADD_LINES, {"rows": orjson.dumps(rows, default=str).decode()})


async def lines_of(session: AsyncSession, amendment_id: UUID) -> list[QuoteLine]:
    rows = await session.execute(select(quote_line.c.line).where(quote_line.c.amendment_id == amendment_id))
    return [QuoteLine.model_validate(line) for line in rows.scalars()]


async def page_of_lines(
    session: AsyncSession, amendment_id: UUID, where: dict[str, Any], after: UUID | None, limit: int
) -> list[QuoteItem]:
    """In the quote's order. `where`: field of the line → value."""
    query = select(quote_line).where(quote_line.c.amendment_id == amendment_id).order_by(quote_line.c.id).limit(limit)
    if where:
        query = query.where(quote_line.c.line.contains(where))
    if after is not None:
        query = query.where(quote_line.c.id > after)
    return [QuoteItem.model_validate({**row.line, "id": row.id}) for row in await session.execute(query)]


def _columns(one: StoredAmendment) -> dict[str, Any]:
    return {
        "id": one.id,
        "version": one.version,
        "request_id": one.request_id,
        "state": one.state,
        "content": one.content.model_dump(mode="json") if one.content else None,
        "keep_begun_work": one.keep_begun_work,
        "cause": one.cause,
        "quote": one.quote.model_dump(mode="json") if one.quote else None,
        "reason": one.reason,
        "updated_at": one.updated_at,
    }


def _stored(row: Row[Any]) -> StoredAmendment:
    return StoredAmendment(
        id=row.id,
        version=row.version,
        request_id=row.request_id,
        state=QuoteState(row.state),
        content=Request.model_validate(row.content) if row.content else None,
        keep_begun_work=row.keep_begun_work,
        cause=row.cause,
        quote=Quote.model_validate(row.quote) if row.quote else None,
        reason=row.reason,
        updated_at=row.updated_at,
    )

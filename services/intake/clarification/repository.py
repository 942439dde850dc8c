"""All SQL of messages."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.clarification.domain import Entry
from services.intake.clarification.models import message
from services.intake.clarification.schemas import Message

_ADD = text(
    """
    INSERT INTO message (id, request_id, number, kind, text, pointer, question_id, by, at)
    SELECT e.id, e.request_id,
           e.place + coalesce((SELECT max(number) FROM message WHERE message.request_id = e.request_id), 0),
           e.kind, e.text, e.pointer, e.question_id, e.by, e.at
    FROM jsonb_to_recordset(CAST(:entries AS jsonb)) AS e
        (id uuid, request_id uuid, place int, kind text, text text, pointer text, question_id uuid, by text,
         at timestamptz)
    """
)

Told = tuple[UUID, Sequence[Entry], datetime]
"""A request, what is added to its conversation, and when."""


async def add(session: AsyncSession, request_id: UUID, entries: Sequence[Entry], at: datetime) -> None:
    """Behind what is there, in this order. Whoever calls this holds the request's lock."""
    await add_all(session, [(request_id, entries, at)])


async def add_all(session: AsyncSession, told: Iterable[Told]) -> None:
    """The same for several requests, each named once."""
    rows = [
        {
            "id": str(entry.id),
            "request_id": str(request_id),
            "place": place,
            "kind": entry.kind,
            "text": entry.text,
            "pointer": entry.pointer,
            "question_id": str(entry.question_id) if entry.question_id else None,
            "by": entry.by,
            "at": at,
        }
        for request_id, entries, at in told
        for place, entry in enumerate(entries, start=1)
    ]
    if rows:
        await session.execute(_ADD, {"entries": orjson.dumps(rows).decode()})


async def count(session: AsyncSession, request_id: UUID) -> int:
    found = await session.execute(select(func.max(message.c.number)).where(message.c.request_id == request_id))
    return found.scalar() or 0


async def find(session: AsyncSession, request_id: UUID, message_id: UUID) -> Message | None:
    query = select(message).where(message.c.request_id == request_id, message.c.id == message_id)
    row = (await session.execute(query)).mappings().first()
    return Message.model_validate(dict(row)) if row else None


async def oldest(session: AsyncSession, request_id: UUID, *, above: int, limit: int) -> list[Message]:
    """Oldest first, those behind the place `above`."""
    query = (
        select(message)
        .where(message.c.request_id == request_id, message.c.number > above)
        .order_by(message.c.number)
        .limit(limit)
    )
    return [Message.model_validate(dict(row)) for row in (await session.execute(query)).mappings()]

"""All SQL of people and their exceptions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.people import models

_PERSON = models.person
_EXCEPTION = models.lane_exception


async def find_person(session: AsyncSession, subject: str) -> Row[Any] | None:
    return (await session.execute(select(_PERSON).where(_PERSON.c.subject == subject))).first()


async def lock_subject(session: AsyncSession, subject: str) -> None:
    """One edit of a person at a time, the first one too, when there is no row yet."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('person ' || :subject, 0))"), {"subject": subject}
    )


async def list_people(session: AsyncSession, team: str | None, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first."""
    query = select(_PERSON).order_by(_PERSON.c.id.desc()).limit(limit)
    if team is not None:
        query = query.where(_PERSON.c.teams.contains([team]))
    if after is not None:
        query = query.where(_PERSON.c.id < after)
    return (await session.execute(query)).all()


async def put_person(session: AsyncSession, row: dict[str, Any]) -> None:
    new = insert(_PERSON).values(row)
    changed = {name: new.excluded[name] for name in row if name not in ("id", "subject")}
    await session.execute(new.on_conflict_do_update(index_elements=["subject"], set_=changed))


async def add_exception(session: AsyncSession, row: dict[str, Any]) -> None:
    await session.execute(insert(_EXCEPTION).values(row))


async def list_exceptions(session: AsyncSession, subject: str, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first."""
    query = select(_EXCEPTION).where(_EXCEPTION.c.subject == subject).order_by(_EXCEPTION.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(_EXCEPTION.c.id < after)
    return (await session.execute(query)).all()

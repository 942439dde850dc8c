"""All SQL of clarification: whether a request is with its requester."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.work.models import request


@dataclass(frozen=True)
class Clarification:
    """Where the conversation about a request stands. `version`: of the request, with its newest return or answer;
    `returned_at`: of the newest return whose pause was counted; `cause`: in words, while it is with its requester."""

    version: int = 0
    with_requester: bool = False
    returned_at: datetime | None = None
    cause: str | None = None


async def lock(session: AsyncSession, request_id: UUID) -> Clarification | None:
    """None when the request is not known (yet)."""
    query = select(
        request.c.clarification_version, request.c.with_requester, request.c.returned_at, request.c.returned_cause
    ).where(request.c.id == request_id)
    row = (await session.execute(query.with_for_update())).first()
    return Clarification(*row) if row else None


async def keep(session: AsyncSession, request_id: UUID, now: Clarification) -> None:
    """Whoever calls this holds the row's lock."""
    changes = {
        "clarification_version": now.version,
        "with_requester": now.with_requester,
        "returned_at": now.returned_at,
        "returned_cause": now.cause,
    }
    await session.execute(update(request).where(request.c.id == request_id).values(changes))


async def waits_because(session: AsyncSession, request_id: UUID) -> str | None:
    """Why the request is with its requester; None when it isn't."""
    query = select(request.c.returned_cause).where(request.c.id == request_id, request.c.with_requester)
    return (await session.execute(query)).scalar()

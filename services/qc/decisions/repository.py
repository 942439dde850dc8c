"""SQL of decisions: they are added and read, never changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.values import Gate, Outcome
from services.qc.decisions.models import decision
from services.qc.decisions.schemas import RecordedDecision

_FIELDS = tuple(RecordedDecision.model_fields)


async def add(
    session: AsyncSession, new: RecordedDecision, *, review_id: UUID, inspection_id: UUID, number: int
) -> None:
    content = new.model_dump(mode="json", include={"answers", "result"})
    plain = new.model_dump(exclude={"answers", "result"})
    await session.execute(
        insert(decision).values(review_id=review_id, inspection_id=inspection_id, number=number, **plain, **content)
    )


async def next_number(session: AsyncSession, work_item_id: UUID) -> int:
    """Lock the work item first."""
    query = select(func.count()).select_from(decision).where(decision.c.work_item_id == work_item_id)
    return int((await session.execute(query)).scalar_one()) + 1


async def has_passed(session: AsyncSession, review_id: UUID, gate: Gate, person: str) -> bool:
    """Whether this person has passed this gate of the review."""
    query = select(decision.c.id).where(
        decision.c.review_id == review_id,
        decision.c.gate == gate,
        decision.c.outcome == Outcome.PASS,
        decision.c.decided_by == person,
    )
    return (await session.execute(query)).first() is not None


async def of_work_item(session: AsyncSession, work_item_id: UUID) -> list[RecordedDecision]:
    """All of them, oldest first."""
    query = select(decision).where(decision.c.work_item_id == work_item_id).order_by(decision.c.number)
    return [_decision(row) for row in await session.execute(query)]


async def page(
    session: AsyncSession, work_item_id: UUID | None, after: UUID | None, limit: int
) -> list[RecordedDecision]:
    """Newest first."""
    query = select(decision).order_by(decision.c.id.desc()).limit(limit)
    if work_item_id is not None:
        query = query.where(decision.c.work_item_id == work_item_id)
    if after is not None:
        query = query.where(decision.c.id < after)
    return [_decision(row) for row in await session.execute(query)]


def _decision(row: Row[Any]) -> RecordedDecision:
    return RecordedDecision.model_validate({name: row._mapping[name] for name in _FIELDS})

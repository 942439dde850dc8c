"""SQL of decisions: they are added to their chain and read, never changed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.values import Gate, Outcome
from services.qc.decisions.chain import GENESIS, hash_of
from services.qc.decisions.models import decision
from services.qc.decisions.schemas import Link, LinkedDecision, RecordedDecision

_FIELDS = tuple(RecordedDecision.model_fields)


async def add(
    session: AsyncSession, new: RecordedDecision, *, review_id: UUID, inspection_id: UUID, number: int
) -> None:
    """Append it to the chain. From here to the end of the transaction nobody else can: lock whatever else is to be
    locked before."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('decisions ' || current_schema()))"))
    position, before = await head(session)
    said = new.model_dump(mode="json")
    content = {name: said[name] for name in ("answers", "result")}
    plain = new.model_dump(exclude={"answers", "result"})
    await session.execute(
        insert(decision).values(
            review_id=review_id,
            inspection_id=inspection_id,
            number=number,
            position=position + 1,
            hash=hash_of(before, said),
            **plain,
            **content,
        )
    )


async def head(session: AsyncSession) -> tuple[int, str]:
    """Position and hash of the newest decision."""
    query = select(decision.c.position, decision.c.hash).order_by(decision.c.position.desc()).limit(1)
    row = (await session.execute(query)).first()
    return (row.position, row.hash) if row else (0, GENESIS)


async def in_chain(session: AsyncSession, after: int, limit: int) -> list[LinkedDecision]:
    """In the order of the chain, from behind a position on."""
    query = select(decision).where(decision.c.position > after).order_by(decision.c.position).limit(limit)
    return [
        LinkedDecision(**dict(_decision(row)), link=Link(position=row.position, hash=row.hash))
        for row in await session.execute(query)
    ]


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


async def of_reviews(session: AsyncSession, review_ids: Sequence[UUID]) -> dict[UUID, list[RecordedDecision]]:
    """Those of each review, oldest first."""
    found: dict[UUID, list[RecordedDecision]] = {review_id: [] for review_id in review_ids}
    query = select(decision).where(decision.c.review_id.in_(review_ids)).order_by(decision.c.number)
    for row in await session.execute(query):
        found[row.review_id].append(_decision(row))
    return found


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

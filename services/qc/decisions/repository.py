"""SQL of decisions: they are added to their chain and read, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, exists, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.qc import DecisionRecorded
from contracts.values import Gate, Outcome
from services.qc.decisions.chain import GENESIS, hash_of
from services.qc.decisions.models import decision, untold
from services.qc.decisions.schemas import Basis, Link, LinkedDecision, RecordedDecision, SealedDecision
from services.qc.reviews.domain import ReviewState
from services.qc.reviews.models import review

_FIELDS = tuple(name for name in RecordedDecision.model_fields if name != "basis")
# Nothing took its place, and it doesn't only take another one back.
_newer = decision.alias("newer")
_STANDS = ~exists().where(_newer.c.supersedes == decision.c.id) & decision.c.withdrawn.is_not(True)
_JSON = ("answers", "result", "flags", "marks", "causes", "overrides", "zoom")


@dataclass(frozen=True)
class StoredDecision:
    """A decision, and the review that it moved."""

    review_id: UUID
    decision: RecordedDecision


async def add(session: AsyncSession, new: RecordedDecision) -> None:
    """Append it, with what it was made on, to the chain. From here to the end of the transaction nobody else can: lock
    whatever else is to be locked before."""
    assert new.basis is not None  # only decisions from before have none
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('decisions ' || current_schema()))"))
    position, before = await head(session)
    said = new.model_dump(mode="json")
    content = {name: said[name] for name in _JSON}
    plain = new.model_dump(exclude={"basis", *_JSON})
    await session.execute(
        insert(decision).values(
            position=position + 1,
            hash=hash_of(before, said),
            **plain,
            **content,
            **dict(new.basis),
        )
    )


async def head(session: AsyncSession) -> tuple[int, str]:
    """Position and hash of the newest decision."""
    query = select(decision.c.position, decision.c.hash).order_by(decision.c.position.desc()).limit(1)
    row = (await session.execute(query)).first()
    return (row.position, row.hash) if row else (0, GENESIS)


async def in_chain(session: AsyncSession, reader: str, after: int, limit: int) -> list[LinkedDecision | SealedDecision]:
    """In the order of the chain, from behind a position on, as this person may see it."""
    query = select(decision, _sealed_to(reader).label("sealed"))
    query = query.where(decision.c.position > after).order_by(decision.c.position).limit(limit)
    part = list[LinkedDecision | SealedDecision]()
    for row in await session.execute(query):
        link = Link(position=row.position, hash=row.hash)
        part.append(SealedDecision(link=link) if row.sealed else LinkedDecision(**dict(_decision(row)), link=link))
    return part


async def next_number(session: AsyncSession, work_item_id: UUID) -> int:
    """Lock the work item first."""
    query = select(func.count()).select_from(decision).where(decision.c.work_item_id == work_item_id)
    return int((await session.execute(query)).scalar_one()) + 1


async def passes(session: AsyncSession, review_id: UUID, but: UUID | None = None) -> list[tuple[Gate, str]]:
    """The passes of a review that stand: gate, and who decided. `but`: as if this decision had never been."""
    query = select(decision.c.gate, decision.c.decided_by).where(
        decision.c.review_id == review_id, decision.c.outcome == Outcome.PASS, _STANDS
    )
    if but is not None:
        query = query.where(decision.c.id != but)
    return [(Gate(row.gate), row.decided_by) for row in await session.execute(query)]


def passed_by(person: str) -> ColumnElement[bool]:
    """Of a review: this person has passed its open gate."""
    return exists().where(
        decision.c.review_id == review.c.id,
        decision.c.gate == review.c.gate,
        decision.c.outcome == Outcome.PASS,
        decision.c.decided_by == person,
        _STANDS,
    )


async def by_id(session: AsyncSession, decision_id: UUID) -> StoredDecision | None:
    row = (await session.execute(select(decision).where(decision.c.id == decision_id))).first()
    return StoredDecision(row.review_id, _decision(row)) if row else None


async def newest_standing(session: AsyncSession, work_item_id: UUID) -> UUID | None:
    """The work item's last decision that nothing took the place of."""
    query = select(decision.c.id).where(decision.c.work_item_id == work_item_id, _STANDS)
    return (await session.execute(query.order_by(decision.c.number.desc()).limit(1))).scalar()


async def add_untold(
    session: AsyncSession, event: DecisionRecorded, number: int, due_at: datetime, correlation_id: str
) -> None:
    await session.execute(
        insert(untold).values(
            decision_id=event.decision.id,
            work_item_id=event.decision.work_item_id,
            number=number,
            due_at=due_at,
            event=event.model_dump(mode="json"),
            correlation_id=correlation_id,
        )
    )


async def work_item_of_untold(session: AsyncSession, decision_id: UUID) -> UUID | None:
    query = select(untold.c.work_item_id).where(untold.c.decision_id == decision_id)
    return (await session.execute(query)).scalar()


async def untold_number(session: AsyncSession, decision_id: UUID) -> int | None:
    """Lock the work item first."""
    return (await session.execute(select(untold.c.number).where(untold.c.decision_id == decision_id))).scalar()


async def remove_untold(session: AsyncSession, decision_id: UUID, *, due_after: datetime) -> Any | None:
    """Its event. Lock the work item first. None: it was told, or is due."""
    query = delete(untold).where(untold.c.decision_id == decision_id, untold.c.due_at > due_after)
    return (await session.execute(query.returning(untold.c.event))).scalar()


async def take_untold(session: AsyncSession, work_item_id: UUID, up_to: int) -> list[tuple[int, Any, str]]:
    """Number, event and correlation id of what is to be told now, in order. Lock the work item first."""
    query = delete(untold).where(untold.c.work_item_id == work_item_id, untold.c.number <= up_to)
    rows = await session.execute(query.returning(untold.c.number, untold.c.event, untold.c.correlation_id))
    return sorted((row.number, row.event, row.correlation_id) for row in rows)


async def of_work_items(
    session: AsyncSession, reader: str, work_item_ids: Sequence[UUID]
) -> dict[UUID, list[RecordedDecision]]:
    """All of each that this person may see, oldest first."""
    found: dict[UUID, list[RecordedDecision]] = {work_item_id: [] for work_item_id in work_item_ids}
    query = select(decision).where(decision.c.work_item_id.in_(work_item_ids), ~_sealed_to(reader))
    for row in await session.execute(query.order_by(decision.c.number)):
        found[row.work_item_id].append(_decision(row))
    return found


async def of_reviews(session: AsyncSession, review_ids: Sequence[UUID]) -> dict[UUID, list[RecordedDecision]]:
    """Those of each review that stand, oldest first."""
    found: dict[UUID, list[RecordedDecision]] = {review_id: [] for review_id in review_ids}
    query = select(decision).where(decision.c.review_id.in_(review_ids), _STANDS).order_by(decision.c.number)
    for row in await session.execute(query):
        found[row.review_id].append(_decision(row))
    return found


async def page(
    session: AsyncSession,
    reader: str,
    work_item_id: UUID | None,
    after: UUID | None,
    limit: int,
    *,
    exceptions: bool = False,
) -> list[RecordedDecision]:
    """Those that this person may see, newest first. `exceptions`: only those that override an automatic fail."""
    query = select(decision).where(~_sealed_to(reader)).order_by(decision.c.id.desc()).limit(limit)
    if exceptions:
        query = query.where(decision.c.overrides.is_not(None), _STANDS)
    if work_item_id is not None:
        query = query.where(decision.c.work_item_id == work_item_id)
    if after is not None:
        query = query.where(decision.c.id < after)
    return [_decision(row) for row in await session.execute(query)]


def _sealed_to(reader: str) -> ColumnElement[bool]:
    """Another's decision at a gate that is still open, or would be again if a second one were taken back in its grace:
    whoever may be the next to decide there must not see it."""
    at_its_gate = (review.c.id == decision.c.review_id) & (review.c.gate == decision.c.gate)
    is_open = exists().where(at_its_gate, review.c.state == ReviewState.OPEN)
    second = (_newer.c.review_id == decision.c.review_id) & (_newer.c.gate == decision.c.gate)
    may_open = exists().where(untold.c.decision_id == _newer.c.id, second, _newer.c.decided_by != decision.c.decided_by)
    return (is_open | may_open) & (decision.c.decided_by != reader)


def _decision(row: Row[Any]) -> RecordedDecision:
    basis = {name: row._mapping[name] for name in Basis.model_fields} if row.measured is not None else None
    return RecordedDecision.model_validate({"basis": basis, **{name: row._mapping[name] for name in _FIELDS}})

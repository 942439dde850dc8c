"""SQL of leases: they are columns of the review.

Whoever changes one has locked its work item, as decisions do. A claim passes over what is locked at the moment, so it
waits for nobody; the others lock in the order of the work items' ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.values import Gate, WorkKind, WorkState
from services.qc.decisions.repository import passed_by
from services.qc.reviews.domain import Review, ReviewState
from services.qc.reviews.models import review
from services.qc.reviews.repository import URGENCY, review_of
from services.qc.work.models import work_item


@dataclass(frozen=True)
class Wanted:
    """Open reviews at these gates, and narrower; None: not by this."""

    gates: Sequence[Gate]
    sku: str | None = None
    kind: WorkKind | None = None
    work_item_ids: Sequence[UUID] | None = None


async def take(session: AsyncSession, wanted: Wanted, person: str, at: datetime, most: int) -> list[Review]:
    """The most urgent ones that this person may decide on and nobody holds, locked. Of those that are named also what
    they hold themselves."""
    free = or_(review.c.lease_until.is_(None), review.c.lease_until <= at)
    if wanted.work_item_ids is not None:
        free = or_(free, review.c.claimed_by == person)
    query = (
        select(review)
        .join(work_item, work_item.c.id == review.c.work_item_id)
        .where(*_fits(wanted), _may_decide(person), free)
        .order_by(*URGENCY)
        .limit(most)
        .with_for_update(of=[work_item, review], skip_locked=True)
    )
    return [review_of(row) for row in await session.execute(query)]


async def waiting(session: AsyncSession, wanted: Wanted, person: str) -> tuple[int, int]:
    """How many are open there, and on how many of them this person may decide, whoever holds them."""
    query = (
        select(func.count(), func.count().filter(_may_decide(person)))
        .select_from(review.join(work_item, work_item.c.id == review.c.work_item_id))
        .where(*_fits(wanted))
    )
    row = (await session.execute(query)).one()
    return int(row[0]), int(row[1])


async def passed_among(session: AsyncSession, review_ids: Sequence[UUID], person: str) -> set[UUID]:
    """Those whose open gate this person has passed."""
    query = select(review.c.id).where(review.c.id.in_(review_ids), passed_by(person))
    return set((await session.execute(query)).scalars())


async def hold(session: AsyncSession, leases: Sequence[tuple[UUID, UUID]], person: str, until: datetime) -> None:
    """Pairs of review and lease. They are locked."""
    await session.execute(
        text(
            "UPDATE review SET lease_id = made.lease_id, claimed_by = :person, lease_until = :until"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:lease_ids AS uuid[])) AS made (id, lease_id)"
            " WHERE review.id = made.id"
        ),
        {"ids": [one for one, _ in leases], "lease_ids": [one for _, one in leases], "person": person, "until": until},
    )


async def running(session: AsyncSession, lease_ids: Sequence[UUID], person: str, at: datetime) -> list[Review]:
    """What this person holds by these leases, locked."""
    held = (
        review.c.lease_id.in_(lease_ids),
        review.c.claimed_by == person,
        review.c.lease_until > at,
    )
    of_these = select(review.c.work_item_id).where(*held)
    lock = select(work_item.c.id).where(work_item.c.id.in_(of_these)).order_by(work_item.c.id).with_for_update()
    await session.execute(lock)
    return [review_of(row) for row in await session.execute(select(review).where(*held).order_by(review.c.id))]


async def release(session: AsyncSession, review_ids: Sequence[UUID]) -> None:
    """They are locked."""
    await session.execute(
        text(
            "UPDATE review SET lease_id = NULL, claimed_by = NULL, lease_until = NULL"
            " WHERE id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"ids": list(review_ids)},
    )


def _fits(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [review.c.state == ReviewState.OPEN, review.c.gate.in_(wanted.gates)]
    if wanted.sku is not None:
        found.append(review.c.sku == wanted.sku)
    if wanted.kind is not None:
        found.append(review.c.kind == wanted.kind)
    if wanted.work_item_ids is not None:
        found.append(review.c.work_item_id.in_(wanted.work_item_ids))
    return found


def _may_decide(person: str) -> ColumnElement[bool]:
    """Not what they delivered, nor what they have passed, nor blocked work."""
    return and_(
        review.c.version["delivered_by"].astext != person,
        work_item.c.work["state"].astext != WorkState.BLOCKED,
        ~passed_by(person),
    )

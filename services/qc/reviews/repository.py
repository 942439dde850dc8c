"""SQL of reviews."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Row, Select, case, cast, false, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.values import Gate, MeasurementOutcome, Risk, WorkItem, WorkKind
from services.qc.inspections.models import inspection
from services.qc.reviews.domain import Lease, Review, ReviewState, Standing
from services.qc.reviews.models import review
from services.qc.work.models import work_item


@dataclass(frozen=True)
class ReviewFilter:
    """What a list is narrowed to; None: not by this. `at`: the moment for which `claimed` and `claimed_by` are
    asked."""

    gate: Gate | None = None
    state: ReviewState | None = None
    kind: WorkKind | None = None
    sku: str | None = None
    work_item_id: UUID | None = None
    gates: Sequence[Gate] | None = None
    risk: Risk | None = None
    opened_before: datetime | None = None
    claimed_by: str | None = None
    claimed: bool | None = None
    at: datetime | None = None


class Order(StrEnum):
    OLDEST = "oldest"  # what was opened first
    URGENT = "urgent"  # what is most at risk, then what is due first, then what was opened first


@dataclass(frozen=True)
class Listed:
    """A review with what a list shows beside it."""

    review: Review
    work: WorkItem
    measured: MeasurementOutcome


async def add(session: AsyncSession, new: Review) -> None:
    await session.execute(
        insert(review).values(
            id=new.id,
            work_item_id=new.work_item_id,
            version_id=new.version.id,
            round=new.version.round,
            kind=new.version.kind,
            sku=new.version.sku,
            version=new.version.model_dump(mode="json"),
            checklist_version=new.checklist_version,
            composition=new.composition,
            opened_at=new.opened_at,
            **_standing(new.standing, new.closed_at),
        )
    )


async def move(session: AsyncSession, review_id: UUID, standing: Standing, closed_at: datetime | None) -> None:
    await session.execute(update(review).where(review.c.id == review_id).values(**_standing(standing, closed_at)))


async def newest(session: AsyncSession, work_item_id: UUID) -> Review | None:
    """The review of the work item's last round. Lock the work item first to change it."""
    query = select(review).where(review.c.work_item_id == work_item_id).order_by(review.c.round.desc()).limit(1)
    row = (await session.execute(query)).first()
    return review_of(row) if row else None


async def newest_of(session: AsyncSession, work_item_ids: Sequence[UUID]) -> dict[UUID, Review]:
    """Work item → the review of its last round."""
    query = select(review).where(review.c.work_item_id.in_(work_item_ids)).ext(distinct_on(review.c.work_item_id))
    rows = await session.execute(query.order_by(review.c.work_item_id, review.c.round.desc()))
    return {row.work_item_id: review_of(row) for row in rows}


async def open_ones(session: AsyncSession, work_item_id: UUID) -> list[Review]:
    rows = await session.execute(
        select(review).where(review.c.work_item_id == work_item_id, review.c.state == ReviewState.OPEN)
    )
    return [review_of(row) for row in rows]


async def page(
    session: AsyncSession, by: ReviewFilter, after: UUID | None, limit: int, order: Order = Order.OLDEST
) -> list[Listed]:
    """What has waited longest, or is most urgent, first. `after`: behind where this review stands now."""
    query: Select[Any] = (
        select(review, work_item.c.work, inspection.c.outcome)
        .join(work_item, work_item.c.id == review.c.work_item_id)
        .join(inspection, inspection.c.version_id == review.c.version_id)
        .where(*_conditions(by))
        .limit(limit)
    )
    keys: tuple[ColumnElement[Any], ...] = (review.c.id,) if order is Order.OLDEST else URGENCY
    if after is not None:
        at = select(*keys).join(work_item, work_item.c.id == review.c.work_item_id).where(review.c.id == after)
        if (key := (await session.execute(at)).first()) is None:
            return []
        query = query.where(tuple_(*keys) > tuple_(*key))
    rows: Sequence[Row[Any]] = (await session.execute(query.order_by(*keys))).all()
    return [Listed(review_of(row), WorkItem.model_validate(row.work), MeasurementOutcome(row.outcome)) for row in rows]


_RISKS = (Risk.BREACHED, Risk.AT_RISK, Risk.ON_TIME)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_risk = work_item.c.work["risk"].astext
URGENCY = (
    case(*((_risk == risk, rank) for rank, risk in enumerate(_RISKS)), else_=len(_RISKS)),
    func.coalesce(cast(work_item.c.work["due_at"].astext, DateTime(timezone=True)), _NEVER),
    review.c.id,
)
"""What a list in the order `urgent` is sorted by: risk, due time, age. Joined with `work_item`."""


def _conditions(by: ReviewFilter) -> list[ColumnElement[bool]]:
    equal = ("gate", "state", "kind", "sku", "work_item_id")
    found = [review.c[name] == value for name in equal if (value := getattr(by, name)) is not None]
    if by.gates is not None:
        found.append(review.c.gate.in_(by.gates))
    if by.gate is not None or by.gates is not None:  # as the index wants to hear it
        found.append(review.c.state == ReviewState.OPEN)
    if by.risk is not None:
        found.append(_risk == by.risk)
    if by.opened_before is not None:
        found.append(review.c.opened_at < by.opened_before)
    if by.claimed is not None:
        held = func.coalesce(review.c.lease_until > by.at, false())
        found.append(held if by.claimed else ~held)
    if by.claimed_by is not None:
        found += [review.c.claimed_by == by.claimed_by, review.c.lease_until > by.at]
    return found


def _standing(standing: Standing, closed_at: datetime | None) -> dict[str, Any]:
    """Whoever held it where it stood before holds it no more."""
    return {
        "state": standing.state,
        "gate": standing.gate,
        "passes": standing.passes,
        "closed_at": closed_at,
        **dict.fromkeys(("lease_id", "claimed_by", "lease_until")),
    }


def review_of(row: Row[Any]) -> Review:
    return Review(
        id=row.id,
        work_item_id=row.work_item_id,
        version=Version.model_validate(row.version),
        checklist_version=row.checklist_version,
        standing=Standing(ReviewState(row.state), Gate(row.gate) if row.gate else None, row.passes),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        composition=None if row.composition is None else {Gate(gate): ids for gate, ids in row.composition.items()},
        lease=Lease(row.lease_id, row.claimed_by, row.lease_until) if row.lease_id else None,
    )

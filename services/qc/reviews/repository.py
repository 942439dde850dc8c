"""SQL of reviews."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.values import Gate, MeasurementOutcome, WorkItem, WorkKind
from services.qc.inspections.models import inspection
from services.qc.reviews.domain import Review, ReviewState, Standing
from services.qc.reviews.models import review
from services.qc.work.models import work_item


@dataclass(frozen=True)
class ReviewFilter:
    """What a list is narrowed to; None: not by this."""

    gate: Gate | None = None
    state: ReviewState | None = None
    kind: WorkKind | None = None
    sku: str | None = None
    work_item_id: UUID | None = None


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
    return _review(row) if row else None


async def open_ones(session: AsyncSession, work_item_id: UUID) -> list[Review]:
    rows = await session.execute(
        select(review).where(review.c.work_item_id == work_item_id, review.c.state == ReviewState.OPEN)
    )
    return [_review(row) for row in rows]


async def page(session: AsyncSession, by: ReviewFilter, after: UUID | None, limit: int) -> list[Listed]:
    """Oldest first: what has waited longest is looked at first."""
    query: Select[Any] = (
        select(review, work_item.c.work, inspection.c.outcome)
        .join(work_item, work_item.c.id == review.c.work_item_id)
        .join(inspection, inspection.c.version_id == review.c.version_id)
        .order_by(review.c.id)
        .limit(limit)
    )
    for name in ("gate", "state", "kind", "sku", "work_item_id"):
        if (value := getattr(by, name)) is not None:
            query = query.where(review.c[name] == value)
    if by.gate is not None:  # as the index wants to hear it
        query = query.where(review.c.state == ReviewState.OPEN)
    if after is not None:
        query = query.where(review.c.id > after)
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return [Listed(_review(row), WorkItem.model_validate(row.work), MeasurementOutcome(row.outcome)) for row in rows]


def _standing(standing: Standing, closed_at: datetime | None) -> dict[str, Any]:
    return {"state": standing.state, "gate": standing.gate, "passes": standing.passes, "closed_at": closed_at}


def _review(row: Row[Any]) -> Review:
    return Review(
        id=row.id,
        work_item_id=row.work_item_id,
        version=Version.model_validate(row.version),
        checklist_version=row.checklist_version,
        standing=Standing(ReviewState(row.state), Gate(row.gate) if row.gate else None, row.passes),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )

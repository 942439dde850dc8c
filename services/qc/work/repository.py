"""SQL of the work items' copy."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.values import WorkItem
from services.qc.work.models import work_item

_INSERT_NEW = text(
    "INSERT INTO work_item (id, version, work)"
    " SELECT id, 1, work FROM unnest(CAST(:ids AS uuid[]), CAST(:works AS jsonb[])) AS made (id, work)"
    " ON CONFLICT DO NOTHING"
)


async def keep(session: AsyncSession, work: WorkItem, version: int) -> bool:
    """Store a state, unless a newer one is there: then False."""
    new = insert(work_item).values(id=work.id, version=version, work=work.model_dump(mode="json"))
    kept = await session.execute(
        new.on_conflict_do_update(
            index_elements=[work_item.c.id],
            set_={"version": new.excluded.version, "work": new.excluded.work},
            where=work_item.c.version < new.excluded.version,
        ).returning(work_item.c.id)
    )
    return kept.first() is not None


async def keep_new(session: AsyncSession, items: Sequence[WorkItem]) -> None:
    """Store items that were just made: any state that is there already is as new or newer."""
    values = {"ids": [work.id for work in items], "works": [work.model_dump_json() for work in items]}
    await session.execute(_INSERT_NEW, values)


async def load(session: AsyncSession, work_item_id: UUID, *, lock: bool = False) -> WorkItem | None:
    """`lock`: hold it until the transaction ends, so that nothing else changes its reviews."""
    query = select(work_item.c.work).where(work_item.c.id == work_item_id)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    return WorkItem.model_validate(row.work) if row else None


async def load_many(session: AsyncSession, work_item_ids: Sequence[UUID]) -> dict[UUID, WorkItem]:
    """Those that are known."""
    rows = await session.execute(select(work_item.c.id, work_item.c.work).where(work_item.c.id.in_(work_item_ids)))
    return {row.id: WorkItem.model_validate(row.work) for row in rows}

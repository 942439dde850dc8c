"""SQL of evidence: it is added and read, never changed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.qc.evidence.domain import Kept
from services.qc.evidence.models import evidence
from services.qc.inspections.models import inspection


async def add(session: AsyncSession, inspection_id: UUID, kept: Sequence[Kept]) -> None:
    if kept:
        rows = [{"inspection_id": inspection_id, **one.model_dump(mode="json")} for one in kept]
        await session.execute(insert(evidence).values(rows))


async def of_inspections(session: AsyncSession, inspection_ids: Sequence[UUID]) -> dict[UUID, list[Kept]]:
    """Inspection → its overlays, in the order of their checks."""
    found: dict[UUID, list[Kept]] = {one: [] for one in inspection_ids}
    query = select(evidence).where(evidence.c.inspection_id.in_(inspection_ids)).order_by(evidence.c.check)
    for row in await session.execute(query):
        found[row.inspection_id].append(_kept(row._mapping))
    return found


async def of_check(session: AsyncSession, version_id: UUID, check: str) -> Kept | None:
    query = (
        select(evidence)
        .join(inspection, inspection.c.id == evidence.c.inspection_id)
        .where(inspection.c.version_id == version_id, evidence.c.check == check)
    )
    row = (await session.execute(query)).first()
    return None if row is None else _kept(row._mapping)


def _kept(row: RowMapping) -> Kept:
    return Kept.model_validate({name: row[name] for name in Kept.model_fields})

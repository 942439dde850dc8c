"""SQL of inspections: they are added and read, never changed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.qc.evidence.domain import Kept
from services.qc.evidence.repository import of_inspections as evidence_of_inspections
from services.qc.evidence.schemas import shown as shown_at
from services.qc.inspections.models import inspection, measurement
from services.qc.inspections.schemas import Inspection

_JSON = {"spec", "engine", "compared_with", "subject_cells"}


async def add(session: AsyncSession, new: Inspection, key: str | None = None) -> None:
    """`key`: what another version must share to have the same results; None where nothing could be measured."""
    row = new.model_dump(exclude={"measurements", "evidence", *_JSON})
    content = new.model_dump(mode="json", include=_JSON)
    await session.execute(insert(inspection).values(**row, **content, key=key))
    await session.execute(
        insert(measurement).values(
            [
                {
                    "inspection_id": new.id,
                    "check": one.check,
                    "gate": one.gate,
                    "outcome": one.outcome,
                    "value": one.value,
                    "measured": one.model_dump(mode="json"),
                }
                for one in new.measurements
            ]
        )
    )


async def of_version(session: AsyncSession, version_id: UUID) -> Inspection | None:
    return await _one(session, inspection.c.version_id == version_id)


async def of_versions(session: AsyncSession, version_ids: Sequence[UUID]) -> dict[UUID, Inspection]:
    """Version → its inspection."""
    rows = (await session.execute(select(inspection).where(inspection.c.version_id.in_(version_ids)))).all()
    measured: dict[UUID, list[Any]] = {row.id: [] for row in rows}
    query = select(measurement).order_by(measurement.c.check)
    for one in await session.execute(query.where(measurement.c.inspection_id.in_(measured))):
        measured[one.inspection_id].append(_measurement(one))
    shown = await evidence_of_inspections(session, list(measured))
    return {row.version_id: _inspection(row, measured[row.id], shown[row.id]) for row in rows}


async def of_key(session: AsyncSession, key: str) -> Inspection | None:
    """The first that was measured under this key."""
    return await _one(session, (inspection.c.key == key) & inspection.c.measured_as.is_(None))


async def _one(session: AsyncSession, which: ColumnElement[bool]) -> Inspection | None:
    row = (await session.execute(select(inspection).where(which).order_by(inspection.c.id).limit(1))).first()
    if row is None:
        return None
    query = select(measurement).where(measurement.c.inspection_id == row.id).order_by(measurement.c.check)
    measured = [_measurement(one) for one in await session.execute(query)]
    shown = await evidence_of_inspections(session, [row.id])
    return _inspection(row, measured, shown[row.id])


def _measurement(row: Row[Any]) -> dict[str, Any]:
    """What has a column of its own is read from there, so that nothing is kept that the chain of decisions doesn't
    cover."""
    return {**row.measured, **{name: row._mapping[name] for name in ("check", "gate", "outcome", "value")}}


def _inspection(row: Row[Any], measured: list[Any], kept: Sequence[Kept]) -> Inspection:
    evidence = [shown_at(row.version_id, one) for one in kept]
    return Inspection.model_validate({**row._mapping, "measurements": measured, "evidence": evidence})

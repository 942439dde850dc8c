"""SQL of inspections: they are added and read, never changed."""

from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.qc.inspections.models import inspection, measurement
from services.qc.inspections.schemas import Inspection


async def add(session: AsyncSession, new: Inspection) -> None:
    row = new.model_dump(exclude={"spec", "measurements"})
    await session.execute(insert(inspection).values(**row, spec=new.spec.model_dump(mode="json")))
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
    row = (await session.execute(select(inspection).where(inspection.c.version_id == version_id))).first()
    if row is None:
        return None
    measured = await session.execute(
        select(measurement.c.measured).where(measurement.c.inspection_id == row.id).order_by(measurement.c.check)
    )
    return Inspection.model_validate({**row._mapping, "measurements": list(measured.scalars())})

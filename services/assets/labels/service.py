"""What a file that is handed in declares, held to what is on record."""

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.values import DigitalSourceType
from services.assets.labels.domain import LabelRecord, contradiction, remedy_of
from services.assets.labels.errors import ContradictsRecord
from services.assets.versions import repository as versions_repository
from services.assets.work.domain import WorkCopy


async def declared_record(session: AsyncSession, item: WorkCopy, declared: DigitalSourceType | None) -> LabelRecord:
    """What a version of the item says; a variant what its master says. Raises `ContradictsRecord`."""
    if item.parent_id is not None:
        master = await versions_repository.final_of_work(session, item.parent_id)
        inherited = master.digital_source_type if master else None
        if declared is not None and inherited is not None and declared is not inherited:
            differs = f"its master is on record as {inherited}, and the file is declared as {declared}"
            raise ContradictsRecord(differs, f"Declare {inherited}, or nothing.")
        if declared is None and master is not None:
            return LabelRecord(inherited)
    if cause := contradiction(declared, ai=item.ai):
        raise ContradictsRecord(cause, remedy_of(ai=item.ai))
    return LabelRecord(declared)

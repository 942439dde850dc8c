"""What a file that is handed in declares, held to what is on record."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.values import DigitalSourceType
from services.assets.deliveries.schemas import NamedFile
from services.assets.labels.domain import LabelRecord, contradiction, remedy_of
from services.assets.labels.errors import ContradictsRecord
from services.assets.versions import repository as versions_repository
from services.assets.work.domain import Slot, WorkCopy


async def labels_of(
    session: AsyncSession, files: Sequence[NamedFile], items: Collection[WorkCopy]
) -> dict[tuple[UUID, DigitalSourceType | None], LabelRecord | str]:
    """Of a delivery's files: work item and what a file for it declares → what its version says then, or why that
    contradicts the record."""
    masters = await versions_repository.finals_of_work(session, {item.parent_id for item in items if item.parent_id})
    of_slot = defaultdict[Slot, list[WorkCopy]](list)
    for item in items:
        of_slot[item.slot].append(item)
    found = dict[tuple[UUID, DigitalSourceType | None], LabelRecord | str]()
    for file in files:
        for item in of_slot[file.slot]:
            key = (item.id, file.digital_source_type)
            if key not in found:
                master = masters.get(item.parent_id) if item.parent_id else None
                try:
                    found[key] = _record(item, master, file.digital_source_type)
                except ContradictsRecord as problem:
                    found[key] = problem.reason
    return found


async def declared_record(session: AsyncSession, item: WorkCopy, declared: DigitalSourceType | None) -> LabelRecord:
    """What a version of the item says; a variant what its master says. Raises `ContradictsRecord`."""
    master = await versions_repository.final_of_work(session, item.parent_id) if item.parent_id else None
    return _record(item, master, declared)


def _record(item: WorkCopy, master: Version | None, declared: DigitalSourceType | None) -> LabelRecord:
    if item.parent_id is not None:
        inherited = master.digital_source_type if master else None
        if declared is not None and inherited is not None and declared is not inherited:
            differs = f"its master is on record as {inherited}, and the file is declared as {declared}"
            raise ContradictsRecord(differs, f"Declare {inherited}, or nothing.")
        if declared is None and master is not None:
            return LabelRecord(inherited)
    if cause := contradiction(declared, ai=item.ai):
        raise ContradictsRecord(cause, remedy_of(ai=item.ai))
    return LabelRecord(declared)

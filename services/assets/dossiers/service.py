"""The dossier of a final, put together and signed."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from contracts.assets import Version
from contracts.qc import DecisionRecorded, InspectionCompleted
from contracts.values import Request, WorkItem, Zone
from services.assets.dossiers import repository
from services.assets.dossiers.domain import file_record
from services.assets.dossiers.errors import NotAllHere, NotFinal
from services.assets.dossiers.schemas import Dossier, FileRecord
from services.assets.dossiers.signing import DossierKey
from services.assets.rights.service import ask
from services.assets.versions import repository as versions_repository
from services.assets.versions.repository import Filter
from services.assets.versions.service import get_version
from services.assets.work import repository as work_repository

MOST_ROUNDS = 1000  # far more than work has


async def signed_dossier(session: AsyncSession, version_id: UUID, key: DossierKey) -> dict[str, Any]:
    """Of what is known now. Raises `NotFound`, `NotFinal`, and `NotAllHere` while another service's word is missing."""
    return key.sign(await make_dossier(session, version_id))


async def make_dossier(session: AsyncSession, version_id: UUID) -> Dossier:
    version = await get_version(session, version_id)
    if version.zone is not Zone.FINAL:
        raise NotFinal(f"It is in the zone {version.zone}: only an approved final has a dossier.", zone=version.zone)
    item = await work_repository.find(session, version.work_item_id)
    assert item is not None
    missing: list[str] = []
    final = await _record(session, version, missing)
    master = None
    if version.master_id is not None:
        master = await _record(session, await get_version(session, version.master_id), missing)
    request = (await repository.find(session, "request", [item.request_id])).get(item.request_id)
    if request is None:
        missing.append("its request")
    if missing or final is None or request is None:
        raise NotAllHere(f"Other services' news of it are still on their way: {', '.join(missing)}.")
    rights = await ask(session, version, None, [], None, None)
    return Dossier(issued_at=now(), final=final, master=master, request=Request.model_validate(request), rights=rights)


async def _record(session: AsyncSession, version: Version, missing: list[str]) -> FileRecord | None:
    """None where something of it isn't here; `missing` is told what."""
    item = version.work_item_id
    work = (await repository.find(session, "work", [item])).get(item)
    inspection = (await repository.find(session, "inspection", [version.id])).get(version.id)
    record, lacks = file_record(
        version,
        WorkItem.model_validate(work) if work else None,
        (await versions_repository.page(session, Filter(work_item_id=item), None, MOST_ROUNDS))[::-1],
        InspectionCompleted.model_validate(inspection) if inspection else None,
        [DecisionRecorded.model_validate(one) for one in await repository.decisions_of(session, item)],
    )
    missing += [f"{lack} (version {version.id})" for lack in lacks]
    return record

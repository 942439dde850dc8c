"""Versions: taken in, found, and moved to the zone that their work item's status says."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.problems import NotFound
from contracts.assets import ChannelPack, Version, VersionMoved, VersionStored
from contracts.values import VersionSource, WorkState, Zone
from services.assets.channels.service import pack_of_variant
from services.assets.labels.domain import UNLABELLED, LabelRecord
from services.assets.store.store import StoredFile
from services.assets.versions import repository
from services.assets.versions.domain import asset_of, check_may_upload, check_still_open, zone_for
from services.assets.versions.errors import AlreadyDelivered
from services.assets.work import repository as work_repository
from services.assets.work.domain import WorkCopy


async def register(
    session: AsyncSession,
    item: WorkCopy,
    stored: StoredFile,
    *,
    filename: str,
    source: VersionSource,
    delivered_by: str,
    channel_pack: ChannelPack | None = None,
    master_id: UUID | None = None,
    labels: LabelRecord = UNLABELLED,
) -> Version:
    """A stored file becomes the version of the item's round. The item is locked by the caller. A variant is held to the
    pack that rendered it, or that its first file was held to.

    Raises `AlreadyDelivered`.
    """
    if channel_pack is None and item.channel is not None:
        channel_pack = await pack_of_variant(session, item.id, item.channel)
    version = Version(
        id=new_id(),
        asset_id=asset_of(item.id),
        work_item_id=item.id,
        kind=item.kind,
        sku=item.sku,
        colorway=item.colorway,
        view=item.view,
        channel=item.channel,
        number=await repository.count_of(session, item.id) + 1,
        round=item.round,
        sha256=stored.sha256,
        bytes=stored.bytes,
        media_type=stored.media_type,
        filename=filename,
        location=stored.location,
        zone=Zone.WIP,
        source=source,
        delivered_by=delivered_by,
        channel_pack=channel_pack.version if channel_pack else None,
        master_id=master_id,
        stored_at=now(),
        digital_source_type=labels.digital_source_type,
        c2pa_manifest=labels.c2pa_manifest,
    )
    if not await repository.insert_version(session, version):
        delivered = await repository.of_round(session, item.id, item.round)
        assert delivered is not None
        raise AlreadyDelivered(delivered)
    await record(session, Happened(VersionStored(version=version), version.id, 1))
    return version


async def may_upload(session: AsyncSession, work_item_id: UUID, caller: str) -> WorkCopy:
    """The item, when the caller holds it and its round has no version yet. Raises what stands against it."""
    item = await work_repository.find(session, work_item_id)
    delivered = await repository.of_round(session, item.id, item.round) if item else None
    return check_may_upload(item, delivered, caller)


async def still_open(session: AsyncSession, begun: WorkCopy, caller: str, *, lock: bool) -> WorkCopy:
    """The same item after its file has come. Raises what stands against it now."""
    item = await work_repository.find(session, begun.id, lock=lock)
    if delivered := await repository.of_round(session, begun.id, begun.round):
        raise AlreadyDelivered(delivered)
    return check_still_open(item, begun, caller)


async def move_versions(session: AsyncSession, work_item_id: UUID, state: WorkState, work_round: int) -> None:
    """To the zones that follow from the work item's state and round. The item is locked by the caller."""
    if work_round == 0 and state not in (WorkState.APPROVED, WorkState.CANCELLED):
        return  # all are where they were put
    moved = []
    for version, change in await repository.of_work(session, work_item_id):
        zone = zone_for(version.round, state, work_round)
        if zone is not version.zone:
            await repository.move(session, version.id, zone, change + 1)
            now_there = version.model_copy(update={"zone": zone})
            moved.append(Happened(VersionMoved(version=now_there, left=version.zone), version.id, change + 1))
    await record(session, *moved)


async def get_version(session: AsyncSession, version_id: UUID) -> Version:
    found = await repository.find(session, version_id)
    if found is None:
        raise NotFound("There is no version with this id.")
    return found

"""Versions: taken in, and found."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.problems import NotFound
from contracts.assets import ChannelPack, Version, VersionStored
from contracts.values import VersionSource
from services.assets.channels.service import pack_of_variant
from services.assets.history import repository as history
from services.assets.labels.domain import UNLABELLED, LabelRecord
from services.assets.lineage.parents import parents_of
from services.assets.naming.service import export_name
from services.assets.store.store import StoredFile
from services.assets.upkeep.ledger import hold
from services.assets.versions import repository
from services.assets.versions.domain import asset_of, check_may_upload, check_still_open
from services.assets.versions.errors import AlreadyDelivered
from services.assets.work import repository as work_repository
from services.assets.work.domain import WorkCopy
from services.assets.zones.domain import Held, first_zone


async def register(
    session: AsyncSession,
    item: WorkCopy,
    stored: StoredFile,
    *,
    filename: str | None = None,
    source: VersionSource,
    delivered_by: str,
    channel_pack: ChannelPack | None = None,
    master_id: UUID | None = None,
    parents: Sequence[UUID] = (),
    labels: LabelRecord = UNLABELLED,
) -> Version:
    """A stored file becomes the version of the item's round. The item is locked by the caller. A variant is held to the
    pack that rendered it, or that its first file was held to. Without a `filename` it is named as the packs say.
    `parents`: versions that it was made from besides the one before it and its master.

    Raises `AlreadyDelivered`, `BeingCleared`, and `WrongName` where a naming pack refuses its name.
    """
    await hold(session, stored)
    if channel_pack is None and item.channel is not None:
        channel_pack = await pack_of_variant(session, item.id, item.channel)
    number = await repository.count_of(session, item.id) + 1
    right_name = await export_name(session, item, filename, stored.media_type, channel_pack, number)
    filename = filename or right_name
    version = Version(
        id=new_id(),
        asset_id=asset_of(item.id),
        work_item_id=item.id,
        kind=item.kind,
        sku=item.sku,
        colorway=item.colorway,
        view=item.view,
        channel=item.channel,
        number=number,
        round=item.round,
        sha256=stored.sha256,
        bytes=stored.bytes,
        media_type=stored.media_type,
        filename=filename,
        location=stored.location,
        zone=first_zone(item),
        source=source,
        delivered_by=delivered_by,
        channel_pack=channel_pack.version if channel_pack else None,
        master_id=master_id,
        stored_at=now(),
        parents=await parents_of(session, item, master_id, parents),
        step=item.step,
        export_name=right_name,
        digital_source_type=labels.digital_source_type,
        c2pa_manifest=labels.c2pa_manifest,
    )
    if not await repository.insert_version(session, version):
        delivered = await repository.of_round(session, item.id, item.round)
        assert delivered is not None
        raise AlreadyDelivered(delivered)
    await record(session, Happened(VersionStored(version=version), version.id, 1))
    said = {"source": source, "filename": filename, "number": version.number, "round": version.round}
    await history.note(session, version.id, "stored", by=delivered_by, details=said)
    return version


async def require_right_name(session: AsyncSession, item: WorkCopy, filename: str, media_type: str) -> None:
    """Raises `WrongName` where a naming pack refuses this name for the item's next file."""
    await export_name(session, item, filename, media_type)


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


async def get_version(session: AsyncSession, version_id: UUID) -> Version:
    found = await repository.find(session, version_id)
    if found is None:
        raise NotFound("There is no version with this id.")
    return found


async def get_held(session: AsyncSession, version_id: UUID) -> Held:
    """With what decides its zone."""
    found = await repository.find_held(session, version_id)
    if found is None:
        raise NotFound("There is no version with this id.")
    return found

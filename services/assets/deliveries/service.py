"""A vendor's delivery: each file accepted or quarantined, in one transaction."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.events import Happened, record
from chassis.ids import new_id
from contracts.assets import DeliveredFile, DeliveryReceived
from contracts.values import VersionSource
from services.assets.deliveries import repository
from services.assets.deliveries.domain import Judgement, judge_all
from services.assets.deliveries.errors import WebhookIdUsed
from services.assets.deliveries.schemas import Delivery, NamedFile, UploadedFile
from services.assets.labels.errors import ContradictsRecord
from services.assets.labels.service import declared_record
from services.assets.store.store import StoredFile, content_key
from services.assets.versions import repository as versions_repository
from services.assets.versions.domain import shown_name
from services.assets.versions.service import register
from services.assets.work import repository as work_repository


async def find_again(session: AsyncSession, vendor: str, webhook_id: str, body_sha256: str) -> Delivery | None:
    """The delivery that this id was used for. Raises `WebhookIdUsed` when that had another body."""
    found = await repository.find_delivery(session, vendor, webhook_id)
    if found is None:
        return None
    if found[1] != body_sha256:
        raise WebhookIdUsed
    return found[0]


async def judge(
    session: AsyncSession, vendor: str, files: Sequence[NamedFile], *, lock: bool
) -> tuple[list[Judgement], dict[str, UploadedFile]]:
    """What would become of each file now, and the vendor's uploaded files by hash."""
    items = await work_repository.of_slots(session, {file.slot for file in files}, lock=lock)
    delivered = await versions_repository.delivered_rounds(session, [item.id for item in items])
    uploaded = await repository.uploaded_files(session, vendor, {file.sha256 for file in files})
    return judge_all(files, uploaded, items, delivered, vendor), uploaded


async def take_in(
    session: AsyncSession, vendor: str, webhook_id: str, body_sha256: str, files: Sequence[NamedFile]
) -> Delivery | None:
    """Decide on every file, once and for all. None when this id was taken meanwhile."""
    delivery = Delivery(id=new_id(), vendor=vendor, webhook_id=webhook_id, files=[], received_at=now())
    if not await repository.begin_delivery(session, delivery, body_sha256):
        return None
    judgements, uploaded = await judge(session, vendor, files, lock=True)
    for file, judgement in zip(files, judgements, strict=True):
        delivery.files.append(await _outcome(session, vendor, file, judgement, uploaded))
    await repository.finish_delivery(session, delivery.id, delivery.files)
    await record(session, Happened(DeliveryReceived(**dict(delivery)), delivery.id, 1))
    return delivery


async def _outcome(
    session: AsyncSession, vendor: str, file: NamedFile, judgement: Judgement, uploaded: dict[str, UploadedFile]
) -> DeliveredFile:
    said = {"filename": shown_name(file.filename), "sha256": file.sha256}
    if judgement.item is None:
        return DeliveredFile(**said, accepted=False, version_id=None, work_item_id=None, reasons=judgement.reasons)
    try:
        labels = await declared_record(session, judgement.item, file.digital_source_type)
    except ContradictsRecord as problem:
        return DeliveredFile(**said, accepted=False, version_id=None, work_item_id=None, reasons=[problem.reason])
    found = uploaded[file.sha256]
    assert found.media_type is not None
    version = await register(
        session,
        judgement.item,
        StoredFile(content_key(found.sha256), found.sha256, found.bytes, found.media_type),
        filename=file.filename,
        source=VersionSource.VENDOR,
        delivered_by=vendor,
        labels=labels,
    )
    return DeliveredFile(**said, accepted=True, version_id=version.id, work_item_id=version.work_item_id, reasons=[])

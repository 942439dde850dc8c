"""A vendor's delivery: each file accepted or quarantined, at once or when it has been fetched."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.problems import NotFound
from chassis.timers import Timer, drop_timers, set_timer, set_timers
from contracts.assets import DeliveredFile, DeliveryReceived, FileState
from contracts.values import VersionSource
from services.assets.deliveries import repository
from services.assets.deliveries.domain import VENDOR_INACTIVE, Code, Judgement, Reason, judge_all, next_fetch
from services.assets.deliveries.errors import WebhookIdUsed
from services.assets.deliveries.schemas import Delivery, DeliveryNote, NamedFile, UploadedFile
from services.assets.labels.service import labels_of
from services.assets.naming.service import refused_names
from services.assets.outbound import service as outbound
from services.assets.store.store import StoredFile, content_key
from services.assets.vendors import repository as vendors
from services.assets.vendors.service import owner_of_callback
from services.assets.versions import repository as versions_repository
from services.assets.versions.domain import shown_name
from services.assets.versions.ranges import KeptFile
from services.assets.versions.service import register
from services.assets.work import repository as work_repository

UNKNOWN_TYPE = "application/octet-stream"

FETCH = "fetch delivered file"
"""The kind of the timers; their keys are `<vendor>/<delivery>/<position>`."""

DECIDED = "delivery.decided"
"""The type of the webhook that tells a vendor what became of its delivery."""


async def find_again(session: AsyncSession, vendor: str, webhook_id: str, body_sha256: str) -> Delivery | None:
    """The delivery that this id was used for, as it stands. Raises `WebhookIdUsed` when that had another body."""
    found = await repository.find_delivery(session, vendor, webhook_id)
    if found is None:
        return None
    if found[1] != body_sha256:
        raise WebhookIdUsed
    await repository.note_repeat(session, found[0].id)
    return found[0]


async def get_delivery(session: AsyncSession, delivery_id: UUID) -> Delivery:
    found = await repository.read_delivery(session, delivery_id)
    if found is None:
        raise NotFound("There is no delivery with this id.")
    return found


async def bytes_of(session: AsyncSession, delivery_id: UUID, position: int) -> KeptFile:
    """Where the bytes of a delivery's file are, accepted or quarantined. Raises `NotFound` also where they never
    came."""
    delivery = await get_delivery(session, delivery_id)
    if position >= len(delivery.files):
        raise NotFound(f"This delivery has {len(delivery.files)} files.")
    named = delivery.files[position]
    found = (await repository.uploaded_files(session, delivery.vendor, [named.sha256])).get(named.sha256)
    if found is None:
        raise NotFound("The bytes of this file never came.")
    return KeptFile(named.filename, content_key(found.sha256), found.sha256, found.bytes,
                    found.media_type or UNKNOWN_TYPE)  # fmt: skip


async def judge(
    session: AsyncSession, vendor: str, files: Sequence[NamedFile], *, lock: bool
) -> tuple[list[Judgement], dict[str, UploadedFile]]:
    """What would become of each file now, and the vendor's uploaded files by hash. Nothing is taken from a vendor that
    is switched off; with `lock`, it isn't before the transaction ends."""
    if not await vendors.is_active(session, vendor, lock=lock):
        return [Judgement(reasons=[VENDOR_INACTIVE]) for _ in files], {}
    items = await work_repository.of_slots(session, {file.slot for file in files}, lock=lock)
    delivered = await versions_repository.delivered_rounds(session, [item.id for item in items])
    uploaded = await repository.uploaded_files(session, vendor, {file.sha256 for file in files})
    refused = await refused_names(session, files, uploaded, items)
    labels = await labels_of(session, files, items)
    return judge_all(files, uploaded, items, delivered, vendor, refused, labels), uploaded


async def take_in(
    session: AsyncSession, vendor: str, webhook_id: str, body_sha256: str, note: DeliveryNote
) -> Delivery | None:
    """Decide on every file that is here, once and for all; the others are fetched. None when this id was taken
    meanwhile."""
    at = now()
    delivery = Delivery(id=new_id(), vendor=vendor, webhook_id=webhook_id, files=[], received_at=at,
                        sequence=note.sequence, decided_at=None)  # fmt: skip
    if not await repository.begin_delivery(session, delivery, body_sha256):
        return None
    judgements, uploaded = await judge(session, vendor, note.files, lock=True)
    for file, judgement in zip(note.files, judgements, strict=True):
        delivery.files.append(await _outcome(session, vendor, file, judgement, uploaded))
    await repository.add_files(session, delivery, note.files, delivery.files)
    waiting = [number for number, file in enumerate(delivery.files) if file.state is FileState.WAITING]
    if waiting:
        await set_timers(session, [Timer(FETCH, _key(delivery, number), at) for number in waiting])
    return await _finish(session, delivery)


def _key(delivery: Delivery, position: int) -> str:
    return f"{delivery.vendor}/{delivery.id}/{position}"


async def decide_fetched(session: AsyncSession, delivery_id: UUID, position: int, refusal: Reason | None) -> None:
    """Once and for all: on a file that is here now, or whose fetching ended with this refusal."""
    delivery = await repository.read_delivery(session, delivery_id, lock=True)
    waiting = await repository.waiting_file(session, delivery_id, position)
    if delivery is None or waiting is None:  # another process was faster
        return
    if refusal is None:
        judgements, uploaded = await judge(session, delivery.vendor, [waiting.named], lock=True)
        judgement = judgements[0]
    else:
        judgement, uploaded = Judgement(reasons=[refusal]), {}
    outcome = await _outcome(session, delivery.vendor, waiting.named, judgement, uploaded)
    if outcome.state is FileState.WAITING:
        raise RuntimeError("it was fetched, and isn't here")
    await repository.decide_file(session, delivery_id, position, outcome)
    await drop_timers(session, [(FETCH, _key(delivery, position))])
    delivery.files[position] = outcome
    await _finish(session, delivery)


async def fetch_failed(session: AsyncSession, delivery_id: UUID, position: int, attempts: int, why: str) -> None:
    """Try again later, or give up. `attempts`: those that had failed before; where it is more by now, another process
    has told of this one."""
    delivery = await repository.read_delivery(session, delivery_id, lock=True)
    waiting = await repository.waiting_file(session, delivery_id, position)
    if delivery is None or waiting is None or waiting.attempts != attempts:
        return
    again = next_fetch(attempts + 1, now())
    if again is None:
        text = f"The file was not fetched in {attempts + 1} tries. At last: {why}"
        await decide_fetched(session, delivery_id, position, Reason(Code.NOT_FETCHED, text))
        return
    failed = {"attempts": attempts + 1, "reasons": [f"Not fetched yet, in {attempts + 1} tries: {why}"]}
    await repository.change_file(session, delivery_id, position, failed)
    await set_timer(session, FETCH, _key(delivery, position), again)


async def _finish(session: AsyncSession, delivery: Delivery) -> Delivery:
    """Tell of a delivery when nothing of it waits: us by an event, the vendor by a webhook."""
    if any(file.state is FileState.WAITING for file in delivery.files):
        return delivery
    delivery.decided_at = now()
    await repository.finish_delivery(session, delivery.id, delivery.decided_at)
    await record(session, Happened(DeliveryReceived(**dict(delivery)), delivery.id, 1))
    owner, data = owner_of_callback(delivery.vendor), delivery.model_dump(mode="json")
    await outbound.send(session, owner, DECIDED, str(delivery.id), data)
    return delivery


async def _outcome(
    session: AsyncSession, vendor: str, file: NamedFile, judgement: Judgement, uploaded: dict[str, UploadedFile]
) -> DeliveredFile:
    outcome = DeliveredFile(
        filename=shown_name(file.filename),
        sha256=file.sha256,
        accepted=False,
        version_id=None,
        work_item_id=None,
        reasons=[reason.text for reason in judgement.reasons],
        state=FileState.WAITING if judgement.waits else FileState.QUARANTINED,
        codes=[reason.code for reason in judgement.reasons],
    )
    if judgement.item is None:
        return outcome
    found = uploaded[file.sha256]
    assert found.media_type is not None
    version = await register(
        session,
        judgement.item,
        StoredFile(content_key(found.sha256), found.sha256, found.bytes, found.media_type),
        filename=file.filename,
        source=VersionSource.VENDOR,
        delivered_by=vendor,
        labels=judgement.label,
    )
    accepted = {"accepted": True, "version_id": version.id, "work_item_id": version.work_item_id}
    return outcome.model_copy(update={**accepted, "state": FileState.ACCEPTED})

"""Versions move to the zone that their work item's status says, or where the owner of `files_and_rights` puts them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.etags import check_version
from chassis.events import Happened, record
from contracts.assets import VersionMoved
from contracts.values import Domain, Zone
from services.assets.history import repository as history
from services.assets.publication.service import publish_automatically, withdraw_everywhere
from services.assets.reference import require_owner
from services.assets.versions import repository
from services.assets.versions.service import get_held
from services.assets.work import repository as work_repository
from services.assets.work.domain import SETTLED, Slot, WorkCopy
from services.assets.zones.domain import Held, Move, archived, followed, is_selected, promoted, restored
from services.assets.zones.errors import IllegalMove

_DONE = {Move.ARCHIVE: "archived", Move.RESTORE: "restored", Move.PROMOTE: "promoted"}


async def follow_status(
    session: AsyncSession, item: WorkCopy, by: str, reason: str | None, *, redone: bool = False
) -> None:
    """All versions of a work item go where its state and round send them. The item is locked by the caller."""
    open_now = item.state not in SETTLED
    selected = open_now and is_selected(item, await work_repository.passed_gates(session, item))
    for held in await repository.of_work(session, item.id):
        after = followed(held, item, selected=selected, redone=redone, at=now())
        if after.change != held.change:
            await _moved(session, held, after, "moved", by, reason)
        elif after != held:
            await repository.keep(session, after)


async def move(
    session: AsyncSession, version_id: UUID, wanted: Move, caller: Caller, reason: str, expected: int
) -> Held:
    """By the owner of `files_and_rights`. Raises `IllegalMove`, naming what is legal."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    version = (await get_held(session, version_id)).version
    slot = Slot(version.sku, version.colorway, version.view, version.channel)
    items = {item.id: item for item in await work_repository.of_slots(session, [slot], lock=True)}
    held = await get_held(session, version_id)
    check_version(expected, held.change)
    at = now()
    if wanted is Move.ARCHIVE:
        after = archived(held, caller.subject, at, reason)
    elif wanted is Move.RESTORE:
        after = restored(held, items[version.work_item_id])
    else:
        after = promoted(held, at)
        finals = await repository.finals_of_slot(session, slot)
        if finals and finals[0].version.id == version_id:
            raise IllegalMove(wanted, "it is the final already", [Move.ARCHIVE])
        for final in finals:
            if final.version.id != version_id:
                why = f"Version {version_id} was promoted in its place: {reason}"
                replaced = archived(final, caller.subject, at, why)
                await _moved(session, final, replaced, "archived", caller.subject, why)
    await _moved(session, held, after, _DONE[wanted], caller.subject, reason)
    if wanted is Move.ARCHIVE:
        await withdraw_everywhere(session, version_id, caller.subject, reason)
    return after


async def _moved(session: AsyncSession, before: Held, after: Held, what: str, by: str, reason: str | None) -> None:
    version, left = after.version, before.version.zone
    await repository.keep(session, after)
    moved = VersionMoved(version=version, left=left, by=by, reason=reason)
    await record(session, Happened(moved, version.id, after.change))
    details = {"left": left, "zone": version.zone}
    await history.note(session, version.id, what, by=by, reason=reason, details=details)
    if version.zone is Zone.FINAL:
        await publish_automatically(session, version, by)

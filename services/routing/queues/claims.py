"""Claiming from a queue: the best item for this person, or the best SKU as a whole."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from services.routing.queues import repository
from services.routing.queues.admission import Admission, admit, hold_to_limit
from services.routing.queues.domain import why_nothing
from services.routing.queues.errors import NothingToClaim
from services.routing.tracks.service import lease_by
from services.routing.work import domain
from services.routing.work.changes import save
from services.routing.work.domain import Tracked


async def claim_best(session: AsyncSession, name: str, caller: Caller, *, whole_sku: bool) -> list[Tracked]:
    """What was claimed, oldest first. Raises `NothingToClaim` with the reason, `LimitReached`, and what `admit`
    raises."""
    at = now()
    admission = await admit(session, name, caller, at)
    items = await _take(session, admission, whole_sku=whole_sku)
    if not items or not admission.has_room(len(items)):
        if await end_lapsed(session, name, at):
            admission = await admit(session, name, caller, at)
            items = await _take(session, admission, whole_sku=whole_sku)
        admission.require_room(len(items) or 1)
    if not items:
        raise NothingToClaim(name, *why_nothing(admission.limits, await repository.list_offers(session, name)))
    return await _claim(session, admission, items, caller)


async def end_lapsed(session: AsyncSession, name: str, at: datetime, but: UUID | None = None) -> bool:
    """End the leases of a queue that ran out, except one item's: their timers may ring a moment later than the next
    person asks. False when there are none."""
    lapsed = [item for item in await repository.lock_lapsed(session, name, at) if item.work.id != but]
    await save(session, [domain.expire(item, at) for item in lapsed])
    return bool(lapsed)


async def _take(session: AsyncSession, admission: Admission, *, whole_sku: bool) -> list[Tracked]:
    """Locked; nothing when the limit is reached."""
    if not admission.has_room(1):
        return []
    take = repository.take_sku if whole_sku else repository.take_best
    return await take(session, admission.queue.name, admission.limits)


async def _claim(
    session: AsyncSession, admission: Admission, items: Sequence[Tracked], caller: Caller
) -> list[Tracked]:
    at = now()
    leases = {versions: await lease_by(session, versions) for versions in {item.packs for item in items}}
    changes = [domain.claim(item, caller.subject, at, leases[item.packs]) for item in items]
    await save(session, changes)
    await hold_to_limit(session, admission.queue, len(items))
    return [change.after for change in changes]

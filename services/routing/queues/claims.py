"""Claiming from a queue: the best item for this person, or the best SKU as a whole."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from contracts.values import Step
from services.routing.queues import repository
from services.routing.queues.admission import Admission, admit, hold_to_limit
from services.routing.queues.domain import tasks_of, why_nothing
from services.routing.queues.errors import NothingToClaim
from services.routing.tracks.service import lease_by
from services.routing.work import domain
from services.routing.work.changes import save
from services.routing.work.domain import Tracked


@dataclass(frozen=True)
class Taken:
    """What a claim gets, oldest first, and how many of a SKU that is larger than the whole limit stay behind."""

    items: list[Tracked]
    left_of_sku: int = 0


async def claim_best(
    session: AsyncSession, name: str, caller: Caller, *, whole_sku: bool, step: Step | None = None
) -> Taken:
    """`step` None: of what the caller's roles do. Raises `NothingToClaim` with the reason, `LimitReached`, and what
    `admit` raises."""
    at = now()
    admission = await _admit(session, name, caller, at, step)
    taken = await _take(session, admission, whole_sku=whole_sku)
    if not taken.items:
        if await end_lapsed(session, name, at):
            admission = await _admit(session, name, caller, at, step)
            taken = await _take(session, admission, whole_sku=whole_sku)
        if not taken.items:
            admission.require_room(await _least_wanted(session, admission, whole_sku=whole_sku))
            offers = await repository.list_offers(session, name)
            raise NothingToClaim(name, *why_nothing(admission.limits, offers))
    return await _claim(session, admission, taken, caller)


async def end_lapsed(session: AsyncSession, name: str, at: datetime, but: UUID | None = None) -> bool:
    """End the leases of a queue that ran out, except one item's: their timers may ring a moment later than the next
    person asks. False when there are none."""
    lapsed = [item for item in await repository.lock_lapsed(session, name, at) if item.work.id != but]
    await save(session, [domain.expire(item, at) for item in lapsed])
    return bool(lapsed)


async def _admit(session: AsyncSession, name: str, caller: Caller, at: datetime, step: Step | None) -> Admission:
    admission = await admit(session, name, caller, at)
    roles = [role for role in admission.queue.roles if role in caller.roles]
    return replace(admission, limits=replace(admission.limits, tasks=tasks_of(roles, step)))


async def _take(session: AsyncSession, admission: Admission, *, whole_sku: bool) -> Taken:
    """Locked; nothing when the limit has no room for it. A SKU that is larger than the whole limit would never have
    room: of it as much as there is room for."""
    if not admission.has_room(1):
        return Taken([])
    queue, limits, room = admission.queue, admission.limits, admission.room
    if not whole_sku:
        return Taken(await repository.take_best(session, queue.name, limits))
    found = await repository.take_sku(session, queue.name, limits, room, queue.wip_limit)
    if queue.wip_limit is None or len(found) <= queue.wip_limit:
        return Taken(found)
    return Taken(found[:room], left_of_sku=len(found[room:]))


async def _least_wanted(session: AsyncSession, admission: Admission, *, whole_sku: bool) -> int:
    """How many places someone who got nothing needs: those of the best SKU."""
    if not whole_sku or not admission.has_room(1):
        return 1
    name, limits = admission.queue.name, admission.limits
    return len(await repository.take_sku(session, name, limits, None, None)) or 1


async def _claim(session: AsyncSession, admission: Admission, taken: Taken, caller: Caller) -> Taken:
    at, items = now(), taken.items
    admission.require_room(len(items))
    leases = {versions: await lease_by(session, versions) for versions in {item.packs for item in items}}
    changes = [domain.claim(item, caller.subject, at, leases[item.packs]) for item in items]
    await save(session, changes)
    await hold_to_limit(session, admission.queue, len(items))
    return replace(taken, items=[change.after for change in changes])

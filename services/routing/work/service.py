"""What people do with work: read it, claim it, give it back, block it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.pagination import PageRequest
from contracts.values import Role, Step, WorkState
from services.routing.clarification.domain import block_by_hand, unblock_by_hand
from services.routing.queues.admission import admit, hold_to_limit
from services.routing.queues.claims import end_lapsed
from services.routing.sla.service import due_now
from services.routing.tracks.service import Packs, packs_of
from services.routing.work import domain, repository
from services.routing.work.changes import save
from services.routing.work.domain import Change, Tracked
from services.routing.work.errors import NoSuchWork
from services.routing.work.planning import lease_of
from services.routing.work.schemas import HistoryEntry

MAY_CLAIM = (
    Role.PHOTOGRAPHER, Role.RETOUCHER, Role.STUDIO_MANAGER, Role.RETOUCHING_LEAD, Role.PRODUCER,
    Role.AI_WORKFLOW_OWNER, Role.ASSET_MANAGER, Role.VENDOR,
)  # fmt: skip
# They assign work and keep it moving: they block it, and release what another holds.
MAY_DIRECT = (Role.PRODUCER, Role.CREATIVE_OPS_MANAGER, Role.STUDIO_MANAGER, Role.RETOUCHING_LEAD)


async def list_work(session: AsyncSession, where: dict[str, Any], page: PageRequest) -> list[Tracked]:
    """One more than the page holds, if there is one."""
    return await repository.list_items(session, where, page.after, page.limit + 1)


async def read_work(session: AsyncSession, work_id: UUID) -> tuple[Tracked, list[HistoryEntry]]:
    item = await repository.find_item(session, work_id)
    if item is None:
        raise _no_such(work_id)
    steps = await repository.list_history(session, work_id)
    return item, [HistoryEntry.model_validate(step, from_attributes=True) for step in steps]


async def claim_work(session: AsyncSession, work_id: UUID, caller: Caller) -> Tracked:
    """By name, by the rules of its queue. Who holds it already only gets a new lease."""
    item, at = await _locked(session, work_id), now()
    changes = _expired(item, at)
    item = changes[-1].after if changes else item
    claimed = domain.claim(item, caller.subject, at, lease_of(await packs_of(session, item.packs)))
    if item.work.state is WorkState.CLAIMED:
        await save(session, [*changes, claimed])
        return claimed.after
    admission = await admit(session, item.work.queue, caller, at)
    admission.require_fit(item.work)
    if not admission.has_room(1):
        await end_lapsed(session, item.work.queue, at, but=work_id)
    await save(session, [*changes, claimed])
    await hold_to_limit(session, admission.queue, 1)
    return claimed.after


async def release_work(session: AsyncSession, work_id: UUID, caller: Caller) -> Tracked:
    item = await _locked(session, work_id)
    change = domain.release(item, caller.subject, now(), may_release_others=caller.has(*MAY_DIRECT))
    await save(session, [change])
    return change.after


async def hand_over_work(session: AsyncSession, work_id: UUID, caller: Caller, to: Step, note: str | None) -> Tracked:
    change = domain.hand_over(await _locked(session, work_id), caller.subject, now(), to, note)
    await save(session, [change])
    return change.after


async def item_with_packs(session: AsyncSession, work_id: UUID) -> tuple[Tracked, Packs]:
    """An item and the packs that it keeps."""
    item = await repository.find_item(session, work_id)
    if item is None:
        raise _no_such(work_id)
    return item, await packs_of(session, item.packs)


async def block_work(session: AsyncSession, work_id: UUID, caller: Caller, cause: str) -> Tracked:
    item, at = await _locked(session, work_id), now()
    changes = _expired(item, at)  # or it would count for its queue's limit again, which another may have used
    item = changes[-1].after if changes else item
    changes += await due_now(session, item, at)  # a pause moves what is still to come, not what came before it
    changes.append(block_by_hand(changes[-1].after if changes else item, caller.subject, at, cause))
    await save(session, changes)
    return changes[-1].after


async def unblock_work(session: AsyncSession, work_id: UUID, caller: Caller) -> Tracked:
    item = await _locked(session, work_id)
    packs = await packs_of(session, item.packs)
    change = unblock_by_hand(item, caller.subject, now(), packs.calendar, lease_of(packs))
    await save(session, [change])
    return change.after


def _expired(item: Tracked, at: datetime) -> list[Change]:
    """The end of a lease that ran out: its timer may ring a moment later than the next person asks."""
    work = item.work
    has_lapsed = work.state is WorkState.CLAIMED and work.lease_until is not None and work.lease_until <= at
    return [domain.expire(item, at)] if has_lapsed else []


async def _locked(session: AsyncSession, work_id: UUID) -> Tracked:
    item = await repository.lock_item(session, work_id)
    if item is None:
        raise _no_such(work_id)
    return item


def _no_such(work_id: UUID) -> NoSuchWork:
    return NoSuchWork(f"There is no work item {work_id}.")

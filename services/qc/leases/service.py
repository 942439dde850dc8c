"""Claiming reviews, so that a thousand images a day are not looked at twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.clock import now
from chassis.ids import new_id
from contracts.values import Gate
from services.qc.leases import repository
from services.qc.leases.domain import Refusal, why_not
from services.qc.leases.errors import NothingToClaim
from services.qc.leases.repository import Wanted
from services.qc.leases.schemas import ClaimRequest, NotClaimed, RenewedLeases, ReviewClaim, ReviewLease
from services.qc.reference import service as reference
from services.qc.reviews import repository as review_rows
from services.qc.reviews.domain import Review
from services.qc.work import repository as work_items


async def claim(session: AsyncSession, caller: Caller, body: ClaimRequest, lease: timedelta) -> ReviewClaim:
    """Raises `NothingToClaim`, with the reason; `Forbidden` where the caller doesn't decide."""
    at, gates = now(), await _gates(session, caller, body)
    wanted = Wanted(gates, body.sku, body.kind, body.work_item_ids)
    named = list(dict.fromkeys(body.work_item_ids or ()))
    taken = await repository.take(session, wanted, caller.subject, at, len(named) or body.most)
    if named:
        taken.sort(key=lambda one: named.index(one.work_item_id))
    held = {one.work_item_id for one in taken}
    refused = await _refused(session, caller, [one for one in named if one not in held], gates, at)
    if not taken:
        raise await _nothing(session, caller, wanted, refused)
    until = at + lease
    leases = [(one, _lease_id(one, caller.subject, at)) for one in taken]
    await repository.hold(session, [(one.id, lease_id) for one, lease_id in leases], caller.subject, until)
    return ReviewClaim(
        items=[_told(one, lease_id, until) for one, lease_id in leases], lease_until=until, refused=refused
    )


async def renew(session: AsyncSession, caller: Caller, lease_ids: Sequence[UUID], lease: timedelta) -> RenewedLeases:
    """Leases that still run begin anew; the others are lost."""
    at = now()
    held = await repository.running(session, lease_ids, caller.subject, at)
    leases = [(one, one.lease.id) for one in held if one.lease is not None]
    await repository.hold(session, [(one.id, lease_id) for one, lease_id in leases], caller.subject, at + lease)
    kept = {lease_id for _, lease_id in leases}
    return RenewedLeases(
        items=[_told(one, lease_id, at + lease) for one, lease_id in leases],
        lost=[one for one in dict.fromkeys(lease_ids) if one not in kept],
    )


async def release(session: AsyncSession, caller: Caller, lease_ids: Sequence[UUID]) -> list[UUID]:
    """Give them back: those that the caller still held."""
    held = await repository.running(session, lease_ids, caller.subject, now())
    await repository.release(session, [one.id for one in held])
    return [one.lease.id for one in held if one.lease is not None]


async def _gates(session: AsyncSession, caller: Caller, body: ClaimRequest) -> list[Gate]:
    """Where the caller decides, of those that are asked for."""
    owners = await reference.owners_of_gates(session)
    if body.role is not None:
        require_role(caller, body.role)
    asked = [gate for gate, owner in owners.items()
             if body.gate in (None, gate) and body.role in (None, owner)]  # fmt: skip
    if asked:
        require_role(caller, *(owners[gate] for gate in asked))
    return [gate for gate in asked if caller.has(owners[gate])]


async def _refused(
    session: AsyncSession, caller: Caller, ids: Sequence[UUID], gates: Sequence[Gate], at: datetime
) -> list[NotClaimed]:
    if not ids:
        return []
    works, reviews = await work_items.load_many(session, ids), await review_rows.newest_of(session, ids)
    passed = await repository.passed_among(session, [one.id for one in reviews.values()], caller.subject)
    refused = list[NotClaimed]()
    for one in ids:
        review = reviews.get(one)
        has_passed = review is not None and review.id in passed
        reason = why_not(review, works.get(one), caller.subject, gates, passed=has_passed, at=at)
        lease = review.lease_at(at) if review is not None and reason is Refusal.HELD else None
        holder = {"claimed_by": lease.claimed_by, "lease_until": lease.until} if lease else {}
        refused.append(NotClaimed(work_item_id=one, reason=reason, **holder))
    return refused


async def _nothing(
    session: AsyncSession, caller: Caller, wanted: Wanted, refused: Sequence[NotClaimed]
) -> NothingToClaim:
    if refused:
        each = [one.model_dump(mode="json") for one in refused]
        return NothingToClaim("Of those that you name none can be claimed; `refused` says why.", refused=each)
    waiting, for_caller = await repository.waiting(session, wanted, caller.subject)
    if not waiting:
        return NothingToClaim("Nothing waits there.", reason=Refusal.NOTHING_WAITS)
    if not for_caller:
        told = f"{waiting} wait there, but you delivered or passed them, or they are blocked."
        return NothingToClaim(told, reason="not_for_you")
    return NothingToClaim(f"Others hold all {for_caller} that you could decide on.", reason=Refusal.HELD)


def _lease_id(review: Review, person: str, at: datetime) -> UUID:
    """Who holds it claims it again: the same lease, longer."""
    lease = review.lease_at(at)
    return lease.id if lease is not None and lease.claimed_by == person else new_id()


def _told(review: Review, lease_id: UUID, until: datetime) -> ReviewLease:
    assert review.standing.gate is not None
    return ReviewLease(
        lease_id=lease_id,
        lease_until=until,
        work_item_id=review.work_item_id,
        version_id=review.version.id,
        sha256=review.version.sha256,
        gate=review.standing.gate,
        sku=review.version.sku,
    )

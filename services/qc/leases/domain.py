"""Holding a review, so that nobody else looks at it meanwhile. Pure rules."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.values import Gate, WorkItem, WorkState
from services.qc.leases.errors import HeldByAnother, LeaseLost
from services.qc.reviews.domain import Review, ReviewState


class Refusal(StrEnum):
    """Why a review is not claimed."""

    NOTHING_WAITS = "nothing_waits"  # unknown, decided, or withdrawn
    OTHER_GATE = "other_gate"  # open at a gate where the caller doesn't decide
    BLOCKED = "blocked"
    OWN_WORK = "own_work"  # the caller delivered it
    PASSED_BY_YOU = "passed_by_you"  # the gate waits for another person
    HELD = "held"  # by another
    BEING_TAKEN = "being_taken"  # by another, or decided, in this moment


def why_not(
    review: Review | None, work: WorkItem | None, person: str, gates: Collection[Gate], *, passed: bool, at: datetime
) -> Refusal:
    """Why a review that was asked for wasn't claimed. `gates`: where the person decides; `passed`: they have passed the
    open one."""
    if review is None or work is None or review.standing.state is not ReviewState.OPEN:
        return Refusal.NOTHING_WAITS
    if review.standing.gate not in gates:
        return Refusal.OTHER_GATE
    if work.state is WorkState.BLOCKED:
        return Refusal.BLOCKED
    if review.version.delivered_by == person:
        return Refusal.OWN_WORK
    if passed:
        return Refusal.PASSED_BY_YOU
    lease = review.lease_at(at)
    return Refusal.HELD if lease is not None and lease.claimed_by != person else Refusal.BEING_TAKEN


def check_lease(review: Review, person: str, lease_id: UUID | None, at: datetime) -> None:
    """Whether this person may decide now: nobody else holds it, and if they name a lease, it is theirs and runs. Where
    nobody holds it, nobody has to. Raises `LeaseLost`, `HeldByAnother`."""
    lease = review.lease_at(at)
    if lease_id is not None and (lease is None or (lease.id, lease.claimed_by) != (lease_id, person)):
        raise LeaseLost(lease)
    if lease is not None and lease.claimed_by != person:
        raise HeldByAnother(lease)

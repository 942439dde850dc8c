"""What happens to work when a timer rings: its lease runs out, it is at risk, it is late."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.timers import Timer, TimerHandler, set_timer
from services.routing.work import domain, repository
from services.routing.work.changes import save
from services.routing.work.domain import Change, TimerKind, Tracked, timers_of

AGAIN = timedelta(seconds=1)

_STEPS: Mapping[TimerKind, Callable[[Tracked, datetime], Change]] = {
    TimerKind.LEASE: domain.expire,
    TimerKind.AT_RISK: domain.mark_at_risk,
    TimerKind.BREACH: domain.mark_breached,
}


async def ring(session: AsyncSession, timer: Timer) -> None:
    """Take the timer's step, if the item still waits for it.

    The timer's row is locked by now, and everyone else locks the item first and its timers then: so this never waits
    for the item, or the two would wait for each other.
    """
    kind, at = TimerKind(timer.kind), now()
    item = await repository.lock_item_if_free(session, UUID(timer.key))
    if item is None:
        await set_timer(session, timer.kind, timer.key, at + AGAIN)
        return
    rings_at = timers_of(item).get(kind)
    if rings_at is not None and rings_at <= at:
        await save(session, [_STEPS[kind](item, at)])


HANDLERS: Mapping[str, TimerHandler] = dict.fromkeys(TimerKind, ring)

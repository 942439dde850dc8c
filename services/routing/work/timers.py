"""What happens to work when a timer rings: its lease runs out, it is at risk, it is late, it climbs its ladder."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.timers import Timer, TimerHandler, set_timer
from services.routing.sla.service import due_now
from services.routing.work import domain, repository
from services.routing.work.changes import save
from services.routing.work.domain import TimerKind, timers_of

AGAIN = timedelta(seconds=1)


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
    if rings_at is None or rings_at > at:
        return
    # Two timers of one item may be due at once, and ring in two replicas: the first takes what is due, in order.
    await save(session, [domain.expire(item, at)] if kind is TimerKind.LEASE else await due_now(session, item, at))


HANDLERS: Mapping[str, TimerHandler] = dict.fromkeys(TimerKind, ring)

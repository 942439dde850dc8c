"""What happens when a right's term comes near its end, and when it is over."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.events import Happened, record
from chassis.timers import Timer, TimerHandler, set_timer
from contracts.rights import RightExpired, RightExpiring
from services.assets.rights import repository
from services.assets.rights.pack import TIMER, current_pack
from services.assets.rights.terms import OVER, due_warning, ends_at, next_warning

AGAIN = timedelta(seconds=1)


async def look(session: AsyncSession, timer: Timer) -> None:
    """Tell what is due of a right's end, once a term, and look again when the next is.

    The timer's row is locked by now, and everyone else locks the right first and its timer then: so this never waits
    for the right, or the two would wait for each other.
    """
    at = now()
    stored = await repository.find_if_free(session, UUID(timer.key))
    if stored is None:
        await set_timer(session, timer.kind, timer.key, at + AGAIN)
        return
    right, end = stored.right, ends_at(stored.right)
    if end is None or right.revoked_at is not None:
        return
    warn_days = (await current_pack(session)).warn_days
    days = due_warning(right, warn_days, at, stored.told)
    if days is not None:
        change = stored.change + 1
        await repository.note_told(session, right.id, change, days)
        said: RightExpired | RightExpiring
        if days == OVER:
            said = RightExpired(right=right, ends_at=end)
        else:
            said = RightExpiring(right=right, days=days, ends_at=end)
        await record(session, Happened(said, right.id, change))
    if next_at := next_warning(right, warn_days, at):
        await set_timer(session, timer.kind, timer.key, next_at)


HANDLERS: Mapping[str, TimerHandler] = {TIMER: look}

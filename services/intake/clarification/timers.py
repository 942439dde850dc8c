"""What happens when a reminder is due."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.timers import Timer, TimerHandler, set_timer
from contracts.intake import RequestReminded
from services.intake.clarification import repository
from services.intake.clarification.domain import Entry
from services.intake.clarification.schemas import MessageKind
from services.intake.clarification.thread import REMINDER
from services.intake.requests.repository import find_if_free
from services.intake.requests.schemas import RequestState

AGAIN = timedelta(seconds=1)


async def remind(session: AsyncSession, timer: Timer) -> None:
    """Remind the requester, if the request is still with them since the return that the timer is of.

    The timer's row is locked by now, and everyone else locks the request first and its timers then: so this never
    waits for the request, or the two would wait for each other.
    """
    request_id, version, number = timer.key.split(":")
    stored, at = await find_if_free(session, UUID(request_id)), now()
    if stored is None:
        await set_timer(session, timer.kind, timer.key, at + AGAIN)
        return
    if (
        stored.state is not RequestState.RETURNED
        or stored.returned_at is None
        or stored.returned_version != int(version)
    ):
        return
    text = (
        f"Reminder {number}: the request waits for {stored.requested_by} since {stored.returned_at:%Y-%m-%d %H:%M} UTC."
    )
    await repository.add(session, stored.id, [Entry(new_id(), MessageKind.REMINDER, text)], at)
    said = RequestReminded(
        id=stored.id,
        sku=stored.brief.sku,
        category=stored.brief.category,
        to=stored.requested_by,
        number=int(number),
        returned_at=stored.returned_at,
        reminded_at=at,
    )
    await record(session, Happened(said, stored.id, stored.version))


HANDLERS: Mapping[str, TimerHandler] = {REMINDER: remind}

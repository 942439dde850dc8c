"""What the service itself does to the conversation when a request changes: entries that tell it, and reminders."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from chassis.packs import load_pack
from chassis.timers import Timer, drop_timers, set_timers
from services.intake.clarification import repository
from services.intake.clarification.domain import Entry, reminder_times, said_of_problems
from services.intake.clarification.schemas import MOST_REMINDERS, ClarificationPack, MessageKind
from services.intake.reference import CLARIFICATION
from services.intake.requests.repository import StoredRequest
from services.intake.requests.schemas import RequestState

REMINDER = "reminder"


def reminder_key(stored: StoredRequest, number: int) -> str:
    """A reminder is of one return: of the version that it gave the request, which an amendment may raise meanwhile."""
    return f"{stored.id}:{stored.returned_version}:{number}"


async def tell_checked(session: AsyncSession, stored: Sequence[StoredRequest], amended_by: str | None) -> None:
    """Briefs were checked: each is accepted, or returned with what is to complete."""
    first = f"Amended by {amended_by}. " if amended_by else ""
    told: list[repository.Told] = []
    for one in stored:
        if one.accepted is not None:
            said = f"{first}Complete: {len(one.accepted.shots)} shots go into production."
            entry = Entry(new_id(), MessageKind.ACCEPTED, said)
        else:
            entry = Entry(new_id(), MessageKind.RETURNED, first + said_of_problems(one.problems))
        told.append((one.id, [entry], one.updated_at))
    await repository.add_all(session, told)
    await set_reminders(session, [one for one in stored if one.accepted is None])


async def tell_amended(
    session: AsyncSession, stored: StoredRequest, changed: Sequence[str], cause: str, by: str
) -> None:
    """An amendment is in force; `by` accepted it."""
    said = f"Amended ({', '.join(changed)}): {cause}"
    await write(session, stored, [Entry(new_id(), MessageKind.AMENDED, said, by)])


async def tell_cancelled(session: AsyncSession, stored: StoredRequest, by: str) -> None:
    await write(session, stored, [Entry(new_id(), MessageKind.CANCELLED, stored.cancel_cause or "", by)])


async def write(session: AsyncSession, stored: StoredRequest, entries: Sequence[Entry]) -> None:
    """At the moment of the request's newest change."""
    await repository.add(session, stored.id, entries, stored.updated_at)


async def set_reminders(session: AsyncSession, returned: Sequence[StoredRequest]) -> None:
    """For requests that were returned just now, by the hours that hold now."""
    found = await load_pack(session, CLARIFICATION, ClarificationPack) if returned else None
    timers = [
        Timer(REMINDER, reminder_key(one, number), at)
        for one in returned
        for number, at in enumerate(reminder_times(one.updated_at, found[0].reminder_hours if found else ()), start=1)
    ]
    if timers:
        await set_timers(session, timers)


async def stop_reminders(session: AsyncSession, before: StoredRequest) -> None:
    """The request, as it was until now, doesn't wait for its requester any more."""
    if before.state is RequestState.RETURNED:
        numbers = range(1, MOST_REMINDERS + 1)
        await drop_timers(session, [(REMINDER, reminder_key(before, one)) for one in numbers])

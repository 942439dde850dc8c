"""What routing says of amendments, and what happens when the time of a quote is over."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.events import Happened, record
from chassis.handlers import Handler, NotYet
from chassis.timers import Timer, TimerHandler, drop_timers, set_timer
from contracts.amendments import AmendmentApplied, AmendmentQuoted, AmendmentRefused
from contracts.envelope import Event
from contracts.intake import RequestAmended
from services.intake.amendments import repository
from services.intake.amendments.domain import TRANSITIONS, Action
from services.intake.amendments.repository import StoredAmendment
from services.intake.amendments.schemas import AmendmentState
from services.intake.amendments.service import TIMER, close
from services.intake.clarification import thread
from services.intake.requests import repository as requests
from services.intake.requests.service import ended
from services.intake.slots import service as slots

AGAIN = timedelta(seconds=1)


def on_quoted(lasts: timedelta) -> Handler:
    """The handler of quotes that are good for so long."""

    async def quoted(session: AsyncSession, event: Event[AmendmentQuoted]) -> None:
        """Shows the quote. One that comes again has a reason: what was accepted is not in force."""
        said, at = event.data, now()
        stored = await _locked(session, said.id)
        is_newer = stored.quote is None or said.quote.number > stored.quote.number
        if not is_newer or Action.QUOTE not in TRANSITIONS[stored.state]:
            return
        expires_at = at + lasts
        shown = replace(
            stored,
            version=stored.version + 1,
            state=TRANSITIONS[stored.state][Action.QUOTE],
            quote=said.quote,
            reason=said.reason,
            accepted_by=None,
            accepted_at=None,
            updated_at=at,
            expires_at=expires_at,
        )
        await repository.replace(session, shown)
        await set_timer(session, TIMER, stored.id, expires_at)
        await _settle(session, stored)

    return quoted


async def applied(session: AsyncSession, event: Event[AmendmentApplied]) -> None:
    """It is in force: the request says what its work follows already."""
    found = await repository.find(session, event.data.id)
    request = await requests.find(session, event.data.request_id, lock=True)
    if found is None or request is None:
        raise NotYet(f"the amendment {event.data.id} is not known yet")
    stored, at = await _locked(session, found.id), now()
    if Action.APPLY not in TRANSITIONS[stored.state]:
        return
    await repository.replace(
        session,
        replace(
            stored,
            version=stored.version + 1,
            state=TRANSITIONS[stored.state][Action.APPLY],
            reason=None,
            updated_at=at,
        ),
    )
    by, version = stored.accepted_by or stored.proposed_by, request.version + 1
    if stored.content is None or stored.brief is None:
        await ended(session, request, stored.cause, by, at)
        return
    # It may be with its requester by now: its state and its questions stay.
    changed = replace(
        request,
        version=version,
        updated_at=at,
        brief=stored.brief,
        accepted=stored.content,
        ai_ruling=stored.ai_ruling,
    )
    await requests.replace(session, changed)
    await slots.settle(session, stored.content)
    await thread.tell_amended(session, changed, stored.changed, stored.cause, by)
    said = RequestAmended(
        request=stored.content,
        state=changed.state,
        amendment_id=stored.id,
        cause=stored.cause,
        accepted_by=by,
        amended_at=at,
    )
    await record(session, Happened(said, request.id, version))


async def refused(session: AsyncSession, event: Event[AmendmentRefused]) -> None:
    """Routing can't apply it: the request stays as it is."""
    stored, at = await _locked(session, event.data.id), now()
    if Action.REFUSE not in TRANSITIONS[stored.state]:
        return
    state = TRANSITIONS[stored.state][Action.REFUSE]
    refused = replace(stored, version=stored.version + 1, state=state, reason=event.data.cause, updated_at=at)
    await repository.replace(session, replace(refused, expires_at=None))
    await drop_timers(session, [(TIMER, str(stored.id))])
    await _settle(session, stored)


async def _settle(session: AsyncSession, before: StoredAmendment) -> None:
    """What was accepted does not take effect: the slots that it took are free. The amendment is locked, so no other
    changes what is in force."""
    if before.state is AmendmentState.ACCEPTED and before.content is not None:
        request = await requests.find(session, before.request_id)
        if request is not None and request.accepted is not None:
            await slots.settle(session, request.accepted)


async def expire(session: AsyncSession, timer: Timer) -> None:
    """The time of a quote is over. The timer's row is locked by now, and everyone else locks the amendment first: so
    this never waits for it."""
    stored = await repository.lock_if_free(session, UUID(timer.key))
    if stored is None:
        await set_timer(session, TIMER, timer.key, now() + AGAIN)
    elif _is_over(stored, now()) and Action.EXPIRE in TRANSITIONS[stored.state]:
        await close(session, stored, Action.EXPIRE, TIMER, None)


TIMERS: Mapping[str, TimerHandler] = {TIMER: expire}


def _is_over(stored: StoredAmendment, at: datetime) -> bool:
    return stored.expires_at is not None and stored.expires_at <= at


async def _locked(session: AsyncSession, amendment_id: UUID) -> StoredAmendment:
    stored = await repository.lock(session, amendment_id)
    if stored is None:
        raise NotYet(f"the amendment {amendment_id} is not known yet")
    return stored

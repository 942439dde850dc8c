"""What routing says of amendments, and what happens when the time of a quote is over."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.consumer import Handler, NotYet
from chassis.events import Happened, record
from chassis.timers import Timer, TimerHandler, drop_timers, set_timer
from contracts.amendments import AmendmentApplied, AmendmentQuoted, AmendmentRefused
from contracts.envelope import Event
from contracts.intake import RequestAmended, RequestCancelled
from services.intake.amendments import repository
from services.intake.amendments.domain import TRANSITIONS, Action
from services.intake.amendments.repository import StoredAmendment
from services.intake.amendments.service import TIMER, close
from services.intake.requests import repository as requests
from services.intake.requests.schemas import RequestState

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
    changed = replace(request, version=version, updated_at=at)
    said: RequestCancelled | RequestAmended
    if stored.content is None or stored.brief is None:
        changed = replace(changed, state=RequestState.CANCELLED, cancelled_at=at, cancel_cause=stored.cause)
        said = RequestCancelled(id=request.id, cause=stored.cause, cancelled_by=by, cancelled_at=at)
    else:
        changed = replace(changed, brief=stored.brief, accepted=stored.content, ai_ruling=stored.ai_ruling)
        said = RequestAmended(
            request=stored.content, amendment_id=stored.id, cause=stored.cause, accepted_by=by, amended_at=at
        )
    await requests.replace(session, changed)
    await record(session, Happened(said, request.id, version))


async def refused(session: AsyncSession, event: Event[AmendmentRefused]) -> None:
    """Routing can't apply it: the request stays as it is."""
    stored, at = await _locked(session, event.data.id), now()
    if Action.REFUSE not in TRANSITIONS[stored.state]:
        return
    state = TRANSITIONS[stored.state][Action.REFUSE]
    ended = replace(stored, version=stored.version + 1, state=state, reason=event.data.cause, updated_at=at)
    await repository.replace(session, replace(ended, expires_at=None))
    await drop_timers(session, [(TIMER, str(stored.id))])


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

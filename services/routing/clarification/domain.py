"""Work that waits for its requester: what pauses it, what lets it go on, and blocks by hand beside it. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from contracts import routing as events
from contracts.values import WorkState
from services.routing.calendar.domain import BusinessCalendar
from services.routing.work.domain import RUNNING, Action, Change, Hold, Tracked, block, hold, legal_actions, unblock
from services.routing.work.errors import WithRequester


def pause(item: Tracked, by: str, at: datetime, since: datetime, cause: str) -> Change | None:
    """Its request is with its requester since then. None for work that has no clock that runs: it is over, waits for
    its master, or is paused already. What a person blocked is from now on held by both."""
    if item.work.state in RUNNING:
        return hold(item, Hold.REQUESTER, by, at, since, cause)
    if item.work.state is WorkState.BLOCKED and Hold.REQUESTER not in item.blocked_for:
        return _stays_blocked(item, (*item.blocked_for, Hold.REQUESTER), by, at, cause)
    return None


def go_on(
    item: Tracked, by: str, at: datetime, until: datetime, calendar: BusinessCalendar, lease: timedelta, cause: str
) -> Change | None:
    """Its requester has answered, at `until`. None for work that didn't wait for that."""
    if Hold.REQUESTER not in item.blocked_for:
        return None
    if Hold.PERSON in item.blocked_for:
        return _stays_blocked(item, (Hold.PERSON,), by, at, f"{cause}; it is still blocked by hand")
    return unblock(item, by, at, calendar, lease, cause, until=until)


def block_by_hand(item: Tracked, by: str, at: datetime, cause: str) -> Change:
    """A person stops it. What waits for its requester is from now on held by both, so that the answer alone doesn't
    start it."""
    if item.blocked_for == (Hold.REQUESTER,):
        return _stays_blocked(item, (Hold.REQUESTER, Hold.PERSON), by, at, cause)
    return block(item, by, at, cause)


def unblock_by_hand(item: Tracked, by: str, at: datetime, calendar: BusinessCalendar, lease: timedelta) -> Change:
    """A person lets it go on; work that waits for its requester stays blocked. Raises `WithRequester` when nobody but
    the requester holds it."""
    if item.blocked_for == (Hold.REQUESTER,):
        raise WithRequester(legal_actions(item) - {Action.UNBLOCK})
    if Hold.REQUESTER in item.blocked_for:
        return _stays_blocked(item, (Hold.REQUESTER,), by, at, "unblocked by hand; it still waits for its requester")
    return unblock(item, by, at, calendar, lease)


def _stays_blocked(item: Tracked, holds: tuple[Hold, ...], by: str, at: datetime, cause: str) -> Change:
    """Something else holds it now. Not a step of the state machine."""
    work = item.work.model_copy(update={"updated_at": at})
    after = replace(item, work=work, version=item.version + 1, blocked_for=holds)
    return Change(item, after, events.WorkBlocked, by, cause)

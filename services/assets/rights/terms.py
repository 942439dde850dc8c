"""When a right's term begins and ends, and when its end is warned of. Pure.

A term is whole days on the calendar of its time zone. A day begins with the first moment at which the clock on the wall
shows it: where clocks are put forward over midnight, that is the moment when they are.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from contracts.rights import Right
from services.assets.rights.schemas import RightState

OVER = 0
"""As a number of days before the end: that it is there."""

# A copy of the zones as the machine has them, or of a clock that counts leap seconds.
_NO_IANA_NAMES = ("posix/", "right/")
# Whatever zone the machine is in, and the one of a machine that was never told.
_NO_PLACES = {"localtime", "Factory"}


@cache
def time_zones() -> frozenset[str]:
    """All IANA names."""
    return frozenset(
        name for name in available_timezones() if not name.startswith(_NO_IANA_NAMES) and name not in _NO_PLACES
    )


def first_moment(day: date, zone: str) -> datetime:
    """Of a day, in UTC."""
    # The first of two midnights. One that is skipped is reckoned by the clock before, which is the moment of the skip.
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def begins_at(right: Right) -> datetime:
    return first_moment(right.valid_from, right.time_zone)


def ends_at(right: Right, days_before: int = 0) -> datetime | None:
    """The first moment after its term, or so many days before; None: it has no end."""
    if right.valid_until is None:
        return None
    return first_moment(right.valid_until + timedelta(days=1 - days_before), right.time_zone)


def state_of(right: Right, at: datetime | date) -> RightState:
    """At a moment; or on a day, of its own zone. What was revoked is so for every day."""
    if right.revoked_at is not None:
        return RightState.REVOKED
    if isinstance(at, datetime):
        end = ends_at(right)
        begun, ended = begins_at(right) <= at, end is not None and end <= at
    else:
        begun, ended = right.valid_from <= at, right.valid_until is not None and right.valid_until < at
    if not begun:
        return RightState.NOT_BEGUN
    return RightState.ENDED if ended else RightState.IN_FORCE


def due_warning(right: Right, warn_days: Sequence[int], at: datetime, told: int | None) -> int | None:
    """The nearest warning whose time has come: days before the end, or `OVER`. None: nothing is to be told. Of several
    that came due at once (the clock jumped, or the right was recorded late) the nearest speaks for all."""
    for days in sorted({OVER, *warn_days}):
        moment = ends_at(right, days)
        if moment is not None and moment <= at:
            return days if told is None or days < told else None
    return None


def next_warning(right: Right, warn_days: Sequence[int], at: datetime) -> datetime | None:
    """When to look again; None: never."""
    moments = [moment for days in {OVER, *warn_days} if (moment := ends_at(right, days)) is not None]
    return min((moment for moment in moments if moment > at), default=None)

"""Business time once more, the slow way: every minute in which the brand works, one by one."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
FIRST, LAST = date(2026, 1, 1), date(2028, 12, 31)
# What the default calendar says: Monday to Friday, from nine to six, no holidays.
WORKDAYS, OPENS, CLOSES = range(5), 9, 18

Pause = tuple[datetime, datetime]


@cache
def minutes() -> list[datetime]:
    """The beginning of each, in UTC, in order."""
    found, day = list[datetime](), FIRST
    while day <= LAST:
        if day.weekday() in WORKDAYS:
            found += [
                datetime.combine(day, time(hour, minute), BERLIN).astimezone(UTC)
                for hour in range(OPENS, CLOSES)
                for minute in range(60)
            ]
        day += timedelta(days=1)
    return found


def between(start: datetime, end: datetime) -> int:
    """Minutes of business time. Both moments are whole minutes."""
    return max(0, bisect_left(minutes(), end) - bisect_left(minutes(), start))


def after(start: datetime, business: int) -> datetime:
    """When so many minutes have passed since `start`."""
    return minutes()[bisect_left(minutes(), start) + business - 1] + MINUTE if business else start


def worked_off(begun: datetime, budget: int, pauses: Iterable[Pause]) -> datetime:
    """When so many minutes of business time without pauses have passed since `begun`."""
    stood_still, left, at = list(pauses), budget, bisect_left(minutes(), begun)
    while True:
        minute = minutes()[at]
        if not any(start <= minute < end for start, end in stood_still):
            left -= 1
            if left == 0:
                return minute + MINUTE
        at += 1

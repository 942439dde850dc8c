"""Business time: hours that pass only while the brand works. Right across weekends, holidays and daylight saving."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.routing.calendar.schemas import MIDNIGHT, CalendarPack, Weekday

_ONE_DAY = timedelta(days=1)
_NONE = timedelta(0)
_WEEKDAYS = list(Weekday)


@dataclass(frozen=True)
class BusinessCalendar:
    """Opening hours by weekday (Monday is 0) in local time, and the days off."""

    zone: ZoneInfo
    hours: Mapping[int, tuple[time, time]]
    holidays: frozenset[date]

    @classmethod
    def of(cls, pack: CalendarPack) -> "BusinessCalendar":
        hours = {_WEEKDAYS.index(day): (one.opens, one.closes) for day, one in pack.hours.items()}
        return cls(ZoneInfo(pack.time_zone), hours, frozenset(pack.holidays))

    def add(self, start: datetime, business: timedelta) -> datetime:
        """The first moment (UTC) by which this much business time has passed since `start`."""
        if business <= _NONE:
            return start.astimezone(UTC)
        left = business
        for opens, closes in self._openings(start):
            begins = max(opens, start)
            if begins < closes:
                if left <= closes - begins:
                    return begins.astimezone(UTC) + left
                left -= closes - begins
        raise AssertionError("the openings go on for ever")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The business time from `start` to `end`; none when `end` comes first."""
        passed = _NONE
        for opens, closes in self._openings(start):
            if opens >= end:
                break
            passed += max(_NONE, min(closes, end) - max(opens, start))
        return passed

    def _openings(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Every opening in UTC, from the local day of `since` on. In UTC, because the difference of two local times is
        an hour off when the clocks change in between."""
        day = since.astimezone(self.zone).date()
        while True:
            if (hours := self.hours.get(day.weekday())) and day not in self.holidays:
                opens, closes = hours
                last = day + _ONE_DAY if closes == MIDNIGHT else day
                yield self._utc(day, opens), self._utc(last, closes)
            day += _ONE_DAY

    def _utc(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)

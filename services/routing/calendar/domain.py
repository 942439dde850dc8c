"""Business time: hours that pass only while the brand works. Right across weekends, holidays and daylight saving."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.routing.calendar.schemas import MIDNIGHT, CalendarPack, Weekday

_ONE_DAY = timedelta(days=1)
_ONE_SECOND = timedelta(seconds=1)
_NONE = timedelta(0)
_WEEKDAYS = list(Weekday)
_DAYS_KEPT = 4000

Opening = tuple[datetime, datetime] | None
"""Of one day; None: it is closed."""


@dataclass(frozen=True)
class BusinessCalendar:
    """Opening hours by weekday (Monday is 0) in local time, and the days off.

    A local time is the first moment when the clock on the wall has reached it: one that the clocks skip is the moment
    when they go forward, one that comes twice is the first of the two.
    """

    zone: ZoneInfo
    hours: Mapping[int, tuple[time, time]]
    holidays: frozenset[date]
    # What was found once: business time of whole local years, and openings of days.
    _years: dict[int, timedelta] = field(default_factory=dict, init=False, repr=False, compare=False)
    _openings: dict[date, Opening] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, pack: CalendarPack) -> "BusinessCalendar":
        hours = {_WEEKDAYS.index(day): (one.opens, one.closes) for day, one in pack.hours.items()}
        return cls(ZoneInfo(pack.time_zone), hours, frozenset(pack.holidays))

    def add(self, start: datetime, business: timedelta) -> datetime:
        """The first moment (UTC) by which this much business time has passed since `start`. Whole years are skipped at
        once, so that the longest SLA of a brand that works an hour a week is found as well."""
        if business <= _NONE:
            return start.astimezone(UTC)
        day, left = start.astimezone(self.zone).date(), business
        while True:
            if (day.month, day.day) == (1, 1) and self._moment(day, MIDNIGHT) >= start:
                while (in_year := self._of_year(day.year)) < left:
                    left -= in_year
                    day = date(day.year + 1, 1, 1)
            if opening := self._opening(day):
                opens, closes = opening
                begins = max(opens, start)
                if begins < closes:
                    if left <= closes - begins:
                        return begins.astimezone(UTC) + left
                    left -= closes - begins
            day += _ONE_DAY

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The business time from `start` to `end`; none when `end` comes first."""
        first, last = start.astimezone(self.zone).year, end.astimezone(self.zone).year
        if last - first < 2:
            return self._walked(start, end)
        after_first, before_last = (self._moment(date(year, 1, 1), MIDNIGHT) for year in (first + 1, last))
        whole = sum((self._of_year(year) for year in range(first + 1, last)), _NONE)
        return self._walked(start, after_first) + whole + self._walked(before_last, end)

    def opens_within(self, start: datetime, days: int) -> bool:
        """Whether any business time passes in this many days from `start`."""
        return self._walked(start, start + timedelta(days=days)) > _NONE

    def _walked(self, start: datetime, end: datetime) -> timedelta:
        passed, day = _NONE, start.astimezone(self.zone).date()
        last = end.astimezone(self.zone).date() + _ONE_DAY  # clocks that go back over midnight show the day before
        while day <= last:
            if opening := self._opening(day):
                passed += max(_NONE, min(opening[1], end) - max(opening[0], start))
            day += _ONE_DAY
        return passed

    def _opening(self, day: date) -> Opening:
        """When it opens and closes on a local day, in UTC: the difference of two local times is an hour off when the
        clocks change in between."""
        try:
            return self._openings[day]
        except KeyError:
            if len(self._openings) >= _DAYS_KEPT:
                self._openings.clear()
            found = self._openings[day] = self._found_opening(day)
            return found

    def _found_opening(self, day: date) -> Opening:
        hours = self.hours.get(day.weekday())
        if hours is None or day in self.holidays:
            return None
        opens, closes = hours
        return self._moment(day, opens), self._moment(day + _ONE_DAY if closes == MIDNIGHT else day, closes)

    def _of_year(self, year: int) -> timedelta:
        """All business time of a local year. Only the days on which the clocks change are looked at one by one."""
        if (known := self._years.get(year)) is not None:
            return known
        total = _NONE
        for day, changes in self._days(year):
            hours = self.hours.get(day.weekday())
            if hours is None or day in self.holidays:
                continue
            if changes and (opening := self._opening(day)):
                total += opening[1] - opening[0]
            else:
                total += _nominal(*hours)
        self._years[year] = total
        return total

    def _days(self, year: int) -> Iterator[tuple[date, bool]]:
        """Each day of a local year, and whether the clocks change on it or at one of its ends."""
        day = date(year, 1, 1)
        before, here = self._offset(day - _ONE_DAY), self._offset(day)
        while day.year == year:
            after = self._offset(day + _ONE_DAY)
            yield day, not before == here == after
            day, before, here = day + _ONE_DAY, here, after

    def _offset(self, day: date) -> timedelta | None:
        return datetime.combine(day, MIDNIGHT, self.zone).utcoffset()

    def _moment(self, day: date, at: time) -> datetime:
        """The first moment when the clock on the wall has reached a local time."""
        wall = datetime.combine(day, at, self.zone)
        moment = wall.astimezone(UTC)
        if moment.astimezone(self.zone).replace(fold=0) == wall:
            return moment
        # The clocks skip it: they go forward somewhere between what it would be by the clock before and after.
        early, late = wall.replace(fold=1).astimezone(UTC), moment
        offset = late.astimezone(self.zone).utcoffset()
        while late - early > _ONE_SECOND:
            middle = early + (late - early) // 2
            if middle.astimezone(self.zone).utcoffset() == offset:
                late = middle
            else:
                early = middle
        return late.replace(microsecond=0)


def _nominal(opens: time, closes: time) -> timedelta:
    """How long a day is open while the clocks don't change."""
    end = _ONE_DAY if closes == MIDNIGHT else _since_midnight(closes)
    return end - _since_midnight(opens)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)

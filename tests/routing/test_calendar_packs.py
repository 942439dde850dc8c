"""Business time for every calendar that passes: against a clock on the wall that is walked minute by minute."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.routing.calendar.domain import BusinessCalendar, Opening
from services.routing.calendar.schemas import MIDNIGHT, CalendarPack, Weekday

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONGEST_SLA = 2000 * 20 * HOUR

# Both hemispheres; half an hour forward and back; over midnight; on a Friday at midnight; in Ramadan; never.
ZONES = [
    "Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "America/Havana",
    "America/Santiago", "America/Scoresbysund", "Africa/Cairo", "Asia/Beirut", "Africa/Casablanca", "Asia/Kolkata",
    "UTC",
]  # fmt: skip


def pack(zone: str, hours: dict[str, tuple[str, str]], holidays: tuple[str, ...] = ()) -> CalendarPack:
    said = {day: {"opens": opens, "closes": closes} for day, (opens, closes) in hours.items()}
    return CalendarPack.model_validate({"time_zone": zone, "hours": said, "holidays": list(holidays)})


class Wall:
    """The slow, simple truth: a clock on the wall that shows local time and, when the clocks go back, stands until the
    time has caught up. A working day is open from when it shows its opening time until it shows its closing time."""

    def __init__(self, calendar: CalendarPack) -> None:
        self.zone = ZoneInfo(calendar.time_zone)
        self.calendar = calendar

    def minutes(self, start: datetime) -> Iterator[tuple[datetime, bool]]:
        """From `start` on: each minute, and whether it is a business one."""
        at, shown = start - 2 * DAY, datetime.min  # noqa: DTZ901, a wall has no zone
        while True:
            shown = max(shown, at.astimezone(self.zone).replace(tzinfo=None))
            if at >= start:
                yield at, self.is_open(shown)
            at += MINUTE

    def is_open(self, shown: datetime) -> bool:
        hours = self.calendar.hours.get(list(Weekday)[shown.weekday()])
        if hours is None or shown.date() in self.calendar.holidays:
            return False
        return hours.opens <= shown.time() and (hours.closes == MIDNIGHT or shown.time() < hours.closes)

    def add(self, start: datetime, minutes: int) -> datetime:
        left = minutes
        for at, is_open in self.minutes(start):
            left -= is_open
            if left == 0:
                return at + MINUTE
        raise AssertionError

    def between(self, start: datetime, end: datetime) -> timedelta:
        passed = 0
        for at, is_open in self.minutes(start):
            if at >= end:
                return passed * MINUTE
            passed += is_open
        raise AssertionError


def transitions(zone: str, year: int) -> list[datetime]:
    """The hours of a year in which the clocks of a zone change."""
    place, first = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC)
    hours = [first + number * HOUR for number in range(366 * 24)]
    offsets = [hour.astimezone(place).utcoffset() for hour in hours]
    return [hour for hour, before, after in zip(hours, offsets, offsets[1:], strict=False) if before != after]


# Often near the hours in which most clocks change.
clock_times = st.one_of(st.integers(0, 24 * 4 - 1), st.integers(4, 15), st.integers(0, 4)).map(
    lambda quarter: time(quarter // 4, quarter % 4 * 15)
)


@st.composite
def opening_hours(draw: st.DrawFn) -> dict[str, tuple[str, str]]:
    """Any: by night, until midnight, a quarter of an hour, inside the hour that the clocks skip."""
    hours = {}
    for day in draw(st.sets(st.sampled_from(list(Weekday)), min_size=3)):
        opens, closes = draw(clock_times), draw(st.one_of(clock_times, st.just(MIDNIGHT)))
        if closes == MIDNIGHT or opens < closes:
            hours[day.value] = (opens.isoformat(), closes.isoformat())
    return hours


@st.composite
def packs(draw: st.DrawFn, zone: str) -> CalendarPack:
    while True:
        hours = draw(opening_hours())
        days = draw(st.lists(st.dates(date(2026, 1, 1), date(2028, 12, 31)), max_size=3))
        try:
            return pack(zone, hours, tuple(day.isoformat() for day in days))
        except ValidationError:
            continue


@st.composite
def starts(draw: st.DrawFn, zone: str) -> datetime:
    """Mostly about when the clocks change."""
    changes = transitions(zone, draw(st.sampled_from([2026, 2027])))
    about = draw(st.sampled_from(changes)) if changes else datetime(2026, 3, 2, tzinfo=UTC)
    return about + draw(st.integers(-1500, 300)) * MINUTE


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_it_agrees_with_the_clock_on_the_wall(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(ZONES))
    one, start = data.draw(packs(zone)), data.draw(starts(zone))
    calendar, wall = BusinessCalendar.of(one), Wall(one)
    end = start + data.draw(st.integers(0, 4 * 24 * 60)) * MINUTE
    assert calendar.between(start, end) == wall.between(start, end)
    if minutes := data.draw(st.integers(0, 120)):
        found = calendar.add(start, minutes * MINUTE)
        if found - start < 20 * DAY:  # the wall is slow
            assert found == wall.add(start, minutes)


@pytest.mark.parametrize(
    ("zone", "hours", "day", "expected"),
    [
        # The clocks of Berlin skip 02:00 to 03:00 on 2027-03-28, a Sunday.
        ("Europe/Berlin", ("02:30", "04:00"), "2027-03-28", ("01:00", "02:00")),
        ("Europe/Berlin", ("02:15", "02:45"), "2027-03-28", ("01:00", "01:00")),
        ("Europe/Berlin", ("01:00", "02:30"), "2027-03-28", ("00:00", "01:00")),
        # They show 02:00 to 03:00 twice on 2026-10-25.
        ("Europe/Berlin", ("02:30", "04:00"), "2026-10-25", ("00:30", "03:00")),
        ("Europe/Berlin", ("01:00", "02:30"), "2026-10-25", ("23:00-1", "00:30")),
        # Lord Howe goes forward by half an hour from 02:00 on 2026-10-04.
        ("Australia/Lord_Howe", ("02:15", "03:00"), "2026-10-04", ("15:30-1", "16:00-1")),
    ],
)
def test_hours_in_a_gap_of_the_clocks(zone: str, hours: tuple[str, str], day: str, expected: tuple[str, str]) -> None:
    """When it opens and closes that day, in UTC (`-1`: the day before)."""
    calendar = BusinessCalendar.of(pack(zone, {"sunday": hours, "monday": ("09:00", "17:00")}))
    opens, closes = (
        datetime.fromisoformat(f"{day}T{said.removesuffix('-1')}+00:00") - (DAY if said.endswith("-1") else 0 * DAY)
        for said in expected
    )
    noon = datetime.fromisoformat(f"{day}T12:00+00:00")
    length = calendar.between(noon - 2 * DAY, noon)
    assert length == closes - opens
    if length:
        assert calendar.add(noon - 2 * DAY, MINUTE) == opens + MINUTE
        assert calendar.add(noon - 2 * DAY, length) == closes


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_due_time_comes_and_agrees_with_what_passes_until_then(data: st.DataObject) -> None:
    """Of the longest SLA that packs can make, too."""
    zone = data.draw(st.sampled_from(ZONES))
    calendar = BusinessCalendar.of(data.draw(packs(zone)))
    start = data.draw(starts(zone))
    span = data.draw(st.one_of(st.just(LONGEST_SLA), st.integers(1, 40_000 * 60).map(lambda count: count * MINUTE)))
    due = calendar.add(start, span)
    assert calendar.between(start, due) == span
    assert calendar.between(start, due - timedelta(microseconds=1)) < span
    fresh = BusinessCalendar(calendar.zone, calendar.hours, calendar.holidays)
    assert fresh._walked(start, start + 800 * DAY) == fresh.between(start, start + 800 * DAY)


def test_long_spans_are_not_walked_day_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour a week: the longest SLA ends after 767 years; only the days of the first and the last are looked at, and
    those on which the clocks change."""
    calendar = BusinessCalendar.of(pack("Europe/Berlin", {"monday": ("09:00", "10:00")}))
    looked_at = list[date]()
    opening = BusinessCalendar._opening

    def counted(self: BusinessCalendar, day: date) -> Opening:
        looked_at.append(day)
        return opening(self, day)

    monkeypatch.setattr(BusinessCalendar, "_opening", counted)
    start = datetime(2026, 3, 2, tzinfo=UTC)
    due = calendar.add(start, LONGEST_SLA)
    assert (due.year, calendar.between(start, due)) == (2792, LONGEST_SLA)
    first = len(looked_at)
    assert first < 767 * 7 + 4 * 366
    looked_at.clear()
    assert calendar.add(start, LONGEST_SLA) == due  # the years are known by now
    assert len(looked_at) < 2 * 366


def test_a_week_without_an_hour_is_refused() -> None:
    pack("UTC", {"monday": ("09:00", "09:30"), "friday": ("23:30", "00:00")})
    with pytest.raises(ValidationError, match="at least one business hour"):
        pack("UTC", {"monday": ("09:00", "09:30"), "friday": ("23:31", "00:00")})

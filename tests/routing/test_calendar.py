"""Business time across nights, weekends, holidays and daylight saving."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.routing.calendar.domain import BusinessCalendar
from services.routing.calendar.schemas import CalendarPack

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_SIX = BusinessCalendar(BERLIN, {day: (time(9), time(18)) for day in range(5)}, frozenset([date(2026, 4, 6)]))
ALWAYS = BusinessCalendar(BERLIN, {day: (time(0), time(0)) for day in range(7)}, frozenset())
HOUR = timedelta(hours=1)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-02 09:00", 9, "2026-03-02 18:00"),  # a whole day ends when it closes, not when the next one opens
        ("2026-03-02 17:00", 2, "2026-03-03 10:00"),  # over night
        ("2026-03-06 17:30", 1, "2026-03-09 09:30"),  # over a weekend
        ("2026-03-07 12:00", 1, "2026-03-09 10:00"),  # begun on a Saturday
        ("2026-03-02 03:00", 1, "2026-03-02 10:00"),  # before it opens
        ("2026-03-27 17:00", 2, "2026-03-30 10:00"),  # the clocks go forward on Sunday the 29th
        ("2026-10-23 17:00", 2, "2026-10-26 10:00"),  # and back on Sunday the 25th of October
        ("2026-04-03 17:00", 2, "2026-04-07 10:00"),  # Easter Monday is a holiday here
        ("2026-03-02 10:00", 0, "2026-03-02 10:00"),
        ("2026-03-07 10:00", 0, "2026-03-07 10:00"),
    ],
)
def test_hours_pass_only_while_open(start: str, hours: float, end: str) -> None:
    assert NINE_TO_SIX.add(berlin(start), hours * HOUR) == berlin(end)
    assert NINE_TO_SIX.between(berlin(start), berlin(end)) == hours * HOUR


def test_hours_are_real_ones_when_the_clocks_change() -> None:
    """The night of the 29th of March is an hour shorter, that of the 25th of October an hour longer."""
    assert ALWAYS.between(berlin("2026-03-28 12:00"), berlin("2026-03-29 12:00")) == 23 * HOUR
    assert ALWAYS.between(berlin("2026-10-24 12:00"), berlin("2026-10-25 12:00")) == 25 * HOUR
    assert ALWAYS.add(berlin("2026-03-28 12:00"), 24 * HOUR) == berlin("2026-03-29 13:00")
    assert ALWAYS.add(berlin("2026-10-24 12:00"), 24 * HOUR) == berlin("2026-10-25 11:00")


def test_another_zone_has_other_hours() -> None:
    tokyo = BusinessCalendar(ZoneInfo("Asia/Tokyo"), NINE_TO_SIX.hours, frozenset())
    at = datetime(2026, 3, 2, 0, tzinfo=UTC)
    assert tokyo.add(at, HOUR) == at + HOUR
    assert NINE_TO_SIX.add(at, HOUR) == at + 9 * HOUR


def test_the_day_is_the_brands_own() -> None:
    """In Los Angeles it is still Monday afternoon when Tuesday has begun in UTC."""
    los_angeles = BusinessCalendar(ZoneInfo("America/Los_Angeles"), NINE_TO_SIX.hours, frozenset())
    at = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
    assert los_angeles.add(at, HOUR) == at + HOUR
    assert los_angeles.between(at, at + HOUR) == HOUR


def test_nothing_passes_backwards() -> None:
    assert NINE_TO_SIX.between(berlin("2026-03-03 10:00"), berlin("2026-03-02 10:00")) == timedelta(0)


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001, naive bounds
spans = st.timedeltas(timedelta(0), timedelta(hours=400))
calendars = st.sampled_from([NINE_TO_SIX, ALWAYS])


@settings(max_examples=200, deadline=None)
@given(calendars, moments, spans)
def test_adding_and_counting_agree(calendar: BusinessCalendar, start: datetime, span: timedelta) -> None:
    assert calendar.between(start, calendar.add(start, span)) == span


@settings(max_examples=200, deadline=None)
@given(calendars, moments, spans, spans)
def test_parts_make_the_whole(calendar: BusinessCalendar, start: datetime, one: timedelta, two: timedelta) -> None:
    middle = start + one
    end = middle + two
    assert calendar.between(start, middle) + calendar.between(middle, end) == calendar.between(start, end)
    assert timedelta(0) <= calendar.between(start, end) <= end - start


HOURS = {"monday": {"opens": "09:00", "closes": "18:00"}}


@pytest.mark.parametrize(
    "pack",
    [
        {"time_zone": "Europe/Atlantis", "hours": HOURS},
        {"time_zone": "../../etc/passwd", "hours": HOURS},
        {"time_zone": "Europe/Berlin", "hours": {}},
        {"time_zone": "Europe/Berlin", "hours": {"monday": {"opens": "18:00", "closes": "09:00"}}},
        {"time_zone": "Europe/Berlin", "hours": {"monday": {"opens": "09:00Z", "closes": "18:00Z"}}},
        {"time_zone": "Europe/Berlin", "hours": {"someday": HOURS["monday"]}},
        {"time_zone": "Europe/Berlin", "hours": HOURS, "holidays": ["2026-02-30"]},
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(pack: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CalendarPack.model_validate(pack)

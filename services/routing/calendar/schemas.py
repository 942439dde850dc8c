"""The calendar pack: when the brand works."""

from datetime import date, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

MIDNIGHT = time(0)
LEAST_MINUTES_A_WEEK = 60


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class OpeningHours(BaseModel):
    """One working day, in local time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opens: time = Field(examples=["09:00"])
    closes: time = Field(description="`00:00` is midnight at the day's end.", examples=["18:00"])

    @model_validator(mode="after")
    def closes_after_it_opens(self) -> "OpeningHours":
        if self.opens.tzinfo or self.closes.tzinfo:
            raise ValueError("opening hours are local times: they have no zone of their own")
        if self.closes <= self.opens and self.closes != MIDNIGHT:
            raise ValueError("a day closes after it opens")
        return self


class CalendarPack(BaseModel):
    """Working days and hours in the brand's time zone, and the days off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time_zone: str = Field(max_length=64, description="IANA name.", examples=["Europe/Berlin"])
    hours: dict[Weekday, OpeningHours] = Field(min_length=1, description="A weekday that is missing is a day off.")
    holidays: list[date] = Field(default=[], max_length=1000)

    @field_validator("time_zone")
    @classmethod
    def is_a_known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            raise ValueError(f"{name!r} is no IANA time zone") from None
        return name

    @model_validator(mode="after")
    def works_an_hour_a_week(self) -> "CalendarPack":
        """With less, the due date of a long SLA would lie beyond any calendar."""
        if sum(_minutes(one.opens, one.closes) for one in self.hours.values()) < LEAST_MINUTES_A_WEEK:
            raise ValueError("a week has at least one business hour, so that due dates come")
        return self


def _minutes(opens: time, closes: time) -> float:
    end = 24 * 60 if closes == MIDNIGHT else closes.hour * 60 + closes.minute + closes.second / 60
    return end - (opens.hour * 60 + opens.minute + opens.second / 60)


class PublishedCalendar(CalendarPack):
    version: int

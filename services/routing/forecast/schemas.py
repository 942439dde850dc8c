"""The pack of capacity, and the forecast as the API shows it."""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chassis.problems import doubled, require_none
from contracts.values import Step
from services.routing.queues.schemas import Line, Name

WeeklyHours = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]


class PackModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TeamCapacity(PackModel):
    """One team, and what it can do in a week without days off."""

    name: Name
    steps: list[Step] = Field(min_length=1, max_length=len(Step), description="What it does.")
    for_everybody: bool = Field(
        default=False, description="It takes these steps of work whose own team doesn't do them, or that has none."
    )
    weekly_hours: WeeklyHours


class CapacityException(PackModel):
    """A week that is unlike the others: a holiday week, an extra shift."""

    week_of: date = Field(description="Any day of the week.")
    team: Name | None = Field(default=None, description="Null: each team.")
    share: float = Field(ge=0, le=10, allow_inf_nan=False, description="Of the team's weekly hours.", examples=[0.5])
    cause: Line


class CapacityPack(PackModel):
    """What each team does, and its hours a week."""

    teams: list[TeamCapacity] = Field(min_length=1, max_length=100)
    exceptions: list[CapacityException] = Field(default=[], max_length=1000)

    @model_validator(mode="after")
    def is_complete(self) -> Self:
        names = [team.name for team in self.teams]
        require_none(doubled("/teams", "name", names))
        done = {step for team in self.teams if team.for_everybody for step in team.steps}
        if idle := [step for step in Step if step not in done]:
            raise ValueError(f"no team does this for everybody: {', '.join(idle)}")
        if unknown := sorted({one.team for one in self.exceptions if one.team} - set(names)):
            raise ValueError(f"there is an exception for a team that isn't here: {', '.join(unknown)}")
        weeks = [(one.week_of.isocalendar()[:2], one.team) for one in self.exceptions]
        if len(set(weeks)) < len(weeks):
            raise ValueError("a team and week have one exception at most")
        return self

    def team_for(self, step: Step, team: str | None) -> str:
        """Whose hours a step of an item of this team are."""
        own = next((one for one in self.teams if one.name == team and step in one.steps), None)
        return (own or next(one for one in self.teams if one.for_everybody and step in one.steps)).name

    def share(self, team: str, week: date) -> float:
        """Of the team's weekly hours in the week that begins on this Monday."""
        found = {
            one.team: one.share for one in self.exceptions if one.week_of.isocalendar()[:2] == week.isocalendar()[:2]
        }
        return found.get(team, found.get(None, 1.0))


class PublishedCapacity(CapacityPack):
    version: int


class Week(BaseModel):
    """A week of the calendar's zone."""

    week: str = Field(description="ISO 8601.", examples=["2026-W10"])
    starts_on: date = Field(description="A Monday.")


class Workload(BaseModel):
    """What one team has to do of one track's work that is due in one week: a bar's piece in a stacked chart."""

    week: str
    track: str
    team: str
    items: int = Field(description="An item counts for each team that still has to do something for it.")
    hours: float


class Load(BaseModel):
    """One team in one week."""

    week: str
    team: str
    hours: float = Field(description="Of work that is due in it; late work is due now.")
    capacity_hours: float = Field(description="Less holidays and exceptions; of this week what is still to come.")
    load: float | None = Field(description="Hours over capacity: 1 is full. Null where there is no capacity.")
    over: bool = Field(description="More hours than capacity.")


class TrackLoad(BaseModel):
    """One track in one week, each item counted once."""

    week: str
    track: str
    items: int
    hours: float


class Aside(BaseModel):
    """Unfinished work that is in none of the weeks."""

    items: int = 0
    hours: float = 0


class Forecast(BaseModel):
    """Unfinished work against capacity, week by week. Every list is flat: a chart takes it as it is."""

    capacity_version: int = Field(description="Of the pack of capacity that it was reckoned with.")
    steps_version: int = Field(description="Of the pack of steps, which says how much labour work takes.")
    weeks: list[Week]
    workload: list[Workload]
    tracks: list[TrackLoad]
    teams: list[Load] = Field(description="Every team of the pack in every week.")
    over: list[Load] = Field(description="Those of `teams` that are over, the earliest first.")
    later: Aside = Field(description="Due after these weeks.")
    undated: Aside = Field(description="Without a due date, such as experiments.")

"""Workload against capacity, week by week. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from contracts.values import ComplexityClass, Step, WorkKind
from services.routing.calendar.domain import BusinessCalendar
from services.routing.forecast.schemas import (
    Aside,
    CapacityPack,
    Forecast,
    Load,
    PublishedCapacity,
    TrackLoad,
    Week,
    Workload,
)
from services.routing.handoffs.domain import steps_to_go
from services.routing.steps.schemas import PublishedSteps, StepsPack

_ONE_WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Pile:
    """So many unfinished items that are alike; `week` is the Monday of the week that they are due in."""

    week: date | None
    track: str
    team: str | None
    complexity_class: ComplexityClass
    kind: WorkKind
    step: Step
    items: int


def monday_of(at: datetime, calendar: BusinessCalendar) -> date:
    """The beginning of its week, in the calendar's zone."""
    day = at.astimezone(calendar.zone).date()
    return day - timedelta(days=day.weekday())


def named(monday: date) -> str:
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


def forecast(
    piles: Iterable[Pile],
    capacity: PublishedCapacity,
    steps: PublishedSteps,
    calendar: BusinessCalendar,
    at: datetime,
    weeks: int,
) -> Forecast:
    """Late work counts in the current week."""
    first = monday_of(at, calendar)
    mondays = [first + number * _ONE_WEEK for number in range(weeks)]
    workload = defaultdict[tuple[date, str, str], list[float]](lambda: [0, 0.0])
    tracks = defaultdict[tuple[date, str], list[float]](lambda: [0, 0.0])
    later, undated = Aside(), Aside()
    for pile in piles:
        hours = _hours_by_team(pile, capacity, steps)
        whole = sum(hours.values())
        week = max(pile.week, first) if pile.week else None
        if week is None or week > mondays[-1]:
            aside = undated if week is None else later
            aside.items, aside.hours = aside.items + pile.items, aside.hours + whole
            continue
        _add(tracks[week, pile.track], pile.items, whole)
        for team, some in hours.items():
            _add(workload[week, pile.track, team], pile.items, some)
    for aside in (later, undated):
        aside.hours = _rounded(aside.hours)
    loads = _loads(workload, capacity, mondays, calendar, at)
    return Forecast(
        capacity_version=capacity.version,
        steps_version=steps.version,
        weeks=[Week(week=named(monday), starts_on=monday) for monday in mondays],
        workload=[
            Workload(week=named(week), track=track, team=team, items=int(items), hours=_rounded(hours))
            for (week, track, team), (items, hours) in sorted(workload.items())
        ],
        tracks=[
            TrackLoad(week=named(week), track=track, items=int(items), hours=_rounded(hours))
            for (week, track), (items, hours) in sorted(tracks.items())
        ],
        teams=loads,
        over=[load for load in loads if load.over],
        later=later,
        undated=undated,
    )


def _hours_by_team(pile: Pile, capacity: CapacityPack, steps: StepsPack) -> dict[str, float]:
    """Labour that is still to come, the step where the items stand included."""
    labour = steps.labour_of(pile.kind, pile.complexity_class)
    hours: dict[str, float] = {}
    for step in steps_to_go(pile.kind, pile.step):
        team = capacity.team_for(step, pile.team)
        hours[team] = hours.get(team, 0) + labour[step] * pile.items
    return hours


def _loads(
    workload: Mapping[tuple[date, str, str], list[float]],
    capacity: CapacityPack,
    mondays: Sequence[date],
    calendar: BusinessCalendar,
    at: datetime,
) -> list[Load]:
    done = defaultdict[tuple[date, str], float](float)
    for (week, _, name), (_, some) in workload.items():
        done[week, name] += some
    found = []
    for monday in mondays:
        open_share = _open_share(monday, calendar, at)
        for team in capacity.teams:
            hours = done[monday, team.name]
            can = team.weekly_hours * open_share * capacity.share(team.name, monday)
            found.append(
                Load(
                    week=named(monday),
                    team=team.name,
                    hours=_rounded(hours),
                    capacity_hours=_rounded(can),
                    load=round(hours / can, 4) if can > 0 else None,
                    over=hours > can,
                )
            )
    return found


def _open_share(monday: date, calendar: BusinessCalendar, at: datetime) -> float:
    """How much of a usual week this one has open: less its holidays, and of the current week what is still to come."""
    usual = BusinessCalendar(calendar.zone, calendar.hours, frozenset())
    begins, ends = (datetime.combine(day, time(), calendar.zone) for day in (monday, monday + _ONE_WEEK))
    return calendar.between(max(begins, at), ends) / usual.between(begins, ends)


def _add(sums: list[float], items: int, hours: float) -> None:
    sums[0] += items
    sums[1] += hours


def _rounded(hours: float) -> float:
    return round(hours, 2)

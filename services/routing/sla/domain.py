"""The SLA clock's rules: when the steps to go no longer fit, and the ladder that late work climbs. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from contracts import routing as events
from contracts.values import ComplexityClass, Role, Step, WorkKind
from services.routing.calendar.domain import BusinessCalendar
from services.routing.handoffs.domain import steps_to_go
from services.routing.steps.schemas import StepsPack
from services.routing.tracks.schemas import ClassEntry, ClassesPack, Track
from services.routing.work.domain import Change, TimerKind, Tracked, mark_at_risk, mark_breached, timers_of

# How long a step of a track usually takes work of a class, in business time.
Usual = Mapping[tuple[str, Step, ComplexityClass], timedelta]

AT_RISK, BREACH = "at_risk", "breach"  # the first two rungs of every ladder

_NONE = timedelta(0)


def usual_of(steps: StepsPack, classes: ClassesPack, measured: Usual) -> Usual:
    """As it was measured, or else as the pack of steps says, times the class's factor like the SLA."""
    said = {
        (track, step, entry.name): timedelta(hours=hours * entry.sla_factor)
        for track, by_step in steps.elapsed_hours.items()
        for step, hours in by_step.items()
        for entry in classes.classes
    }
    return {**said, **measured}


def time_to_go(kind: WorkKind, step: Step, track: Track, complexity: ClassEntry, usual: Usual) -> timedelta:
    """Business time that the steps up to approval usually take, this one included."""
    return sum((usual.get((track.name, one, complexity.name), _NONE) for one in steps_to_go(kind, step)), _NONE)


def fits_until(at: datetime, due_at: datetime | None, to_go: timedelta, calendar: BusinessCalendar) -> datetime | None:
    """Until when work can stay where it is at `at` and still be done in time, if the steps to go take as long as usual;
    `at` itself when they fit no longer. None: it is not due, or nobody knows how long they take."""
    if due_at is None or to_go <= _NONE:
        return None
    spare = calendar.between(at, due_at) - to_go
    return calendar.add(at, spare) if spare > _NONE else at


def needs_fitting(before: Tracked, after: Tracked) -> bool:
    """Whether it has other steps to go, or other time for them: it changed its step, went back, was unblocked, or got
    another track or due time."""
    return _asks(before) != _asks(after)


def _asks(item: Tracked) -> tuple[object, ...]:
    work = item.work
    return work.step, work.due_at, work.track, work.complexity_class


def climb(item: Tracked, at: datetime, track: Track, calendar: BusinessCalendar) -> list[Change]:
    """Everything that the SLA clock says of an item by now, each once and in order, however far the clock has jumped:
    at risk, breached, and each rung of the ladder."""
    changes: list[Change] = []
    while (kind := _due(item, at, track)) is not None:
        changes += _STEPS[kind](item, at, track, calendar)
        item = changes[-1].after
    return changes


def _due(item: Tracked, at: datetime, track: Track) -> TimerKind | None:
    """The first that is due. At risk comes before breached, even when both have the same moment."""
    timers = timers_of(item)
    if item.rungs >= len(track.ladder):
        timers.pop(TimerKind.ESCALATE, None)
    return next((kind for kind in _STEPS if kind in timers and timers[kind] <= at), None)


def _become_at_risk(item: Tracked, at: datetime, track: Track, calendar: BusinessCalendar) -> list[Change]:
    change = mark_at_risk(item, at)
    return [change, *_tell(change.after, at, TimerKind.AT_RISK, AT_RISK, track.at_risk_to)]


def _breach(item: Tracked, at: datetime, track: Track, calendar: BusinessCalendar) -> list[Change]:
    """The ladder's hours count from the due time, not from the moment when someone noticed."""
    change, due_at = mark_breached(item, at), item.work.due_at
    assert due_at is not None  # it had a timer
    first = calendar.add(due_at, timedelta(hours=track.ladder[0].after_hours)) if track.ladder else None
    late = replace(change.after, rungs=0, next_rung_at=first)
    return [replace(change, after=late), *_tell(late, at, TimerKind.BREACH, BREACH, track.breach_to)]


def _escalate(item: Tracked, at: datetime, track: Track, calendar: BusinessCalendar) -> list[Change]:
    """Take the next rung. The one after it counts from this one's own moment, which pauses have moved."""
    rung, climbed, due = track.ladder[item.rungs], item.rungs + 1, item.next_rung_at
    assert due is not None  # it had a timer
    following: datetime | None = None
    if climbed < len(track.ladder):
        following = calendar.add(due, timedelta(hours=track.ladder[climbed].after_hours - rung.after_hours))
    up = replace(item, rungs=climbed, next_rung_at=following)
    return [replace(change, before=item) for change in _tell(up, at, TimerKind.ESCALATE, rung.name, rung.to)]


def _tell(item: Tracked, at: datetime, by: TimerKind, rung: str, to: Role | None) -> list[Change]:
    """Not a step of the state machine: it stays where it is. Nothing when the track names nobody."""
    if to is None:
        return []
    work = item.work.model_copy(update={"updated_at": at})
    after = replace(item, work=work, version=item.version + 1)
    said = {"rung": rung, "to": to}
    return [Change(item, after, events.WorkEscalated, by, f"{rung}: {to} is told", said)]


# In the order in which they come.
_STEPS: Mapping[TimerKind, Callable[[Tracked, datetime, Track, BusinessCalendar], list[Change]]] = {
    TimerKind.AT_RISK: _become_at_risk,
    TimerKind.BREACH: _breach,
    TimerKind.ESCALATE: _escalate,
}

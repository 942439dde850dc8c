"""The SLA clock of a work item, out of its history: when it began to run, and when it stood still. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from contracts.values import WorkState
from services.routing.calendar.domain import BusinessCalendar
from services.routing.work.domain import CLOCK_BEGAN, Due, Tracked

# Steps after which the clock counts from zero; and one that says so (`CLOCK_BEGAN`).
BEGINS_ANEW = frozenset({"ready", "redone"})
# Steps that say something about the clock.
TELLING = frozenset({*BEGINS_ANEW, "amended", "blocked", "unblocked"})


@dataclass(frozen=True)
class Clock:
    """When the SLA clock of an item began to run, and the pauses that are over: when each began, and its business
    time."""

    started_at: datetime
    pauses: tuple[tuple[datetime, timedelta], ...] = ()

    @property
    def paused(self) -> timedelta:
        return sum((pause for _, pause in self.pauses), timedelta(0))

    def moved(self, moment: datetime, calendar: BusinessCalendar) -> datetime:
        """What was planned for this moment: pauses move what is still to come."""
        for began_at, pause in self.pauses:
            if moment > began_at:
                moment = calendar.add(moment, pause)
        return moment


class Step(Protocol):
    """A row of the history."""

    @property
    def what(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def changes(self) -> Mapping[str, Any] | None: ...
    @property
    def paused_seconds(self) -> float | None: ...


def clock_of(item: Tracked, history: Iterable[Step], calendar: BusinessCalendar) -> Clock | None:
    """Out of the item's history, oldest first; None while its clock has not begun: of a variant whose master is not
    approved yet."""
    if item.place is WorkState.WAITING:
        return None
    clock = Clock(item.work.created_at)
    blocked_at: datetime | None = None
    for step in history:
        if step.what in BEGINS_ANEW or CLOCK_BEGAN in (step.changes or ()):
            clock = Clock(step.at)
            blocked_at = step.at if blocked_at else None
        elif step.what == "blocked":
            blocked_at = blocked_at or step.at
        elif step.what == "unblocked":
            began_at, blocked_at = blocked_at or step.at, None
            # Steps from before pauses were noted don't say how long theirs was.
            seconds = step.paused_seconds
            pause = calendar.between(began_at, step.at) if seconds is None else timedelta(seconds=seconds)
            clock = Clock(clock.started_at, (*clock.pauses, (began_at, pause)))
    return clock


def later_by(due: Due, pause: timedelta, calendar: BusinessCalendar) -> Due:
    """A due time that pauses have moved."""
    if not pause:
        return due
    hours = f"{pause / timedelta(hours=1):.3g}"
    choice = due.choice.model_copy(
        update={"because": f"{due.choice.because}; pauses of {hours} business hours are left out"}
    )
    due_at, at_risk_at = (moment and calendar.add(moment, pause) for moment in (due.due_at, due.at_risk_at))
    return Due(due_at, at_risk_at, choice)

"""Steps and handoffs (R45): who has work on its way through the house, and how long each step takes. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.values import Step, WorkKind, WorkState
from services.routing.calendar.domain import BusinessCalendar

# Where a holder may hand work on by hand. Into `qc` leads a stored version, out of it a decision: going back is said by
# a gate, for it counts a round.
HANDOVERS: Mapping[Step, tuple[Step, ...]] = {
    Step.STUDIO: (Step.RETOUCHING,),
    Step.RETOUCHING: (),
    Step.QC: (),
    Step.DELIVERY: (),
}

# Where a failed shot is worked on again, by where its reason sends it (`returns_to`). What a creative director or a
# requester asks for is shot anew; what an asset manager asks for (its name, its label) is exported anew.
RETURNS: Mapping[str, Step] = {
    "studio": Step.STUDIO,
    "ai_rerun": Step.STUDIO,
    "creative_director": Step.STUDIO,
    "requester": Step.STUDIO,
    "retouching": Step.RETOUCHING,
    "technical_correction": Step.RETOUCHING,
    "asset_manager": Step.RETOUCHING,
}

# The steps up to approval. A variant is made in `delivery`; its gates are `qc`, as a shot's are.
WAYS: Mapping[WorkKind, tuple[Step, ...]] = {
    WorkKind.SHOT: (Step.STUDIO, Step.RETOUCHING, Step.QC),
    WorkKind.VARIANT: (Step.DELIVERY, Step.QC),
}

_WORKING = frozenset({WorkState.CLAIMED, WorkState.IN_REVIEW})
_NONE = timedelta(0)


def first_step(kind: WorkKind) -> Step:
    return WAYS[kind][0]


def step_after_fail(kind: WorkKind, returns_to: str | None) -> Step:
    """Where failed work goes. A place that nobody here knows means the beginning: then nothing is left out."""
    if kind is WorkKind.VARIANT:
        return first_step(kind)
    return RETURNS.get(returns_to or "", first_step(kind))


def steps_to_go(kind: WorkKind, step: Step) -> tuple[Step, ...]:
    """This step and those after it, up to approval."""
    way = WAYS[kind]
    return way[way.index(step) :] if step in way else ()


@dataclass(frozen=True)
class Moment:
    """One row of an item's history: since when it was in a state."""

    version: int
    at: datetime
    what: str
    by: str
    state: WorkState


@dataclass(frozen=True)
class Took:
    """Business time and time by the clock on the wall."""

    business: timedelta = _NONE
    wall: timedelta = _NONE

    def plus(self, since: datetime, until: datetime, calendar: BusinessCalendar) -> "Took":
        return Took(self.business + calendar.between(since, until), self.wall + max(_NONE, until - since))


@dataclass(frozen=True)
class Stint:
    """An item's time in one step. Waiting: in its queue. Working: held by a person, or at the gates, where nobody holds
    it. A pause is neither, nor is a variant's wait for its master."""

    since: datetime
    held_by: str | None
    waiting: Took
    working: Took


def stint(moments: Sequence[Moment], until: datetime, calendar: BusinessCalendar) -> Stint:
    """What the history since an item entered a step, oldest first, says of its time there."""
    waiting, working = Took(), Took()
    for since, end, state in _spans(moments, until):
        if state is WorkState.READY:
            waiting = waiting.plus(since, end, calendar)
        elif state in _WORKING:
            working = working.plus(since, end, calendar)
    begun = [moment.at for moment in moments if moment.state is not WorkState.WAITING]
    holders = [moment.by for moment in moments if moment.what == "claimed"]
    return Stint(begun[0] if begun else until, holders[-1] if holders else None, waiting, working)


def _spans(moments: Sequence[Moment], until: datetime) -> Iterator[tuple[datetime, datetime, WorkState]]:
    """From when to when it was in which state. What changes no state ends no span: who renews a lease a hundred times
    costs no more than who never does."""
    turns: list[Moment] = []
    for moment in moments:
        if not turns or moment.state is not turns[-1].state:
            turns.append(moment)
    ends = [*(turn.at for turn in turns[1:]), until]
    for turn, end in zip(turns, ends, strict=False):  # without a turn there is still an end
        yield turn.at, end, turn.state

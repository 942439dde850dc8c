"""The life of a work item: its state machine as a table, and what each step changes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from contracts import routing as events
from contracts.values import Risk, Step, WorkItem, WorkKind, WorkState
from services.routing.calendar.domain import BusinessCalendar
from services.routing.handoffs.domain import HANDOVERS, first_step, step_after_fail
from services.routing.handoffs.errors import IllegalHandover
from services.routing.tracks.domain import Choice
from services.routing.tracks.schemas import PackVersions
from services.routing.work.errors import HeldByAnother, IllegalTransition


class Action(StrEnum):
    MAKE_READY = "make_ready"  # a variant's master is approved
    CLAIM = "claim"  # by its holder: the lease begins anew
    RELEASE = "release"
    EXPIRE = "expire"  # the lease ran out
    HAND_OVER = "hand_over"  # its holder gives it to the next step, before any gate
    HAND_IN = "hand_in"  # a version was stored
    SEND_BACK = "send_back"  # a gate failed
    APPROVE = "approve"  # the last gate passed
    BLOCK = "block"
    UNBLOCK = "unblock"
    CANCEL = "cancel"
    REDO = "redo"  # an amendment: it begins again in a new round
    AWAIT_MASTER = "await_master"  # an amendment redoes a variant's master: it waits for that, in a new round


# Where each action leads. None: back to the state that the work was blocked in. What is missing is illegal.
TRANSITIONS: Mapping[WorkState, Mapping[Action, WorkState | None]] = {
    WorkState.WAITING: {
        Action.MAKE_READY: WorkState.READY,
        Action.CANCEL: WorkState.CANCELLED,
    },
    WorkState.READY: {
        Action.CLAIM: WorkState.CLAIMED,
        Action.HAND_IN: WorkState.IN_REVIEW,
        Action.BLOCK: WorkState.BLOCKED,
        Action.CANCEL: WorkState.CANCELLED,
        Action.REDO: WorkState.READY,
        Action.AWAIT_MASTER: WorkState.WAITING,
    },
    WorkState.CLAIMED: {
        Action.CLAIM: WorkState.CLAIMED,
        Action.RELEASE: WorkState.READY,
        Action.EXPIRE: WorkState.READY,
        Action.HAND_OVER: WorkState.READY,
        Action.HAND_IN: WorkState.IN_REVIEW,
        Action.BLOCK: WorkState.BLOCKED,
        Action.CANCEL: WorkState.CANCELLED,
        Action.REDO: WorkState.READY,
        Action.AWAIT_MASTER: WorkState.WAITING,
    },
    WorkState.IN_REVIEW: {
        Action.SEND_BACK: WorkState.READY,
        Action.APPROVE: WorkState.APPROVED,
        Action.BLOCK: WorkState.BLOCKED,
        Action.CANCEL: WorkState.CANCELLED,
        Action.REDO: WorkState.READY,
        Action.AWAIT_MASTER: WorkState.WAITING,
    },
    WorkState.BLOCKED: {
        Action.RELEASE: WorkState.BLOCKED,  # what somebody held when it was blocked
        Action.UNBLOCK: None,
        Action.CANCEL: WorkState.CANCELLED,
        Action.REDO: WorkState.BLOCKED,
        Action.AWAIT_MASTER: WorkState.BLOCKED,
    },
    WorkState.APPROVED: {
        Action.REDO: WorkState.READY,
        Action.AWAIT_MASTER: WorkState.WAITING,
    },
    WorkState.CANCELLED: {},
}

# Steps that only an amendment takes.
_OF_AMENDMENTS = frozenset({Action.REDO, Action.AWAIT_MASTER})

# Nothing but an amendment changes these.
FINAL = frozenset({WorkState.APPROVED, WorkState.CANCELLED})


class Hold(StrEnum):
    """What blocked work waits for. It goes on when nothing holds it any more."""

    PERSON = "person"  # someone blocked it
    REQUESTER = "requester"  # its request is with its requester


# The SLA clock runs in these.
RUNNING = frozenset({WorkState.READY, WorkState.CLAIMED, WorkState.IN_REVIEW})


@dataclass(frozen=True)
class Due:
    """When work is due, when it counts as at risk (both None: never), and the rule that said so."""

    due_at: datetime | None
    at_risk_at: datetime | None
    choice: Choice


@dataclass(frozen=True)
class Tracked:
    """A work item, with what only routing knows of it."""

    work: WorkItem
    version: int
    packs: PackVersions
    chosen_by: tuple[Choice, ...]
    at_risk_at: datetime | None = None
    blocked_in: WorkState | None = None
    blocked_at: datetime | None = None
    blocked_for: tuple[Hold, ...] = ()
    fits_until: datetime | None = None  # later the steps to go, at their usual pace, no longer fit before it is due
    rungs: int = 0  # of the ladder beyond breach, climbed so far
    next_rung_at: datetime | None = None
    ready_at: datetime | None = None  # when it could first be taken: its turnaround counts from here

    @property
    def place(self) -> WorkState:
        """Its state; of blocked work the state that it was blocked in."""
        return self.blocked_in or self.work.state

    @property
    def is_final(self) -> bool:
        return self.work.state in FINAL


CLOCK_BEGAN = "clock_began_at"
"""In the history's changes, of a step that lets the SLA clock begin anew though it is named for something else."""


@dataclass(frozen=True)
class Change:
    """One step: the item before (None: it was made) and after, the event that tells it, who caused it and why."""

    before: Tracked | None
    after: Tracked
    event: type[events.WorkChanged]
    by: str
    cause: str | None = None
    says: Mapping[str, Any] = field(default_factory=dict)  # what the event says besides
    changes: Mapping[str, Any] | None = None  # for the history: field → what it was before and is after
    paused: timedelta | None = None  # for the history: the business time of the pause that this step ended


class TimerKind(StrEnum):
    """The timers of a work item."""

    LEASE = "lease"
    AT_RISK = "at_risk"
    BREACH = "breach"
    ESCALATE = "escalate"  # the next rung of the ladder; a row only while work is late


def timers_of(item: Tracked) -> dict[TimerKind, datetime]:
    """Which timers run for an item, and when each rings. Everything that changes an item brings its timers here."""
    work, timers = item.work, dict[TimerKind, datetime]()
    if work.state is WorkState.CLAIMED and work.lease_until:
        timers[TimerKind.LEASE] = work.lease_until
    if work.state in RUNNING:
        if work.due_at and work.risk is not Risk.BREACHED:
            timers[TimerKind.BREACH] = work.due_at
        at_risk = [moment for moment in (item.at_risk_at, item.fits_until) if moment]
        if at_risk and work.risk is Risk.ON_TIME:
            timers[TimerKind.AT_RISK] = min(at_risk)
        if item.next_rung_at and work.risk is Risk.BREACHED:
            timers[TimerKind.ESCALATE] = item.next_rung_at
    return timers


def create(item: Tracked, by: str) -> Change:
    """Its event names it in the history; the stream is told of all that was made at once (`WorkPlanned`)."""
    return Change(None, item, events.WorkCreated, by)


def make_ready(item: Tracked, by: str, at: datetime, due: Due) -> Change:
    """A variant's master is approved: it can be rendered, and its own clock starts."""
    others = [choice for choice in item.chosen_by if choice.decides != due.choice.decides]
    started = replace(item, at_risk_at=due.at_risk_at, ready_at=at, chosen_by=(*others, due.choice))
    after = _moved(started, Action.MAKE_READY, at, due_at=due.due_at)
    return Change(item, after, events.WorkReady, by, "its master is approved")


def claim(item: Tracked, by: str, at: datetime, lease: timedelta) -> Change:
    """Hold it until the lease ends. Raises `HeldByAnother`."""
    if item.work.state is WorkState.CLAIMED:
        _require_holder(item, by)
    after = _moved(item, Action.CLAIM, at, claimed_by=by, lease_until=at + lease)
    return Change(item, after, events.WorkClaimed, by)


def release(item: Tracked, by: str, at: datetime, *, may_release_others: bool = False) -> Change:
    """Back into its queue; blocked work stays blocked, and nobody holds it. Raises `HeldByAnother`."""
    after = _moved(item, Action.RELEASE, at)
    if not may_release_others:
        _require_holder(item, by)
    if item.blocked_in:
        after = replace(after, blocked_in=WorkState.READY, blocked_at=item.blocked_at, blocked_for=item.blocked_for)
    return Change(item, after, events.WorkReleased, by)


def expire(item: Tracked, at: datetime) -> Change:
    """The lease ran out."""
    after = _moved(item, Action.EXPIRE, at)
    return Change(item, after, events.WorkReleased, TimerKind.LEASE, f"the lease of {item.work.claimed_by} ran out")


def hand_over(item: Tracked, by: str, at: datetime, to: Step, note: str | None = None) -> Change:
    """Its holder gives it to the next step: there it is ready for another person. Raises `HeldByAnother`, and
    `IllegalHandover`, naming where it can go."""
    after = _moved(item, Action.HAND_OVER, at, step=to)
    _require_holder(item, by)
    if to not in (legal := HANDOVERS[item.work.step]):
        raise IllegalHandover(item.work.step, to, legal)
    return Change(item, after, events.WorkHandedOver, by, note)


def hand_in(item: Tracked, by: str, at: datetime) -> Change:
    """A version was stored: nobody holds the work now, it is at the gates."""
    return Change(item, _moved(item, Action.HAND_IN, at, step=Step.QC), events.WorkHandedIn, by)


def send_back(item: Tracked, by: str, at: datetime, returns_to: str | None, cause: str) -> Change:
    """A gate failed: the next round begins, in the step that the reason says. The due date stays, and so does what the
    SLA clock has come to: rework is no excuse."""
    step = step_after_fail(item.work.kind, returns_to)
    after = _moved(item, Action.SEND_BACK, at, round=item.work.round + 1, returns_to=returns_to, step=step)
    return Change(item, after, events.WorkReturned, by, cause)


def approve(item: Tracked, by: str, at: datetime, approved_at: datetime) -> Change:
    """All gates passed, the last one at `approved_at`."""
    after = _moved(item, Action.APPROVE, at, approved_at=approved_at, step=Step.DELIVERY)
    return Change(item, after, events.WorkApproved, by)


def block(item: Tracked, by: str, at: datetime, cause: str) -> Change:
    """It can't go on: its clock and its lease stand still. Its holder keeps it."""
    return hold(item, Hold.PERSON, by, at, at, cause)


def hold(item: Tracked, held_by: Hold, by: str, at: datetime, since: datetime, cause: str) -> Change:
    """Its clock and its lease stand still. Its holder keeps it. `since`: whoever calls this sees to it that it is not
    before its last step, so that no time is paused twice."""
    after = _moved(item, Action.BLOCK, at, claimed_by=item.work.claimed_by)
    after = replace(after, blocked_in=item.work.state, blocked_at=min(at, since), blocked_for=(held_by,))
    return Change(item, after, events.WorkBlocked, by, cause)


def unblock(
    item: Tracked,
    by: str,
    at: datetime,
    calendar: BusinessCalendar,
    lease: timedelta,
    cause: str | None = None,
    until: datetime | None = None,
) -> Change:
    """It goes on where it stopped, whatever held it. What was still to come moves by the business time of the pause,
    which ended at `until` (None: now); a holder's lease begins anew."""
    _next_state(item, Action.UNBLOCK)
    paused_at = item.blocked_at or at
    pause = calendar.between(paused_at, until or at)

    def moved(moment: datetime | None) -> datetime | None:
        return calendar.add(moment, pause) if moment and moment > paused_at else moment

    changes: dict[str, Any] = {"due_at": moved(item.work.due_at)}
    if item.place is WorkState.CLAIMED:
        changes |= {"claimed_by": item.work.claimed_by, "lease_until": at + lease}
    goes_on = replace(
        item,
        at_risk_at=moved(item.at_risk_at),
        fits_until=moved(item.fits_until),
        next_rung_at=moved(item.next_rung_at),
    )
    after = _moved(goes_on, Action.UNBLOCK, at, **changes)
    return Change(item, after, events.WorkUnblocked, by, cause, paused=pause)


def cancel(item: Tracked, by: str, at: datetime, cause: str) -> Change:
    return Change(item, _moved(item, Action.CANCEL, at), events.WorkCancelled, by, cause)


def amend(item: Tracked, new: Tracked, by: str, at: datetime, cause: str, *, clock_begins: bool = False) -> Change:
    """`new` is the item with its new content: it goes on where it is, and whoever holds it keeps it. What was late
    stays so, and its next rung too. `clock_begins`: its due time counts from now."""
    work = new.work.model_copy(update={"updated_at": at})
    changes = {CLOCK_BEGAN: {"before": None, "after": at.isoformat()}} if clock_begins else None
    after = replace(new, work=work, version=item.version + 1)
    return Change(item, after, events.WorkAmended, by, cause, changes=changes)


def redo(item: Tracked, new: Tracked, by: str, at: datetime, cause: str) -> Change:
    """`new` is the item with its new content: it begins again in a new round; a variant waits for its master first.
    What is blocked stays so, and its clock stands still from now on. Its clock is a new one: nothing of it was late."""
    is_shot = item.work.kind is WorkKind.SHOT
    action = Action.REDO if is_shot else Action.AWAIT_MASTER
    begins = {"round": item.work.round + 1, "returns_to": None, "approved_at": None, "risk": Risk.ON_TIME}
    anew = replace(new, rungs=0, next_rung_at=None, ready_at=at if is_shot else None)
    after = _moved(anew, action, at, **begins, step=first_step(item.work.kind))
    if after.work.state is WorkState.BLOCKED:
        place = WorkState.READY if is_shot else WorkState.WAITING
        after = replace(after, blocked_in=place, blocked_at=at, blocked_for=item.blocked_for)
    return Change(item, after, events.WorkRedone, by, cause)


def mark_at_risk(item: Tracked, at: datetime) -> Change:
    """Most of its time is gone. Not a step of the state machine: it stays where it is."""
    return _risk(item, at, Risk.AT_RISK, events.WorkAtRisk, TimerKind.AT_RISK)


def mark_breached(item: Tracked, at: datetime) -> Change:
    """Its due time passed. It stays breached, whatever comes."""
    return _risk(item, at, Risk.BREACHED, events.WorkBreached, TimerKind.BREACH)


def _risk(item: Tracked, at: datetime, risk: Risk, event: type[events.WorkChanged], timer: TimerKind) -> Change:
    work = item.work.model_copy(update={"risk": risk, "updated_at": at})
    return Change(item, replace(item, work=work, version=item.version + 1), event, timer)


def legal_actions(item: Tracked) -> frozenset[Action]:
    """What can happen to it, but for what only an amendment does. Nobody gives back what nobody holds."""
    legal = TRANSITIONS[item.work.state].keys() - _OF_AMENDMENTS
    return frozenset(legal if item.place is WorkState.CLAIMED else legal - {Action.RELEASE})


def _next_state(item: Tracked, action: Action) -> WorkState:
    """Where the table leads. Raises `IllegalTransition`, naming what is legal."""
    if action not in legal_actions(item) | (TRANSITIONS[item.work.state].keys() & _OF_AMENDMENTS):
        raise IllegalTransition(item.work.state, action, legal_actions(item))
    return TRANSITIONS[item.work.state][action] or item.place


def _moved(item: Tracked, action: Action, at: datetime, **changes: Any) -> Tracked:
    """The item after a step. A holder and a lease end with every step that doesn't say otherwise."""
    state = _next_state(item, action)
    update = {"claimed_by": None, "lease_until": None, **changes, "state": state, "updated_at": at}
    work = item.work.model_copy(update=update)
    return replace(item, work=work, version=item.version + 1, blocked_in=None, blocked_at=None, blocked_for=())


def _require_holder(item: Tracked, by: str) -> None:
    work = item.work
    if work.claimed_by and work.claimed_by != by:
        until = work.lease_until.isoformat(timespec="seconds") if work.lease_until else None
        raise HeldByAnother(work.state, work.claimed_by, until, legal_actions(item))

"""The state machine: every step, every illegal one, and invariants under random sequences."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.values import Risk, Step, WorkKind, WorkState
from services.routing.handoffs.errors import IllegalHandover
from services.routing.work import domain
from services.routing.work.domain import TRANSITIONS, Action, Change, TimerKind, Tracked, timers_of
from services.routing.work.errors import HeldByAnother, IllegalTransition
from services.routing.work.planning import due_for, plan_work
from tests.routing.others import MONDAY, brief
from tests.routing.test_rules import CALENDAR, DEFAULTS

LEASE = timedelta(hours=8)
HOUR = timedelta(hours=1)
SLA = 24 * HOUR
DUE = due_for(MONDAY, DEFAULTS.tracks.track("marketplace"), DEFAULTS.classes.classes[0], None, DEFAULTS)


def _redone(item: Tracked, kind: WorkKind, by: str, at: datetime) -> Change:
    """Which of the two steps it is depends on what the item is."""
    of_kind = replace(item, work=item.work.model_copy(update={"kind": kind}))
    return replace(domain.redo(of_kind, of_kind, by, at, "an amendment"), before=item)


# Only amendments take these: tests/routing/test_amendment_rules.py plays them.
OF_AMENDMENTS = {Action.REDO, Action.AWAIT_MASTER}

STEPS: dict[Action, Callable[[Tracked, str, datetime], Change]] = {
    Action.MAKE_READY: lambda item, by, at: domain.make_ready(item, by, at, DUE),
    Action.CLAIM: lambda item, by, at: domain.claim(item, by, at, LEASE),
    Action.RELEASE: domain.release,
    Action.EXPIRE: lambda item, by, at: domain.expire(item, at),
    Action.HAND_OVER: lambda item, by, at: domain.hand_over(item, by, at, Step.RETOUCHING, "mind the cuff"),
    Action.HAND_IN: domain.hand_in,
    Action.SEND_BACK: lambda item, by, at: domain.send_back(item, by, at, "studio", "technical: out_of_focus"),
    Action.APPROVE: lambda item, by, at: domain.approve(item, by, at, at),
    Action.BLOCK: lambda item, by, at: domain.block(item, by, at, "sample is damaged"),
    Action.UNBLOCK: lambda item, by, at: domain.unblock(item, by, at, CALENDAR, LEASE),
    Action.CANCEL: lambda item, by, at: domain.cancel(item, by, at, "dropped"),
    Action.REDO: lambda item, by, at: _redone(item, WorkKind.SHOT, by, at),
    Action.AWAIT_MASTER: lambda item, by, at: _redone(item, WorkKind.VARIANT, by, at),
}

# The same machine once more, as a list that is read by people: from, action, to.
EDGES = {
    ("waiting", "make_ready", "ready"), ("waiting", "cancel", "cancelled"),
    ("ready", "claim", "claimed"), ("ready", "hand_in", "in_review"), ("ready", "block", "blocked"),
    ("ready", "cancel", "cancelled"),
    ("claimed", "claim", "claimed"), ("claimed", "release", "ready"), ("claimed", "expire", "ready"),
    ("claimed", "hand_over", "ready"),
    ("claimed", "hand_in", "in_review"), ("claimed", "block", "blocked"), ("claimed", "cancel", "cancelled"),
    ("in_review", "send_back", "ready"), ("in_review", "approve", "approved"), ("in_review", "block", "blocked"),
    ("in_review", "cancel", "cancelled"),
    ("blocked in ready", "unblock", "ready"), ("blocked in claimed", "unblock", "claimed"),
    ("blocked in in_review", "unblock", "in_review"), ("blocked in claimed", "release", "blocked"),
    ("blocked in ready", "cancel", "cancelled"), ("blocked in claimed", "cancel", "cancelled"),
    ("blocked in in_review", "cancel", "cancelled"),
    ("ready", "redo", "ready"), ("claimed", "redo", "ready"), ("in_review", "redo", "ready"),
    ("approved", "redo", "ready"), ("blocked in ready", "redo", "blocked"), ("blocked in claimed", "redo", "blocked"),
    ("blocked in in_review", "redo", "blocked"),
    ("ready", "await_master", "waiting"), ("claimed", "await_master", "waiting"),
    ("in_review", "await_master", "waiting"), ("approved", "await_master", "waiting"),
    ("blocked in ready", "await_master", "blocked"), ("blocked in claimed", "await_master", "blocked"),
    ("blocked in in_review", "await_master", "blocked"),
}  # fmt: skip


def fresh() -> dict[str, Tracked]:
    """An item in every state, each reached by steps."""
    shot, variant, *_ = plan_work(brief(), DEFAULTS, MONDAY)

    def after(item: Tracked, *actions: Action) -> Tracked:
        for action in actions:
            item = STEPS[action](item, "phil", MONDAY).after
        return item

    return {
        "waiting": variant,
        "ready": shot,
        "claimed": after(shot, Action.CLAIM),
        "in_review": after(shot, Action.HAND_IN),
        "blocked in ready": after(shot, Action.BLOCK),
        "blocked in claimed": after(shot, Action.CLAIM, Action.BLOCK),
        "blocked in in_review": after(shot, Action.HAND_IN, Action.BLOCK),
        "approved": after(shot, Action.HAND_IN, Action.APPROVE),
        "cancelled": after(shot, Action.CANCEL),
    }


def name_of(item: Tracked) -> str:
    """Its state, as `EDGES` calls it."""
    return f"blocked in {item.blocked_in}" if item.blocked_in else item.work.state


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("state", list(fresh()))
def test_every_step(state: str, action: Action) -> None:
    item = fresh()[state]
    target = next((to for origin, what, to in EDGES if (origin, what) == (state, action)), None)
    if target is None:
        with pytest.raises(IllegalTransition) as refused:
            STEPS[action](item, "phil", MONDAY)
        legal = sorted({what for origin, what, _ in EDGES if origin == state} - OF_AMENDMENTS)
        assert refused.value.extensions == {"state": item.work.state, "legal_actions": legal}
        assert all(name in refused.value.detail for name in legal)
    else:
        change = STEPS[action](item, "phil", MONDAY)
        assert change.before is item
        assert change.after.work.state == target
        assert change.after.version == item.version + 1
        assert change.event.type.startswith("routing.work.")


def test_every_state_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(WorkState)
    assert {one.work.state for one in fresh().values()} == set(WorkState)


def test_a_claim_excludes_others_and_its_holder_extends_it() -> None:
    held = fresh()["claimed"]
    extended = domain.claim(held, "phil", MONDAY + HOUR, LEASE).after
    assert extended.work.lease_until == MONDAY + HOUR + LEASE
    with pytest.raises(HeldByAnother, match="phil holds it until"):
        domain.claim(held, "rita", MONDAY, LEASE)
    with pytest.raises(HeldByAnother):
        domain.release(held, "rita", MONDAY)
    assert domain.release(held, "pia", MONDAY, may_release_others=True).after.work.claimed_by is None


def test_a_blocked_holder_keeps_the_work_and_gets_a_new_lease() -> None:
    blocked = fresh()["blocked in claimed"]
    assert (blocked.work.claimed_by, blocked.work.lease_until) == ("phil", None)
    with pytest.raises(HeldByAnother, match="phil holds it while it is blocked"):
        domain.release(blocked, "rita", MONDAY)
    again = domain.unblock(blocked, "pia", MONDAY + HOUR, CALENDAR, LEASE).after
    assert (again.work.claimed_by, again.work.lease_until) == ("phil", MONDAY + HOUR + LEASE)


def test_blocked_work_can_be_given_back() -> None:
    blocked = fresh()["blocked in claimed"]
    free = domain.release(blocked, "phil", MONDAY + HOUR).after
    assert (free.work.state, free.work.claimed_by, free.blocked_in) == ("blocked", None, "ready")
    assert (free.blocked_at, free.blocked_for) == (blocked.blocked_at, blocked.blocked_for)
    again = domain.unblock(free, "pia", MONDAY + 2 * HOUR, CALENDAR, LEASE).after
    assert (again.work.state, again.work.claimed_by, again.work.lease_until) == ("ready", None, None)
    assert again.work.due_at == domain.unblock(blocked, "pia", MONDAY + 2 * HOUR, CALENDAR, LEASE).after.work.due_at


def test_a_pause_moves_what_is_still_to_come() -> None:
    """Blocked on Friday at 17:00, unblocked on Monday at 10:00: two business hours."""
    ready = fresh()["ready"]
    friday, monday = MONDAY + timedelta(days=4, hours=8), MONDAY + timedelta(days=7, hours=1)
    late = ready.work.due_at
    assert late is not None
    assert late < friday
    passed = domain.unblock(domain.block(ready, "pia", friday, "x").after, "pia", monday, CALENDAR, LEASE).after
    assert passed.work.due_at == late  # what had passed before the pause isn't undone by it
    tuesday = MONDAY + timedelta(days=1)
    early = domain.unblock(domain.block(ready, "pia", MONDAY, "x").after, "pia", tuesday, CALENDAR, LEASE).after
    assert early.work.due_at == CALENDAR.add(late, 9 * HOUR)
    assert early.at_risk_at == CALENDAR.add(MONDAY, 0.75 * SLA + 9 * HOUR)


class LifeOfAShot(RuleBasedStateMachine):
    """Random commands, events and moves of the clock on one shot."""

    def __init__(self) -> None:
        super().__init__()
        self.now = MONDAY
        self.item = plan_work(brief(), DEFAULTS, MONDAY)[0]
        self.paused = timedelta(0)
        self.seen: list[Change] = []

    @rule(
        action=st.sampled_from([one for one in Action if one not in {Action.EXPIRE, *OF_AMENDMENTS}]),
        by=st.sampled_from("abc"),
    )
    def act(self, action: Action, by: str) -> None:
        before, step = self.item, STEPS[action]
        if not any((origin, what) == (name_of(before), action) for origin, what, _ in EDGES):
            with pytest.raises(IllegalTransition):
                step(before, by, self.now)
            return
        if action in (Action.CLAIM, Action.RELEASE, Action.HAND_OVER) and before.work.claimed_by not in (None, by):
            with pytest.raises(HeldByAnother):
                step(before, by, self.now)
            return
        if action is Action.HAND_OVER and before.work.step is Step.RETOUCHING:
            with pytest.raises(IllegalHandover):
                step(before, by, self.now)
            return
        if action is Action.UNBLOCK and before.work.due_at and before.blocked_at:
            ran = before.work.due_at > before.blocked_at  # the clock of late work has nothing left to pause
            self.paused += CALENDAR.between(before.blocked_at, self.now) if ran else timedelta(0)
        self.take(step(before, by, self.now))

    @precondition(lambda self: not self.item.is_final)
    @rule(hours=st.floats(0.1, 60))
    def time_passes(self, hours: float) -> None:
        """Every timer that comes due rings in its turn."""
        until = self.now + timedelta(hours=hours)
        steps = {TimerKind.LEASE: domain.expire, TimerKind.AT_RISK: domain.mark_at_risk}
        while due := [(at, kind) for kind, at in timers_of(self.item).items() if at <= until]:
            at, kind = min(due)
            self.now = max(self.now, at)
            self.take(steps.get(kind, domain.mark_breached)(self.item, self.now))
        self.now = until

    def take(self, change: Change) -> None:
        before, after = self.item, change.after
        assert after.version == before.version + 1
        assert after.work.round - before.work.round == (1 if change.event.type.endswith("returned.v1") else 0)
        order = list(Risk)
        assert order.index(after.work.risk) >= order.index(before.work.risk)
        assert not before.is_final
        if after.work.state != before.work.state:
            assert (name_of(before), after.work.state) in {(origin, to) for origin, _, to in EDGES}
        self.seen.append(change)
        self.item = after

    @invariant()
    def holds(self) -> None:
        work, timers = self.item.work, timers_of(self.item)
        assert (work.step is Step.QC) == (self.item.place is WorkState.IN_REVIEW) or work.state is WorkState.CANCELLED
        assert (work.step is Step.DELIVERY) == (work.state is WorkState.APPROVED)
        assert (work.lease_until is not None) == (work.state is WorkState.CLAIMED) == (TimerKind.LEASE in timers)
        assert (work.claimed_by is not None) == (self.item.place is WorkState.CLAIMED)
        assert (self.item.blocked_in is not None) == (work.state is WorkState.BLOCKED)
        if self.item.is_final or work.state is WorkState.BLOCKED:
            assert not timers
        else:
            assert (TimerKind.BREACH in timers) == (work.risk is not Risk.BREACHED)
            assert (TimerKind.AT_RISK in timers) == (work.risk is Risk.ON_TIME)
        assert work.due_at is not None
        assert CALENDAR.between(MONDAY, work.due_at) == SLA + self.paused
        told = [change.event.type for change in self.seen]
        assert told.count("routing.work.at_risk.v1") <= 1
        assert told.count("routing.work.breached.v1") <= 1


LifeOfAShot.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestLifeOfAShot = LifeOfAShot.TestCase

"""While a request is with its requester, nothing of it moves on and no clock of it runs (R19, R45b)."""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis import service
from chassis.clock import clock
from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from contracts.envelope import EventData
from contracts.intake import Answer, Question, RequestAccepted, RequestAnswered, RequestClarified, RequestReturned
from contracts.values import Request, Role, WorkState
from services.routing.app import create_app
from services.routing.clarification import domain as clarification
from services.routing.settings import RoutingSettings
from services.routing.work import domain
from services.routing.work.domain import RUNNING, Action, Change, Hold, timers_of
from services.routing.work.errors import WithRequester
from services.routing.work.planning import plan_work
from tests.routing.others import (
    MONDAY,
    Json,
    accept,
    brief,
    cancel,
    dead_letters,
    decide,
    do,
    drained,
    hand_in,
    in_state,
    read,
    told,
    work_of,
)
from tests.routing.test_deadlines import at_risk_is
from tests.routing.test_rules import CALENDAR, DEFAULTS

HOUR = timedelta(hours=1)
LEASE = timedelta(hours=8)
WHO = {"sku": "MT07", "category": "apparel", "requested_by": "ana"}


def returned(request: Request, at: datetime, text: str = "Is the hood right?") -> RequestReturned:
    question = Question(id=new_id(), pointer=None, text=text, asked_by="pia")
    return RequestReturned(id=request.id, **WHO, problems=[], returned_at=at, questions=[question], returned_by="pia")


def answered(request: Request, returned_at: datetime, at: datetime) -> RequestAnswered:
    answer = Answer(question_id=new_id(), pointer=None, text="It is.")
    return RequestAnswered(
        id=request.id, **WHO, answers=[answer], answered_by="ana", returned_at=returned_at, answered_at=at
    )


def clarified(request: Request, returned_at: datetime, at: datetime) -> RequestClarified:
    return RequestClarified(
        id=request.id, **WHO, clarified_by="pia", returned_at=returned_at, answered_at=at, clarified_at=at
    )


async def timers(routing: Harness) -> int:
    return len(await routing.fetch("SELECT 1 FROM timer"))


def due(work: Json) -> datetime:
    return datetime.fromisoformat(work["due_at"])


async def test_what_waited_while_nobody_ran_comes_before_the_clocks(
    start: Start, routing: Harness, monday: datetime
) -> None:
    """A return before the due time stops the clock, though both are past when routing is there again."""
    request = brief(channels=[])
    shot, *_ = await accept(routing, request)
    await drained(routing)
    [consumer] = routing.service.consumers
    consumer.stop()
    await consumer.finished.wait()
    await routing.publish(returned(request, monday + HOUR), request.id, 2)
    await routing.service.stop()
    clock.move(timedelta(days=20))
    again = await start(create_app, RoutingSettings, fresh=False)
    paused = await in_state(again, shot["id"], "blocked")
    assert paused["risk"] == "on_time"
    assert [what for what, _ in await told(again, shot["id"])] == ["created", "blocked"]


async def test_an_event_that_fails_does_not_stop_the_clocks(
    start: Start, routing: Harness, monday: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CATCH_UP_SECONDS", 0.5)
    shot, *_ = await accept(routing, brief(channels=[]))
    await drained(routing)
    unknown = brief()
    await routing.publish(returned(unknown, monday), unknown.id, 2)  # it waits for a request that never comes
    await routing.service.stop()
    clock.move(timedelta(days=20))
    again = await start(create_app, RoutingSettings, fresh=False)
    await at_risk_is(again, shot, "breached")


async def test_a_return_pauses_and_an_answer_goes_on(routing: Harness, monday: datetime) -> None:
    request = brief(views=("front", "back"), channels=["pdp"])
    front, variant, back, _ = await accept(routing, request)
    await do(routing, front, "claim", Role.PHOTOGRAPHER, subject="phil")
    clock.set(monday + HOUR)
    await routing.publish(returned(request, monday + HOUR), request.id, 2)
    paused = await in_state(routing, front["id"], "blocked")
    assert (paused["claimed_by"], paused["lease_until"]) == ("phil", None)
    await in_state(routing, back["id"], "blocked")
    assert (await read(routing, variant["id"]))["state"] == "waiting"
    assert await timers(routing) == 0
    last = paused["history"][-1]
    assert (last["what"], last["by"], last["cause"]) == ("blocked", "pia", "with its requester: Is the hood right?")

    refused = await do(routing, back, "unblock")
    assert (refused.status_code, refused.json()["legal_actions"]) == (409, ["cancel"])
    assert refused.json()["title"] == "It waits for its requester"

    clock.set(monday + timedelta(days=1, hours=2))  # nine hours of work and a night later, and one hour more
    await routing.publish(answered(request, monday + HOUR, clock.now()), request.id, 3)
    again = await in_state(routing, front["id"], "claimed")
    assert (again["claimed_by"], again["lease_until"]) == ("phil", "2026-03-03T18:00:00Z")
    assert due(again) == CALENDAR.add(due(front), 10 * HOUR)
    assert (again["history"][-1]["what"], again["history"][-1]["by"]) == ("unblocked", "ana")
    await in_state(routing, back["id"], "ready")
    await routing.publish(clarified(request, monday + HOUR, clock.now()), request.id, 4)
    await drained(routing)
    assert await read(routing, front["id"]) == again


async def test_an_incomplete_request_is_none_of_routings_business(routing: Harness) -> None:
    request = brief()
    incomplete = returned(request, MONDAY).model_copy(update={"questions": [], "returned_by": None})
    await routing.publish(incomplete, request.id, 1)
    assert len(await accept(routing, request, version=2)) == 3
    assert await dead_letters(routing) == 0


async def test_what_is_with_its_requester_can_be_blocked_besides(routing: Harness, monday: datetime) -> None:
    """The sample is lost meanwhile: the answer alone doesn't start it. And who held it gives it back."""
    request = brief(channels=[])
    [shot] = await accept(routing, request)
    assert (await do(routing, shot, "claim", Role.PHOTOGRAPHER, subject="phil")).json()["blocked_for"] == []
    await routing.publish(returned(request, monday), request.id, 2)
    assert (await in_state(routing, shot["id"], "blocked"))["blocked_for"] == ["requester"]
    both = await do(routing, shot, "block", json={"cause": "The sample is lost."})
    assert (both.status_code, both.json()["blocked_for"]) == (200, ["requester", "person"]), both.text
    assert (await do(routing, shot, "block", json={"cause": "The sample is lost."})).status_code == 409
    assert (await read(routing, shot["id"]))["history"][-1]["cause"] == "The sample is lost."
    assert (await do(routing, shot, "release", Role.PHOTOGRAPHER, subject="rita")).status_code == 409
    free = (await do(routing, shot, "release", Role.PHOTOGRAPHER, subject="phil")).json()
    assert (free["state"], free["claimed_by"], free["blocked_for"]) == ("blocked", None, ["requester", "person"])
    clock.set(monday + HOUR)
    await routing.publish(answered(request, monday, clock.now()), request.id, 3)
    await drained(routing)
    still = await read(routing, shot["id"])
    assert (still["state"], still["blocked_for"]) == ("blocked", ["person"])
    clock.set(monday + 2 * HOUR)
    open_again = (await do(routing, shot, "unblock")).json()
    assert (open_again["state"], open_again["claimed_by"]) == ("ready", None)
    assert due(open_again) == CALENDAR.add(due(shot), 2 * HOUR)


async def test_a_block_by_hand_stands_beside(routing: Harness, monday: datetime) -> None:
    """An answer doesn't start what a person blocked, nor an unblock by hand what waits for its requester."""
    request = brief(views=("front", "back"), channels=[])
    front, back = await accept(routing, request)
    for item in (front, back):
        await do(routing, item, "block", json={"cause": "The sample is damaged."})
    await routing.publish(returned(request, monday), request.id, 2)
    await drained(routing)
    clock.set(monday + HOUR)
    kept = await do(routing, front, "unblock")
    assert (kept.status_code, kept.json()["state"]) == (200, "blocked")
    assert (await do(routing, front, "unblock")).status_code == 409
    clock.set(monday + 2 * HOUR)
    await routing.publish(answered(request, monday, clock.now()), request.id, 3)
    open_again = await in_state(routing, front["id"], "ready")
    assert due(open_again) == CALENDAR.add(due(front), 2 * HOUR)
    still = await read(routing, back["id"])
    assert (still["state"], still["history"][-1]["cause"]) == (
        "blocked", "its requester has answered; it is still blocked by hand",
    )  # fmt: skip
    clock.set(monday + 3 * HOUR)
    assert (await do(routing, back, "unblock")).json()["state"] == "ready"
    assert due(await read(routing, back["id"])) == CALENDAR.add(due(back), 3 * HOUR)


async def test_what_arrives_meanwhile_is_taken_and_paused_again(routing: Harness, monday: datetime) -> None:
    """A version is stored, a gate fails, the last gate passes: the work goes its way, its clocks stand still."""
    request = brief(channels=["pdp"])
    shot, variant = await accept(routing, request)
    await routing.publish(returned(request, monday), request.id, 2)
    await in_state(routing, shot["id"], "blocked")
    await hand_in(routing, shot)
    await drained(routing)
    delivered = await read(routing, shot["id"])
    assert [step["what"] for step in delivered["history"][-3:]] == ["unblocked", "handed_in", "blocked"]
    assert (delivered["state"], await timers(routing)) == ("blocked", 0)
    await decide(routing, shot, "failed")
    await drained(routing)
    again = await in_state(routing, shot["id"], "blocked", round=1)
    assert await timers(routing) == 0
    await hand_in(routing, again)
    await decide(routing, again, "passed")
    await in_state(routing, shot["id"], "approved", round=1)
    ready = await in_state(routing, variant["id"], "blocked")
    assert [step["what"] for step in ready["history"]] == ["created", "ready", "blocked"]
    assert await timers(routing) == 0
    clock.set(monday + 4 * HOUR)
    await routing.publish(answered(request, monday, clock.now()), request.id, 3)
    open_again = await in_state(routing, variant["id"], "ready")
    assert due(open_again) == CALENDAR.add(due(ready), 4 * HOUR)
    assert (await read(routing, shot["id"]))["history"][-1]["what"] == "approved"
    assert [version for _, version in await told(routing, shot["id"])] == list(
        range(1, (await read(routing, shot["id"]))["version"] + 1)
    )


async def test_in_any_order_and_twice_the_pause_counts_once(routing: Harness, monday: datetime) -> None:
    """Returned on Monday at 11:00, answered on Tuesday at 11:00: nine business hours, whatever arrives first, and
    hours later."""
    orders = list(permutations(range(3)))
    requests = [brief(channels=[]) for _ in orders]
    shots = [(await accept(routing, request))[0] for request in requests]
    back, there = monday + 2 * HOUR, monday + timedelta(days=1, hours=2)
    clock.set(there + 3 * HOUR)
    for place in range(3):
        for request, order in zip(requests, orders, strict=True):
            said: list[EventData] = [
                returned(request, back), answered(request, back, there), clarified(request, back, there),
            ]  # fmt: skip
            for _ in range(2):
                await routing.publish(said[order[place]], request.id, 2 + order[place])
    await drained(routing)
    for shot, order in zip(shots, orders, strict=True):
        found = await read(routing, shot["id"])
        assert (found["state"], due(found)) == ("ready", CALENDAR.add(due(shot), 9 * HOUR)), order
        assert [step["what"] for step in found["history"]] == ["created", "blocked", "unblocked"], order
    assert await dead_letters(routing) == 0


async def test_an_answer_to_earlier_questions_that_comes_late_starts_nothing(
    routing: Harness, monday: datetime
) -> None:
    request = brief(channels=[])
    shot, *_ = await accept(routing, request)
    await routing.publish(returned(request, monday), request.id, 2)
    await routing.publish(returned(request, monday + HOUR, "And the size?"), request.id, 4)
    await routing.publish(answered(request, monday, monday + HOUR), request.id, 3)
    await drained(routing)
    assert (await read(routing, shot["id"]))["state"] == "blocked"
    await routing.publish(answered(request, monday + HOUR, monday + 2 * HOUR), request.id, 5)
    await in_state(routing, shot["id"], "ready")


async def test_a_return_that_comes_late_counts_though_the_work_was_at_risk_meanwhile(
    routing: Harness, monday: datetime
) -> None:
    """What the SLA clock says of work is no step: the pause begins when the request was returned."""
    request = brief(channels=[])
    [shot] = await accept(routing, request)
    clock.set(CALENDAR.add(monday, 20 * HOUR))

    async def is_at_risk() -> bool:
        return bool((await read(routing, shot["id"]))["risk"] == "at_risk")

    await routing.eventually(is_at_risk)
    await routing.publish(returned(request, monday + HOUR), request.id, 2)
    await in_state(routing, shot["id"], "blocked")
    await routing.publish(answered(request, monday + HOUR, clock.now()), request.id, 3)
    assert due(await in_state(routing, shot["id"], "ready")) == CALENDAR.add(due(shot), 19 * HOUR)


async def test_what_comes_before_the_request_waits_for_it(routing: Harness, monday: datetime) -> None:
    request = brief(channels=[])
    await routing.publish(answered(request, monday, monday), request.id, 3)
    await routing.publish(returned(request, monday), request.id, 2)
    await routing.publish(returned(request, monday, "And the size?"), request.id, 4)
    await accept(routing, request)
    await drained(routing)
    [shot] = await work_of(routing, request)
    assert (shot["state"], await dead_letters(routing)) == ("blocked", 0)
    assert await timers(routing) == 0


async def test_a_cancel_ends_the_wait_too(routing: Harness, monday: datetime) -> None:
    request = brief()
    shot, *_ = await accept(routing, request)
    await routing.publish(returned(request, monday), request.id, 2)
    await in_state(routing, shot["id"], "blocked")
    await cancel(routing, request, version=3)
    await in_state(routing, shot["id"], "cancelled")
    late = brief()
    await cancel(routing, late, version=3)
    await routing.publish(returned(late, monday), late.id, 2)
    await routing.publish(RequestAccepted(request=late), late.id, 1)
    await drained(routing)
    assert (await work_of(routing, late), await dead_letters(routing)) == ([], 0)


async def test_a_long_question_is_cut_in_the_cause(routing: Harness, monday: datetime) -> None:
    request = brief(channels=[])
    shot, *_ = await accept(routing, request)
    await routing.publish(returned(request, monday, "x" * 2000), request.id, 2)
    cause = (await in_state(routing, shot["id"], "blocked"))["history"][-1]["cause"]
    assert (len(cause), cause[-1]) == (500, "…")


async def test_blocked_work_knows_what_it_waits_for(routing: Harness, monday: datetime) -> None:
    request = brief(channels=[])
    shot, *_ = await accept(routing, request)
    await do(routing, shot, "block", json={"cause": "x"})
    await routing.publish(returned(request, monday), request.id, 2)
    await drained(routing)
    [row] = await routing.fetch("SELECT blocked_for FROM work_item WHERE id = $1", UUID(shot["id"]))
    assert row["blocked_for"] == ["person", "requester"]


def test_nobody_but_the_requester_ends_the_wait() -> None:
    shot = plan_work(brief(), DEFAULTS, MONDAY)[0]
    change = clarification.pause(shot, "pia", MONDAY, MONDAY, "x")
    assert change is not None
    with pytest.raises(WithRequester) as refused:
        clarification.unblock_by_hand(change.after, "phil", MONDAY, CALENDAR, LEASE)
    assert refused.value.extensions["legal_actions"] == [Action.CANCEL]
    assert clarification.pause(change.after, "pia", MONDAY, MONDAY, "x") is None
    assert clarification.go_on(shot, "ana", MONDAY, MONDAY, CALENDAR, LEASE, "x") is None


class LifeWithARequester(RuleBasedStateMachine):
    """Random commands, returns and answers on one shot, while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = MONDAY
        self.item = plan_work(brief(), DEFAULTS, MONDAY)[0]
        self.sla = CALENDAR.between(MONDAY, self.item.work.due_at or MONDAY)
        self.paused = timedelta(0)
        self.holds: set[Hold] = set()
        self.since = MONDAY

    @rule(hours=st.floats(0.1, 60))
    def time_passes(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda self: self.item.work.state in RUNNING)
    @rule(kind=st.sampled_from(["claim", "release", "hand_in", "send_back"]))
    def work_goes_on(self, kind: str) -> None:
        state, item = self.item.work.state, self.item
        if kind == "claim" and state is WorkState.READY:
            self.take(domain.claim(item, "phil", self.now, LEASE))
        elif kind == "release" and state is WorkState.CLAIMED:
            self.take(domain.release(item, "phil", self.now))
        elif kind == "hand_in" and state is not WorkState.IN_REVIEW:
            self.take(domain.hand_in(item, "phil", self.now))
        elif kind == "send_back" and state is WorkState.IN_REVIEW:
            self.take(domain.send_back(item, "quinn", self.now, "studio", "technical: out_of_focus"))

    @precondition(lambda self: self.item.work.state in RUNNING)
    @rule()
    def is_blocked_by_hand(self) -> None:
        self.begins(Hold.PERSON)
        self.take(domain.block(self.item, "pia", self.now, "sample is damaged"))

    @rule()
    def is_returned(self) -> None:
        change = clarification.pause(self.item, "pia", self.now, self.now, "with its requester")
        assert (change is None) == (Hold.REQUESTER in self.holds)
        if change is not None:
            self.begins(Hold.REQUESTER)
            self.take(change)

    @rule()
    def is_answered(self) -> None:
        change = clarification.go_on(self.item, "ana", self.now, self.now, CALENDAR, LEASE, "answered")
        assert (change is None) == (Hold.REQUESTER not in self.holds)
        if change is not None:
            self.ends(Hold.REQUESTER)
            self.take(change)

    @precondition(lambda self: self.item.work.state is WorkState.BLOCKED)
    @rule()
    def is_unblocked_by_hand(self) -> None:
        if self.holds == {Hold.REQUESTER}:
            with pytest.raises(WithRequester):
                clarification.unblock_by_hand(self.item, "pia", self.now, CALENDAR, LEASE)
            return
        change = clarification.unblock_by_hand(self.item, "pia", self.now, CALENDAR, LEASE)
        self.ends(Hold.PERSON)
        self.take(change)

    def begins(self, hold: Hold) -> None:
        if not self.holds:
            self.since = self.now
        self.holds.add(hold)

    def ends(self, hold: Hold) -> None:
        self.holds.remove(hold)
        was_late = self.item.work.due_at is not None and self.item.work.due_at <= self.since
        if not self.holds and not was_late:
            self.paused += CALENDAR.between(self.since, self.now)

    def take(self, change: Change) -> None:
        assert change.after.version == self.item.version + 1
        self.item = change.after

    @invariant()
    def holds_and_clock_fit(self) -> None:
        assert set(self.item.blocked_for) == self.holds
        assert (self.item.work.state is WorkState.BLOCKED) == bool(self.holds)
        assert bool(timers_of(self.item)) == (not self.holds)
        assert CALENDAR.between(MONDAY, self.item.work.due_at or MONDAY) == self.sla + self.paused


LifeWithARequester.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestLifeWithARequester = LifeWithARequester.TestCase

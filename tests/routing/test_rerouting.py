"""Another way for work by a person: who may, in which state, what follows from it, and what is kept of it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.clock import clock
from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.routing import WorkRerouted
from contracts.values import Priority, Role, WorkState
from services.routing.rerouting.domain import CHANGEABLE, Way
from services.routing.sla.clocks import Clock, clock_of, later_by
from services.routing.work import domain
from services.routing.work.domain import Change
from services.routing.work.planning import due_for, plan_work
from tests.routing.others import MONDAY, Json, accept, brief, cancel, decide, do, hand_in, in_state, read, told
from tests.routing.owners import content, put, tell_domains
from tests.routing.test_rules import CALENDAR, DEFAULTS, TRACKS

HOUR = timedelta(hours=1)
CAUSE = "It opens the campaign."


@pytest.fixture
async def house(routing: Harness) -> Harness:
    """Routing that knows who decides what."""
    await tell_domains(routing)
    return routing


async def reroute(
    routing: Harness, work: Json, role: str = Role.PRODUCER, version: int | None = None, **body: Any
) -> httpx.Response:
    headers = routing.bearer(role, subject=f"{role}-1") | {"If-Match": f'"{version or work["version"]}"'}
    return await routing.client.post(f"/v1/work/{work['id']}/reroute", headers=headers, json={"cause": CAUSE} | body)


async def explained(routing: Harness, work: Json) -> dict[str, Json]:
    answer = await routing.client.get(f"/v1/work/{work['id']}/explanation", headers=routing.bearer("vendor"))
    assert answer.status_code == 200, answer.text
    return {one["decides"]: one for one in answer.json()["decided"]}


async def test_another_track_brings_all_that_is_its_own(house: Harness, monday: datetime) -> None:
    shot, *_ = await accept(house, brief(proposed_track="hero"))
    clock.set(monday + 3 * HOUR)
    answer = await reroute(house, shot, track="hero")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"'), answer.text
    moved = answer.json()
    assert (moved["track"], moved["queue"], moved["owner_role"]) == ("hero", "hero", "creative_director")
    assert (moved["state"], moved["team"], moved["level"]) == ("ready", "general", "junior")
    assert moved["due_at"] == f"{CALENDAR.add(monday, 80 * HOUR):%Y-%m-%dT%H:%M:%SZ}"  # from when its clock began
    [event] = await house.recorded(WorkRerouted)
    assert (event.data.by, event.data.cause, event.data.work.track) == ("producer-1", CAUSE, "hero")
    assert (event.aggregateversion, str(event.data.work.id)) == (2, shot["id"])
    timers = {row["kind"]: row["due_at"] for row in await house.fetch(
        "SELECT kind, due_at FROM timer WHERE key = $1", shot["id"])}  # fmt: skip
    assert timers == {
        "breach": CALENDAR.add(monday, 80 * HOUR), "at_risk": CALENDAR.add(monday, 60 * HOUR),
    }  # fmt: skip
    step = (await read(house, shot["id"]))["history"][-1]
    assert (step["what"], step["by"], step["cause"], step["state"]) == ("rerouted", "producer-1", CAUSE, "ready")
    assert step["changes"]["track"] == {"before": "catalog", "after": "hero"}
    assert set(step["changes"]) == {"track", "queue", "owner_role", "due_at"}
    why = await explained(house, shot)
    assert why["track"]["in_words"] == (
        "The track is hero: producer-1 decided so: It opens the campaign. Before, it was catalog, by the rule catalog."
        " Its requester proposed the same."
    )
    assert (why["track"]["by"], why["track"]["packs"]) == ("producer-1", {})
    assert why["queue"]["in_words"] == "The queue is hero: hero work waits in the queue hero."
    assert why["due_at"]["because"] == "80 business hours: 80 of hero × 1 for C1"


async def test_its_owner_may_and_who_owns_the_schedule(house: Harness) -> None:
    shot, *_ = await accept(house, brief(materials=["lace"]))  # the retouching lead's
    may = {Role.RETOUCHING_LEAD, Role.PRODUCER}
    for role in Role:
        answer = await reroute(house, shot, role, priority="high" if shot["priority"] != "high" else "low")
        assert (answer.status_code == 200) == (role in may), (role, answer.text)
        if role in may:
            shot = answer.json()
        else:
            assert answer.json()["allowed_roles"] == sorted(may)
    path = f"/v1/work/{shot['id']}/reroute"
    assert (await house.client.post(path, json={"cause": "x", "priority": "low"})).status_code == 401
    moved = (await reroute(house, shot, Role.RETOUCHING_LEAD, track="hero")).json()
    assert (await reroute(house, moved, Role.RETOUCHING_LEAD, track="catalog")).status_code == 403
    assert (await reroute(house, moved, Role.CREATIVE_DIRECTOR, track="catalog")).status_code == 200


async def test_only_what_was_read_is_changed(house: Harness) -> None:
    shot, *_ = await accept(house, brief())
    path, headers = f"/v1/work/{shot['id']}/reroute", house.bearer(Role.PRODUCER)
    unread = await house.client.post(path, json={"cause": "x", "priority": "low"}, headers=headers)
    assert unread.status_code == 428
    answers = await asyncio.gather(*(reroute(house, shot, priority=one) for one in ("low", "high", "urgent")))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    assert len(await house.recorded(WorkRerouted)) == 1


async def test_in_which_state_what_may_change(house: Harness) -> None:
    front, back, *_ = (one for one in await accept(house, brief(("front", "back"))) if one["kind"] == "shot")
    held = (await do(house, front, "claim", Role.RETOUCHER, subject="rita")).json()
    refused = await reroute(house, held, track="hero", priority="high")
    assert (refused.status_code, refused.json()["changeable"]) == (409, ["priority"])
    assert refused.json()["detail"] == (
        "queue, track can't change while work is claimed: its holder took it as it is; let it be released first."
        " What can change now: priority."
    )
    urgent = (await reroute(house, held, priority="urgent")).json()
    assert (urgent["claimed_by"], urgent["lease_until"]) == ("rita", held["lease_until"])
    blocked = (await do(house, urgent, "block", json={"cause": "x"})).json()
    assert (await reroute(house, blocked, team=None)).status_code == 409
    await hand_in(house, back)
    reviewed = await in_state(house, back["id"], "in_review")
    refused = await reroute(house, reviewed, track="hero")
    assert (refused.status_code, refused.json()["changeable"]) == (409, ["level", "priority", "queue", "team"])
    open_to_all = (await reroute(house, reviewed, team=None, level=None)).json()
    assert (open_to_all["state"], open_to_all["team"], open_to_all["level"]) == ("in_review", None, None)
    assert (await explained(house, back))["team"]["in_words"] == (
        "The team is open: producer-1 decided so: It opens the campaign. Before, it was general, by the rule general."
    )
    await decide(house, back, "failed")
    again = await in_state(house, back["id"], "ready", round=1)
    assert (await reroute(house, again, track="hero")).status_code == 200
    await hand_in(house, again)
    await decide(house, again, "passed")
    done = await in_state(house, back["id"], "approved", round=1)
    assert (await reroute(house, done, priority="low")).json()["changeable"] == []


async def test_a_lease_that_ran_out_stops_nobody(house: Harness, monday: datetime) -> None:
    shot, *_ = await accept(house, brief())
    held = (await do(house, shot, "claim", Role.RETOUCHER, subject="rita")).json()
    await house.fetch("DELETE FROM timer WHERE kind = 'lease'")
    clock.set(monday + 8 * HOUR)
    assert (await reroute(house, held, track="hero")).status_code == 200
    assert [what for what, _ in await told(house, shot["id"])] == ["created", "claimed", "released", "rerouted"]


async def test_what_there_is_not_or_must_not_be(house: Harness) -> None:
    shot, variant, _ = await accept(house, brief())
    experiment, *_ = await accept(house, brief(use="experiment"))
    tracks = "catalog, ghost_mannequin, hero, high_complexity, on_model, video, ai_assisted"
    for work, body, pointer, detail in (
        (shot, {"track": "moon"}, "/track", "there is no track moon"),
        (shot, {"track": "marketplace"}, "/track", "marketplace would skip gates that it must pass: technical, sty"),
        (shot, {"track": "ai_experiment"}, "/track", "ai_experiment would skip gates that it must pass: styling_"),
        (variant, {"track": "delivery"}, "/track", "delivery would skip gates that it must pass: brand_merch"),
        (variant, {"track": "hero"}, "/track", "hero makes variants, unlike marketplace"),
        (experiment, {"track": "catalog"}, "/track", "catalog makes variants, unlike ai_experiment"),
        (experiment, {"queue": "catalog"}, "/queue", "catalog is for other work"),
        (experiment, {"queue": "marketplace"}, "/queue", "marketplace is for other work"),
        (shot, {"queue": "moon"}, "/queue", "there is no queue moon"),
        (shot, {"team": "moon"}, "/team", "there is no team moon"),
        (shot, {"track": "catalog"}, "", "nothing is different"),
        (shot, {"priority": "normal", "level": "junior"}, "", "nothing is different"),
    ):
        answer = await reroute(house, work, Role.PRODUCER, **body)  # type: ignore[arg-type]
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["pointer"]) == (422, pointer), (body, answer.text)
        assert error["detail"].startswith(detail)
        assert error["remedy"]
        if body == {"track": "marketplace"}:
            assert set(error["remedy"][len("It can have: ") : -1].split(", ")) == set(tracks.split(", "))
    for wrong in (
        {}, {"cause": ""}, {"cause": "x" * 501}, {"cause": "\x00"}, {"cause": 1, "priority": "low"},
        {"track": None}, {"priority": None}, {"queue": None}, {"level": "wizard"}, {"priority": "asap"},
        {"track": "A b"}, {"state": "approved"}, {"track": ["hero"]}, {"due_at": "2026-01-01T00:00:00Z"},
    ):  # fmt: skip
        answer = await reroute(house, shot, **wrong)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), wrong
    for work_id, status in ((str(new_id()), 404), ("x", 422)):
        assert (await reroute(house, {"id": work_id, "version": 1}, priority="low")).status_code == status
    assert await house.recorded(WorkRerouted) == []


async def test_another_queue_than_the_tracks(house: Harness) -> None:
    shot, *_ = await accept(house, brief())
    moved = (await reroute(house, shot, queue="hero")).json()
    assert (moved["track"], moved["queue"], moved["owner_role"]) == ("catalog", "hero", "producer")
    assert moved["due_at"] == shot["due_at"]
    assert (await explained(house, shot))["queue"]["in_words"] == (
        "The queue is hero: producer-1 decided so: It opens the campaign. Before, it was catalog."
    )
    stays = (await reroute(house, moved, track="ghost_mannequin", queue="hero")).json()
    assert (stays["track"], stays["queue"]) == ("ghost_mannequin", "hero")
    assert (await explained(house, shot))["queue"]["by"] == "producer-1"
    back = (await reroute(house, stays, track="on_model")).json()
    assert (back["track"], back["queue"]) == ("on_model", "catalog")
    why = (await explained(house, shot))["queue"]
    assert (why["by"], why["because"]) == (None, "on_model work waits in the queue catalog")
    assert len([one for one in back["chosen_by"] if one["decides"] == "queue"]) == 1


async def test_pauses_stay_out_and_the_deadline_still_caps(house: Harness, monday: datetime) -> None:
    """Blocked for three business hours; then hero's 80 hours, or the deadline that the pause moved as well."""
    free, bound = [
        (await accept(house, brief(deadline=deadline, channels=[])))[0] for deadline in (None, monday + 60 * HOUR)
    ]
    for shot, due in ((free, CALENDAR.add(monday, 83 * HOUR)), (bound, CALENDAR.add(monday + 60 * HOUR, 3 * HOUR))):
        clock.set(monday + HOUR)
        await do(house, shot, "block", json={"cause": "x"})
        clock.set(monday + 4 * HOUR)
        again = (await do(house, shot, "unblock")).json()
        moved = (await reroute(house, again, track="hero")).json()
        assert moved["due_at"] == f"{due:%Y-%m-%dT%H:%M:%SZ}"
        [choice] = [one for one in moved["chosen_by"] if one["decides"] == "due_at"]
        assert choice["because"].endswith("; pauses of 3 business hours are left out")
    clock.set(monday + 5 * HOUR)
    blocked = (await do(house, moved, "block", json={"cause": "y"})).json()
    clock.set(monday + 7 * HOUR)
    paused = (await reroute(house, blocked, track="video")).json()  # its pause goes on
    assert (paused["state"], paused["due_at"]) == ("blocked", moved["due_at"])
    going = (await do(house, paused, "unblock")).json()
    assert going["due_at"] == f"{CALENDAR.add(monday + 60 * HOUR, 5 * HOUR):%Y-%m-%dT%H:%M:%SZ}"


async def test_risk_follows_the_new_due_time(house: Harness, monday: datetime) -> None:
    late, later = [(await accept(house, brief(channels=[])))[0] for _ in range(2)]

    async def risk_is(work: Json, risk: str) -> Json:
        async def arrived() -> Json:
            found = await read(house, work["id"])
            assert found["risk"] == risk
            return found

        return await house.eventually(arrived)

    clock.set(CALENDAR.add(monday, 20 * HOUR))
    await risk_is(late, "at_risk")
    calm = (await reroute(house, await risk_is(later, "at_risk"), track="hero")).json()
    assert calm["risk"] == "on_time"
    clock.set(CALENDAR.add(monday, 30 * HOUR))
    breached = await risk_is(late, "breached")
    stays = (await reroute(house, breached, track="hero")).json()
    assert (stays["risk"], stays["due_at"] > breached["due_at"]) == ("breached", True)
    back = (await reroute(house, calm, track="catalog")).json()  # its new due time has passed already
    assert back["due_at"] == breached["due_at"]
    await risk_is(later, "breached")
    assert [what for what, _ in await told(house, later["id"])] == [
        "created", "at_risk", "escalated", "rerouted", "rerouted", "at_risk", "escalated", "breached", "escalated",
    ]  # fmt: skip


async def test_a_waiting_variant_keeps_its_own_way(house: Harness, monday: datetime) -> None:
    """Its clock begins when its master is approved, on the track and by the packs that it has then."""
    tracks = await content(house, "/v1/tracks")
    market = next(track for track in tracks["tracks"] if track["name"] == "marketplace")
    tracks["tracks"].append({**market, "name": "premium", "sla_hours": 2, "final_reviewers": 3})
    shot, pdp, zalando = await accept(house, brief())
    assert (await put(house, "/v1/tracks", tracks)).status_code == 200
    moved = (await reroute(house, pdp, track="premium", priority="urgent")).json()
    assert (moved["state"], moved["due_at"], moved["final_reviewers"]) == ("waiting", None, 3)
    assert (moved["packs"]["tracks"], moved["packs"]["classes"]) == (2, 1)
    await hand_in(house, shot)
    await decide(house, shot, "passed")
    ready, other = await in_state(house, pdp["id"], "ready"), await in_state(house, zalando["id"], "ready")
    assert (ready["due_at"], other["due_at"]) == ("2026-03-02T10:00:00Z", "2026-03-02T16:00:00Z")
    assert (ready["priority"], other["priority"]) == ("urgent", "normal")
    longer = (await reroute(house, ready, track="marketplace")).json()
    assert longer["due_at"] == "2026-03-02T16:00:00Z"  # from when it was ready
    assert (other["packs"]["tracks"], longer["packs"]["tracks"]) == (1, 2)


async def test_people_at_once_leave_one_unbroken_history(house: Harness) -> None:
    """Claims, blocks and re-routings at the same time: each that succeeds is one step, and what is held stays."""
    shot, *_ = await accept(house, brief(channels=[]))

    async def person(number: int) -> None:
        for turn in range(6):
            now = await read(house, shot["id"])
            if (turn + number) % 2:
                action = ("claim", "release", "block", "unblock")[(turn // 2 + number) % 4]
                body = {"cause": "x"} if action == "block" else None
                answer = await do(house, now, action, Role.STUDIO_MANAGER, subject=f"s{number}", json=body)
            else:
                answer = await reroute(house, now, track="hero" if now["track"] == "catalog" else "catalog")
            assert answer.status_code in (200, 409, 412), answer.text

    await asyncio.gather(*(person(number) for number in range(6)))
    item = await read(house, shot["id"])
    events = await told(house, shot["id"])
    assert [version for _, version in events] == list(range(1, item["version"] + 1))
    assert [(step["what"], step["version"]) for step in item["history"]] == events
    assert "rerouted" in dict(events)
    track, state = "catalog", "ready"
    for step in item["history"]:
        if step["what"] == "rerouted":
            assert (step["changes"]["track"]["before"], step["state"]) == (track, state)
            assert state != "claimed"
            track = step["changes"]["track"]["after"]
        state = step["state"]
    assert item["track"] == track


async def test_cancelled_work_is_gone(house: Harness) -> None:
    request = brief(channels=[])
    [shot] = await accept(house, request)
    await cancel(house, request)
    gone = await in_state(house, shot["id"], "cancelled")
    answer = await reroute(house, gone, track="hero")
    assert (answer.status_code, answer.json()["state"], answer.json()["changeable"]) == (409, "cancelled", [])


def test_every_state_says_what_may_change() -> None:
    assert set(CHANGEABLE) | {WorkState.BLOCKED} == set(WorkState)
    assert CHANGEABLE[WorkState.READY] == set(Way)


class _Step:
    def __init__(self, change: Change) -> None:
        self.what, self.at = change.event.type.split(".")[2], change.after.work.updated_at
        self.changes = change.changes
        self.paused_seconds = change.paused.total_seconds() if change.paused is not None else None


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["block", "unblock", "pass"]), st.integers(1, 20 * 60)), max_size=12),
    st.sampled_from(["hero", "catalog", "video", "on_model"]),
)
def test_due_on_another_track_is_as_if_it_had_been_there(steps: list[tuple[str, int]], name: str) -> None:
    """Due on the new track = its SLA, and the business time of all pauses, from the beginning; whatever happened."""
    item, at = plan_work(brief(), DEFAULTS, MONDAY)[0], MONDAY
    history, paused, since = [_Step(domain.create(item, "ana"))], timedelta(0), None
    for action, minutes in steps:
        at += timedelta(minutes=minutes)
        if action == "block" and item.work.state is not WorkState.BLOCKED:
            change, since = domain.block(item, "pia", at, "x"), at
        elif action == "unblock" and item.work.state is WorkState.BLOCKED and since:
            change, paused = domain.unblock(item, "pia", at, CALENDAR, HOUR), paused + CALENDAR.between(since, at)
        else:
            continue
        history.append(_Step(change))
        item = change.after
    found = clock_of(item, history, CALENDAR)
    assert found is not None
    assert (found.started_at, found.paused) == (MONDAY, paused)
    for step in history:
        step.paused_seconds = None  # as it was before pauses were noted
    assert clock_of(item, history, CALENDAR) == found
    track, entry = TRACKS.track(name), DEFAULTS.classes.classes[0]
    due = later_by(due_for(found.started_at, track, entry, None, DEFAULTS), found.paused, CALENDAR)
    assert due.due_at is not None
    assert CALENDAR.between(MONDAY, due.due_at) == (track.sla_hours or 0) * HOUR + paused


def test_a_clock_that_has_not_begun() -> None:
    variant = plan_work(brief(priority=Priority.LOW), DEFAULTS, MONDAY)[1]
    assert clock_of(variant, [], CALENDAR) is None
    assert clock_of(plan_work(brief(), DEFAULTS, MONDAY)[0], [], CALENDAR) == Clock(MONDAY)

"""Handoffs (R45): explicit, timed, attributed; the table of steps, and what is kept of each."""

from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.clock import clock
from chassis.testkit.harness import Harness
from contracts.routing import WorkHandedOver
from contracts.values import Role, Step, WorkKind, WorkState
from services.routing.handoffs.domain import HANDOVERS, RETURNS, Moment, step_after_fail, steps_to_go, stint
from services.routing.handoffs.errors import IllegalHandover
from services.routing.work import domain
from services.routing.work.planning import plan_work
from tests.routing.others import MONDAY, Json, accept, brief, decide, do, hand_in, in_state, read, told
from tests.routing.test_rules import CALENDAR, DEFAULTS

HOUR = timedelta(hours=1)


async def claimed(routing: Harness, work: Json, who: str, role: Role = Role.RETOUCHER) -> None:
    answer = await do(routing, work, "claim", role, subject=who)
    assert answer.status_code == 200, answer.text


async def handed_over(routing: Harness, work: Json, who: str, note: str | None = None) -> Json:
    body = {"to": "retouching", **({"note": note} if note else {})}
    answer = await do(routing, work, "hand-over", Role.PHOTOGRAPHER, subject=who, json=body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def way_of(routing: Harness, work: Json) -> Json:
    answer = await routing.client.get(f"/v1/work/{work['id']}/handoffs", headers=routing.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def took(business: float, wall: float | None = None) -> Json:
    return {"business_hours": business, "wall_hours": business if wall is None else wall}


async def test_a_shot_goes_from_the_studio_to_delivery(routing: Harness, monday: datetime) -> None:
    """With a night, a pause and a round of rework between; each step with who had it and how long it took."""
    shot, variant = await accept(routing, brief(channels=["pdp"]))
    assert (shot["step"], variant["step"]) == ("studio", "delivery")
    clock.set(monday + 2 * HOUR)
    await claimed(routing, shot, "phil", Role.PHOTOGRAPHER)
    clock.set(monday + 5 * HOUR)
    over = await handed_over(routing, shot, "phil", "The left cuff is creased.")
    assert (over["step"], over["state"], over["claimed_by"], over["round"]) == ("retouching", "ready", None, 0)
    [event] = await routing.recorded(WorkHandedOver)
    assert (event.data.by, event.data.cause) == ("phil", "The left cuff is creased.")

    clock.set(monday + 6 * HOUR)
    await claimed(routing, shot, "rita")
    clock.set(monday + 7 * HOUR)
    await do(routing, shot, "block", json={"cause": "no reference"})
    clock.set(monday + 8 * HOUR)
    assert (await do(routing, shot, "unblock")).json()["step"] == "retouching"
    clock.set(monday + 25 * HOUR)  # the next day at 10:00: two hours of business time later
    await hand_in(routing, shot, delivered_by="rita")
    reviewed = await in_state(routing, shot["id"], "in_review")
    assert reviewed["step"] == "qc"
    clock.set(monday + 26 * HOUR)
    await decide(routing, shot, "failed")
    back = await in_state(routing, shot["id"], "ready", round=1)
    assert (back["step"], back["due_at"]) == ("retouching", reviewed["due_at"])
    await hand_in(routing, back, delivered_by="studio-nord")
    await in_state(routing, shot["id"], "in_review", round=1)
    await decide(routing, back, "passed")
    done = await in_state(routing, shot["id"], "approved", round=1)
    assert done["step"] == "delivery"

    way = await way_of(routing, shot)
    assert way["current"] is None
    told_of = [
        (one["from_step"], one["to_step"], one["round"], one["held_by"], one["by"], one["note"])
        for one in way["handoffs"]
    ]
    assert told_of == [
        ("studio", "retouching", 0, "phil", "phil", "The left cuff is creased."),
        ("retouching", "qc", 0, "rita", "rita", None),
        ("qc", "retouching", 0, None, "quinn", "final_qc: over_retouching"),
        ("retouching", "qc", 1, None, "studio-nord", None),
        ("qc", "delivery", 1, None, "quinn", None),
    ]
    times = [(one["since"], one["waiting"], one["working"]) for one in way["handoffs"]]
    assert times == [
        ("2026-03-02T08:00:00Z", took(2), took(3)),
        ("2026-03-02T13:00:00Z", took(1), took(3, 18)),
        ("2026-03-03T09:00:00Z", took(0), took(1)),
        ("2026-03-03T10:00:00Z", took(0), took(0)),
        ("2026-03-03T10:00:00Z", took(0), took(0)),
    ]
    ready = await in_state(routing, variant["id"], "ready")
    assert (ready["step"], (await way_of(routing, variant))["handoffs"]) == ("delivery", [])


async def test_the_step_that_work_is_in_counts_so_far(routing: Harness, monday: datetime) -> None:
    shot, variant = await accept(routing, brief(channels=["pdp"]))
    clock.set(monday + HOUR)
    await claimed(routing, shot, "phil")
    clock.set(monday + 3 * HOUR)
    assert await way_of(routing, shot) == {
        "handoffs": [],
        "current": {"step": "studio", "since": "2026-03-02T08:00:00Z", "held_by": "phil", "waiting": took(1),
                    "working": took(2)},
    }  # fmt: skip
    waiting = (await way_of(routing, variant))["current"]
    assert (waiting["since"], waiting["waiting"], waiting["working"]) == ("2026-03-02T11:00:00Z", took(0), took(0))


async def test_what_can_not_be_handed_over_is_refused(routing: Harness) -> None:
    shot, variant = await accept(routing, brief(channels=["pdp"]))

    async def refused(who: str, to: str = "retouching", work: Json = shot) -> Json:
        answer = await do(routing, work, "hand-over", Role.RETOUCHER, subject=who, json={"to": to})
        assert answer.status_code == 409, answer.text
        found: Json = answer.json()
        return found

    legal = ["block", "cancel", "claim", "hand_in"]
    assert (await refused("phil"))["legal_actions"] == legal
    await claimed(routing, shot, "phil")
    assert (await refused("rita"))["claimed_by"] == "phil"
    for to in ("studio", "qc", "delivery"):
        problem = await refused("phil", to)
        assert (problem["step"], problem["legal_steps"]) == ("studio", ["retouching"])
        assert "it goes to: retouching" in problem["detail"]
    await handed_over(routing, shot, "phil")
    await claimed(routing, shot, "rita")
    for to in ("studio", "retouching", "qc", "delivery"):  # back leads only a gate, which counts a round
        assert (await refused("rita", to))["legal_steps"] == []
    assert (await refused("rita", work=variant))["legal_actions"] == ["cancel", "make_ready"]
    assert [what for what, _ in await told(routing, shot["id"])] == ["created", "claimed", "handed_over", "claimed"]


async def test_a_bad_handover_names_what_is_wrong(routing: Harness) -> None:
    shot, *_ = await accept(routing, brief())
    await claimed(routing, shot, "phil")
    bodies: list[object] = [
        None, [], {}, {"to": "nowhere"}, {"to": None}, {"to": ["qc"]}, {"to": "retouching", "note": ""},
        {"to": "retouching", "note": "x" * 501}, {"to": "retouching", "note": "nul \x00"},
        {"to": "retouching", "note": 7}, {"to": "retouching", "more": 1},
    ]  # fmt: skip
    for body in bodies:
        answer = await do(routing, shot, "hand-over", Role.RETOUCHER, subject="phil", json=body)
        assert (answer.status_code, bool(answer.json()["errors"])) == (422, True), (body, answer.text)
    missing = {"id": "01890a5d-ac96-774b-bcce-b302099a8057"}
    answer = await do(routing, missing, "hand-over", Role.RETOUCHER, json={"to": "retouching"})
    assert answer.status_code == 404
    headers = routing.bearer("reviewer")
    assert (await routing.client.get(f"/v1/work/{missing['id']}/handoffs", headers=headers)).status_code == 404


async def test_where_time_goes(routing: Harness, monday: datetime) -> None:
    """Ten shots that waited 1 to 10 minutes × 6 in the studio and were held for an hour."""
    shots = []
    for number in range(10):
        clock.set(monday)
        shots.append((await accept(routing, brief(channels=[])))[0])
        clock.set(monday + (number + 1) * HOUR / 10)
        await claimed(routing, shots[-1], "phil")
        clock.move(HOUR)
        await handed_over(routing, shots[-1], "phil")
    await hand_in(routing, shots[0])
    await in_state(routing, shots[0]["id"], "in_review")

    async def summary(status: int = 200, **query: str) -> Json:
        answer = await routing.client.get("/v1/handoffs", params=query, headers=routing.bearer("producer"))
        assert answer.status_code == status, answer.text
        found: Json = answer.json()
        return found

    clock.set(monday + 5 * HOUR)
    found = await summary()
    assert found["until"] == "2026-03-02T13:00:00Z"
    assert [(one["track"], one["step"], one["items"]) for one in found["steps"]] == [
        ("catalog", "retouching", 1), ("catalog", "studio", 10),
    ]  # fmt: skip
    studio = found["steps"][1]
    assert studio["waiting"] == {"median": 0.55, "p90": 0.91}
    assert studio["working"] == {"median": 1, "p90": 1}
    assert studio["whole"] == {"median": 1.55, "p90": 1.91}
    assert [one["items"] for one in (await summary(step="studio", track="catalog"))["steps"]] == [10]
    assert (await summary(track="hero"))["steps"] == []
    [some] = (await summary(since="2026-03-02T09:00:00Z", until="2026-03-02T09:30:00Z", step="studio"))["steps"]
    assert some["items"] == 4  # left 66 to 84 minutes after; the end is not in it
    for bad in (
        {"since": "2026-03-02T09:00:00Z", "until": "2026-03-02T09:00:00Z"}, {"since": "2020-01-01T00:00:00Z"},
        {"since": "0001-01-01T00:00:00Z"}, {"until": "9999-12-31T23:59:59Z"}, {"since": "yesterday"},
        {"since": "2026-03-02T09:00:00"}, {"step": "nowhere"}, {"track": "x" * 61},
    ):  # fmt: skip
        assert (await summary(422, **bad))["errors"], bad


async def test_what_was_handed_on_stays_so(routing: Harness) -> None:
    shot, *_ = await accept(routing, brief())
    await claimed(routing, shot, "phil")
    await handed_over(routing, shot, "phil")
    for statement in ("UPDATE handoff SET held_by = 'rita'", "DELETE FROM handoff"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await routing.fetch(statement)


async def test_a_variant_is_remade_where_it_was_made(routing: Harness, monday: datetime) -> None:
    shot, variant = await accept(routing, brief(channels=["pdp"]))
    await hand_in(routing, shot)
    await decide(routing, shot, "passed")
    await in_state(routing, variant["id"], "ready")
    await hand_in(routing, variant)
    await in_state(routing, variant["id"], "in_review")
    await decide(routing, variant, "failed")
    assert (await in_state(routing, variant["id"], "ready", round=1))["step"] == "delivery"
    ways = [(one["from_step"], one["to_step"]) for one in (await way_of(routing, variant))["handoffs"]]
    assert ways == [("delivery", "qc"), ("qc", "delivery")]
    assert (await read(routing, shot["id"]))["step"] == "delivery"


@pytest.mark.parametrize("origin", list(Step))
@pytest.mark.parametrize("to", list(Step))
def test_the_table_of_handovers(origin: Step, to: Step) -> None:
    shot = plan_work(brief(), DEFAULTS, MONDAY)[0]
    held = domain.claim(shot, "phil", MONDAY, HOUR).after
    held = replace(held, work=held.work.model_copy(update={"step": origin}))
    if (origin, to) == (Step.STUDIO, Step.RETOUCHING):
        assert domain.hand_over(held, "phil", MONDAY, to).after.work.step is to
        return
    with pytest.raises(IllegalHandover) as refused:
        domain.hand_over(held, "phil", MONDAY, to)
    assert refused.value.extensions == {"step": origin, "legal_steps": list(HANDOVERS[origin])}


def test_where_a_fail_leads() -> None:
    places = {"studio", "ai_rerun", "creative_director", "requester"}
    for name in {*RETURNS, "nowhere", "", None}:
        to_studio = name in places or name not in RETURNS
        assert step_after_fail(WorkKind.SHOT, name) is (Step.STUDIO if to_studio else Step.RETOUCHING), name
        assert step_after_fail(WorkKind.VARIANT, name) is Step.DELIVERY
    assert steps_to_go(WorkKind.SHOT, Step.STUDIO) == (Step.STUDIO, Step.RETOUCHING, Step.QC)
    assert steps_to_go(WorkKind.SHOT, Step.DELIVERY) == ()
    assert steps_to_go(WorkKind.VARIANT, Step.DELIVERY) == (Step.DELIVERY, Step.QC)


STATES = [WorkState.READY, WorkState.CLAIMED, WorkState.IN_REVIEW, WorkState.BLOCKED, WorkState.WAITING]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 60)), min_size=1, max_size=20))
def test_waiting_working_and_pauses_make_the_whole(steps: list[tuple[WorkState, int]]) -> None:
    at, moments, spans = MONDAY, list[Moment](), dict.fromkeys(STATES, timedelta(0))
    for version, (state, hours) in enumerate(steps):
        moments.append(Moment(version, at, "claimed" if state is WorkState.CLAIMED else "moved", "phil", state))
        at += hours * HOUR
        spans[state] += hours * HOUR
    found = stint(moments, at, CALENDAR)
    assert found.waiting.wall == spans[WorkState.READY]
    assert found.working.wall == spans[WorkState.CLAIMED] + spans[WorkState.IN_REVIEW]
    assert found.waiting.business <= found.waiting.wall
    assert found.held_by == ("phil" if WorkState.CLAIMED in {state for state, _ in steps} else None)

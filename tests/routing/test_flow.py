"""What other services say: accepted, cancelled, stored, decided; in order, out of order, and twice."""

import asyncio
import random
from datetime import datetime
from itertools import permutations

from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.intake import RequestAccepted
from contracts.routing import (
    MOST_PLANNED,
    WorkApproved,
    WorkCancelled,
    WorkHandedIn,
    WorkPlanned,
    WorkReady,
    WorkReturned,
)
from contracts.values import Gate, ImageSpec, Role, ShotPlan
from tests.routing.others import (
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


async def test_from_request_to_approved_variant(routing: Harness, monday: datetime) -> None:
    shot, pdp, zalando = await accept(routing, brief())
    [planned] = await routing.recorded(WorkPlanned)
    assert planned.subject == shot["request_id"] == str(planned.data.request_id)
    assert [(str(work.id), work.state) for work in planned.data.items] == [
        (shot["id"], "ready"), (pdp["id"], "waiting"), (zalando["id"], "waiting"),
    ]  # fmt: skip
    assert pdp["due_at"] is None
    assert (pdp["track"], pdp["queue"], pdp["owner_role"]) == ("marketplace", "marketplace", "asset_manager")
    await do(routing, shot, "claim", Role.PHOTOGRAPHER, subject="phil")
    await hand_in(routing, shot)
    reviewed = await in_state(routing, shot["id"], "in_review")
    assert (reviewed["claimed_by"], reviewed["lease_until"]) == (None, None)
    for gate in (Gate.STYLING_FIT, Gate.BRAND_MERCH, Gate.FINAL_QC):
        await decide(routing, shot, "passed", next_gate=gate)
    await decide(routing, shot, "open", next_gate=None)  # the first of two final reviewers
    await drained(routing)
    assert (await read(routing, shot["id"]))["state"] == "in_review"
    await decide(routing, shot, "passed")
    approved = await in_state(routing, shot["id"], "approved")
    assert approved["approved_at"] == "2026-03-02T08:00:00Z"
    ready = await in_state(routing, pdp["id"], "ready")
    assert ready["due_at"] == "2026-03-02T16:00:00Z"
    assert [choice["rule"] for choice in ready["chosen_by"] if choice["decides"] == "due_at"] == ["sla"]
    assert {str(event.data.work.id) for event in await routing.recorded(WorkReady)} == {pdp["id"], zalando["id"]}
    await hand_in(routing, pdp, delivered_by="pdp")
    await decide(routing, pdp, "passed", next_gate=Gate.FINAL_QC)
    await decide(routing, pdp, "passed")
    done = await in_state(routing, pdp["id"], "approved")
    assert [(step["what"], step["by"], step["state"]) for step in done["history"]] == [
        ("created", "ana", "waiting"), ("ready", "quinn", "ready"), ("handed_in", "pdp", "in_review"),
        ("approved", "quinn", "approved"),
    ]  # fmt: skip
    assert len(await routing.recorded(WorkApproved)) == 2
    for row in await routing.fetch("SELECT key FROM timer"):
        assert row["key"] == zalando["id"]


async def test_a_fail_begins_another_round(routing: Harness) -> None:
    shot, *_ = await accept(routing, brief())
    await hand_in(routing, shot)
    await decide(routing, shot, "failed")
    back = await in_state(routing, shot["id"], "ready", round=1)
    assert (back["returns_to"], back["claimed_by"]) == ("retouching", None)
    [event] = await routing.recorded(WorkReturned)
    assert (event.data.cause, event.data.by) == ("final_qc: over_retouching", "quinn")
    await hand_in(routing, back)
    await in_state(routing, shot["id"], "in_review", round=1)
    await hand_in(routing, shot, round=0)  # what is said of the round that is over changes nothing
    await decide(routing, shot, "failed", round=0)
    await drained(routing)
    await in_state(routing, shot["id"], "in_review", round=1)
    await decide(routing, back, "passed")
    await in_state(routing, shot["id"], "approved", round=1)
    await drained(routing)
    assert [what for what, _ in await told(routing, shot["id"])] == [
        "created", "handed_in", "returned", "handed_in", "approved",
    ]  # fmt: skip
    assert await dead_letters(routing) == 0


async def test_a_version_wins_over_a_lease(routing: Harness) -> None:
    """Assets accepted it while the holder's claim was on its way; and of a vendor, from ready work."""
    shot, *_ = await accept(routing, brief())
    await do(routing, shot, "claim", Role.RETOUCHER, subject="rita")
    await hand_in(routing, shot, delivered_by="studio-nord")
    await in_state(routing, shot["id"], "in_review")
    [event] = await routing.recorded(WorkHandedIn)
    assert (event.data.by, event.data.work.claimed_by) == ("studio-nord", None)
    assert await routing.fetch("SELECT 1 FROM timer WHERE kind = 'lease'") == []


async def test_what_happens_shows_that_blocked_work_goes_on(routing: Harness) -> None:
    shot, *_ = await accept(routing, brief())
    await do(routing, shot, "block", json={"cause": "sample is missing"})
    await hand_in(routing, shot)
    await in_state(routing, shot["id"], "in_review")
    await do(routing, shot, "block", json={"cause": "reviewer is away"})
    await hand_in(routing, shot)  # in the same round: changes nothing
    await decide(routing, shot, "passed", next_gate=Gate.FINAL_QC)
    await drained(routing)
    assert (await read(routing, shot["id"]))["state"] == "blocked"
    await decide(routing, shot, "failed")
    await in_state(routing, shot["id"], "ready", round=1)
    assert await told(routing, shot["id"]) == [
        ("created", 1), ("blocked", 2), ("unblocked", 3), ("handed_in", 4),
        ("blocked", 5), ("unblocked", 6), ("returned", 7),
    ]  # fmt: skip


async def test_a_cancel_stops_what_is_not_approved(routing: Harness) -> None:
    request = brief(views=("front", "back"), channels=["pdp"])
    front, front_pdp, back, back_pdp = await accept(routing, request)
    await hand_in(routing, front)
    await decide(routing, front, "passed")
    await in_state(routing, front_pdp["id"], "ready")
    await do(routing, back, "block", json={"cause": "x"})
    await cancel(routing, request)
    for item in (front_pdp, back, back_pdp):
        cancelled = await in_state(routing, item["id"], "cancelled")
        assert cancelled["history"][-1]["cause"] == "dropped from the range"
    assert (await read(routing, front["id"]))["state"] == "approved"
    assert len(await routing.recorded(WorkCancelled)) == 3
    [row] = await routing.fetch("SELECT cancelled, version FROM request WHERE id = $1", request.id)
    assert (row["cancelled"], row["version"]) == (True, 2)
    assert await routing.fetch("SELECT 1 FROM timer") == []
    for item in (front, back):
        for action in ("claim", "release", "unblock", "block"):
            answer = await do(routing, item, action, json={"cause": "x"})
            assert (answer.status_code, answer.json()["legal_actions"]) == (409, []), action
            assert ("unless an amendment" in answer.json()["detail"]) == (item is front)
    await hand_in(routing, back)
    await decide(routing, back, "passed")
    await drained(routing)
    assert (await read(routing, back["id"]))["state"] == "cancelled"
    assert await dead_letters(routing) == 0


async def test_a_cancel_that_arrives_first_wins(routing: Harness) -> None:
    request, other = brief(), brief()
    await cancel(routing, request, version=2)
    await routing.publish(RequestAccepted(request=request), request.id, 1)
    await accept(routing, other)
    assert await work_of(routing, request) == []
    assert len(await routing.recorded(WorkPlanned)) == 1


async def test_delivered_again_makes_nothing_twice(routing: Harness) -> None:
    """The same event a second time, and the same request in another event."""
    request, event_id = brief(), new_id()
    for _ in range(3):
        await routing.publish(RequestAccepted(request=request), request.id, event_id=event_id)
    await routing.publish(RequestAccepted(request=request), request.id)
    await accept(routing, brief())
    await drained(routing)
    assert len(await work_of(routing, request)) == 3
    assert [len(event.data.items) for event in await routing.recorded(WorkPlanned)] == [3, 3]


async def test_much_work_is_told_in_parts_that_fit_a_message(routing: Harness) -> None:
    """500 shots for 30 channels are 15,500 items: their events stay far under JetStream's megabyte."""
    colorways = [f"c{number}" for number in range(50)]
    views = [f"v{number}" for number in range(10)]
    plans = [ShotPlan(colorway=colorway, view=view, spec=ImageSpec()) for colorway in colorways for view in views]
    request = brief(colorways=colorways, shots=plans, channels=[f"ch{number}" for number in range(30)])
    await routing.publish(RequestAccepted(request=request), request.id)

    async def all_made() -> bool:
        [row] = await routing.fetch("SELECT count(*) FROM work_item WHERE request_id = $1", request.id)
        return bool(row["count"] == 15_500)

    await routing.eventually(all_made, 60)
    told = await routing.recorded(WorkPlanned, request.id)
    assert [len(event.data.items) for event in told] == [MOST_PLANNED] * 77 + [100]
    assert len({work.id for event in told for work in event.data.items}) == 15_500
    [row] = await routing.fetch("SELECT max(length(payload::text)) AS longest FROM event_log")
    assert row["longest"] < 600_000


async def test_events_in_any_order_end_alike(routing: Harness) -> None:
    """Two rounds of a shot, told in each of the 24 orders: what comes too early waits for what it depends on."""
    orders = list(permutations(range(4)))
    colorways = [str(number) for number in range(len(orders))]
    plans = [ShotPlan(colorway=colorway, view="front", spec=ImageSpec()) for colorway in colorways]
    shots = await accept(routing, brief(colorways=colorways, shots=plans, channels=[]))

    async def tell(shot: Json, number: int) -> None:
        again = {**shot, "round": 1}
        match number:
            case 0:
                await hand_in(routing, shot)
            case 1:
                await decide(routing, shot, "failed")
            case 2:
                await hand_in(routing, again)
            case 3:
                await decide(routing, again, "passed")

    for place in range(4):
        for shot, order in zip(shots, orders, strict=True):
            await tell(shot, order[place])
    for shot in shots:
        done = await in_state(routing, shot["id"], "approved", round=1)
        assert [step["what"] for step in done["history"]] == [
            "created", "handed_in", "returned", "handed_in", "approved",
        ]  # fmt: skip
    assert await dead_letters(routing) == 0


async def test_people_and_events_at_once_leave_one_unbroken_history(routing: Harness) -> None:
    """Random commands from many sides at the same time: every step is recorded once, in order, and fits the last."""
    shot, *_ = await accept(routing, brief(channels=["pdp"]))
    choose = random.Random(7)

    async def person(name: str) -> None:
        for _ in range(12):
            action = choose.choice(["claim", "release", "block", "unblock"])
            body: Json | None = {"cause": "x"} if action == "block" else None
            answer = await do(routing, shot, action, Role.STUDIO_MANAGER, subject=name, json=body)
            assert answer.status_code in (200, 409), answer.text

    await asyncio.gather(*(person(name) for name in "abcdef"), hand_in(routing, shot), decide(routing, shot, "failed"))
    await drained(routing)
    item = await read(routing, shot["id"])
    assert item["round"] == 1
    events = await told(routing, shot["id"])
    assert [version for _, version in events] == list(range(1, item["version"] + 1))
    assert [(step["what"], step["version"]) for step in item["history"]] == events
    steps: dict[str, set[str | None]] = {
        "created": {None}, "claimed": {"ready", "claimed"}, "released": {"claimed", "blocked"},
        "unblocked": {"blocked"}, "blocked": {"ready", "claimed", "in_review"}, "handed_in": {"ready", "claimed"},
        "returned": {"in_review"},
    }  # fmt: skip
    before = None
    for step in item["history"]:
        assert before in steps[step["what"]], step
        before = step["state"]
    [row] = await routing.fetch(
        "SELECT payload->'data'->'work'->>'state' AS state FROM event_log WHERE aggregate_id = $1"
        " ORDER BY position DESC LIMIT 1",
        shot["id"],
    )
    assert row["state"] == item["state"]

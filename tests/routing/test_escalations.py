"""Work that is late climbs its track's ladder (R45b): with a stopped clock, at exact times, with two replicas, with a
restart in between, with pauses; and who sees it."""

from datetime import datetime, timedelta

import pytest

from chassis.clock import clock
from chassis.testkit.harness import Harness, Start
from contracts.routing import WorkAtRisk, WorkBreached, WorkEscalated
from contracts.values import Role
from services.routing.app import create_app
from services.routing.settings import RoutingSettings
from tests.routing.others import Json, accept, brief, cancel, decide, do, drained, hand_in, in_state, read, told
from tests.routing.test_rules import CALENDAR

HOUR = timedelta(hours=1)
CREATED, AT_RISK, BREACHED = ["created"], ["at_risk", "escalated"], ["breached", "escalated"]


async def history_is(routing: Harness, work: Json, expected: list[str]) -> Json:
    """Its history, as soon as it is this one."""

    async def arrived() -> Json:
        found = await read(routing, work["id"])
        assert [step["what"] for step in found["history"]] == expected, found["history"]
        return found

    return await routing.eventually(arrived)


async def next_ring(routing: Harness, work: Json, kind: str) -> datetime:
    """When a timer of an item rings."""
    [row] = await routing.fetch("SELECT due_at FROM timer WHERE key = $1 AND kind = $2", work["id"], kind)
    at: datetime = row["due_at"]
    return at


async def at(routing: Harness, work: Json, kind: str, moment: str, expected: list[str]) -> Json:
    """This timer, and no other, rings at this moment; then this is the history."""
    exactly = datetime.fromisoformat(moment)
    assert await next_ring(routing, work, kind) == exactly
    clock.set(exactly - timedelta(microseconds=1))
    assert not await routing.fetch("SELECT 1 FROM timer WHERE due_at <= $1", clock.now())
    clock.set(exactly)
    found = await history_is(routing, work, expected)
    assert datetime.fromisoformat(found["history"][-1]["at"]) == exactly
    return found


async def escalations(routing: Harness, *roles: str, **query: object) -> Json:
    answer = await routing.client.get("/v1/escalations", params=query, headers=routing.bearer(*roles))  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


@pytest.mark.parametrize(
    ("zone", "accepted", "at_risk", "due", "first", "second"),
    [
        # Thursday 09:00, 24 business hours: at risk on Friday at 18:00, due on Monday at 15:00, the rungs on Tuesday at
        # 14:00 and on Thursday at 12:00. On the Sunday between the clocks go back,
        ("Europe/Berlin", "2026-10-22T09:00:00+02:00", "2026-10-23T16:00:00Z", "2026-10-26T14:00:00Z",
         "2026-10-27T13:00:00Z", "2026-10-29T11:00:00Z"),
        # forward,
        ("Europe/Berlin", "2027-03-25T09:00:00+01:00", "2027-03-26T17:00:00Z", "2027-03-29T13:00:00Z",
         "2027-03-30T12:00:00Z", "2027-04-01T10:00:00Z"),
        # back a week later,
        ("America/New_York", "2026-10-29T09:00:00-04:00", "2026-10-30T22:00:00Z", "2026-11-02T20:00:00Z",
         "2026-11-03T19:00:00Z", "2026-11-05T17:00:00Z"),
        # and forward by half an hour.
        ("Australia/Lord_Howe", "2026-10-01T09:00:00+10:30", "2026-10-02T07:30:00Z", "2026-10-05T04:00:00Z",
         "2026-10-06T03:00:00Z", "2026-10-08T01:00:00Z"),
    ],
)  # fmt: skip
async def test_every_rung_across_a_weekend_and_a_change_of_clocks(
    start: Start, zone: str, accepted: str, at_risk: str, due: str, first: str, second: str
) -> None:
    """Two replicas; both go away after the breach, and two others come."""
    clock.set(datetime.fromisoformat(accepted))
    routing = await start(create_app, RoutingSettings)
    other = await start(create_app, RoutingSettings, fresh=False)
    await routing.fetch(
        "INSERT INTO pack SELECT name, 2, content || jsonb_build_object('time_zone', $1::text), 'carla', published_at"
        " FROM pack WHERE name = 'calendar'",
        zone,
    )
    shot, *_ = await accept(routing, brief(channels=[]))
    assert (shot["due_at"], shot["packs"]["calendar"]) == (due, 2)
    steps = [*CREATED, *AT_RISK]
    await at(routing, shot, "at_risk", at_risk, steps)
    steps += BREACHED
    await at(routing, shot, "breach", due, steps)
    for replica in (routing, other):
        await drained(replica)
        await replica.service.stop()
    again = await start(create_app, RoutingSettings, fresh=False)
    await start(create_app, RoutingSettings, fresh=False)
    steps.append("escalated")
    await at(again, shot, "escalate", first, steps)
    steps.append("escalated")
    found = await at(again, shot, "escalate", second, steps)
    assert await again.fetch("SELECT 1 FROM timer") == []
    clock.move(timedelta(days=365))
    told_of = [(event.data.rung, event.data.to, event.data.by) for event in await again.recorded(WorkEscalated)]
    assert told_of == [
        ("at_risk", "producer", "at_risk"), ("breach", "creative_ops_manager", "breach"),
        ("breach+8h", "creative_ops_manager", "escalate"), ("breach+24h", "approval_owner", "escalate"),
    ]  # fmt: skip
    assert [step["cause"] for step in found["history"] if step["what"] == "escalated"] == [
        f"{rung}: {to} is told" for rung, to, _ in told_of
    ]
    assert [version for _, version in await told(again, shot["id"])] == list(range(1, 8))


async def test_a_pause_moves_every_rung(routing: Harness) -> None:
    """Blocked from Friday noon until Monday 11:00, while the clocks go back: eight business hours. And two hours after
    it was due, until the next morning at 10:00: three."""
    clock.set(datetime.fromisoformat("2026-10-22T09:00:00+02:00"))
    shot, *_ = await accept(routing, brief(channels=[]))
    clock.set(datetime.fromisoformat("2026-10-23T12:00:00+02:00"))
    await do(routing, shot, "block", json={"cause": "the sample is lost"})
    assert await routing.fetch("SELECT 1 FROM timer") == []
    clock.set(datetime.fromisoformat("2026-10-26T11:00:00+01:00"))
    await do(routing, shot, "unblock")
    steps = [*CREATED, "blocked", "unblocked", *AT_RISK]
    await at(routing, shot, "at_risk", "2026-10-26T17:00:00+01:00", steps)
    steps += BREACHED
    await at(routing, shot, "breach", "2026-10-27T14:00:00+01:00", steps)
    clock.set(datetime.fromisoformat("2026-10-27T16:00:00+01:00"))
    await do(routing, shot, "block", json={"cause": "the studio is flooded"})
    assert await routing.fetch("SELECT 1 FROM timer") == []
    clock.set(datetime.fromisoformat("2026-10-28T10:00:00+01:00"))
    late = (await do(routing, shot, "unblock")).json()
    assert late["due_at"] == "2026-10-27T13:00:00Z"  # what has passed stays
    steps += ["blocked", "unblocked", "escalated"]
    await at(routing, shot, "escalate", "2026-10-28T16:00:00+01:00", steps)
    steps.append("escalated")
    await at(routing, shot, "escalate", "2026-10-30T14:00:00+01:00", steps)


async def test_what_came_due_before_a_pause_is_told_before_it(routing: Harness, monday: datetime) -> None:
    """Even when its timer has not rung yet: so that the pause moves the rungs that are still to come, and no other."""
    shot, *_ = await accept(routing, brief(channels=[]))
    await routing.fetch("DELETE FROM timer")
    clock.set(CALENDAR.add(monday, 25 * HOUR))
    await do(routing, shot, "block", json={"cause": "x"})
    await history_is(routing, shot, [*CREATED, *AT_RISK, *BREACHED, "blocked"])
    clock.set(CALENDAR.add(monday, 30 * HOUR))
    await do(routing, shot, "unblock")
    assert await next_ring(routing, shot, "escalate") == CALENDAR.add(monday, (24 + 8 + 5) * HOUR)


async def test_a_jump_over_everything_with_two_replicas(start: Start, monday: datetime) -> None:
    """The timers of one item ring in both at once: still each step once, and in order."""
    routing = await start(create_app, RoutingSettings)
    await start(create_app, RoutingSettings, fresh=False)
    shots = [(await accept(routing, brief(channels=[])))[0] for _ in range(12)]
    clock.move(timedelta(days=60))

    async def nothing_rings() -> bool:
        clock.move(timedelta(seconds=1))  # what was put off is due
        return not await routing.fetch("SELECT 1 FROM timer")

    await routing.eventually(nothing_rings)
    for shot in shots:
        events = await told(routing, shot["id"])
        assert [what for what, _ in events] == [*CREATED, *AT_RISK, *BREACHED, "escalated", "escalated"]
        assert [version for _, version in events] == list(range(1, 8))
    rungs = [event.data.rung for event in await routing.recorded(WorkEscalated, shots[0]["id"])]
    assert rungs == ["at_risk", "breach", "breach+8h", "breach+24h"]
    assert len(await routing.recorded(WorkAtRisk)) == len(await routing.recorded(WorkBreached)) == 12
    [row] = await routing.fetch("SELECT count(*) AS n FROM escalation")
    assert row["n"] == 48


async def test_each_role_sees_what_was_told_to_it(routing: Harness, monday: datetime) -> None:
    requests = [brief(channels=[]) for _ in range(3)]
    first, second, third = [(await accept(routing, request))[0] for request in requests]
    assert await escalations(routing, Role.PRODUCER) == {"items": [], "next_cursor": None}
    clock.set(CALENDAR.add(monday, 18 * HOUR))
    for shot in (first, second, third):
        await history_is(routing, shot, [*CREATED, *AT_RISK])
    clock.set(CALENDAR.add(monday, 24 * HOUR))
    for shot in (first, second, third):
        await history_is(routing, shot, [*CREATED, *AT_RISK, *BREACHED])
    seen = (await escalations(routing, Role.PRODUCER))["items"]
    assert {one["work"]["id"] for one in seen} == {first["id"], second["id"], third["id"]}
    assert {(one["rung"], one["role"], one["at"]) for one in seen} == {("at_risk", "producer", "2026-03-03T17:00:00Z")}
    assert seen[0]["work"]["risk"] == "breached"
    ids = [one["id"] for one in seen]
    assert ids == sorted(ids, reverse=True)
    page = await escalations(routing, Role.PRODUCER, limit=2)
    rest = await escalations(routing, Role.PRODUCER, limit=2, cursor=page["next_cursor"])
    assert ([one["id"] for one in page["items"] + rest["items"]], rest["next_cursor"]) == (ids, None)

    assert [len((await escalations(routing, role))["items"]) for role in (Role.QC_LEAD, Role.CREATIVE_OPS_MANAGER)] == [
        0, 3,
    ]  # fmt: skip
    assert len((await escalations(routing, Role.PRODUCER, Role.CREATIVE_OPS_MANAGER))["items"]) == 6
    asked = await escalations(routing, Role.QC_LEAD, role="creative_ops_manager")
    assert {one["rung"] for one in asked["items"]} == {"breach"}

    await cancel(routing, requests[0])
    await hand_in(routing, second)
    await decide(routing, second, "passed")
    await in_state(routing, first["id"], "cancelled")
    await in_state(routing, second["id"], "approved")
    assert {one["work"]["id"] for one in (await escalations(routing, Role.PRODUCER))["items"]} == {third["id"]}
    clock.move(timedelta(days=60))
    await history_is(routing, third, [*CREATED, *AT_RISK, *BREACHED, "escalated", "escalated"])
    assert [what for what, _ in await told(routing, first["id"])] == [*CREATED, *AT_RISK, *BREACHED, "cancelled"]
    for query in ({"role": "nobody"}, {"limit": "0"}, {"cursor": "?"}):
        answer = await routing.client.get("/v1/escalations", params=query, headers=routing.bearer("producer"))
        assert (answer.status_code, bool(answer.json()["errors"])) == (422, True), query


async def test_a_deadline_too_near_for_the_steps_to_go(routing: Harness, monday: datetime) -> None:
    """The catalog's steps usually take 2 + 3 + 1 hours. In retouching four of them are left, in qc one."""
    shot, *_ = await accept(routing, brief(channels=[], deadline=monday + 8 * HOUR))
    assert await next_ring(routing, shot, "at_risk") == monday + 2 * HOUR
    await do(routing, shot, "claim", Role.PHOTOGRAPHER, subject="phil")
    await do(routing, shot, "hand-over", Role.PHOTOGRAPHER, subject="phil", json={"to": "retouching"})
    assert await next_ring(routing, shot, "at_risk") == monday + 4 * HOUR
    await hand_in(routing, shot)
    await in_state(routing, shot["id"], "in_review")
    assert await next_ring(routing, shot, "at_risk") == monday + 6 * HOUR  # three quarters of the time
    clock.set(monday + 5 * HOUR)
    await decide(routing, shot, "failed")  # back to retouching, with three hours left
    await history_is(routing, shot, [*CREATED, "claimed", "handed_over", "handed_in", "returned", *AT_RISK])

    too_near, *_ = await accept(routing, brief(channels=[], deadline=clock.now() + 2 * HOUR))
    await history_is(routing, too_near, [*CREATED, *AT_RISK])  # at once, and not before it began


async def test_what_was_measured_counts_when_it_is_enough(routing: Harness, monday: datetime) -> None:
    """Review takes ten hours, as the newest hundred say; nineteen shots would not be enough to say so."""
    add = (
        "INSERT INTO handoff SELECT gen_random_uuid(), 1, 'shot', 'catalog', 'C1', 0, 'qc', 'delivery', NULL, $1, $1,"
        " 'quinn', NULL, $2, $3, 0, 0 FROM generate_series(1, $4)"
    )
    deadline = CALENDAR.add(monday, 20 * HOUR)
    await routing.fetch(add, monday - timedelta(days=9), 30.0, 30.0, 100)  # older than the newest hundred
    await routing.fetch(add, monday - timedelta(days=2), 4.0, 6.0, 81)
    await routing.fetch(add.replace("'qc', 'delivery'", "'retouching', 'qc'"), monday, 50.0, 50.0, 19)
    shot, *_ = await accept(routing, brief(channels=[], deadline=deadline))
    assert await next_ring(routing, shot, "at_risk") == CALENDAR.add(monday, (20 - 2 - 3 - 10) * HOUR)
    await hand_in(routing, shot)
    await in_state(routing, shot["id"], "in_review")
    assert await next_ring(routing, shot, "at_risk") == CALENDAR.add(monday, 10 * HOUR)
    knit, *_ = await accept(routing, brief(channels=[], deadline=deadline, materials=["knit"]))  # C3: nothing measured
    assert await next_ring(routing, knit, "at_risk") == CALENDAR.add(monday, (20 - 2 * 6) * HOUR)

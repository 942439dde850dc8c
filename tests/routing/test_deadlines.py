"""What happens when time passes: leases run out, work becomes at risk and late; each once, also with two replicas."""

from datetime import datetime, timedelta
from uuid import UUID

from chassis.clock import clock
from chassis.testkit.harness import Harness, Start
from chassis.timers import Timer
from contracts.routing import WorkAtRisk, WorkBreached, WorkClaimed, WorkReleased
from contracts.values import Role
from services.routing.app import create_app
from services.routing.settings import RoutingSettings
from services.routing.work.domain import TimerKind
from services.routing.work.repository import lock_item
from services.routing.work.timers import AGAIN, ring
from tests.routing.others import Json, accept, brief, decide, do, drained, hand_in, in_state, read, told
from tests.routing.test_rules import CALENDAR

HOUR = timedelta(hours=1)


async def at_risk_is(routing: Harness, work: Json, risk: str) -> Json:
    async def arrived() -> Json:
        found = await read(routing, work["id"])
        assert found["risk"] == risk, found
        return found

    return await routing.eventually(arrived)


async def rung(routing: Harness, kind: str) -> None:
    """No timer of this kind is due any more."""

    async def none_due() -> bool:
        rows = await routing.fetch("SELECT 1 FROM timer WHERE kind = $1 AND due_at <= $2", kind, clock.now())
        return not rows

    await routing.eventually(none_due)


async def test_a_lease_that_runs_out_returns_the_work(routing: Harness, monday: datetime) -> None:
    shot, *_ = await accept(routing, brief())
    await do(routing, shot, "claim", Role.PHOTOGRAPHER, subject="phil")
    clock.set(monday + 4 * HOUR)
    await do(routing, shot, "claim", Role.PHOTOGRAPHER, subject="phil")
    clock.set(monday + 9 * HOUR)  # past the first lease, within the second
    await rung(routing, "lease")
    assert (await read(routing, shot["id"]))["state"] == "claimed"
    clock.set(monday + 12 * HOUR)
    back = await in_state(routing, shot["id"], "ready")
    assert (back["claimed_by"], back["lease_until"]) == (None, None)
    [event] = await routing.recorded(WorkReleased)
    assert (event.data.by, event.data.cause) == ("lease", "the lease of phil ran out")
    assert (await do(routing, shot, "claim", Role.RETOUCHER, subject="rita")).status_code == 200


async def test_a_lease_that_ran_out_a_moment_ago_stops_nobody(routing: Harness, monday: datetime) -> None:
    """Even when its timer has not rung yet."""
    shot, *_ = await accept(routing, brief())
    await do(routing, shot, "claim", Role.PHOTOGRAPHER, subject="phil")
    await routing.fetch("DELETE FROM timer WHERE kind = 'lease'")
    clock.set(monday + 8 * HOUR)
    taken = await do(routing, shot, "claim", Role.RETOUCHER, subject="rita")
    assert taken.json()["claimed_by"] == "rita"
    assert await told(routing, shot["id"]) == [("created", 1), ("claimed", 2), ("released", 3), ("claimed", 4)]


async def test_a_timer_does_nothing_that_the_item_does_not_wait_for(routing: Harness, monday: datetime) -> None:
    shot, *_ = await accept(routing, brief())
    async with routing.service.database.transaction() as session:
        for kind in TimerKind:
            await ring(session, Timer(kind, shot["id"], monday))
    assert await told(routing, shot["id"]) == [("created", 1)]


async def test_a_timer_never_waits_for_an_item(routing: Harness, monday: datetime) -> None:
    """While someone changes the item its timer is put off: if each waited for the other, both would hang."""
    shot, *_ = await accept(routing, brief())
    due = CALENDAR.add(monday, 24 * HOUR)
    async with routing.service.database.transaction() as other:
        await lock_item(other, UUID(shot["id"]))
        clock.set(due)
        await rung(routing, "breach")
        rows = await routing.fetch("SELECT due_at FROM timer WHERE kind = 'breach'")
        assert [row["due_at"] for row in rows] == [due + AGAIN]
    clock.set(due + AGAIN)
    await at_risk_is(routing, shot, "breached")


async def test_at_risk_then_late_across_a_weekend_and_a_change_of_clocks(start: Start, monday: datetime) -> None:
    """A C4 shot accepted on Thursday the 26th of March at 09:00 in Berlin has 72 hours, eight working days: it is due
    on Monday the 6th of April at 18:00, at risk after six days, on Thursday. The clocks go forward on the 29th.
    """
    routing = await start(create_app, RoutingSettings)
    await start(create_app, RoutingSettings, fresh=False)  # a replica: whoever comes first rings the timer
    clock.set(datetime.fromisoformat("2026-03-26T09:00:00+01:00"))
    shot, *variants = await accept(routing, brief(materials=["sequins"]))
    assert shot["due_at"] == "2026-04-06T16:00:00Z"
    clock.set(datetime.fromisoformat("2026-04-02T17:59:59+02:00"))
    await rung(routing, "at_risk")
    assert (await read(routing, shot["id"]))["risk"] == "on_time"
    clock.set(datetime.fromisoformat("2026-04-02T18:00:00+02:00"))
    await at_risk_is(routing, shot, "at_risk")
    clock.set(datetime.fromisoformat("2026-04-06T18:00:00+02:00"))
    late = await at_risk_is(routing, shot, "breached")
    assert [(step["what"], step["by"]) for step in late["history"]] == [
        ("created", "ana"), ("at_risk", "at_risk"), ("escalated", "at_risk"), ("breached", "breach"),
        ("escalated", "breach"),
    ]  # fmt: skip
    clock.move(timedelta(days=30))
    await rung(routing, "breach")
    assert len(await routing.recorded(WorkAtRisk)) == len(await routing.recorded(WorkBreached)) == 1
    for variant in variants:
        assert (await read(routing, variant["id"]))["risk"] == "on_time"


async def test_what_is_done_or_blocked_is_never_late(routing: Harness, monday: datetime) -> None:
    done, blocked = [(await accept(routing, brief(channels=[])))[0] for _ in range(2)]
    await hand_in(routing, done)
    await decide(routing, done, "passed")
    await in_state(routing, done["id"], "approved")
    await do(routing, blocked, "block", json={"cause": "x"})
    assert await routing.fetch("SELECT 1 FROM timer") == []
    clock.move(timedelta(days=30))
    open_again = (await do(routing, blocked, "unblock")).json()
    assert (open_again["risk"], open_again["due_at"] > clock.now().isoformat()) == ("on_time", True)
    assert not await routing.recorded(WorkAtRisk)
    assert not await routing.recorded(WorkBreached)


async def test_a_deadline_that_comes_first_decides(routing: Harness, monday: datetime) -> None:
    deadline = monday + 4 * HOUR
    shot, variant = await accept(routing, brief(deadline=deadline, channels=["pdp"]))
    assert shot["due_at"] == "2026-03-02T12:00:00Z"
    [choice] = [one for one in shot["chosen_by"] if one["decides"] == "due_at"]
    assert choice["rule"] == "deadline"
    assert "24 business hours" in choice["because"]
    clock.set(monday + 3 * HOUR)
    await at_risk_is(routing, shot, "at_risk")
    await hand_in(routing, shot)
    await decide(routing, shot, "passed")
    ready = await in_state(routing, variant["id"], "ready")
    assert ready["due_at"] == "2026-03-02T12:00:00Z"
    clock.set(deadline)
    await at_risk_is(routing, variant, "breached")
    assert (await read(routing, shot["id"]))["risk"] == "at_risk"
    assert [str(event.data.work.id) for event in await routing.recorded(WorkBreached)] == [variant["id"]]


async def test_time_that_passed_while_nobody_ran_is_caught_up(start: Start, monday: datetime) -> None:
    routing = await start(create_app, RoutingSettings)
    shot, *_ = await accept(routing, brief(channels=[]))
    await do(routing, shot, "claim", Role.PHOTOGRAPHER)
    await drained(routing)
    await routing.service.stop()
    clock.move(timedelta(days=20))
    again = await start(create_app, RoutingSettings, fresh=False)
    await at_risk_is(again, shot, "breached")
    assert [what for what, _ in await told(again, shot["id"])] == [
        "created", "claimed", "released", "at_risk", "escalated", "breached", "escalated", "escalated", "escalated",
    ]  # fmt: skip
    assert len(await again.recorded(WorkClaimed)) == 1

"""Timers fire once, when they are due and not before, with however many runners."""

import asyncio
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import clock, now
from chassis.database import Database
from chassis.testkit.harness import Harness
from chassis.timers import PUT_OFF, Timer, Timers, drop_timers, set_timer, set_timers
from tests.chassis.conftest import StartProbe

KIND = "ring"


async def ring(session: AsyncSession, timer: Timer) -> None:
    await session.execute(text("INSERT INTO effect (note) VALUES (:key)"), {"key": timer.key})


async def rung(probe: Harness) -> list[str]:
    return [row["note"] for row in await probe.fetch("SELECT note FROM effect ORDER BY position")]


async def fire_all(timers: Timers) -> int:
    fired = 0
    while await timers.fire_one():
        fired += 1
    return fired


async def test_they_fire_when_due_in_order_and_only_then(start_probe: StartProbe) -> None:
    probe = await start_probe()
    database, at = probe.service.database, now()
    clock.set(at)
    timers = Timers(database, {KIND: ring})
    async with database.transaction() as session:
        await set_timer(session, KIND, "later", at + timedelta(hours=2))
        await set_timer(session, KIND, "soon", at + timedelta(hours=1))
        await set_timer(session, "of another process", "not mine", at)
    assert await fire_all(timers) == 0
    clock.move(timedelta(hours=1))
    assert await fire_all(timers) == 1
    clock.move(timedelta(days=1))
    assert await fire_all(timers) == 1
    assert await rung(probe) == ["soon", "later"]
    assert [row["kind"] for row in await probe.fetch("SELECT kind FROM timer")] == ["of another process"]


async def test_setting_one_again_moves_it_and_clearing_removes_it(start_probe: StartProbe) -> None:
    probe = await start_probe()
    database, at = probe.service.database, now()
    clock.set(at)
    async with database.transaction() as session:
        await set_timers(session, [Timer(KIND, key, at) for key in ("moved", "cleared", "kept")])
        await set_timer(session, KIND, "moved", at + timedelta(hours=1))
        await drop_timers(session, [(KIND, "cleared"), ("another kind", "kept")])
        await drop_timers(session, [])
    assert await fire_all(Timers(database, {KIND: ring})) == 1
    assert await rung(probe) == ["kept"]


async def test_two_runners_fire_each_once(start_probe: StartProbe) -> None:
    probe = await start_probe()
    second = Database(probe.service.settings)
    keys = [f"timer {number}" for number in range(60)]
    async with probe.service.database.transaction() as session:
        await set_timers(session, [Timer(KIND, key, now()) for key in keys])
    runners = [Timers(database, {KIND: ring}) for database in (probe.service.database, second) for _ in range(2)]
    shares = await asyncio.gather(*(fire_all(runner) for runner in runners))
    await second.close()
    assert sum(shares) == len(keys)
    assert len([share for share in shares if share]) > 1, "one did it all: nothing was shared"
    assert sorted(await rung(probe)) == sorted(keys)


async def test_one_that_fails_is_put_off_and_holds_up_nobody(start_probe: StartProbe) -> None:
    probe = await start_probe()
    database, at = probe.service.database, now()
    clock.set(at)
    broken = True

    async def fragile(session: AsyncSession, timer: Timer) -> None:
        await ring(session, timer)
        if broken and timer.key == "fragile":
            await session.execute(text("SELECT 1 / 0"))

    timers = Timers(database, {KIND: fragile})
    async with database.transaction() as session:
        await set_timers(session, [Timer(KIND, "fragile", at - timedelta(hours=1)), Timer(KIND, "sound", at)])
    assert await fire_all(timers) == 2
    assert await rung(probe) == ["sound"]
    broken = False
    assert await fire_all(timers) == 0
    clock.move(PUT_OFF)
    assert await fire_all(timers) == 1
    assert await rung(probe) == ["sound", "fragile"]


async def test_one_that_sets_itself_again_goes_on(start_probe: StartProbe) -> None:
    probe = await start_probe()
    database, at = probe.service.database, now()
    clock.set(at)

    async def daily(session: AsyncSession, timer: Timer) -> None:
        await ring(session, timer)
        await set_timer(session, timer.kind, timer.key, timer.due_at + timedelta(days=1))

    timers = Timers(database, {KIND: daily})
    async with database.transaction() as session:
        await set_timer(session, KIND, "daily", at)
    for _ in range(3):
        assert await fire_all(timers) == 1
        clock.move(timedelta(days=1))
    assert await rung(probe) == ["daily"] * 3


async def test_a_process_fires_its_timers_by_itself_and_after_a_restart(start_probe: StartProbe) -> None:
    probe = await start_probe()
    async with probe.service.database.transaction() as session:
        await set_timer(session, KIND, "from before", now())
    restarted = await start_probe(fresh=False, timers={KIND: ring})

    async def fired() -> bool:
        return await rung(restarted) == ["from before"]

    await restarted.eventually(fired)

"""A process starts and stops; and a database is made ready for it, whoever else does the same at that moment."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest
from nats.js.errors import NotFoundError, ServiceUnavailableError

from chassis.bus import EVENTS_STREAM
from chassis.provision import provision
from chassis.testkit import servers
from chassis.timers import Timers
from contracts.intake import RequestCancelled
from tests.chassis.conftest import StartProbe
from tests.chassis.probe.app import keep_effect
from tests.chassis.test_timers import KIND, ring


async def test_it_stops_though_a_loop_did_not_hear_that_it_was_cancelled(
    start_probe: StartProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `asyncio.wait_for` of Python 3.11 does, when the cancellation comes together with the result."""
    ended = asyncio.Event()

    async def hard_of_hearing(_: Timers) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(Timers, "run", hard_of_hearing)
    probe = await start_probe(timers={KIND: ring})
    async with asyncio.timeout(10):
        await probe.service.stop()
    assert ended.is_set()


async def test_it_stops_though_the_relay_was_nudged_in_the_same_moment(start_probe: StartProbe) -> None:
    probe = await start_probe()
    probe.service.relay.nudge()
    async with asyncio.timeout(10):
        await probe.service.stop()


async def test_an_idle_consumer_goes_on_though_nats_can_not_say_whether_its_stream_is_there(
    start_probe: StartProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while NATS stops or starts: one question is answered, and the next one is not."""
    asked = 0

    async def stream_state() -> None:
        nonlocal asked
        asked += 1
        raise ServiceUnavailableError

    monkeypatch.setattr("chassis.consumer.IDLE_CHECK_SECONDS", 0.1)
    probe = await start_probe(handlers={RequestCancelled: keep_effect})
    monkeypatch.setattr(probe.service.bus, "stream_state", stream_state)

    async def was_asked() -> bool:
        return asked > 1

    await probe.eventually(was_asked)
    assert (await probe.service.readiness())["loops"] == "ok"


async def test_a_loop_that_ended_makes_it_not_ready(start_probe: StartProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: Timers) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Timers, "run", broken)
    probe = await start_probe(timers={KIND: ring})

    async def not_ready() -> bool:
        return (await probe.service.readiness())["loops"] == "1 have ended"

    await probe.eventually(not_ready)
    assert (await probe.client.get("/health/ready")).status_code == 503


@pytest.mark.parametrize("fails", [False, True])
async def test_a_loop_that_failed_or_that_a_driver_cancelled_begins_again(
    start_probe: StartProbe, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    begun = 0

    async def cancelled_once(_: Timers) -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            if fails:
                raise RuntimeError("a bug")
            asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            asked.cancel()
            await asked
        await asyncio.Event().wait()

    monkeypatch.setattr(Timers, "run", cancelled_once)
    probe = await start_probe(timers={KIND: ring})

    async def again() -> bool:
        return begun == 2

    await probe.eventually(again)
    assert (await probe.service.readiness())["loops"] == "ok"


async def test_databases_may_be_provisioned_at_the_same_moment() -> None:
    """Roles belong to the whole server: parallel test workers, or replicas that start together, meet there."""
    roles = {f"together_{number}": "secret" for number in range(3)}
    names = [f"{servers.database_name()}_{number}" for number in range(3)]
    await asyncio.gather(*(provision(servers.admin_dsn(), name, roles) for name in names * 2))
    for name in names:
        connection = await asyncpg.connect(
            servers.admin_dsn().replace("postgres@", "together_0:secret@"), database=name, timeout=5
        )
        try:
            await connection.execute("CREATE TABLE own (id int); DROP TABLE own")
            for forbidden in ("CREATE TABLE public.mine (id int)", "CREATE TABLE together_1.mine (id int)"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(forbidden)
        finally:
            await connection.close()
    admin = await asyncpg.connect(servers.admin_dsn(), timeout=5)
    try:
        for name in names:
            await admin.execute(f'DROP DATABASE "{name}"')
        await admin.execute(f"DROP ROLE {', '.join(roles)}")
    finally:
        await admin.close()


async def test_no_loop_ends_while_the_stream_is_deleted_again_and_again(start_probe: StartProbe) -> None:
    probe = await start_probe(handlers={RequestCancelled: keep_effect})
    for _ in range(100):
        with suppress(NotFoundError):
            await probe.service.bus.js.delete_stream(EVENTS_STREAM)
    made = await probe.client.post("/v1/tallies", json={"name": "still here"}, headers=probe.bearer("keeper"))
    assert made.status_code == 201

    async def took_effect() -> bool:
        return bool(await probe.fetch("SELECT 1 FROM effect WHERE note = 'still here'"))

    await probe.eventually(took_effect)
    assert (await probe.service.readiness())["loops"] == "ok"

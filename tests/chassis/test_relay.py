"""The relay: what the event log holds gets into the stream, in order, whoever is killed and whatever is lost."""

import asyncio
import os
import signal
import sys
from collections import defaultdict
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from chassis.bus import EVENTS_STREAM
from chassis.database import Database
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.memory import Remembered, is_lost
from chassis.settings import Settings
from chassis.testkit.harness import Harness
from contracts.envelope import Event, read_event
from contracts.intake import RequestCancelled
from tests.chassis.conftest import StartProbe
from tests.chassis.probe.app import keep_effect, said
from tests.chassis.probe.stream import effects, stored, until_answered


async def say(database: Database, *causes: str) -> None:
    """Record events, each of an aggregate of its own."""
    async with database.transaction() as session:
        ids = [new_id() for _ in causes]
        await record(session, *(Happened(said(cause, id), id, 1) for cause, id in zip(causes, ids, strict=True)))


async def in_stream(probe: Harness) -> list[Event[RequestCancelled]]:
    return [read_event(RequestCancelled, message.data) for message in await stored(probe)]


async def causes_in_stream(probe: Harness) -> list[str]:
    return [event.data.cause for event in await in_stream(probe)]


async def unsent(probe: Harness) -> int:
    [row] = await probe.fetch("SELECT count(*) AS found FROM unsent")
    return int(row["found"])


async def until_sent(probe: Harness) -> None:
    async def all_sent() -> bool:
        return await unsent(probe) == 0

    await probe.eventually(all_sent)


async def test_each_aggregates_order_holds_with_concurrent_writers(start_probe: StartProbe) -> None:
    probe = await start_probe()
    database, writers, changes = probe.service.database, 8, 30
    aggregates = [new_id() for _ in range(5)]
    async with database.transaction() as session:
        for id in aggregates:
            await session.execute(text("INSERT INTO tally VALUES (:id, :name, 0, 0)"), {"id": id, "name": str(id)})

    async def change(id: UUID) -> None:
        async with database.transaction() as session:
            version = (
                await session.execute(
                    text("UPDATE tally SET version = version + 1 WHERE id = :id RETURNING version"), {"id": id}
                )
            ).scalar_one()
            await record(session, Happened(said(f"change {version}", id), id, version))

    async def write(number: int) -> None:
        for change_number in range(changes):
            await change(aggregates[(number + change_number) % len(aggregates)])

    await asyncio.gather(*(write(number) for number in range(writers)))
    await until_sent(probe)
    versions: dict[str, list[int]] = defaultdict(list)
    for event in await in_stream(probe):
        versions[event.subject].append(event.aggregateversion)
    assert len(versions) == len(aggregates)
    for seen in versions.values():
        assert seen == list(range(1, len(seen) + 1))
    assert sum(map(len, versions.values())) == writers * changes


async def test_what_is_sent_is_what_was_recorded(start_probe: StartProbe) -> None:
    probe = await start_probe()
    await say(probe.service.database, 'Größe «38», 𝟛 mm – \x00 \\ " done')
    await until_sent(probe)
    [message] = await stored(probe)
    [row] = await probe.fetch("SELECT event_id, subject, payload FROM event_log")
    assert message.data.decode() == row["payload"]
    assert message.subject == row["subject"]
    assert message.headers["Nats-Msg-Id"] == str(row["event_id"])
    [event] = await in_stream(probe)
    assert event.id == row["event_id"]
    assert event.data.cause == 'Größe «38», 𝟛 mm – \x00 \\ " done'


async def test_what_was_rolled_back_is_never_sent(start_probe: StartProbe) -> None:
    probe = await start_probe()
    async with probe.service.database.transaction() as session:
        await record(session, Happened(said("never", id := new_id()), id, 1))
        await session.rollback()
    await say(probe.service.database, "sent")
    await until_sent(probe)
    assert await causes_in_stream(probe) == ["sent"]


async def test_more_than_a_batch_goes_out_in_order(start_probe: StartProbe) -> None:
    probe = await start_probe()
    causes = [str(number) for number in range(1200)]
    await say(probe.service.database, *causes)
    await until_sent(probe)
    assert await causes_in_stream(probe) == causes


async def test_one_relay_leads_and_the_next_takes_over(start_probe: StartProbe) -> None:
    first = await start_probe()
    second = await start_probe(fresh=False)
    leaders = (
        "SELECT count(DISTINCT pid) AS found FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND granted AND datname = current_database()"
    )
    await say(first.service.database, *(f"both {number}" for number in range(20)))
    await until_sent(first)
    assert (await first.fetch(leaders))[0]["found"] == 1
    await first.service.stop()
    await say(second.service.database, "taken over")
    await until_sent(second)
    assert await causes_in_stream(second) == [*(f"both {number}" for number in range(20)), "taken over"]


async def test_its_connection_may_be_cut(start_probe: StartProbe) -> None:
    probe = await start_probe()
    await say(probe.service.database, "before")
    await until_sent(probe)
    cut = await probe.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'probe-relay' AND datname = current_database()"
    )
    assert cut
    await say(probe.service.database, "after")
    await until_sent(probe)
    assert await causes_in_stream(probe) == ["before", "after"]


async def run_until_it_dies(settings: Settings, crash_dir: Path) -> int:
    """Run the probe as a process; its exit code."""
    values = {name: str(getattr(settings, name)) for name in ("database_url", "nats_url", "jwks")}
    environment = {
        f"PACKSHOT_{name.upper()}": value for name, value in (values | {"crash_dir": str(crash_dir)}).items()
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chassis.probe.process", cwd=Path(__file__).parents[2], env=os.environ | environment
    )
    try:
        return await asyncio.wait_for(process.wait(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_killed_between_publishing_and_deleting_it_publishes_again_without_harm(
    start_probe: StartProbe, tmp_path: Path
) -> None:
    probe = await start_probe()
    settings = probe.service.settings
    await probe.service.stop()
    database = Database(settings)
    causes = [str(number) for number in range(50)]
    await say(database, *causes)
    await database.close()

    cue = tmp_path / "probe.relay.published"
    cue.touch()
    assert await run_until_it_dies(settings, crash_dir=tmp_path) == -signal.SIGKILL
    assert not cue.exists()
    assert await unsent(probe) == 50, "it died after it had published, before it forgot"

    again = await start_probe(fresh=False, handlers={RequestCancelled: keep_effect})
    await until_sent(again)
    assert await causes_in_stream(again) == causes, "JetStream knows the message ids"
    await until_answered(again)
    # Longer after, JetStream has forgotten the ids: then there are two of each.
    for event in await in_stream(again):
        await again.publish(event.data, event.subject, event_id=event.id)
    await until_answered(again)
    assert len(await stored(again)) == 100
    assert await effects(again) == causes


async def test_a_deleted_stream_is_filled_again_and_nothing_takes_effect_twice(start_probe: StartProbe) -> None:
    probe = await start_probe(handlers={RequestCancelled: keep_effect})
    causes = [str(number) for number in range(30)]
    await say(probe.service.database, *causes)

    async def all_took_effect() -> bool:
        return len(await effects(probe)) >= len(causes)

    await probe.eventually(all_took_effect)
    await until_sent(probe)
    await probe.service.bus.js.delete_stream(EVENTS_STREAM)
    causes.append("after the loss")
    await say(probe.service.database, causes[-1])

    async def filled_again() -> bool:
        return len(await stored(probe)) >= len(causes)

    await probe.eventually(filled_again)
    await probe.eventually(all_took_effect)
    await until_sent(probe)
    assert sorted(await causes_in_stream(probe)) == sorted(causes)
    assert await effects(probe) == causes


async def test_a_deleted_stream_is_filled_again_though_nothing_new_happens(start_probe: StartProbe) -> None:
    probe = await start_probe()
    await say(probe.service.database, "one", "two")
    await until_sent(probe)
    await probe.service.bus.js.delete_stream(EVENTS_STREAM)

    async def filled_again() -> bool:
        return len(await stored(probe)) == 2

    await probe.eventually(filled_again)
    assert await causes_in_stream(probe) == ["one", "two"]


async def test_a_stream_that_is_not_the_remembered_one_is_lost(start_probe: StartProbe) -> None:
    probe = await start_probe()
    await say(probe.service.database, "one", "two", "three")
    await until_sent(probe)
    bus = probe.service.bus
    state = await bus.stream_state()
    assert state is not None
    ids = [message.headers["Nats-Msg-Id"] for message in await stored(probe)]
    assert not await is_lost(bus, None, state)
    assert not await is_lost(bus, Remembered(state.created, 3, ids[2]), state)
    assert await is_lost(bus, Remembered("2020-01-01T00:00:00+00:00", 3, ids[2]), state), "made anew"
    assert await is_lost(bus, Remembered(state.created, 4, str(new_id())), state), "gone back"
    assert await is_lost(bus, Remembered(state.created, 3, str(new_id())), state), "gone back and overtaken by others"
    await bus.js.purge_stream(EVENTS_STREAM, seq=3)
    aged = await bus.stream_state()
    assert aged is not None
    assert not await is_lost(bus, Remembered(aged.created, 2, ids[1]), aged), "aged out, as it should"
    assert not await is_lost(bus, Remembered(aged.created, 3, ids[2]), aged)

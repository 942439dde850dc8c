"""The consumer: every event takes effect once, whatever comes, fails, comes twice or makes no sense."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import consumer
from chassis.bus import EVENTS_STREAM
from chassis.clock import now
from chassis.events import Happened, record
from chassis.handlers import Job, NotYet, Together
from contracts.envelope import Event
from contracts.intake import RequestCancelled, RequestReturned
from tests.chassis.conftest import StartProbe
from tests.chassis.probe.app import keep_effect, said
from tests.chassis.probe.stream import CONSUMER, dead_letters, effects, publish, until_answered

Cancelled = Event[RequestCancelled]


@pytest.fixture(autouse=True)
def _hasty_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same schedule, in less time."""
    monkeypatch.setattr(consumer, "RETRY_SECONDS", (0.05, 0.05, 0.1, 0.1, 0.1))


async def test_an_event_that_comes_twice_takes_effect_once(start_probe: StartProbe) -> None:
    publisher = await start_probe()
    [event] = await publish(publisher, "once")
    data = said("once", event.data.id)
    for _ in range(2):  # before the consumer is there: all three come in one batch
        await publisher.publish(data, event.subject, event_id=event.id)
    probe = await start_probe(fresh=False, handlers={RequestCancelled: keep_effect})
    await until_answered(probe)
    assert await effects(probe) == ["once"]
    await publisher.publish(data, event.subject, event_id=event.id)  # and one in a later batch
    await publish(publisher, "after")
    await until_answered(probe)
    assert await effects(probe) == ["once", "after"]


async def test_a_batch_shares_one_transaction(start_probe: StartProbe) -> None:
    publisher = await start_probe()
    await publish(publisher, *(str(number) for number in range(50)))
    transactions = set()

    async def note_transaction(session: AsyncSession, event: Cancelled) -> None:
        transactions.add((await session.execute(text("SELECT pg_current_xact_id()::text"))).scalar_one())
        await keep_effect(session, event)

    probe = await start_probe(fresh=False, handlers={RequestCancelled: note_transaction})
    await until_answered(probe)
    assert await effects(probe) == [str(number) for number in range(50)]
    assert len(transactions) < 10


@pytest.mark.parametrize("failure", [RuntimeError("not now"), NotYet("its cause is not here"), "SELECT 1 / 0"])
async def test_one_that_fails_in_a_batch_is_tried_again_and_the_others_go_on(
    start_probe: StartProbe, failure: Exception | str
) -> None:
    publisher = await start_probe()
    tries: Counter[str] = Counter()

    async def fragile(session: AsyncSession, event: Cancelled) -> None:
        tries[event.data.cause] += 1
        await keep_effect(session, event)
        if event.data.cause == "fragile" and tries["fragile"] <= 3:
            if isinstance(failure, Exception):
                raise failure
            await session.execute(text(failure))

    [first, *_] = await publish(publisher, "first", "fragile", "last")
    await publisher.publish(first.data, first.subject, event_id=first.id)  # and once more
    probe = await start_probe(fresh=False, handlers={RequestCancelled: fragile})
    await until_answered(probe)
    assert await effects(probe) == ["first", "last", "fragile"]
    assert tries["fragile"] == 4, "once in the batch, alone at once, then by the schedule"
    assert await dead_letters(probe) == []


async def test_events_are_taken_together_and_each_answer_says_what_it_answers(start_probe: StartProbe) -> None:
    """Those that stand side by side, once each; one that fails doesn't take the others with it."""
    publisher = await start_probe()
    calls: list[list[str]] = []

    async def all_at_once(session: AsyncSession, events: list[Cancelled]) -> None:
        calls.append([event.data.cause for event in events])
        for event in events:
            await keep_effect(session, event)
        answers = [RequestReturned(
            id=event.data.id, sku=None, category=None, requested_by="x", problems=[], returned_at=now()
        ) for event in events]  # fmt: skip
        await record(session, *(Happened(one, one.id, 2, event) for one, event in zip(answers, events, strict=True)))
        if "poison" in calls[-1]:
            raise ValueError("poison")

    [first, *_] = asked = await publish(publisher, *(str(number) for number in range(20)))
    await publisher.publish(first.data, first.subject, event_id=first.id)  # and once more
    await publish(publisher, "poison")
    probe = await start_probe(fresh=False, handlers={RequestCancelled: Together(all_at_once)})
    await until_answered(probe)
    assert sorted(await effects(probe), key=int) == [str(number) for number in range(20)]
    assert max(len(call) for call in calls) > 1
    assert [call for call in calls if call == ["poison"]], "at last it was tried alone"
    assert len(await dead_letters(probe)) == 1
    await publish(probe, *(str(number) for number in range(20, 40)))
    await until_answered(probe)
    answers = await probe.recorded(RequestReturned)
    assert {(one.causationid, one.correlationid) for one in answers} >= {(one.id, one.correlationid) for one in asked}
    assert len(answers) == 40


async def test_one_that_came_too_early_waits_for_the_other(start_probe: StartProbe) -> None:
    async def after_the_cause(session: AsyncSession, event: Cancelled) -> None:
        if event.data.cause == "effect":
            found = await session.execute(text("SELECT 1 FROM effect WHERE note = 'cause'"))
            if found.first() is None:
                raise NotYet("the cause is not here")
        await keep_effect(session, event)

    probe = await start_probe(handlers={RequestCancelled: after_the_cause})
    await publish(probe, "effect", "another")

    async def others_went_on() -> bool:
        return "another" in await effects(probe)

    await probe.eventually(others_went_on)
    await publish(probe, "cause")
    await until_answered(probe)
    assert await effects(probe) == ["another", "cause", "effect"]


async def test_many_that_wait_for_their_next_try_hold_up_nobody(
    start_probe: StartProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count as pending for JetStream, which stops delivering at its limit."""
    monkeypatch.setattr(consumer, "RETRY_SECONDS", (3600,))

    async def prepare(event: Cancelled) -> None:
        if event.data.cause.startswith("early"):
            raise NotYet("its cause is not here")

    async def apply(session: AsyncSession, event: Cancelled, prepared: None) -> None:
        await keep_effect(session, event)

    probe = await start_probe(handlers={RequestCancelled: Job(prepare, apply)}, batch=1, parallel=2)
    await publish(probe, *(f"early {number}" for number in range(30)), "ready")

    async def ready_is_handled() -> bool:
        return await effects(probe) == ["ready"]

    await probe.eventually(ready_is_handled)


async def test_unknown_fields_are_ignored(start_probe: StartProbe) -> None:
    probe = await start_probe(handlers={RequestCancelled: keep_effect})
    data = said("newer", uuid4())
    event = Event[Any](
        id=uuid4(), source="/intake", type=data.type, subject="x", time=data.cancelled_at, aggregateversion=1,
        correlationid="c", data=data,
    )  # fmt: skip
    raw = event.model_dump_json()
    await probe.service.bus.js.publish(event.nats_subject(), f'{{"partition": 7, {raw[1:]}'.encode())
    await until_answered(probe)
    assert await effects(probe) == ["newer"]


async def test_only_what_has_a_handler_is_delivered(start_probe: StartProbe) -> None:
    async def shout(session: AsyncSession, event: Event[RequestReturned]) -> None:
        await session.execute(text("INSERT INTO effect (note) VALUES (:sku)"), {"sku": event.data.sku})

    probe = await start_probe(handlers={RequestReturned: shout})
    await publish(probe, "not for me")
    returned = RequestReturned(
        id=uuid4(), sku="MB02", category="bags", requested_by="jonas", problems=[], returned_at=now()
    )
    await probe.publish(returned, returned.id)
    await until_answered(probe)
    assert await effects(probe) == ["MB02"]
    assert await dead_letters(probe) == []


async def test_long_work_is_prepared_outside_of_a_transaction_and_applied_once(start_probe: StartProbe) -> None:
    working, most = 0, 0
    prepared: Counter[str] = Counter()

    async def measure(event: Cancelled) -> str:
        nonlocal working, most
        working += 1
        most = max(most, working)
        await asyncio.sleep(0.02)
        working -= 1
        prepared[event.data.cause] += 1
        if event.data.cause == "fragile" and prepared["fragile"] == 1:
            raise ConnectionError("the store is away")
        return f"measured {event.data.cause}"

    async def keep(session: AsyncSession, event: Cancelled, measured: str) -> None:
        await session.execute(text("INSERT INTO effect (note) VALUES (:note)"), {"note": measured})

    publisher = await start_probe()
    events = await publish(publisher, *(str(number) for number in range(8)), "fragile")
    probe = await start_probe(fresh=False, handlers={RequestCancelled: Job(measure, keep)}, batch=1, parallel=4)
    await until_answered(probe)
    expected = sorted(f"measured {event.data.cause}" for event in events)
    assert sorted(await effects(probe)) == expected
    assert 1 < most <= 4
    await publisher.publish(events[0].data, events[0].subject, event_id=events[0].id)
    await until_answered(probe)
    assert sorted(await effects(probe)) == expected
    assert prepared["0"] == 1, "what is in the inbox is not even prepared again"


async def test_replicas_share_the_work(start_probe: StartProbe) -> None:
    handled: Counter[str] = Counter()

    def by(replica: str) -> Any:
        async def handle(session: AsyncSession, event: Cancelled) -> None:
            handled[replica] += 1
            await keep_effect(session, event)

        return handle

    first = await start_probe(handlers={RequestCancelled: by("first")}, batch=5)
    await start_probe(fresh=False, handlers={RequestCancelled: by("second")}, batch=5)
    causes = [str(number) for number in range(100)]
    await publish(first, *causes)
    await until_answered(first)
    assert sorted(await effects(first)) == sorted(causes)
    assert len(handled) == 2, "one did it all: nothing was shared"


async def test_what_a_handler_records_says_what_caused_it_and_is_sent(start_probe: StartProbe) -> None:
    async def answer(session: AsyncSession, event: Cancelled) -> None:
        if event.data.cause == "question":
            await record(session, Happened(said("answer", event.data.id), event.data.id, 2))
        else:
            await keep_effect(session, event)

    probe = await start_probe(handlers={RequestCancelled: answer})
    [question] = await publish(probe, "question")

    async def answered() -> bool:
        return await effects(probe) == ["answer"]

    await probe.eventually(answered)
    [event] = await probe.recorded(RequestCancelled, question.subject)
    assert (event.causationid, event.correlationid) == (question.id, question.correlationid)


async def test_a_lost_stream_is_consumed_from_its_beginning_without_a_second_effect(start_probe: StartProbe) -> None:
    probe = await start_probe(handlers={RequestCancelled: keep_effect})
    events = await publish(probe, "one", "two")
    await until_answered(probe)
    await probe.service.bus.js.delete_stream(EVENTS_STREAM)
    await probe.service.bus.declare_streams()
    for event in events:
        await probe.publish(event.data, event.subject, event_id=event.id)
    await publish(probe, "three")

    async def caught_up() -> bool:
        return "three" in await effects(probe)

    await probe.eventually(caught_up)
    await until_answered(probe)
    assert await effects(probe) == ["one", "two", "three"]


async def test_a_restart_is_not_mistaken_for_a_lost_stream(start_probe: StartProbe) -> None:
    handled: list[str] = []

    async def note(session: AsyncSession, event: Cancelled) -> None:
        handled.append(event.data.cause)

    probe = await start_probe(handlers={RequestCancelled: note})
    await publish(probe, "one", "two")
    await until_answered(probe)
    await probe.service.stop()
    await probe.fetch("DELETE FROM inbox")  # a replay would show
    again = await start_probe(fresh=False, handlers={RequestCancelled: note})
    await publish(again, "three")
    await until_answered(again)
    assert handled == ["one", "two", "three"]


async def test_a_stream_that_went_back_is_consumed_from_its_beginning(start_probe: StartProbe) -> None:
    """JetStream believes that the consumer has had everything; its own memory says that this isn't what it had."""
    probe = await start_probe(handlers={RequestCancelled: keep_effect})
    [one, _] = await publish(probe, "one", "two")
    await until_answered(probe)
    await probe.service.stop()
    # As if another message had been where `one` is now.
    await probe.fetch("UPDATE stream_memory SET event_id = $1 WHERE reader = $2", str(uuid4()), CONSUMER)
    await probe.fetch("DELETE FROM inbox WHERE event_id = $1", one.id)
    await probe.fetch("DELETE FROM effect WHERE event_id = $1", one.id)
    again = await start_probe(fresh=False, handlers={RequestCancelled: keep_effect})

    async def caught_up() -> bool:
        return await effects(again) == ["two", "one"]

    await again.eventually(caught_up)


async def test_what_was_begun_is_finished_on_stop_and_the_rest_is_handed_back(start_probe: StartProbe) -> None:
    publisher = await start_probe()
    await publish(publisher, *(str(number) for number in range(6)))
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(event: Cancelled) -> None:
        begun.set()
        await go_on.wait()

    async def keep(session: AsyncSession, event: Cancelled, _: None) -> None:
        await keep_effect(session, event)

    stopping = await start_probe(fresh=False, handlers={RequestCancelled: Job(slow, keep)}, batch=6, parallel=2)
    await begun.wait()
    [running] = stopping.service.consumers
    running.stop()
    go_on.set()
    await running.finished.wait()
    assert len(await effects(publisher)) == 2
    await start_probe(fresh=False, handlers={RequestCancelled: keep_effect})
    await until_answered(publisher)  # at once: nobody waits for the first one's acknowledgements to time out
    assert sorted(await effects(publisher)) == [str(number) for number in range(6)]

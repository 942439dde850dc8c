"""What can't be handled: it goes to the dead letters with its reason, and holds up nobody."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import consumer
from chassis.bus import EVENTS_STREAM
from chassis.handlers import Reject
from contracts.envelope import Event
from contracts.intake import RequestCancelled, RequestReturned
from tests.chassis.conftest import StartProbe
from tests.chassis.probe.app import keep_effect
from tests.chassis.probe.stream import CONSUMER, dead_letters, effects, publish, until_answered

Cancelled = Event[RequestCancelled]


@pytest.fixture(autouse=True)
def _hasty_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same schedule, in less time."""
    monkeypatch.setattr(consumer, "RETRY_SECONDS", (0.05, 0.05, 0.1, 0.1, 0.1))


async def test_one_that_is_rejected_is_a_dead_letter_with_its_reason(start_probe: StartProbe) -> None:
    async def picky(session: AsyncSession, event: Cancelled) -> None:
        await keep_effect(session, event)
        if event.data.cause == "bad":
            raise Reject("größer – a cancelled request\r\nNats-Msg-Id: x")

    probe = await start_probe(handlers={RequestCancelled: picky})
    _, bad, _ = await publish(probe, "good", "bad", "fine")
    await until_answered(probe)
    assert sorted(await effects(probe)) == ["fine", "good"]
    [letter] = await dead_letters(probe)
    assert letter.subject == "dlq.probe"
    assert letter.data == bad.model_dump_json().encode()
    assert r"gr\xf6\xdfer \u2013 a cancelled request" in letter.headers["Packshot-Reason"]
    assert letter.headers["Packshot-Consumer"] == CONSUMER
    assert letter.headers["Packshot-Subject"] == bad.nats_subject()
    assert letter.headers["Packshot-Deliveries"] == "1", "it was tried again in vain"
    assert await probe.fetch("SELECT 1 FROM inbox WHERE event_id = $1", bad.id) == []


async def test_one_that_fails_for_ever_is_a_dead_letter_after_its_last_try(start_probe: StartProbe) -> None:
    tries = 0

    async def broken(session: AsyncSession, event: Cancelled) -> None:
        nonlocal tries
        if event.data.cause == "cursed":
            tries += 1
            raise RuntimeError("no way")
        await keep_effect(session, event)

    probe = await start_probe(handlers={RequestCancelled: broken})
    await publish(probe, "cursed")
    await until_answered(probe)
    [letter] = await dead_letters(probe)
    assert "no way" in letter.headers["Packshot-Reason"]
    assert int(letter.headers["Packshot-Deliveries"]) == tries == len(consumer.RETRY_SECONDS) + 1
    await publish(probe, "well")
    await until_answered(probe)
    assert await effects(probe) == ["well"]


async def test_poison_is_a_dead_letter_and_holds_up_nobody(start_probe: StartProbe) -> None:
    probe = await start_probe(handlers={RequestCancelled: keep_effect})
    [good] = await publish(probe, "good")
    whole = good.model_dump_json()
    poison = [
        b"",
        b"\xff\xfe\x00",
        b"null",
        b"[" * 50_000,
        b'{"specversion": "1.0"}',
        whole.replace("1.0", "2.0").encode(),
        whole.replace(RequestCancelled.type, RequestReturned.type).encode(),
        whole[:-2].encode(),
        whole.replace('"good"', "NaN").encode(),
    ]
    for raw in poison:
        await probe.service.bus.js.publish(f"evt.{RequestCancelled.type}.x", raw)
    await publish(probe, "after")
    await until_answered(probe)
    assert await effects(probe) == ["good", "after"]
    letters = await dead_letters(probe)
    assert [letter.data for letter in letters] == poison
    for letter in letters:
        assert letter.headers["Packshot-Reason"].startswith(f"not a valid {RequestCancelled.type}")


async def test_no_dead_letter_is_taken_for_one_of_a_stream_that_was_lost(start_probe: StartProbe) -> None:
    probe = await start_probe(handlers={RequestCancelled: keep_effect})
    poison = [b"first of the old stream", b"first of the new stream"]
    for raw in poison:
        await probe.service.bus.js.delete_stream(EVENTS_STREAM)
        await probe.service.bus.declare_streams()
        await probe.service.bus.js.publish(f"evt.{RequestCancelled.type}.x", raw)
        await until_answered(probe)
    assert [letter.data for letter in await dead_letters(probe)] == poison

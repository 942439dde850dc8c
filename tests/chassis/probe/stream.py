"""Putting events into JetStream for the probe, and looking at what came of them."""

from dataclasses import dataclass
from uuid import uuid4

from nats.js.errors import NotFoundError

from chassis.bus import DLQ_STREAM, EVENTS_STREAM
from chassis.testkit.harness import Harness
from contracts.envelope import Event
from contracts.intake import RequestCancelled
from tests.chassis.probe.app import said

CONSUMER = "probe-consumer"


@dataclass(frozen=True)
class Stored:
    """One message of a stream."""

    subject: str
    headers: dict[str, str]
    data: bytes


async def stored(probe: Harness, stream: str = EVENTS_STREAM) -> list[Stored]:
    """Everything that a stream holds, oldest first."""
    js = probe.service.bus.js
    try:
        state = (await js.stream_info(stream)).state
    except NotFoundError:
        return []
    found = []
    for sequence in range(max(state.first_seq, 1), state.last_seq + 1):  # an empty stream begins at 0
        message = await js.get_msg(stream, sequence)
        found.append(Stored(message.subject or "", message.headers or {}, message.data or b""))
    return found


async def dead_letters(probe: Harness) -> list[Stored]:
    return await stored(probe, DLQ_STREAM)


async def publish(probe: Harness, *causes: str) -> list[Event[RequestCancelled]]:
    return [await probe.publish(said(cause, id), id) for cause in causes if (id := uuid4())]


async def effects(probe: Harness) -> list[str]:
    return [row["note"] for row in await probe.fetch("SELECT note FROM effect ORDER BY position")]


async def until_answered(probe: Harness) -> None:
    await probe.until_answered(CONSUMER)

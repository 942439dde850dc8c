"""The connection to NATS: it reconnects for ever, and tells how often it has."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import nats
import orjson
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from chassis.logs import get_logger
from chassis.settings import Settings
from contracts.envelope import SUBJECT_ROOT, EventData

EVENTS_STREAM = "EVENTS"
DLQ_STREAM = "DLQ"
ACK_WAIT = timedelta(seconds=30)
# Events that wait for their next try count as pending, and JetStream delivers nothing more at this limit.
MOST_PENDING = 10_000
GIVEN_UP_SECONDS = 20

log = get_logger(__name__)


@dataclass(frozen=True)
class StreamState:
    """What identifies a stream: when it was created, and how far it goes."""

    created: str
    first: int
    last: int


class Bus:
    """One NATS connection a process, and the topology that the process needs.

    `epoch` counts connections made: after each the stream may be another one, so whoever remembers something of the
    stream checks it again when the epoch has changed.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = Client()
        self.epoch = 0

    @property
    def connected(self) -> bool:
        return self._client.is_connected

    @property
    def js(self) -> JetStreamContext:
        return self._jetstream

    @property
    def client(self) -> Client:
        return self._client

    async def connect(self) -> None:
        """Connect, trying until NATS answers."""

        async def connected() -> None:
            self.epoch += 1

        async def failed(error: Exception) -> None:
            log.debug("nats", error=repr(error))

        while True:
            try:
                await self._client.connect(
                    self._settings.nats_url,
                    name=f"{self._settings.service}-{self._settings.process}",
                    reconnected_cb=connected,
                    error_cb=failed,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=1,
                    connect_timeout=3,
                )
            except (OSError, nats.errors.Error, TimeoutError) as error:
                log.warning("nats is not there yet", error=repr(error))
                await asyncio.sleep(1)
                self._client = Client()
            else:
                self.epoch += 1
                self._jetstream = self._client.jetstream(timeout=5)
                return

    async def keep_connected(self) -> None:
        """Until cancelled: connect anew where the client has not come back by itself. An error that nats-py doesn't
        expect ends its reconnecting, and it would stay away for ever."""
        loop = asyncio.get_running_loop()
        last_connected = loop.time()
        while True:
            await asyncio.sleep(1)
            if self._client.is_connected:
                last_connected = loop.time()
            elif loop.time() - last_connected > GIVEN_UP_SECONDS:
                log.warning("nats has not come back: connecting anew")
                given_up, self._client = self._client, Client()
                with suppress(Exception):
                    async with asyncio.timeout(2):
                        await given_up.close()
                await self.connect()

    async def declare_streams(self) -> None:
        """The one topology step for streams: made where missing, brought up to date where they differ."""
        for name, subject in ((EVENTS_STREAM, f"{SUBJECT_ROOT}.>"), (DLQ_STREAM, "dlq.>")):
            config = StreamConfig(
                name=name,
                subjects=[subject],
                storage=StorageType.FILE,
                num_replicas=self._settings.nats_replicas,
                max_age=30 * 86400,
                duplicate_window=120,
                allow_direct=True,
            )
            try:
                await self._jetstream.stream_info(name)
            except NotFoundError:
                await self._jetstream.add_stream(config)
            else:
                await self._jetstream.update_stream(config)

    async def declare_consumer(self, durable: str, events: Iterable[type[EventData]]) -> None:
        """A durable pull consumer for these events, from the stream's first message on."""
        config = ConsumerConfig(
            durable_name=durable,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT.total_seconds(),
            max_deliver=-1,
            max_ack_pending=MOST_PENDING,
            filter_subjects=[f"{SUBJECT_ROOT}.{event.type}.>" for event in events],
        )
        await self._jetstream.add_consumer(EVENTS_STREAM, config)

    async def drop_consumer(self, durable: str) -> None:
        try:
            await self._jetstream.delete_consumer(EVENTS_STREAM, durable)
        except NotFoundError:
            return

    async def stream_state(self) -> StreamState | None:
        """None when there is no stream."""
        try:
            return await self._state()
        except NotFoundError:
            return None

    async def ensure_stream(self) -> StreamState:
        """The stream, made when there is none. Raises `NotFoundError` when it is deleted at that moment."""
        try:
            return await self._state()
        except NotFoundError:
            await self.declare_streams()
            return await self._state()

    async def _state(self) -> StreamState:
        info = await self._jetstream.stream_info(EVENTS_STREAM)
        created = info.created.isoformat() if info.created else ""
        return StreamState(created=created, first=info.state.first_seq, last=info.state.last_seq)

    async def event_id_at(self, sequence: int) -> str | None:
        """Id of the event that the stream holds at a sequence; None when it holds none there."""
        try:
            message = await self._jetstream.get_msg(EVENTS_STREAM, sequence)
        except NotFoundError:
            return None
        try:  # of the event itself: whoever published it may not have named the message for it
            return str(orjson.loads(message.data or b"")["id"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return None

    async def close(self) -> None:
        """Send what is still on its way, then close. Not `drain`: it waits for messages that nobody will take."""
        if self._client.is_connected:
            with suppress(nats.errors.Error, TimeoutError):
                await self._client.flush(2)
        if not self._client.is_closed:
            await self._client.close()

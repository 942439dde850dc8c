"""The consumer loop: each event takes effect exactly once, in the transaction that also notes it in the inbox.

A batch shares a transaction and falls back to one by one when it fails. What fails is tried again by the schedule;
after its last try, or on a rejection, a message goes to the dead letters with its reason.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import asyncpg
import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import inbox
from chassis.bus import ACK_WAIT, EVENTS_STREAM, Bus
from chassis.context import caused_by
from chassis.crash import crash_point
from chassis.database import Database, database_is_away
from chassis.handlers import AnyHandler, Handlers, Job, NotYet, Reject, Together
from chassis.logs import get_logger
from chassis.memory import REMEMBER_NAMED, is_lost, recall
from chassis.metrics import CONSUMED, DEAD_LETTERS
from chassis.telemetry import consuming
from contracts.envelope import Event, read_event

FETCH_SECONDS = 0.3  # also the longest that a stop waits for an idle consumer
IDLE_CHECK_SECONDS = 2.0
CAUGHT_UP_CHECK_SECONDS = 0.1
RETRY_SECONDS = (0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)

log = get_logger(__name__)


@dataclass(frozen=True)
class _Delivery:
    message: Msg
    event: Event[Any]
    handler: AnyHandler


class Consumer:
    """One durable consumer of one process; replicas share it.

    `name` is unique in the whole system. `batch` messages share a transaction; `parallel` many are handled at once,
    each in its own transaction (for long work: then `batch` is 1).
    """

    def __init__(
        self, name: str, handlers: Handlers, database: Database, bus: Bus, *, batch: int = 100, parallel: int = 1
    ) -> None:
        self.name = name
        self._handlers = {event.type: (event, handler) for event, handler in handlers.items()}
        self._database = database
        self._bus = bus
        self._batch = batch
        self._parallel = parallel
        self._on_effect: Callable[[], None] = lambda: None
        self._checked_epoch = -1
        self._stream_created = ""
        self._began_behind: int | None = None  # sequence of the stream's last message when it first bound
        self._stopping = asyncio.Event()
        self.finished = asyncio.Event()
        DEAD_LETTERS.labels(database.schema)  # from 0 on: the first one must be seen as an increase

    def on_effect(self, callback: Callable[[], None]) -> None:
        """Called after each committed transaction: effects may have recorded events."""
        self._on_effect = callback

    def stop(self) -> None:
        """Finish what was begun, hand back what was not."""
        self._stopping.set()

    async def run(self) -> None:
        """Consume until stopped or cancelled."""
        self.finished.clear()
        try:
            await self._consume()
        finally:
            self.finished.set()

    async def _consume(self) -> None:
        subscription: JetStreamContext.PullSubscription | None = None
        loop = asyncio.get_running_loop()
        seen_at = loop.time()
        while not self._stopping.is_set():
            try:
                if not self._bus.connected:
                    await asyncio.sleep(0.2)
                    continue
                if subscription is None or self._checked_epoch != self._bus.epoch:
                    subscription = await self._bind()
                messages = await subscription.fetch(max(self._batch, self._parallel), timeout=FETCH_SECONDS)
            except (TimeoutError, nats.errors.TimeoutError):
                if loop.time() - seen_at > IDLE_CHECK_SECONDS:
                    seen_at = loop.time()
                    if not await self._still_there():
                        subscription = None
            except Exception as error:  # whatever it is: a consumer that has ended would never consume again
                log.warning("the consumer binds again", consumer=self.name, error=repr(error))
                subscription = None
                await asyncio.sleep(0.5)
            else:
                try:
                    await self._handle(messages)
                except Exception as error:  # they are delivered again
                    log.error("messages could not be handled", consumer=self.name, exc_info=error)
                    await asyncio.sleep(0.5)
                seen_at = loop.time()

    async def _still_there(self) -> bool:
        """An idle consumer looks whether JetStream still knows it; a deleted one would wait for ever."""
        try:
            await self._bus.js.consumer_info(EVENTS_STREAM, self.name)
            state = await self._bus.stream_state()
        except (nats.errors.Error, nats.js.errors.Error, OSError):
            return False
        return state is not None and state.created == self._stream_created

    async def _bind(self) -> JetStreamContext.PullSubscription:
        epoch = self._bus.epoch
        state = await self._bus.ensure_stream()
        async with self._raw_connection() as connection:
            if await is_lost(self._bus, await recall(connection, self.name), state):
                log.warning("the stream was lost: consuming from its beginning", consumer=self.name)
                await self._bus.drop_consumer(self.name)
                await connection.execute("DELETE FROM stream_memory WHERE reader = $1", self.name)
        await self._bus.declare_consumer(self.name, [event for event, _ in self._handlers.values()])
        self._stream_created, self._checked_epoch = state.created, epoch
        if self._began_behind is None:
            self._began_behind = state.last
        return await self._bus.js.pull_subscribe_bind(self.name, EVENTS_STREAM)

    async def caught_up(self) -> None:
        """Until what was in the stream when this consumer began is handled, by whichever replica. Looked at twice: one
        that was just declared has nothing pending before NATS has counted."""
        looks = 0
        while looks < 2:
            looks = looks + 1 if await self._has_caught_up() else 0
            await asyncio.sleep(CAUGHT_UP_CHECK_SECONDS)

    async def _has_caught_up(self) -> bool:
        if self._began_behind is None or self._checked_epoch != self._bus.epoch:
            return False  # not bound: what JetStream knows of it may be of an older stream
        try:
            info = await self._bus.js.consumer_info(EVENTS_STREAM, self.name)
        except (nats.errors.Error, nats.js.errors.Error, OSError):
            return False
        if not info.num_pending and not info.num_ack_pending:
            return True
        return info.ack_floor is not None and info.ack_floor.stream_seq >= self._began_behind

    @asynccontextmanager
    async def _raw_connection(self) -> AsyncIterator[asyncpg.Connection]:
        async with self._database.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            yield raw.driver_connection
            await connection.commit()

    async def _handle(self, messages: list[Msg]) -> None:
        deliveries = [delivery for message in messages if (delivery := await self._parse(message))]
        if not deliveries:
            return
        if self._parallel > 1 or any(isinstance(one.handler, Job) for one in deliveries):
            await self._handle_in_parallel(deliveries)
        elif not await self._try_together(deliveries):
            for delivery in deliveries:
                await self._handle_one(delivery)

    async def _parse(self, message: Msg) -> _Delivery | None:
        event_type = ".".join(message.subject.split(".")[1:-1])
        known = self._handlers.get(event_type)
        if known is None:
            await self._give_up(message, f"no handler for {event_type}")
            return None
        data_class, handler = known
        try:
            return _Delivery(message, read_event(data_class, message.data), handler)
        except ValidationError as error:
            await self._give_up(message, f"not a valid {event_type}: {error}")
            return None

    async def _try_together(self, deliveries: list[_Delivery]) -> bool:
        """All in one transaction; False when any failed, with nothing done."""
        try:
            async with self._database.transaction() as session:
                new = await inbox.note(session, self.name, [one.event.id for one in deliveries])
                first = {one.event.id: one for one in reversed(deliveries)}  # the same event twice in one batch
                fresh = [one for one in deliveries if one.event.id in new and first[one.event.id] is one]
                for handler, side_by_side in groupby(fresh, key=lambda one: one.handler):
                    await self._run(session, handler, list(side_by_side))
                await self._remember(session, deliveries)
        except Exception as error:
            if len(deliveries) > 1 or database_is_away(error):
                log.info("a batch is handled one by one", consumer=self.name, error=repr(error))
                return False
            await self._after_failure(deliveries[0], error)
            return True
        await self._after_commit(deliveries)
        return True

    async def _handle_in_parallel(self, deliveries: list[_Delivery]) -> None:
        places = asyncio.Semaphore(self._parallel)

        async def in_place(delivery: _Delivery) -> None:
            async with self._kept_in_progress(delivery.message), places:
                if self._stopping.is_set():
                    await self._answer(delivery.message.nak())
                    return
                await self._handle_one(delivery)

        await asyncio.gather(*(in_place(one) for one in deliveries))

    @asynccontextmanager
    async def _kept_in_progress(self, message: Msg) -> AsyncIterator[None]:
        async def beat() -> None:
            while True:
                await asyncio.sleep(ACK_WAIT.total_seconds() / 3)
                await self._answer(message.in_progress())

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()

    async def _handle_one(self, delivery: _Delivery) -> None:
        while True:
            try:
                await self._apply_one(delivery)
            except Exception as error:
                if database_is_away(error) and not self._stopping.is_set():
                    log.warning("waiting for the database", consumer=self.name, error=repr(error))
                    await self._answer(delivery.message.in_progress())
                    await asyncio.sleep(1)
                    continue
                await self._after_failure(delivery, error)
            else:
                await self._after_commit([delivery])
            return

    async def _apply_one(self, delivery: _Delivery) -> None:
        prepared: Any = None
        handler = delivery.handler
        if isinstance(handler, Job):
            async with self._database.transaction() as session:
                if await inbox.holds(session, self.name, delivery.event.id):
                    return
            try:
                with self._context(delivery.event):
                    prepared = await handler.prepare(delivery.event)
            except (TimeoutError, ConnectionError) as error:  # not the database's: it counts as a try
                raise RuntimeError(f"preparing failed: {error!r}") from error
        async with self._database.transaction() as session:
            if await inbox.note(session, self.name, [delivery.event.id]):
                await self._run(session, handler, [delivery], prepared)
            await self._remember(session, [delivery])

    async def _run(
        self, session: AsyncSession, handler: AnyHandler, deliveries: list[_Delivery], prepared: Any = None
    ) -> None:
        if isinstance(handler, Together) and len(deliveries) > 1:
            await handler.apply(session, [one.event for one in deliveries])
            return
        for one in deliveries:
            with self._context(one.event):
                if isinstance(handler, Together):
                    await handler.apply(session, [one.event])
                elif isinstance(handler, Job):
                    await handler.apply(session, one.event, prepared)
                else:
                    await handler(session, one.event)

    def _context(self, event: Event[Any]) -> ExitStack:
        stack = ExitStack()
        stack.enter_context(caused_by(event.correlationid, event.id, event_type=event.type, event_id=str(event.id)))
        stack.enter_context(consuming(event.type, str(event.id), event.traceparent))
        return stack

    async def _remember(self, session: AsyncSession, deliveries: list[_Delivery]) -> None:
        newest = max(deliveries, key=lambda one: one.message.metadata.sequence.stream)
        await session.execute(
            text(REMEMBER_NAMED),
            {
                "reader": self.name,
                "created": self._stream_created,
                "sequence": newest.message.metadata.sequence.stream,
                "event_id": str(newest.event.id),
            },
        )

    async def _after_commit(self, deliveries: list[_Delivery]) -> None:
        crash_point(f"{self.name}.committed")
        self._on_effect()
        for one in deliveries:
            await self._answer(one.message.ack())
        CONSUMED.labels(self._database.schema, self.name, "done").inc(len(deliveries))

    async def _after_failure(self, delivery: _Delivery, error: Exception) -> None:
        tries = delivery.message.metadata.num_delivered
        if isinstance(error, Reject) or tries > len(RETRY_SECONDS):
            log.error("an event is given up", consumer=self.name, event_id=str(delivery.event.id), exc_info=error)
            await self._give_up(delivery.message, repr(error))
            return
        level = log.info if isinstance(error, NotYet) else log.warning
        level("an event is tried again", consumer=self.name, event_id=str(delivery.event.id), error=repr(error))
        CONSUMED.labels(self._database.schema, self.name, "retried").inc()
        await self._answer(delivery.message.nak(delay=RETRY_SECONDS[tries - 1]))

    async def _give_up(self, message: Msg, reason: str) -> None:
        """To the dead letters with its reason, then acknowledged, so that it blocks nobody."""
        metadata = message.metadata
        headers = {
            "Nats-Msg-Id": f"{self.name}:{self._stream_created}:{metadata.sequence.stream}",
            "Packshot-Consumer": self.name,
            "Packshot-Subject": message.subject,
            # ASCII: nats-py hands other headers back as objects of the email package.
            "Packshot-Reason": " ".join(reason.split())[:2000].encode("ascii", "backslashreplace").decode(),
            "Packshot-Deliveries": str(metadata.num_delivered),
        }
        try:
            await self._bus.js.publish(f"dlq.{self._database.schema}", message.data, headers=headers)
        except (nats.errors.Error, nats.js.errors.Error, OSError) as error:
            log.warning("the dead letters can't be reached", error=repr(error))
            await self._answer(message.nak(delay=RETRY_SECONDS[4]))
            return
        DEAD_LETTERS.labels(self._database.schema).inc()
        CONSUMED.labels(self._database.schema, self.name, "dead").inc()
        await self._answer(message.ack())

    async def _answer(self, answer: Awaitable[None]) -> None:
        """Acks are a courtesy: one that is lost means a second delivery, which the inbox stops."""
        with suppress(nats.errors.Error, nats.js.errors.Error, OSError):
            await answer

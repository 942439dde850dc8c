"""The relay: publishes what the event log holds and JetStream doesn't yet, and heals a stream that was lost.

One relay a service leads, by an advisory lock on its own connection; the others wait for the lock. It reads `unsent`,
publishes, awaits every acknowledgement, then deletes. Killed between publishing and deleting it publishes again, which
`Nats-Msg-Id` and the consumers' inboxes make harmless.
"""

import asyncio
from contextlib import suppress

import asyncpg
from nats.js.api import PubAck

from chassis.bus import Bus
from chassis.crash import crash_point
from chassis.logs import get_logger
from chassis.memory import REMEMBER, is_lost, recall
from chassis.metrics import HEALED, RELAYED, UNSENT

BATCH = 500
POLL_SECONDS = 0.15
CHECK_SECONDS = 2.0
ACK_SECONDS = 10.0
READER = "relay"

log = get_logger(__name__)


class Relay:
    def __init__(self, service: str, dsn: str, bus: Bus) -> None:
        self._service = service
        self._dsn = dsn
        self._bus = bus
        self._nudged = asyncio.Event()
        self._checked_epoch = -1
        self._stream_created = ""
        for figure in (HEALED, RELAYED, UNSENT):  # from 0 on: the first one must be seen as an increase
            figure.labels(service)

    def nudge(self) -> None:
        """There may be something to publish: don't wait for the next poll."""
        self._nudged.set()

    async def run(self) -> None:
        """Lead, or wait to lead, until cancelled."""
        while True:
            connection: asyncpg.Connection | None = None
            try:
                connection = await asyncpg.connect(
                    self._dsn,
                    timeout=5,
                    server_settings={"search_path": self._service, "application_name": f"{self._service}-relay"},
                )
                await self._lead(connection)
            except Exception as error:  # whatever it is: a relay that has ended would never send again
                log.warning("the relay starts again", error=repr(error))
                await asyncio.sleep(0.5)
            finally:
                UNSENT.labels(self._service).set(0)  # whoever leads now counts them
                if connection is not None:
                    with suppress(Exception):
                        await asyncio.shield(connection.close(timeout=2))

    async def _lead(self, connection: asyncpg.Connection) -> None:
        while not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext('relay ' || current_schema()))"):  # noqa: ASYNC110
            await asyncio.sleep(1)
        log.info("the relay leads")
        loop = asyncio.get_running_loop()
        self._checked_epoch, next_check, next_count = -1, 0.0, 0.0
        while True:
            self._nudged.clear()
            if loop.time() >= next_count:
                UNSENT.labels(self._service).set(await connection.fetchval("SELECT count(*) FROM unsent"))
                next_count = loop.time() + CHECK_SECONDS
            if not self._bus.connected:
                await asyncio.sleep(POLL_SECONDS)
                continue
            if self._checked_epoch != self._bus.epoch or loop.time() >= next_check:
                await self._check(connection)
                next_check = loop.time() + CHECK_SECONDS
            if not await self._send_batch(connection):
                with suppress(TimeoutError):  # not wait_for: Python 3.11's can swallow a cancellation
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._nudged.wait()

    async def _check(self, connection: asyncpg.Connection) -> None:
        """Is it still the same stream? If not: everything is unsent again."""
        epoch = self._bus.epoch
        state = await self._bus.ensure_stream()
        if await is_lost(self._bus, await recall(connection, READER), state):
            await self._heal(connection)
        self._stream_created = state.created
        self._checked_epoch = epoch

    async def _heal(self, connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO unsent SELECT position FROM event_log ON CONFLICT (position) DO NOTHING"
            )
            await connection.execute("DELETE FROM stream_memory WHERE reader = $1", READER)
        HEALED.labels(self._service).inc()
        log.warning("the stream was lost: publishing the whole event log again")

    async def _send_batch(self, connection: asyncpg.Connection) -> int:
        rows = await connection.fetch(
            "SELECT position, event_id, subject, payload FROM unsent JOIN event_log USING (position)"
            " ORDER BY position LIMIT $1",
            BATCH,
        )
        if not rows:
            return 0
        epoch = self._bus.epoch
        pending = [
            await self._bus.js.publish_async(
                row["subject"], row["payload"].encode(), headers={"Nats-Msg-Id": str(row["event_id"])}
            )
            for row in rows
        ]
        await self._await_acks(pending, epoch)
        acked: list[tuple[asyncpg.Record, PubAck]] = []
        failure: BaseException | None = None
        for row, future in zip(rows, pending, strict=True):
            if future.cancelled():
                failure = TimeoutError("no acknowledgement")
            elif error := future.exception():
                failure = error
            else:
                acked.append((row, future.result()))
        crash_point("relay.published")
        if self._bus.epoch != epoch:  # the answers came from two connections: look at the stream before trusting them
            self._checked_epoch = -1
            return len(rows)
        if acked:
            await self._forget_sent(connection, acked)
        if failure:
            self._checked_epoch = -1
            raise failure
        return len(rows)

    async def _await_acks(self, pending: list[asyncio.Future[PubAck]], epoch: int) -> None:
        """Until all are answered. Those that are not in time, or when NATS came back meanwhile, are cancelled."""
        loop = asyncio.get_running_loop()
        deadline, late = loop.time() + ACK_SECONDS, set(pending)
        while late and self._bus.epoch == epoch and loop.time() < deadline:
            _, late = await asyncio.wait(late, timeout=POLL_SECONDS)
        for future in late:
            future.cancel()
        await asyncio.wait(pending)

    async def _forget_sent(self, connection: asyncpg.Connection, acked: list[tuple[asyncpg.Record, PubAck]]) -> None:
        newest_row, newest = max(acked, key=lambda one: one[1].seq)
        async with connection.transaction():
            await connection.execute(
                "DELETE FROM unsent WHERE position = ANY($1)", [row["position"] for row, _ in acked]
            )
            await connection.execute(REMEMBER, READER, self._stream_created, newest.seq, str(newest_row["event_id"]))
        RELAYED.labels(self._service).inc(len(acked))

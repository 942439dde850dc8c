"""One process of a service: what it connects to, what it runs beside HTTP, how it starts and stops."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Verifier
from chassis.bus import Bus
from chassis.consumer import Consumer
from chassis.crash import arm
from chassis.database import Database, database_is_away
from chassis.handlers import Handlers
from chassis.logs import get_logger
from chassis.migrations import migrate
from chassis.relay import Relay
from chassis.settings import Settings
from chassis.timers import TimerHandler, Timers

AGAIN_SECONDS = 1
STOP_SECONDS = 10
CLOSE_SECONDS = 3
CATCH_UP_SECONDS = 300
"""The longest that timers wait for events: one that fails again and again must not stop the clocks for ever."""

log = get_logger(__name__)

Loop = Callable[[], Coroutine[Any, Any, None]]
OnStart = Callable[[AsyncSession], Awaitable[None]]
ReadyCheck = Callable[[AsyncSession], Awaitable[str | None]]


class Service:
    """Everything that a process holds open. `boot` runs in the background: the process is live at once, and ready when
    PostgreSQL and NATS answer, the schema is up to date and its reference data is there."""

    def __init__(
        self,
        settings: Settings,
        *,
        on_start: OnStart | None = None,
        ready_check: ReadyCheck | None = None,
        timers: Mapping[str, TimerHandler] | None = None,
        timers_after_events: bool = False,
    ) -> None:
        """`on_start` runs in one transaction after the migrations (default packs). `ready_check` names what is still
        missing, or None. `timers_after_events`: what waited in the stream at the start may move timers, so none rings
        before it is handled, or `CATCH_UP_SECONDS` have passed."""
        self.settings = settings
        self.database = Database(settings)
        self.bus = Bus(settings)
        self.relay = Relay(settings.service, self.database.dsn, self.bus)
        self.verifier = Verifier(settings)
        self.consumers: list[Consumer] = []
        self.timers = Timers(self.database, timers) if timers else None
        self.booted = False
        self._failed_loops = 0
        self._timers_after_events = timers_after_events
        self._on_start = on_start
        self._ready_check = ready_check
        self._beside: list[Loop] = []
        self._tasks: list[asyncio.Task[None]] = []
        arm(
            settings.crash_dir,
            settings.service if settings.process == "api" else f"{settings.service}-{settings.process}",
        )

    def consume(self, name: str, handlers: Handlers, *, batch: int = 100, parallel: int = 1) -> None:
        """Run a consumer in this process. Call before `start`."""
        consumer = Consumer(name, handlers, self.database, self.bus, batch=batch, parallel=parallel)
        consumer.on_effect(self.relay.nudge)
        self.consumers.append(consumer)

    def run_beside(self, loop: Loop) -> None:
        """Run a loop of the service's own in this process, until it is cancelled. Call before `start`."""
        self._beside.append(loop)

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._boot())]

    async def _boot(self) -> None:
        await self._prepare_database()
        await self.bus.connect()
        loops = [self.bus.keep_connected, self.relay.run, *(consumer.run for consumer in self.consumers), *self._beside]
        if self.timers:
            self.timers.on_effect(self.relay.nudge)
            loops.append(partial(self._run_timers, self.timers))
        self._tasks += [asyncio.create_task(self._kept_running(loop)) for loop in loops]
        self.booted = True
        log.info("started")

    async def _kept_running(self, loop: Loop) -> None:
        """Until it returns, or this task is cancelled; one that fails begins again. A process that answers, and handles
        no event any more, helps nobody, whatever went wrong. And a driver whose connection goes away may cancel what it
        was asked for: that looks like a cancellation of whoever asked, which no loop catches."""
        task = asyncio.current_task()
        assert task is not None
        while True:
            try:
                return await loop()
            except asyncio.CancelledError as error:
                if task.cancelling():
                    raise
                log.warning("a loop begins again: it was cancelled, and not by whoever runs it", exc_info=error)
            except Exception as error:
                log.error("a loop has failed, and begins again", exc_info=error)
            self._failed_loops += 1
            try:
                await asyncio.sleep(AGAIN_SECONDS)
            finally:
                self._failed_loops -= 1

    async def _run_timers(self, timers: Timers) -> None:
        if self._timers_after_events:
            try:
                async with asyncio.timeout(CATCH_UP_SECONDS):
                    await asyncio.gather(*(consumer.caught_up() for consumer in self.consumers))
            except TimeoutError:
                log.warning("the timers ring before some events are handled", seconds=CATCH_UP_SECONDS)
        await timers.run()

    async def _prepare_database(self) -> None:
        while True:
            try:
                await migrate(self.database)
                if self._on_start:
                    async with self.database.transaction() as session:
                        await self._on_start(session)
            except Exception as error:
                if database_is_away(error):
                    log.warning("the database is not ready", error=repr(error))
                else:
                    log.error("can't start", exc_info=error)
                await asyncio.sleep(1)
            else:
                return

    async def readiness(self) -> dict[str, str]:
        """What was checked and how it stands; ready when every value is `ok`."""
        checks = {"nats": "ok" if self.bus.connected else "not connected"}
        try:
            async with asyncio.timeout(3):
                await self.database.ping()
                checks["database"] = "ok"
                if self.booted and self._ready_check:
                    async with self.database.transaction() as session:
                        checks["reference data"] = await self._ready_check(session) or "ok"
        except Exception as error:  # any error here means: not ready
            checks["database"] = f"not reachable ({type(error).__name__})"
        checks["boot"] = "ok" if self.booted else "starting"
        ended = sum(task.done() for task in self._tasks[1:]) + self._failed_loops
        checks["loops"] = "ok" if not ended else f"{ended} have ended"
        return checks

    async def stop(self) -> None:
        """Finish what was begun, hand back the rest, close everything."""
        for consumer in self.consumers:
            consumer.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*(c.finished.wait() for c in self.consumers if self.booted))
        running = set(self._tasks)
        while running:  # again: Python 3.11's `asyncio.wait_for`, which nats-py uses, can swallow a cancellation
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=1)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for close in (self.bus.close, self.database.close):
            # Whoever is at the other end may be gone without a word, and would be waited for for ever.
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await close()

"""Intake and routing side by side in this process, on one PostgreSQL and one NATS, in an event loop of their own: a
test that isn't a coroutine drives them step by step, and looks when all is quiet."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from nats.js.errors import NotFoundError
from sqlalchemy import text

from chassis import bus, consumer, crash
from chassis.bus import EVENTS_STREAM
from chassis.clock import now
from chassis.embedded import free_port
from chassis.issuer import LocalIssuer
from chassis.testkit.harness import Harness, running
from services.intake.app import create_app as create_intake
from services.intake.settings import IntakeSettings
from services.routing.app import create_app as create_routing
from services.routing.settings import RoutingSettings
from tests.amendments.conftest import House
from tests.intake.conftest import tell_reference
from tests.together import process

T = TypeVar("T")
Json = dict[str, Any]
Row = Any

APPS: dict[str, tuple[Any, Any]] = {
    "intake": (create_intake, IntakeSettings),
    "routing": (create_routing, RoutingSettings),
}
PROCESS = "tests.together.process:routing"
POINTS = ("relay.published", "intake.committed", "routing.committed")
QUIET_SECONDS = 30
# Reference data, and what says which events were handled: the stream goes on from one program to the next.
KEPT = ("alembic_version", "pack", "inbox", "stream_memory", "idempotency")


class Died(BaseException):
    """A loop of a service ends at a crash point, as if the process had been killed there."""


def _die() -> None:
    raise Died


class World:
    """`house`: what a person does with requests and amendments."""

    def __init__(self, issuer: LocalIssuer, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._issuer, self._folder, self._cues = issuer, folder, folder / "crash"
        self._cues.mkdir()
        self._running: dict[str, AsyncExitStack] = {}
        self.services: dict[str, Harness] = {}
        self.deaths, self._armed = 0, False

    @property
    def intake(self) -> Harness:
        return self.services["intake"]

    @property
    def routing(self) -> Harness:
        return self.services["routing"]

    @property
    def house(self) -> House:
        return House(self.intake, self.routing)

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(what)

    async def begin(self) -> None:
        await self.start("intake", fresh=True, clean_stream=True)
        await self.start("routing", fresh=True)
        await tell_reference(self.intake)

    async def start(self, name: str, **options: bool) -> None:
        stack = AsyncExitStack()
        how = {"fresh": False, "clean_stream": False} | options
        app, settings = APPS[name]
        self.services[name] = await stack.enter_async_context(
            running(app, settings, self._issuer, self._folder, crash_dir=self._cues, **how)
        )
        self._running[name] = stack

    async def stop(self, name: str) -> None:
        await self._running.pop(name).aclose()

    async def end(self) -> None:
        for name in list(self._running):
            await self.stop(name)

    def close(self) -> None:
        self.run(self.end())
        self._loop.close()

    @contextmanager
    def routing_in_a_process(self, dies_at: str) -> Iterator[asyncio.subprocess.Process]:
        """Instead of the one here, with the same clock; it is killed at this crash point."""
        self.run(self.stop("routing"))
        crash.arm(None, "")  # the cue is not intake's
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv(process.CLOCK, now().isoformat())
            other, stack = self.routing.in_a_process(PROCESS, self._cues, free_port()), AsyncExitStack()
            one = self.run(stack.enter_async_context(other))
        (self._cues / f"routing.{dies_at}").touch()
        try:
            yield one
        finally:
            self.run(stack.aclose())
            self.disarm()
            self.run(self.start("routing"))

    def arm(self, point: str) -> None:
        """Whichever service comes to this crash point next dies there. (The cue bears the name of the service that
        started last: the two share a process.)"""
        for name in APPS:
            (self._cues / f"{name}.{point}").touch()
        self._armed = True

    async def _revive(self) -> None:
        """Start again who has died. Of two cues one may be gone before the other: both processes are looked at."""
        if not self._armed:
            return
        for name, one in list(self.services.items()):
            if (await one.service.readiness())["loops"] != "ok":
                self.deaths += 1
                self.disarm()
                await self.stop(name)
                await self.start(name)

    def disarm(self) -> None:
        for cue in self._cues.iterdir():
            cue.unlink()

    async def quiet(self) -> None:
        """Until every event was published and handled, every timer that is due has rung, and who died is back. Looked
        at twice: what was published between two looks is seen by the second, or by the stream that has grown. Timers
        are rung here so that nobody waits for the next poll; like the service's own, behind the events."""
        async with asyncio.timeout(QUIET_SECONDS):
            looks, length = 0, -1
            while looks < 2:
                await self._revive()
                before, length = length, await self.last_sequence()
                is_quiet = not await self._unsent() and await self._answered() and not await self._rang()
                looks = looks + 1 if is_quiet and length == before else 0
                await asyncio.sleep(0.005)
        self._armed = any(self._cues.iterdir())

    async def _rang(self) -> bool:
        """Whether any timer was due."""
        rang = False
        for one in self.services.values():
            while one.service.timers and await one.service.timers.fire_one():
                one.service.relay.nudge()
                rang = True
        return rang

    async def _unsent(self) -> bool:
        for name in self.services:
            if await self.rows(name, "SELECT 1 FROM unsent LIMIT 1"):
                return True
        return False

    async def _answered(self) -> bool:
        for name, one in self.services.items():
            try:
                info = await one.service.bus.js.consumer_info(EVENTS_STREAM, name)
            except NotFoundError:
                return False
            if info.num_pending or info.num_ack_pending:
                return False
        return True

    async def rows(self, name: str, query: str, **values: object) -> list[Row]:
        """Look into a service's schema."""
        async with self.services[name].service.database.transaction() as session:
            return list((await session.execute(text(query), values)).all())

    async def forget(self) -> None:
        """No request, no work, no timer: the next program begins."""
        self.disarm()
        for name, one in self.services.items():
            tables = await one.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", name)
            for table in sorted(
                {row["tablename"] for row in tables} - set(KEPT), reverse=True
            ):  # `unsent` before its log
                await one.fetch(f"TRUNCATE {table} CASCADE")  # one by one: who waits for one lock holds no other

    async def last_sequence(self) -> int:
        return int((await self.intake.service.bus.js.stream_info(EVENTS_STREAM)).state.last_seq)

    async def comes_again(self, sequence: int) -> str:
        """The event of this sequence once more, under its own id. Its subject."""
        message = await self.intake.service.bus.js.get_msg(EVENTS_STREAM, sequence)
        assert message.subject is not None
        await self.intake.service.bus.js.publish(message.subject, message.data or b"")
        return message.subject

    async def all_come_again(self) -> None:
        """Every event of both services, each under its own id."""
        for name in APPS:
            for row in await self.rows(name, "SELECT subject, payload::text AS said FROM event_log ORDER BY position"):
                await self.intake.service.bus.js.publish(row.subject, row.said.encode())

    async def call(
        self,
        name: str,
        method: str,
        path: str,
        body: Any = None,
        role: str = "producer",
        subject: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        one = self.services[name]
        sent = one.bearer(role, subject=subject) | headers
        return await one.client.request(method, path, json=body, headers=sent)


@contextmanager
def world(issuer: LocalIssuer, folder: Path) -> Iterator[World]:
    """With a schedule of retries and redeliveries in less time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(consumer, "RETRY_SECONDS", (0.05,) * 40)
        patched.setattr(bus, "ACK_WAIT", timedelta(seconds=0.5))
        patched.setattr(crash, "die", _die)
        one = World(issuer, folder)
        try:
            one.run(one.begin())
            yield one
        finally:
            one.close()
            crash.arm(None, "")

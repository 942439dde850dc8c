"""A service in process: its real app, its real schema, its real stream, and a client before it."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

import asyncpg
import httpx
import nats
import uvicorn
from fastapi import FastAPI
from nats.js.errors import NotFoundError

from chassis.bus import DLQ_STREAM, EVENTS_STREAM
from chassis.clock import now
from chassis.ids import new_id
from chassis.issuer import LocalIssuer
from chassis.service import Service
from chassis.settings import Settings
from chassis.testkit import servers
from contracts.envelope import Event, EventData, read_event

T = TypeVar("T")
D = TypeVar("D", bound=EventData)
S = TypeVar("S", bound=Settings)

PATIENCE_SECONDS = 30


class Start(Protocol):
    """`start(create_app, SettingsClass, *, fresh=True, **settings)`."""

    async def __call__(
        self, create_app: Callable[[Any], FastAPI], settings: type[Settings], *, fresh: bool = True, **values: object
    ) -> "Harness": ...


async def eventually(check: Callable[[], Awaitable[T]], seconds: float = PATIENCE_SECONDS, every: float = 0.02) -> T:
    """What `check` answers, as soon as that is true; an AssertionError inside `check` counts as not yet.

    `every`: seconds between two looks, more where a look is dear."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            result = await check()
            if result:
                return result
            failure: AssertionError | None = None
        except AssertionError as error:
            failure = error
        if asyncio.get_running_loop().time() > deadline:
            raise failure or AssertionError(f"{check.__name__} is still {result!r} after {seconds} s")
        await asyncio.sleep(every)


@dataclass(frozen=True)
class Harness:
    """`client` calls the app; `publish` speaks as another service; `recorded` is what this one said."""

    app: FastAPI
    service: Service
    client: httpx.AsyncClient
    issuer: LocalIssuer

    def bearer(self, *roles: str, subject: str | None = None) -> dict[str, str]:
        """The header of a caller with these roles; its subject is `<first role>-1` unless given."""
        who = subject or f"{roles[0] if roles else 'nobody'}-1"
        return {"Authorization": f"Bearer {self.issuer.token(*roles, subject=who)}"}

    async def publish(
        self, data: EventData, aggregate_id: UUID | str, version: int = 1, *, event_id: UUID | None = None
    ) -> Event[Any]:
        """Put an event into the stream, as its producer would. Returns it."""
        event = Event[Any](
            id=event_id or new_id(),
            source="/" + data.type.split(".")[0],
            type=data.type,
            subject=str(aggregate_id),
            time=now(),
            aggregateversion=version,
            correlationid=str(new_id()),
            data=data,
        )
        await self.service.bus.js.publish(event.nats_subject(), event.model_dump_json().encode())
        return event

    async def recorded(self, data_class: type[D], aggregate_id: UUID | str | None = None) -> list[Event[D]]:
        """This service's events of one type, oldest first, out of its event log."""
        rows = await self.fetch(
            "SELECT payload FROM event_log WHERE subject LIKE $1 ORDER BY position",
            f"evt.{data_class.type}.{aggregate_id or '%'}",
        )
        return [read_event(data_class, row["payload"]) for row in rows]

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Look into the service's schema, through its own role."""
        connection = await asyncpg.connect(
            self.service.database.dsn, server_settings={"search_path": self.service.database.schema}
        )
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        """The app behind a real socket: its port."""
        server = uvicorn.Server(uvicorn.Config(self.app, lifespan="off", log_config=None))
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            serving = asyncio.create_task(server.serve(sockets=[listening]))

            async def started() -> bool:
                return server.started

            await eventually(started)
            yield listening.getsockname()[1]
            server.should_exit = True
            await serving

    @asynccontextmanager
    async def in_a_process(
        self, create_app: str, crash_dir: Path, port: int
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """The app once more, in a process of its own on the same schema, stream and store, and booted: to be killed."""
        ours = self.service.settings
        environment = {
            "PACKSHOT_DATABASE_URL": ours.database_url,
            "PACKSHOT_NATS_URL": ours.nats_url,
            "PACKSHOT_JWKS": ours.jwks,
            "PACKSHOT_STORE_URL": ours.store_url,
            "PACKSHOT_CRASH_DIR": str(crash_dir),
            "PACKSHOT_LOG_LEVEL": "error",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "uvicorn", create_app, "--factory", "--port", str(port), "--log-level", "error",
            env={**os.environ, **environment},
        )  # fmt: skip
        try:
            async with httpx.AsyncClient() as client:

                async def is_booted() -> bool:
                    try:
                        answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
                    except httpx.TransportError:
                        return False
                    return bool(answer.json()["checks"]["boot"] == "ok")

                await eventually(is_booted, 60)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def eventually(
        self, check: Callable[[], Awaitable[T]], seconds: float = PATIENCE_SECONDS, every: float = 0.02
    ) -> T:
        return await eventually(check, seconds, every)

    async def until_answered(self, consumer: str) -> None:
        """Until this consumer has answered for every event that is there for it, and none waits for another try."""

        async def answered() -> bool:
            try:
                info = await self.service.bus.js.consumer_info(EVENTS_STREAM, consumer)
            except NotFoundError:  # it is still being declared
                return False
            if info.num_pending or info.num_ack_pending:
                return False
            # One that was declared a moment ago has nothing pending before NATS has counted what is there for it.
            delivered = info.delivered is not None and info.delivered.consumer_seq > 0
            return delivered or not await self._holds_any(info.config.filter_subjects or [])

        await eventually(answered)

    async def _holds_any(self, subjects: list[str]) -> bool:
        for subject in subjects:
            with suppress(NotFoundError):
                await self.service.bus.js.get_last_msg(EVENTS_STREAM, subject)
                return True
        return False


@asynccontextmanager
async def running(
    create_app: Callable[[S], FastAPI],
    settings: type[S],
    issuer: LocalIssuer,
    folder: Path,
    *,
    clean_stream: bool = True,
    fresh: bool = True,
    **values: Any,
) -> AsyncIterator[Harness]:
    """Start a service and wait until its loops run. `fresh`: with an empty schema. `values` override settings."""
    name = settings.model_fields["service"].default
    await servers.until_server_answers()
    await servers.provision_service(name)
    if fresh:
        await _empty_schema(name)
    if clean_stream:
        await _delete_streams()
    app = create_app(
        settings(
            database_url=servers.database_url(name),
            nats_url=servers.nats_url(),
            jwks=str(issuer.jwks),
            **{"log_level": "warning", "store_url": f"file://{folder / 'store'}", **values},
        )
    )
    async with app.router.lifespan_context(app):
        service: Service = app.state.service
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=30) as client:
            harness = Harness(app, service, client, issuer)

            async def booted() -> bool:
                return service.booted and await service.bus.stream_state() is not None

            await eventually(booted)
            yield harness


# To truncate an empty table costs as much as a full one, and most are empty: only those that a row was ever put into
# since, or whose numbers went on.
_USED_TABLES = """
SELECT t.oid::regclass::text AS name
FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = $1 AND t.relkind = 'r' AND t.relname <> 'alembic_version' AND (
    pg_relation_size(t.oid) > 0
    OR EXISTS (
        SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.objid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
          AND CASE s.relkind WHEN 'S' THEN pg_sequence_last_value(s.oid) END IS NOT NULL
    )
)
"""


async def _empty_schema(name: str) -> None:
    connection = await asyncpg.connect(servers.admin_dsn(), database=servers.database_name())
    try:
        tables = await connection.fetch(_USED_TABLES, name)
        if tables:
            # As a replica, so that the triggers of what is never emptied don't refuse.
            await connection.execute("SET session_replication_role = replica")
            await connection.execute(f"TRUNCATE {', '.join(row['name'] for row in tables)} RESTART IDENTITY CASCADE")
    finally:
        await connection.close()


async def _delete_streams() -> None:
    client = await nats.connect(servers.nats_url())
    try:
        for stream in (EVENTS_STREAM, DLQ_STREAM):
            try:
                await client.jetstream().delete_stream(stream)
            except NotFoundError:
                continue
    finally:
        await client.close()

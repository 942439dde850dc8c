"""PostgreSQL: one engine a process, one transaction a request or message. Nobody calls `commit()` in a service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import AdaptedConnection, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from chassis.events import RECORDED
from chassis.settings import Settings

WAIT_SECONDS = 10


def asyncpg_dsn(url: str) -> str:
    """The plain form that asyncpg takes."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


class Database:
    """The service's own schema, through the service's own role."""

    def __init__(self, settings: Settings) -> None:
        self.schema = settings.service
        self.dsn = asyncpg_dsn(settings.database_url)
        self.engine = create_async_engine(
            self.dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
            pool_size=settings.database_pool,
            max_overflow=0,
            pool_timeout=WAIT_SECONDS,
            pool_use_lifo=True,  # the one that was used last has its statements planned, and is warm
            connect_args={
                "timeout": 5,
                "server_settings": {
                    "search_path": settings.service,
                    "application_name": f"{settings.service}-{settings.process}",
                },
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _replace_closed)
        # First come, first served. The pool itself gives a connection that comes back to whoever asks next, past those
        # who wait for one: with more at once than connections some would wait several times as long as most.
        self._turns = asyncio.Semaphore(settings.database_pool)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, info={"service": settings.service})
        self._autocommitting = async_sessionmaker(self.engine.execution_options(isolation_level="AUTOCOMMIT"))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Commits when the block ends well, rolls back when it raises."""
        async with self._turn(), self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Raises `TimeoutError`."""
        async with asyncio.timeout(WAIT_SECONDS):
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncSession]:
        """Each statement is a transaction of its own: for what is done all the time, and by one statement, or only
        reads. The begin and end of a transaction are two round trips more. A statement sees what was committed when it
        began, as it does in a transaction here."""
        async with self._turn(), self._autocommitting() as session:
            yield session

    async def ping(self) -> None:
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


def _replace_closed(connection: AdaptedConnection, *_: object) -> None:
    """The pool opens another one instead. The driver knows of a server that hung up without asking it; SQLAlchemy's own
    ping asks in a transaction: three round trips for every request."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    service = request.app.state.service
    async with service.database.transaction() as session:
        yield session
    if session.info.get(RECORDED):  # who only reads has nothing for the relay to look for
        service.relay.nudge()


async def _lookup(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.service.database.autocommit() as session:
        yield session


# `scope="function"`: the commit comes before the answer is sent. With the default scope a failed commit still says 201.
Session = Annotated[AsyncSession, Depends(_session, scope="function")]
Lookup = Annotated[AsyncSession, Depends(_lookup, scope="function")]


def database_is_away(error: BaseException) -> bool:
    """Whether an error says that PostgreSQL can't be reached, rather than that the work is wrong."""
    if isinstance(error, DBAPIError):
        original = getattr(error.orig, "__cause__", None) or error.orig
        return error.connection_invalidated or isinstance(
            original,
            OSError
            | asyncpg.PostgresConnectionError
            | asyncpg.CannotConnectNowError
            | asyncpg.AdminShutdownError
            | asyncpg.CrashShutdownError
            | asyncpg.InterfaceError,
        )
    return isinstance(
        error,
        ConnectionError
        | PoolTimeout
        | TimeoutError
        | asyncpg.PostgresConnectionError
        | asyncpg.CannotConnectNowError
        | asyncpg.AdminShutdownError,
    )

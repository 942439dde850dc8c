"""What endpoints of assets are given: the store, the settings, and transactions of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.events import RECORDED
from chassis.problems import Unavailable
from chassis.service import Service
from services.assets.outbound.client import Outside
from services.assets.settings import AssetsSettings
from services.assets.store.store import Store


class Transactions:
    """Short transactions for work that must hold no connection while it waits or streams."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def check_up_to_date(self) -> None:
        """Raises `Unavailable` when nothing that routing says can arrive: what looks wrong here may be right."""
        if not self._service.bus.connected:
            raise Unavailable("The news of the work items don't arrive here at the moment; nothing was changed.")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """Commits when the block ends well, rolls back when it raises."""
        async with self._service.database.transaction() as session:
            yield session
        if session.info.get(RECORDED):  # who only reads has nothing for the relay to look for
            self._service.relay.nudge()

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncSession]:
        """For one statement that records no event: its own transaction."""
        async with self._service.database.autocommit() as session:
            yield session


# `async`, though they await nothing: FastAPI calls plain functions in a thread, each after the other.


async def _transactions(request: Request) -> Transactions:
    return Transactions(request.app.state.service)


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


async def _outside(request: Request) -> Outside:
    outside: Outside = request.app.state.outside
    return outside


async def _settings(request: Request) -> AssetsSettings:
    settings: AssetsSettings = request.app.state.service.settings
    return settings


TransactionsHere = Annotated[Transactions, Depends(_transactions)]
FileStore = Annotated[Store, Depends(_store)]
OurSettings = Annotated[AssetsSettings, Depends(_settings)]
TheOutside = Annotated[Outside, Depends(_outside)]

"""The probe service, started for a module of tests or for one test."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any, Protocol

import pytest
import pytest_asyncio

from chassis.clock import clock
from chassis.issuer import LocalIssuer
from chassis.testkit.harness import Harness, Start, running
from tests.chassis.probe.app import ProbeSettings, create_app


class StartProbe(Protocol):
    """`await start_probe(handlers=…, timers=…)`; `settings` override the probe's own."""

    async def __call__(
        self, *, fresh: bool = True, settings: dict[str, object] | None = None, **options: Any
    ) -> Harness: ...


@pytest_asyncio.fixture(scope="module")
async def probe(issuer: LocalIssuer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harness]:
    """One for all tests of a module that don't mind what the others left."""
    async with running(create_app, ProbeSettings, issuer, tmp_path_factory.mktemp("probe")) as harness:
        yield harness


@pytest.fixture
def start_probe(start: Start) -> StartProbe:
    """One or more for this test, with its own handlers and timers."""

    async def begin(*, fresh: bool = True, settings: dict[str, object] | None = None, **options: Any) -> Harness:
        return await start(partial(create_app, **options), ProbeSettings, fresh=fresh, **(settings or {}))

    return begin


@pytest.fixture(autouse=True)
def _clock_runs_again() -> Iterator[None]:
    yield
    clock.reset()

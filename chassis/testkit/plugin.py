"""pytest plugin: starts the servers once a run, and gives tests the local issuer.

`pytest_plugins = ["chassis.testkit.plugin"]` in the root conftest.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from chassis.issuer import LocalIssuer
from chassis.testkit import servers
from chassis.testkit.harness import Harness, Start, running

_started: servers.TestServers | None = None


def pytest_configure(config: pytest.Config) -> None:
    global _started
    if hasattr(config, "workerinput") or config.option.collectonly or servers.POSTGRES_PORT in os.environ:
        return
    _started = servers.TestServers()


def pytest_unconfigure() -> None:
    global _started
    if _started is not None:
        _started.stop()
        _started = None


@pytest.fixture(scope="session")
def issuer() -> LocalIssuer:
    """Signs tokens that the services under test accept."""
    return LocalIssuer(Path(os.environ[servers.FOLDER]) / f"issuer-{servers.worker()}")


@pytest_asyncio.fixture
async def start(issuer: LocalIssuer, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a service in process, with a clean schema and a clean stream; all are stopped after the test."""

    async with AsyncExitStack() as stack:
        clean = True

        async def one(create_app: object, settings: object, **options: object) -> Harness:
            """The first one cleans the stream too; one that joins a schema that is in use says `fresh=False`."""
            nonlocal clean
            harness = await stack.enter_async_context(
                running(create_app, settings, issuer, tmp_path, clean_stream=clean, **options)  # type: ignore[arg-type]
            )
            clean = False
            return harness

        yield one

"""Routing in process, and a clock that runs again after each test."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from chassis.clock import clock
from chassis.testkit.harness import Harness, Start
from services.routing.app import create_app
from services.routing.settings import RoutingSettings
from tests.routing.others import MONDAY


@pytest.fixture
async def routing(start: Start) -> Harness:
    return await start(create_app, RoutingSettings)


@pytest.fixture
def monday() -> datetime:
    """The clock stands at the beginning of a working week."""
    clock.set(MONDAY)
    return MONDAY


@pytest.fixture(autouse=True)
def _clock_runs_again() -> Iterator[None]:
    yield
    clock.reset()

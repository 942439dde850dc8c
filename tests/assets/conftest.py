"""The API of assets, in process, impatient: what waits for an event waits a fifth of a second."""

import pytest

from chassis.testkit.harness import Harness, Start
from services.assets.app import create_app
from services.assets.settings import AssetsSettings


@pytest.fixture
async def assets(start: Start) -> Harness:
    return await start(create_app, AssetsSettings, claim_wait_seconds=0.2)

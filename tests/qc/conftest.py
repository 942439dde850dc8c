"""A qc API that knows who decides what."""

import pytest

from chassis.testkit.harness import Start
from services.qc.app import create_app
from services.qc.settings import QcSettings
from tests.qc.stage import Stage


@pytest.fixture
async def stage(start: Start) -> Stage:
    stage = Stage(await start(create_app, QcSettings, decision_grace_seconds=0))
    await stage.publish_domains()
    return stage

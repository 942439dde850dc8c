"""The API of assets, in process, impatient: what waits for an event waits a fifth of a second. A real S3 server."""

from collections.abc import Iterator

import pytest

from chassis.testkit.harness import Harness, Start
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from tests.assets.s3 import SeaweedServer, program


@pytest.fixture
async def assets(start: Start) -> Harness:
    return await start(create_app, AssetsSettings, claim_wait_seconds=0.2)


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedServer]:
    """One a worker, started when a test first asks for it."""
    if program() is None:
        pytest.skip("SeaweedFS is not installed: its wheel has no program for this machine")
    server = SeaweedServer(tmp_path_factory.mktemp("seaweed"))
    yield server
    server.stop()


@pytest.fixture
def s3(seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch) -> SeaweedServer:
    """The same, as the store finds it by its environment."""
    for name, value in seaweed.environment().items():
        monkeypatch.setenv(name, value)
    return seaweed

"""Intake with the reference data that other services publish, and a clock that runs again after each test.

`intake` is shared by a module's tests, which keep to requests and categories of their own; `fresh_intake` is for tests
that change reference data. A module uses one of them, since they share the database.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from chassis.clock import clock
from chassis.issuer import LocalIssuer
from chassis.testkit.harness import Harness, Start, running
from services.intake.app import create_app
from services.intake.settings import IntakeSettings
from tests.intake.samples import AI_POLICY, CHANNELS, DOMAINS


async def tell_reference(intake: Harness) -> None:
    """Publish what intake waits for, and wait until it has it."""
    await intake.publish(DOMAINS, "decision_domains")
    await intake.publish(AI_POLICY, "ai_policy")
    for channel in CHANNELS:
        await intake.publish(channel, f"channel-{channel.pack.channel}")

    async def is_ready() -> bool:
        answer = await intake.client.get("/health/ready")
        kept = await intake.fetch("SELECT count(*) AS n FROM pack WHERE name LIKE 'channel/%'")
        return answer.status_code == 200 and bool(kept[0]["n"] == len(CHANNELS))

    await intake.eventually(is_ready)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def intake(issuer: LocalIssuer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harness]:
    async with running(create_app, IntakeSettings, issuer, tmp_path_factory.mktemp("intake")) as harness:
        await tell_reference(harness)
        yield harness


@pytest_asyncio.fixture(autouse=True)
async def _reference_is_there(request: pytest.FixtureRequest) -> None:
    """A test that starts an intake of its own empties the schema of the shared one: what comes next needs it again."""
    if "intake" in request.fixturenames:
        shared: Harness = request.getfixturevalue("intake")
        if not await shared.fetch("SELECT 1 FROM pack WHERE name = 'ai_policy'"):
            await tell_reference(shared)


@pytest.fixture
async def fresh_intake(start: Start) -> Harness:
    # However slow the machine is: what the limit does has tests of its own.
    harness = await start(create_app, IntakeSettings, read_seconds=300)
    await tell_reference(harness)
    return harness


@pytest.fixture
async def port(intake: Harness) -> AsyncIterator[int]:
    """The app of `intake` behind a real server."""
    async with intake.served() as port:
        yield port


@pytest.fixture(autouse=True)
def _clock_runs_again() -> Iterator[None]:
    yield
    clock.reset()

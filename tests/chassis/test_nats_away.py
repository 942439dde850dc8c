"""NATS stopped and started under a running process: what is recorded meanwhile is sent when it is back."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from chassis.embedded import free_port, nats_command, wait_for_port
from chassis.service import Service
from chassis.testkit.harness import Harness, eventually
from contracts.intake import RequestCancelled
from tests.chassis.conftest import StartProbe
from tests.chassis.probe.app import create_app, keep_effect


class OwnNats:
    """A NATS server of this test's own, that it can kill."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = nats_command(self.folder, self.port)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self._process)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[OwnNats]:
    server = OwnNats(tmp_path / "nats")
    yield server
    server.kill()


@asynccontextmanager
async def process(start_probe: StartProbe, nats: OwnNats) -> AsyncIterator[Harness]:
    """The probe on the test's own NATS."""
    provisioned = await start_probe()
    await provisioned.service.stop()
    app = create_app(
        provisioned.service.settings.model_copy(update={"nats_url": nats.url}), handlers={RequestCancelled: keep_effect}
    )
    async with app.router.lifespan_context(app):
        service: Service = app.state.service
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
            yield Harness(app, service, client, provisioned.issuer)


async def is_ready(probe: Harness) -> bool:
    return (await probe.client.get("/health/ready")).status_code == 200


async def exposition(probe: Harness) -> str:
    return (await probe.client.get("/metrics")).text


async def make(probe: Harness, name: str) -> None:
    made = await probe.client.post("/v1/tallies", json={"name": name}, headers=probe.bearer("keeper"))
    assert made.status_code == 201


async def effects(probe: Harness) -> list[str]:
    return [row["note"] for row in await probe.fetch("SELECT note FROM effect ORDER BY position")]


@pytest.mark.parametrize("store", ["kept", "lost"])
async def test_nothing_is_lost_or_doubled(start_probe: StartProbe, own_nats: OwnNats, store: str) -> None:
    async with process(start_probe, own_nats) as probe:
        await eventually(lambda: is_ready(probe))
        names = [f"before {number}" for number in range(5)]
        for name in names:
            await make(probe, name)

        async def caught_up() -> bool:
            return len(await effects(probe)) >= len(names)

        await eventually(caught_up)
        own_nats.kill()

        async def noticed() -> bool:
            return not await is_ready(probe)

        await eventually(noticed)
        if store == "lost":
            shutil.rmtree(own_nats.folder)
        for number in range(5):
            names.append(f"meanwhile {number}")
            await make(probe, names[-1])

        async def waiting_ones_are_shown() -> bool:
            shown = f'packshot_unsent_events{{service="{probe.service.settings.service}"}} 5.0'
            return shown in await exposition(probe)

        await eventually(waiting_ones_are_shown)
        await asyncio.to_thread(own_nats.start)
        await eventually(caught_up)
        await eventually(lambda: is_ready(probe))
        await make(probe, "after")
        names.append("after")
        await eventually(caught_up)
        assert await effects(probe) == names
        state = await probe.service.bus.stream_state()
        assert state is not None
        assert state.last == len(names)


async def test_a_process_that_starts_without_nats_is_live_and_works_once_it_is_there(
    start_probe: StartProbe, own_nats: OwnNats
) -> None:
    own_nats.kill()
    async with process(start_probe, own_nats) as probe:
        assert (await probe.client.get("/health/live")).status_code == 200
        answer = await probe.client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert answer.json()["checks"]["nats"] == "not connected"
        await asyncio.to_thread(own_nats.start)
        await eventually(lambda: is_ready(probe))
        await make(probe, "first")

        async def took_effect() -> bool:
            return await effects(probe) == ["first"]

        await eventually(took_effect)


async def test_a_client_that_has_given_up_is_replaced(
    start_probe: StartProbe, own_nats: OwnNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nats-py doesn't expect ends its reconnecting."""
    monkeypatch.setattr("chassis.bus.GIVEN_UP_SECONDS", 2)
    async with process(start_probe, own_nats) as probe:
        await eventually(lambda: is_ready(probe))
        await make(probe, "before")
        client = probe.service.bus.client
        own_nats.kill()

        async def reconnecting() -> bool:
            return bool(client.is_reconnecting and client._reconnection_task)

        await eventually(reconnecting)
        assert client._reconnection_task is not None
        client._reconnection_task.cancel()
        await asyncio.to_thread(own_nats.start)
        await eventually(lambda: is_ready(probe))
        await make(probe, "after")

        async def took_effect() -> bool:
            return await effects(probe) == ["before", "after"]

        await eventually(took_effect)

"""Over real sockets and in a real process: uploads that are broken off, by the client or by SIGKILL."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from chassis.clock import clock, now
from chassis.embedded import free_port
from chassis.testkit.harness import Harness, Start, eventually
from contracts.assets import VersionStored
from contracts.values import WorkItem
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from tests.assets.factory import HOLDER, claimed, photo, sha256, upload
from tests.assets.test_upload import MIB, files_in


async def begun_upload(
    assets: Harness, port: int, item: WorkItem, declared: int, begin: bytes = b"\xff\xd8\xff"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A raw upload of which 6 MiB have been sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    token = assets.bearer("photographer", subject=HOLDER)["Authorization"]
    head = (
        f"POST /v1/versions?work_item_id={item.id}&filename=a.jpg HTTP/1.1\r\nHost: test\r\n"
        f"Authorization: {token}\r\nContent-Length: {declared}\r\n\r\n"
    )
    writer.write(head.encode() + begin + bytes(6 * MIB - len(begin)))
    await writer.drain()
    return reader, writer


def is_arriving(tmp_path: Path) -> bool:
    return any(name.startswith("incoming/") for name in files_in(tmp_path))


async def arriving(tmp_path: Path) -> None:
    async def is_there() -> bool:
        return is_arriving(tmp_path)

    await eventually(is_there)


@pytest.fixture
async def port(assets: Harness) -> AsyncIterator[int]:
    """The app of `assets` behind a real server."""
    async with assets.served() as port:
        yield port


async def test_a_client_that_goes_away_leaves_nothing(assets: Harness, port: int, tmp_path: Path) -> None:
    item = await claimed(assets)
    _, writer = await begun_upload(assets, port, item, 20 * MIB)
    await arriving(tmp_path)
    writer.close()

    async def nothing_left() -> bool:
        return files_in(tmp_path) == []

    await eventually(nothing_left)
    assert await assets.recorded(VersionStored) == []
    assert (await upload(assets, item, photo())).status_code == 201


async def test_a_client_that_reads_only_when_all_is_sent_sees_its_refusal(assets: Harness, port: int) -> None:
    item = await claimed(assets)
    reader, writer = await begun_upload(assets, port, item, 30 * MIB, begin=b"no image")
    for _ in range(24):
        writer.write(bytes(MIB))
        await writer.drain()
    assert b" 422 " in await reader.readline()
    writer.close()


async def test_a_killed_process_leaves_no_row_and_nothing_that_lasts(assets: Harness, tmp_path: Path) -> None:
    """Killed while one upload is half there, and another one is stored and has no row yet."""
    half, whole, port, content = await claimed(assets), await claimed(assets), free_port(), photo()
    async with (
        assets.in_a_process("services.assets.app:create_app", tmp_path, port) as process,
        httpx.AsyncClient() as client,
    ):
        _, writer = await begun_upload(assets, port, half, 20 * MIB)
        await arriving(tmp_path)
        (tmp_path / "assets.upload.stored").touch()
        with pytest.raises(httpx.TransportError):
            await client.post(
                f"http://127.0.0.1:{port}/v1/versions?work_item_id={whole.id}&filename=a.jpg",
                content=content,
                headers=assets.bearer("photographer", subject=HOLDER),
            )
        assert await process.wait() == -signal.SIGKILL
        writer.close()
    assert await assets.fetch("SELECT * FROM version") == []
    assert await assets.recorded(VersionStored) == []
    [leftover, stored] = files_in(tmp_path)
    assert leftover.startswith("incoming/")
    assert stored.endswith(sha256(content))
    assert (await upload(assets, whole, content)).status_code == 201
    clock.move(timedelta(hours=25))
    try:
        assert await assets.app.state.store.sweep() == 1
    finally:
        clock.reset()
    assert files_in(tmp_path) == [stored]


async def test_what_is_left_over_is_swept_away_at_the_next_start(start: Start, tmp_path: Path) -> None:
    left_over = tmp_path / "store" / "incoming" / "unfinished#1"
    left_over.parent.mkdir(parents=True)
    left_over.touch()
    long_ago = now().timestamp() - 25 * 3600
    os.utime(left_over, (long_ago, long_ago))
    await start(create_app, AssetsSettings)

    async def is_gone() -> bool:
        return not left_over.exists()

    await eventually(is_gone)

"""A process that dies in the middle of an upload: another one goes on, and nothing is left behind."""

import signal
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from chassis.clock import clock
from chassis.embedded import free_port
from chassis.testkit.harness import Start
from contracts.assets import VersionStored
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from services.assets.uploads.domain import KEPT, LEASE
from services.assets.uploads.protocol import CONTENT_TYPE
from tests.assets.factory import HOLDER, claimed, photo, sha256
from tests.assets.test_upload import files_in
from tests.assets.tus import TUS, TusClient


async def test_another_process_goes_on(start: Start, tmp_path: Path) -> None:
    """Killed when the whole file is in its place, and no row says so yet."""
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2)
    content, tus, port = photo(), TusClient(assets), free_port()
    await tus.create(await claimed(assets), len(content))
    await tus.patch(0, content[:200])
    async with assets.in_a_process("services.assets.app:create_app", tmp_path, port) as process:
        (tmp_path / "assets.upload.stored").touch()
        headers = assets.bearer("photographer", subject=HOLDER) | TUS
        async with httpx.AsyncClient(headers=headers) as client:
            with pytest.raises(httpx.TransportError):
                await client.patch(
                    f"http://127.0.0.1:{port}{tus.url}",
                    content=content[200:],
                    headers={"Upload-Offset": "200", "Content-Type": CONTENT_TYPE},
                )
        assert await process.wait() == -signal.SIGKILL
    try:
        clock.move(LEASE + timedelta(seconds=1))
        assert await tus.offset() == 200
        assert (await tus.patch(200, content[200:])).status_code == 204
        [event] = await assets.recorded(VersionStored)
        assert event.data.version.sha256 == sha256(content)
        clock.move(KEPT + timedelta(days=2))

        async def is_clean() -> bool:
            return files_in(tmp_path) == [event.data.version.location]

        await assets.eventually(is_clean)
    finally:
        clock.reset()

"""A tus client that is not ours (tuspy), through the real gateway: any tus client works."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from tusclient.client import TusClient as ForeignClient
from tusclient.storage.filestorage import FileStorage

from chassis.issuer import LocalIssuer
from chassis.testkit.harness import Harness, running
from contracts.assets import VersionStored
from contracts.values import WorkItem
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from tests.assets.factory import HOLDER, claimed, sha256
from tests.assets.test_upload import MIB, files_in
from tests.assets.tus import TUS, metadata
from tests.gateway.served import serve_gateway

CHUNK = 3 * MIB + 1


@dataclass(frozen=True)
class Door:
    """Assets behind the gateway, and who calls."""

    assets: Harness
    folder: Path
    url: str
    headers: dict[str, str]

    def uploader(self, file: Path, item: WorkItem, memory: Path, *, upload_checksum: bool = False) -> Any:
        """Of the foreign client; `memory`: the file where it remembers its uploads."""
        return ForeignClient(f"{self.url}/v1/uploads", headers=self.headers).uploader(
            str(file),
            chunk_size=CHUNK,
            metadata={"work_item_id": str(item.id), "filename": file.name},
            store_url=True,
            url_storage=FileStorage(str(memory)),  # type: ignore[no-untyped-call]
            upload_checksum=upload_checksum,
        )


@pytest_asyncio.fixture(scope="module")
async def door(issuer: LocalIssuer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    documents = folder / "documents" / "assets"
    documents.mkdir(parents=True)
    with as_file(files("services.assets") / "openapi.json") as document:
        shutil.copy(document, documents)
    values: dict[str, Any] = {"claim_wait_seconds": 0.2, "upload_piece_bytes": 2 * MIB}
    async with running(create_app, AssetsSettings, issuer, folder, **values) as assets, assets.served() as port:
        upstreams = {"assets": f"http://127.0.0.1:{port}"}
        gateway = await serve_gateway(folder, issuer, upstreams=upstreams, documents=documents.parent)
        yield Door(assets, folder, gateway.url, assets.bearer("photographer", subject=HOLDER))
        await gateway.stop()


async def broken_off(door: Door, url: str, offset: int, content: bytes) -> None:
    """A PATCH of all that is left, whose connection ends in the middle."""
    host, _, port = door.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = [
        f"PATCH {url.removeprefix(door.url)} HTTP/1.1", "Host: test", "Tus-Resumable: 1.0.0",
        "Content-Type: application/offset+octet-stream", f"Upload-Offset: {offset}",
        f"Content-Length: {len(content) - offset}", f"Authorization: {door.headers['Authorization']}", "", "",
    ]  # fmt: skip
    writer.write("\r\n".join(head).encode() + content[offset : offset + 5 * MIB])
    await writer.drain()

    async def came() -> bool:
        [row] = await door.assets.fetch("SELECT received FROM upload WHERE id = $1", url.rpartition("/")[2])
        return bool(row["received"] >= offset + 2 * MIB)

    await door.assets.eventually(came)
    writer.close()


async def test_a_foreign_client_uploads_is_interrupted_and_resumes(door: Door, tmp_path: Path) -> None:
    content = b"\xff\xd8\xff" + np.random.default_rng(7).bytes(20 * MIB)
    file, memory, item = tmp_path / "front.jpg", tmp_path / "memory.json", await claimed(door.assets)
    file.write_bytes(content)
    begun = await asyncio.to_thread(door.uploader, file, item, memory)
    await asyncio.to_thread(begun.upload, 2 * CHUNK)
    await broken_off(door, begun.url, 2 * CHUNK, content)
    resumed = await asyncio.to_thread(door.uploader, file, item, memory, upload_checksum=True)
    assert resumed.url == begun.url
    assert 2 * CHUNK + 2 * MIB <= resumed.offset < 2 * CHUNK + 6 * MIB
    await asyncio.to_thread(resumed.upload)
    version = resumed.request.response_headers["content-location"]
    [event] = await door.assets.recorded(VersionStored, version.removeprefix("/v1/versions/"))
    assert event.data.version.sha256 == sha256(content)
    assert [name for name in files_in(door.folder) if not name.startswith("sha256/")] == []


async def test_all_of_tus_passes_the_gateway(door: Door) -> None:
    content, item = b"\xff\xd8\xff" + bytes(6 * MIB), await claimed(door.assets)
    async with httpx.AsyncClient(base_url=door.url, headers=door.headers | TUS, timeout=30) as client:
        spoken = await client.options("/v1/uploads")
        assert (spoken.status_code, spoken.headers["Tus-Version"]) == (204, "1.0.0")
        created = await client.post(
            "/v1/uploads", headers={"Upload-Length": str(len(content)), "Upload-Metadata": metadata(item)}
        )
        assert created.status_code == 201
        url = created.headers["Location"]
        part = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        other = await client.patch(url, content=b"x", headers=part | {"Upload-Checksum": f"sha1 {'A' * 27}="})
        assert (other.status_code, other.json()["status"]) == (460, 460)
        ahead = await client.patch(url, content=b"x", headers=part | {"Upload-Offset": "1"})
        assert (ahead.status_code, ahead.headers["Upload-Offset"]) == (409, "0")

        async def in_chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(content), MIB):
                yield content[start : start + MIB]

        asked = await client.head(url)
        assert (asked.status_code, asked.headers["Upload-Offset"]) == (200, "0")
        assert (asked.headers["Tus-Resumable"], asked.headers["Cache-Control"]) == ("1.0.0", "no-store")
        sent = await client.patch(url, content=in_chunks(), headers=part)
        assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, str(len(content)))
        version = await client.get(sent.headers["Content-Location"])
        assert version.json()["sha256"] == sha256(content)
        assert (await client.delete(url)).status_code == 204
        assert (await client.head(url)).status_code == 410

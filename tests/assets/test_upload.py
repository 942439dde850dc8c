"""Uploads: streamed, hashed, one a round, and nothing left of what failed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil

from chassis.testkit.harness import Harness, Start
from contracts.assets import VersionStored
from contracts.routing import WorkCancelled, WorkClaimed
from contracts.values import WorkState
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from services.assets.store.store import StoredFile
from tests.assets.factory import HOLDER, claimed, known, photo, ready, sha256, shot, tell, upload, with_state

MIB = 1024 * 1024


def files_in(tmp_path: Path) -> list[str]:
    """Everything that the store holds, finished or not."""
    store = tmp_path / "store"
    return sorted(str(path.relative_to(store)) for path in store.rglob("*") if path.is_file())


async def test_an_upload_becomes_a_version(assets: Harness, tmp_path: Path) -> None:
    item, content = await claimed(assets), photo()
    answer = await upload(assets, item, content, "blue front – ü.jpg")
    assert answer.status_code == 201, answer.text
    version = answer.json()
    assert answer.headers["Location"] == f"/v1/versions/{version['id']}"
    assert version["sha256"] == sha256(content)
    assert (version["round"], version["number"], version["zone"]) == (0, 1, "raw")
    assert (version["source"], version["delivered_by"]) == ("upload", HOLDER)
    assert (version["media_type"], version["filename"]) == ("image/jpeg", "blue front – ü.jpg")
    assert files_in(tmp_path) == [version["location"]]
    [event] = await assets.recorded(VersionStored, version["id"])
    assert event.aggregateversion == 1
    assert event.data.version.model_dump(mode="json") == version
    read = await assets.client.get(answer.headers["Location"], headers=assets.bearer("reviewer"))
    assert read.json() == version


async def test_every_known_format_is_taken_by_its_bytes_not_its_name(assets: Harness) -> None:
    for file_format in ("PNG", "TIFF", "WEBP", "GIF", "BMP"):
        answer = await upload(assets, await claimed(assets), photo(file_format=file_format), "x.jpg")
        assert answer.json()["media_type"] == f"image/{file_format.lower()}"


async def test_what_is_no_image_is_refused(assets: Harness, tmp_path: Path) -> None:
    item = await claimed(assets)
    for content in (b"", b"\xff\xd8", b"<html>no image</html>", b"BMW is no bitmap", b"RIFF1234WAVE", bytes(3 * MIB)):
        answer = await upload(assets, item, content)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:packshot:problem:not-an-image")
    assert files_in(tmp_path) == []


async def blocks(count: int, tamper: bytes = b"") -> AsyncIterator[bytes]:
    """A file of `count` MiB that begins like a JPEG, in blocks of 64 KiB."""
    yield b"\xff\xd8\xff" + tamper
    for number in range(count * 16):
        yield number.to_bytes(4, "big") * (16 * 1024)


async def test_a_large_upload_is_never_in_memory_as_a_whole(assets: Harness) -> None:
    warm = await upload(assets, await claimed(assets), blocks(8))
    assert warm.status_code == 201
    process, digest, peak = psutil.Process(), hashlib.sha256(), 0
    before = process.memory_info().rss

    async def watched() -> AsyncIterator[bytes]:
        nonlocal peak
        async for block in blocks(64):
            digest.update(block)
            peak = max(peak, process.memory_info().rss)
            yield block

    answer = await upload(assets, await claimed(assets), watched())
    assert answer.json()["sha256"] == digest.hexdigest()
    assert answer.json()["bytes"] > 64 * MIB
    assert peak - before < 40 * MIB, f"grew by {(peak - before) / MIB:.0f} MiB"


async def test_too_many_bytes_are_refused_and_leave_nothing(start: Start, tmp_path: Path) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2, max_upload_bytes=2 * MIB)
    item = await claimed(assets)
    for content in (blocks(3), photo() + bytes(3 * MIB)):  # without and with a declared length
        answer = await upload(assets, item, content)
        assert (answer.status_code, answer.json()["max_bytes"]) == (413, 2 * MIB)
    assert files_in(tmp_path) == []
    assert (await upload(assets, item, photo())).status_code == 201


async def test_a_body_shorter_than_declared_leaves_nothing(assets: Harness, tmp_path: Path) -> None:
    item = await claimed(assets)
    answer = await upload(assets, item, blocks(1), **{"Content-Length": str(5 * MIB)})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:packshot:problem:body-cut-off")
    assert files_in(tmp_path) == []
    assert (await upload(assets, item, photo())).status_code == 201


async def test_a_body_that_stalls_is_broken_off(start: Start, tmp_path: Path) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2, stall_seconds=0.2)
    over = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        async for block in blocks(6):
            yield block
        await over.wait()

    answer = await upload(assets, await claimed(assets), stalling())
    over.set()
    assert (answer.status_code, answer.json()["type"]) == (408, "urn:packshot:problem:body-stalled")
    assert files_in(tmp_path) == []


async def test_one_version_a_round(assets: Harness, tmp_path: Path) -> None:
    item = await claimed(assets)
    first = await upload(assets, item, photo(1))
    second = await upload(assets, item, photo(2))
    assert (second.status_code, second.json()["type"]) == (409, "urn:packshot:problem:already-delivered")
    assert second.json()["version_id"] == first.json()["id"]
    assert second.json()["sha256"] == sha256(photo(1))
    assert files_in(tmp_path) == [first.json()["location"]]
    again = with_state(item, WorkState.CLAIMED, round=1)
    await tell(assets, WorkClaimed, again, 5)
    third = await upload(assets, again, photo(2))
    assert (third.json()["round"], third.json()["number"]) == (1, 2)
    assert third.json()["asset_id"] == first.json()["asset_id"]


async def test_concurrent_uploads_to_one_item_make_one_version(assets: Harness, tmp_path: Path) -> None:
    item = await claimed(assets)
    answers = await asyncio.gather(*(upload(assets, item, photo(number % 2)) for number in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert len(await assets.recorded(VersionStored)) == 1
    assert not [name for name in files_in(tmp_path) if not name.startswith("sha256/")]


async def test_the_same_bytes_are_stored_once(assets: Harness, tmp_path: Path) -> None:
    items = [await claimed(assets, sku=f"S{number}") for number in range(4)]
    answers = await asyncio.gather(*(upload(assets, item, photo()) for item in items))
    assert [answer.status_code for answer in answers] == [201] * 4
    [name] = files_in(tmp_path)
    written = (tmp_path / "store" / name).stat()
    again = await upload(assets, await claimed(assets, sku="S9"), photo())
    assert again.status_code == 201
    now_there = (tmp_path / "store" / name).stat()
    assert (now_there.st_ino, now_there.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)


async def test_only_the_holder_uploads(assets: Harness, tmp_path: Path) -> None:
    item = await claimed(assets)
    answer = await upload(assets, item, photo(), by="photographer-2")
    assert (answer.status_code, answer.json()["claimed_by"]) == (403, HOLDER)
    assert (await assets.client.post("/v1/versions", content=photo())).status_code == 401
    assert files_in(tmp_path) == []


async def test_an_item_that_nobody_holds_takes_no_upload(assets: Harness) -> None:
    async def refused(state: WorkState, says: str) -> None:
        item = shot(state=state)
        await tell(assets, WorkClaimed, item, 3, cause="lens broken")
        await known(assets, item, 3)
        answer = await upload(assets, item, photo())
        assert (answer.status_code, answer.json()["state"]) == (409, state)
        assert says in answer.json()["detail"]

    await asyncio.gather(
        refused(WorkState.WAITING, "waits for its master"),
        refused(WorkState.READY, "/claim"),
        refused(WorkState.IN_REVIEW, "at the gates"),
        refused(WorkState.BLOCKED, "blocked: lens broken"),
        refused(WorkState.APPROVED, "approved already"),
        refused(WorkState.CANCELLED, "cancelled: lens broken"),
    )


async def test_an_unknown_item_is_not_found(assets: Harness) -> None:
    answer = await upload(assets, shot(), photo())
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:packshot:problem:unknown-work")


async def test_an_upload_waits_for_the_claim_that_is_on_its_way(start: Start) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=10)
    item = await ready(assets)
    waiting = asyncio.create_task(upload(assets, item, photo()))
    assert (await asyncio.wait({waiting}, timeout=0.3))[0] == set()
    await tell(assets, WorkClaimed, with_state(item, WorkState.CLAIMED, claimed_by=HOLDER), 2)
    assert (await waiting).status_code == 201


async def test_what_waits_or_streams_holds_no_connection(start: Start) -> None:
    """With two connections, ten uploads under way at once, and readers are answered meanwhile."""
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=10, database_pool=2)
    under_way, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def slow(seed: int) -> AsyncIterator[bytes]:
        yield photo(seed)
        under_way.release()
        await go_on.wait()

    items = [await claimed(assets, sku=f"S{number}") for number in range(10)]
    uploads = [asyncio.create_task(upload(assets, item, slow(seed))) for seed, item in enumerate(items)]
    for _ in items:
        await under_way.acquire()
    waiting = asyncio.create_task(upload(assets, shot(), photo()))
    listed = await assets.client.get("/v1/versions", headers=assets.bearer("reviewer"))
    assert listed.json()["items"] == []
    go_on.set()
    assert [(await one).status_code for one in uploads] == [201] * 10
    waiting.cancel()


async def test_a_lease_that_ran_out_while_the_file_came_does_not_matter(assets: Harness, tmp_path: Path) -> None:
    for claimer, status in ((None, 201), ("photographer-2", 403)):
        item = await claimed(assets)
        state = WorkState.CLAIMED if claimer else WorkState.READY

        async def while_it_comes(item=item, state=state, claimer=claimer) -> AsyncIterator[bytes]:  # type: ignore[no-untyped-def]
            yield photo()
            await tell(assets, WorkClaimed, with_state(item, state, claimed_by=claimer), 3)
            await known(assets, item, 3)
            yield str(claimer).encode()

        answer = await upload(assets, item, while_it_comes())
        assert answer.status_code == status, answer.text
    assert len(files_in(tmp_path)) == 1


async def test_what_was_cancelled_while_its_file_was_stored_gets_no_version(assets: Harness) -> None:
    """The news arrives between the store and the row."""
    item, store = await claimed(assets), assets.app.state.store
    keep = store.keep

    async def and_cancel(*arguments: Any) -> StoredFile:
        stored: StoredFile = await keep(*arguments)
        await tell(assets, WorkCancelled, with_state(item, WorkState.CANCELLED), 3)
        await known(assets, item, 3)
        return stored

    store.keep = and_cancel
    answer = await upload(assets, item, photo())
    assert (answer.status_code, answer.json()["state"]) == (409, "cancelled")
    assert await assets.recorded(VersionStored) == []


async def test_while_no_news_arrive_nothing_is_refused_for_good(assets: Harness) -> None:
    item = await ready(assets)
    await assets.service.bus.client.close()
    answer = await upload(assets, item, photo())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


async def test_tricky_names_are_refused(assets: Harness, tmp_path: Path) -> None:
    item = await claimed(assets)
    for name, says in (
        ("../../etc/passwd", "path"),
        ("C:\\photos\\a.jpg", "path"),
        ("..", "folder"),
        ("  ", "empty"),
        ("a\x00.jpg", "shown"),
        ("a\r\nSet-Cookie: x.jpg", "shown"),
        ("a\u202egpj.exe", "shown"),
        ("ü" * 128 + ".jpg", "255"),
    ):
        answer = await upload(assets, item, photo(), name)
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert error["pointer"] == "query/filename"
        assert says in error["detail"]
    assert files_in(tmp_path) == []


async def test_wrong_parameters_are_named(assets: Harness) -> None:
    headers = assets.bearer("photographer")
    answer = await assets.client.post("/v1/versions?work_item_id=1&filename=", content=b"", headers=headers)
    assert {error["pointer"] for error in answer.json()["errors"]} == {"query/work_item_id", "query/filename"}

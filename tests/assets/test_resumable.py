"""Resumable uploads by tus: kept by pieces, ended once, and what stands against it."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from chassis.clock import clock, now
from chassis.issuer import LocalIssuer
from chassis.testkit.harness import Harness, eventually, running
from contracts.assets import VersionStored
from contracts.routing import WorkClaimed
from contracts.values import WorkState
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from services.assets.uploads.domain import KEPT, LEASE, MAX_PIECES
from services.assets.uploads.protocol import CONTENT_TYPE
from tests.assets.factory import HOLDER, claimed, known, photo, ready, sha256, tell, upload, with_state
from tests.assets.test_upload import MIB, blocks, files_in
from tests.assets.tus import TusClient, encoded, metadata

PROBLEM = "urn:packshot:problem:"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the store is."""
    return tmp_path_factory.mktemp("resumable")


@asynccontextmanager
async def serving(issuer: LocalIssuer, folder: Path, **options: Any) -> AsyncIterator[Harness]:
    """Pieces of 100 bytes: a photo has several."""
    values = {"claim_wait_seconds": 0.2, "upload_piece_bytes": 100, "open_uploads": 4, **options}
    async with running(create_app, AssetsSettings, issuer, folder, **values) as harness:
        yield harness


@pytest_asyncio.fixture(scope="module")
async def served(issuer: LocalIssuer, folder: Path) -> AsyncIterator[Harness]:
    async with serving(issuer, folder) as harness:
        yield harness


@pytest_asyncio.fixture
async def assets(served: Harness, folder: Path) -> Harness:
    """One service for all, that has no uploads, versions and files."""
    await served.fetch("TRUNCATE upload, upload_piece, version")
    for part in (folder / "store").iterdir():
        shutil.rmtree(part)
    return served


async def versions(assets: Harness) -> list[Any]:
    return await assets.fetch("SELECT * FROM version")


@pytest.fixture
def tus(assets: Harness) -> TusClient:
    return TusClient(assets)


async def in_parts(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def checksum(content: bytes, algorithm: str = "sha1") -> dict[str, str]:
    return {"Upload_Checksum": f"{algorithm} {encoded(hashlib.new(algorithm, content).digest())}"}


async def test_options_say_what_is_spoken(tus: TusClient) -> None:
    for url in ("/v1/uploads", "/v1/uploads/0192f0c1-2b3c-7d4e-8f50-616263646566"):
        answer = await tus.call("OPTIONS", url, Tus_Resumable="0.2.2")
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,expiration,checksum,termination"
        assert {"sha1", "sha256"} <= set(answer.headers["Tus-Checksum-Algorithm"].split(","))
        assert answer.headers["Tus-Max-Size"] == str(512 * MIB)


async def test_an_upload_in_parts_becomes_a_version(assets: Harness, tus: TusClient, folder: Path) -> None:
    item, content = await claimed(assets), photo()
    created = await tus.create(item, len(content), filename="blue front – ü.jpg", sha256=sha256(content))
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, "0")
    expires = parsedate_to_datetime(created.headers["Upload-Expires"])
    assert timedelta(hours=23) < expires - now() < timedelta(hours=24)
    first = await tus.patch(0, content[:350])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "350")
    assert "Content-Location" not in first.headers
    assert await tus.offset() == 350
    asked = await tus.call("HEAD")
    assert asked.headers["Upload-Length"] == str(len(content))
    assert asked.headers["Upload-Metadata"] == metadata(item, "blue front – ü.jpg", sha256=sha256(content))
    assert {name.split("/")[0] for name in files_in(folder)} == {"uploads"}
    last = await tus.patch(350, content[350:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(content)))
    assert "Upload-Expires" not in last.headers
    read = await assets.client.get(last.headers["Content-Location"], headers=assets.bearer("reviewer"))
    version = read.json()
    assert (version["sha256"], version["bytes"]) == (sha256(content), len(content))
    assert (version["filename"], version["source"]) == ("blue front – ü.jpg", "upload")
    assert (version["media_type"], version["delivered_by"]) == ("image/jpeg", HOLDER)
    [event] = await assets.recorded(VersionStored, await version_of(tus))
    assert event.data.version.model_dump(mode="json") == version
    assert files_in(folder) == [version["location"]]
    assert await assets.fetch("SELECT * FROM upload_piece") == []
    assert await tus.offset() == len(content)


async def version_of(tus: TusClient) -> Any:
    state = await tus.state()
    assert state["state"] == "finished"
    return state["version_id"]


async def test_an_answer_that_was_lost_can_be_had_again(assets: Harness, tus: TusClient) -> None:
    content = photo()
    await tus.create(await claimed(assets), len(content))
    last = await tus.patch(0, content)
    doubled = await tus.patch(0, content)
    assert (doubled.status_code, doubled.headers["Upload-Offset"]) == (409, str(len(content)))
    empty = await tus.patch(len(content), b"")
    assert (empty.status_code, empty.headers["Content-Location"]) == (204, last.headers["Content-Location"])
    assert (await tus.patch(len(content), b"more")).status_code == 413
    assert len(await versions(assets)) == 1


async def test_the_first_bytes_may_come_with_the_creation(assets: Harness, tus: TusClient) -> None:
    content = photo()
    created = await tus.create(await claimed(assets), len(content), content[:200])
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, "200")
    assert (await tus.patch(200, content[200:])).status_code == 204
    whole = await tus.create(await claimed(assets), len(content), content)
    assert (whole.status_code, whole.headers["Upload-Offset"]) == (201, str(len(content)))
    assert whole.headers["Content-Location"] == f"/v1/versions/{(await tus.state())['version_id']}"
    no_image = await tus.create(await claimed(assets), 1000, bytes(100))
    assert (no_image.status_code, tus.url) == (422, no_image.headers["Location"])
    assert (await tus.state())["state"] == "refused"


async def test_a_body_that_breaks_off_keeps_what_came(assets: Harness, tus: TusClient) -> None:
    content = photo()
    await tus.create(await claimed(assets), len(content))
    cut = await tus.patch(0, content[:333], Content_Length=str(len(content)))
    assert (cut.status_code, cut.json()["type"]) == (400, PROBLEM + "body-cut-off")
    assert await tus.offset() == 333
    cut = await tus.patch(333, content[333:-1], Content_Length=str(len(content) - 333))
    assert cut.status_code == 400
    assert await tus.offset() == len(content) - 1
    assert (await tus.patch(len(content) - 1, content[-1:])).status_code == 204
    [version] = await versions(assets)
    assert version["sha256"] == sha256(content)


async def test_a_checksum_keeps_all_or_nothing(assets: Harness, tus: TusClient, folder: Path) -> None:
    content = photo()
    await tus.create(await claimed(assets), len(content))
    for algorithm in ("sha1", "sha256", "md5"):
        wrong = await tus.patch(0, content[:350], **checksum(b"other", algorithm))
        assert (wrong.status_code, wrong.json()["type"]) == (460, PROBLEM + "checksum-mismatch")
    cut = await tus.patch(0, content[:350], Content_Length="351", **checksum(content[:351]))
    assert cut.status_code == 400
    unknown = await tus.patch(0, content[:350], Upload_Checksum="crc32 AAAAAA==")
    assert unknown.status_code == 400
    assert await tus.offset() == 0
    assert files_in(folder) == []
    assert (await tus.patch(0, content[:350], **checksum(content[:350]))).status_code == 204
    assert await tus.offset() == 350
    wrong = await tus.patch(350, content[350:], **checksum(content, "sha256"))
    assert wrong.status_code == 460
    assert await tus.offset() == 350
    assert (await tus.patch(350, content[350:], **checksum(content[350:], "sha256"))).status_code == 204
    assert await version_of(tus)


async def test_what_tus_forbids_is_refused(assets: Harness, tus: TusClient, folder: Path) -> None:
    item, content = await claimed(assets), photo()
    await tus.create(item, len(content))
    other = await tus.patch(0, content, Tus_Resumable="0.2.2")
    assert (other.status_code, other.headers["Tus-Version"]) == (412, "1.0.0")
    for offset in (1, 350, len(content)):
        wrong = await tus.patch(offset, content[:10])
        assert (wrong.status_code, wrong.headers["Upload-Offset"]) == (409, "0")
    for offset_text in ("-1", "x", ""):
        assert (await tus.patch(0, content, Upload_Offset=offset_text)).status_code == 400
    assert (await tus.patch(0, content, Content_Type="image/jpeg")).status_code == 415
    assert (await tus.patch(0, content + b"x")).status_code == 413
    assert (await tus.patch(0, in_parts(content, b"x"))).status_code == 413  # without a declared length
    assert (await tus.state())["state"] == "open"
    for headers in ({"Upload_Length": "-1"}, {"Upload_Defer_Length": "1"}, {"Upload_Length": "1"}):
        assert (await tus.call("POST", "/v1/uploads", **headers)).status_code == 400
    large = await tus.call("POST", "/v1/uploads", Upload_Length=str(512 * MIB + 1), Upload_Metadata=metadata(item))
    assert (large.status_code, large.headers["Tus-Max-Size"]) == (413, str(512 * MIB))
    as_a_form = await tus.call(
        "POST", "/v1/uploads", b"x", Upload_Length="1", Upload_Metadata=metadata(item), Content_Type="text/plain"
    )
    assert as_a_form.status_code == 415
    for url in ("/v1/uploads/1", "/v1/uploads/0192f0c1-2b3c-7d4e-8f50-616263646566"):
        for method in ("HEAD", "PATCH", "DELETE", "GET"):
            answer = await tus.call(method, url, Upload_Offset="0", Content_Type=CONTENT_TYPE)
            assert answer.status_code in (404, 422)
            assert "Upload-Offset" not in answer.headers


async def test_the_claim_counts_as_with_any_upload(assets: Harness, tus: TusClient) -> None:
    content = photo()
    unclaimed = await tus.create(await ready(assets), len(content))
    assert (unclaimed.status_code, unclaimed.json()["type"]) == (409, PROBLEM + "work-not-open")
    another = await tus.create(await claimed(assets, by="someone"), len(content))
    assert (another.status_code, another.json()["type"]) == (403, PROBLEM + "held-by-another")
    empty = await tus.create(await claimed(assets), 0)
    assert (empty.status_code, empty.json()["type"]) == (422, PROBLEM + "not-an-image")
    assert await assets.fetch("SELECT * FROM upload") == []


async def refused(tus: TusClient, answer: Any, status: int, kind: str) -> None:
    """The last request said so, and so does the upload from then on."""
    assert (answer.status_code, answer.json()["type"]) == (status, PROBLEM + kind)
    state = await tus.state()
    assert (state["state"], state["version_id"]) == ("refused", None)
    assert state["problem"] == answer.json()
    assert (await tus.call("HEAD")).status_code == 410
    again = await tus.patch(0, photo())
    assert (again.status_code, again.json()["refusal"]["type"]) == (410, PROBLEM + kind)


async def test_an_end_that_is_refused_says_why(assets: Harness, tus: TusClient, folder: Path) -> None:
    content = photo()
    item = await claimed(assets)
    await tus.create(item, len(content), sha256="0" * 64)
    await refused(tus, await tus.patch(0, content), 422, "wrong-digest")
    await tus.create(item, 3000)
    await refused(tus, await tus.patch(0, b"<html>" + bytes(94)), 422, "not-an-image")  # before all has come
    await tus.create(item, 70)
    await tus.patch(0, b"\xff")
    await refused(tus, await tus.patch(1, bytes(69)), 422, "not-an-image")
    await tus.create(item, len(content))
    await tus.patch(0, content[:-1])
    assert (await upload(assets, item, photo(2))).status_code == 201
    await refused(tus, await tus.patch(len(content) - 1, content[-1:]), 409, "already-delivered")
    taken = await claimed(assets)
    await tus.create(taken, len(content))
    await tus.patch(0, content[:300])
    await tell(assets, WorkClaimed, with_state(taken, WorkState.CLAIMED, claimed_by="someone"), 5)
    await known(assets, taken, 5)
    await refused(tus, await tus.patch(300, content[300:]), 403, "held-by-another")
    assert [name.split("/")[0] for name in files_in(folder)] == ["sha256"]
    assert len(await versions(assets)) == 1


async def test_only_its_creator_may_go_on(assets: Harness, tus: TusClient) -> None:
    await tus.create(await claimed(assets), 1000)
    other = TusClient(assets, by="someone")
    other.url = tus.url
    for answer in (
        await other.call("HEAD"), await other.call("GET"), await other.patch(0, b"x"), await other.call("DELETE"),
    ):  # fmt: skip
        assert answer.status_code == 404
    assert (await other.call("GET", "/v1/uploads")).json()["items"] == []
    [mine] = (await tus.call("GET", "/v1/uploads")).json()["items"]
    assert tus.url == f"/v1/uploads/{mine['id']}"
    for method, url in (("OPTIONS", ""), ("POST", ""), ("GET", ""), ("HEAD", "/x"), ("PATCH", "/x"), ("DELETE", "/x")):
        answer = await assets.client.request(method, "/v1/uploads" + url, headers={"Tus-Resumable": "1.0.0"})
        assert (answer.status_code, answer.headers["Tus-Resumable"]) == (401, "1.0.0")


async def test_so_many_a_caller_may_have_open(assets: Harness, tus: TusClient) -> None:
    item = await claimed(assets)
    answers = await asyncio.gather(*(TusClient(assets).create(item, 1000) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [429] * 2
    tus.url = next(answer.headers["Location"] for answer in answers if answer.status_code == 201)
    assert (await tus.call("DELETE")).status_code == 204
    assert (await tus.create(item, 1000)).status_code == 201


async def test_who_terminates_an_upload_frees_its_bytes(assets: Harness, tus: TusClient, folder: Path) -> None:
    content = photo()
    await tus.create(await claimed(assets), len(content))
    await tus.patch(0, content[:300])
    assert files_in(folder) != []
    assert (await tus.call("DELETE")).status_code == 204
    assert files_in(folder) == []
    for answer in (await tus.call("HEAD"), await tus.patch(300, content[300:]), await tus.call("DELETE")):
        assert answer.status_code == 410
    assert (await tus.state())["state"] == "terminated"


async def test_methods_can_be_overridden(assets: Harness, tus: TusClient) -> None:
    content = photo()
    await tus.create(await claimed(assets), len(content))
    headers = {"Upload_Offset": "0", "Content_Type": CONTENT_TYPE, "X_HTTP_Method_Override": "PATCH"}
    assert (await tus.call("POST", "", content[:100], **headers)).headers["Upload-Offset"] == "100"
    assert (await tus.call("POST", X_HTTP_Method_Override="DELETE")).status_code == 204
    assert (await tus.call("POST", X_HTTP_Method_Override="BREW")).status_code == 405


async def test_one_writes_at_a_time_and_another_replica_sees_it(
    assets: Harness, tus: TusClient, issuer: LocalIssuer, folder: Path
) -> None:
    async with serving(issuer, folder, fresh=False, clean_stream=False) as other:
        content, go_on = photo(), asyncio.Event()
        await tus.create(await claimed(assets), len(content))
        second = TusClient(other)
        second.url = tus.url

        async def slowly() -> AsyncIterator[bytes]:
            yield content[:100]
            yield content[100:300]
            await go_on.wait()
            yield content[300:400]

        first = asyncio.create_task(tus.patch(0, slowly()))

        async def is_kept() -> bool:
            return bool((await second.state())["offset"] == 300)

        await eventually(is_kept)
        locked = await second.patch(300, content[300:])
        assert (locked.status_code, locked.json()["type"]) == (423, PROBLEM + "upload-in-use")
        asked = asyncio.create_task(second.offset())  # it waits for the writer a little
        await asyncio.sleep(0)
        go_on.set()
        assert (await first).status_code == 204
        assert await asked == 400
        assert (await second.patch(400, content[400:])).status_code == 204
        [version] = await versions(assets)
        assert version["sha256"] == sha256(content)


async def test_a_writer_that_was_given_up_writes_nothing_more(assets: Harness, tus: TusClient, folder: Path) -> None:
    """Its lease ran out, as when its process stood still for long; meanwhile another has taken over."""
    content, go_on = photo(), asyncio.Event()
    await tus.create(await claimed(assets), len(content))

    async def slowly() -> AsyncIterator[bytes]:
        yield content[:100]
        yield content[100:200]
        await go_on.wait()
        yield bytes(200)
        yield content[400:]

    old = asyncio.create_task(tus.patch(0, slowly()))

    async def is_kept() -> bool:
        return bool((await tus.state())["offset"] == 200)

    await eventually(is_kept)
    clock.move(LEASE + timedelta(seconds=1))
    try:
        assert (await tus.patch(200, content[200:400])).status_code == 204
        go_on.set()
        assert (await old).status_code == 423
        assert await tus.offset() == 400
        assert (await tus.patch(400, content[400:])).status_code == 204
    finally:
        clock.reset()
    [version] = await versions(assets)
    assert version["sha256"] == sha256(content)
    assert files_in(folder) == [version["location"]]


async def test_two_that_send_the_end_make_one_version(assets: Harness, tus: TusClient, folder: Path) -> None:
    content = photo()
    await tus.create(await claimed(assets), len(content))
    await tus.patch(0, content[:300])
    answers = await asyncio.gather(*(tus.patch(300, content[300:]) for _ in range(5)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 204
    assert set(statuses[1:]) <= {409, 423}
    assert len(await versions(assets)) == 1
    assert [name.split("/")[0] for name in files_in(folder)] == ["sha256"]


async def test_an_abandoned_upload_expires_and_is_forgotten(assets: Harness, tus: TusClient, folder: Path) -> None:
    content = photo()
    await tus.create(await claimed(assets), len(content))
    try:
        clock.move(timedelta(hours=23))
        assert (await tus.patch(0, content[:300])).status_code == 204
        clock.move(timedelta(hours=23))  # more than a day old, but something came within the last
        assert await tus.offset() == 300
        clock.move(timedelta(hours=2))
        for answer in (await tus.call("HEAD"), await tus.patch(300, content[300:])):
            assert answer.status_code == 410
            assert "Upload-Offset" not in answer.headers
        assert (await tus.state())["state"] == "expired"

        # a piece that a writer left behind, who had lost the upload
        left_behind = folder / "store" / tus.url.removeprefix("/v1/") / "300-x"

        async def is_removed() -> bool:
            return not left_behind.parent.exists()

        await eventually(is_removed)
        assert files_in(folder) == []
        left_behind.parent.mkdir(parents=True)
        left_behind.touch()
        clock.move(KEPT + timedelta(minutes=1))

        async def is_forgotten() -> bool:
            return (await tus.call("HEAD")).status_code == 404

        await eventually(is_forgotten)
        assert files_in(folder) == []
        assert await assets.fetch("SELECT * FROM timer WHERE key = $1", tus.url.rpartition("/")[2]) == []
    finally:
        clock.reset()


async def test_a_store_that_is_away_loses_nothing(assets: Harness, tus: TusClient, folder: Path) -> None:
    content = photo()
    await tus.create(await claimed(assets), len(content))
    uploads, incoming = folder / "store" / "uploads", folder / "store" / "incoming"
    uploads.touch()  # a file where a folder should be: refused even to root
    away = await tus.patch(0, content[:300])
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    assert await tus.offset() == 0
    uploads.unlink()
    assert (await tus.patch(0, content[:300])).status_code == 204
    incoming.touch()
    away = await tus.patch(300, content[300:])
    assert away.status_code == 503
    offset = await tus.offset()
    assert 300 <= offset < len(content)
    incoming.unlink()
    assert (await tus.patch(offset, content[offset:])).status_code == 204
    [version] = await versions(assets)
    assert version["sha256"] == sha256(content)


async def test_a_piece_that_was_lost_is_told(assets: Harness, tus: TusClient, folder: Path) -> None:
    content = photo()
    for damage in ("gone", "short"):
        await tus.create(await claimed(assets), len(content))
        await tus.patch(0, content[:300])
        piece = next(path for path in (folder / "store" / "uploads").rglob("*") if path.is_file())
        if damage == "gone":
            piece.unlink()
        else:
            os.truncate(piece, 10)
        await refused(tus, await tus.patch(300, content[300:]), 410, "pieces-lost")
    assert await versions(assets) == []


async def test_single_bytes_are_stopped_some_time(assets: Harness, tus: TusClient, folder: Path) -> None:
    content = photo()
    await tus.create(await claimed(assets), len(content))
    await tus.patch(0, content[:1])
    await assets.fetch("UPDATE upload SET pieces = $1", MAX_PIECES)
    stopped = await tus.patch(1, content[1:2])
    assert (stopped.status_code, stopped.json()["type"]) == (400, PROBLEM + "too-many-pieces")
    assert await tus.offset() == 1
    assert len(files_in(folder)) == 1


async def test_a_large_upload_is_never_in_memory_as_a_whole(assets: Harness, issuer: LocalIssuer, folder: Path) -> None:
    process, peak = psutil.Process(), 0

    async def watched() -> AsyncIterator[bytes]:
        nonlocal peak
        async for block in blocks(64):
            peak = max(peak, process.memory_info().rss)
            yield block

    async with serving(issuer, folder, fresh=False, clean_stream=False, upload_piece_bytes=2 * MIB) as large:
        tus = TusClient(large)
        await tus.create(await claimed(large), 8 * MIB + 3, blocks(8))
        before = process.memory_info().rss
        await tus.create(await claimed(large), 64 * MIB + 3)
        assert (await tus.patch(0, watched())).status_code == 204
    peak = max(peak, process.memory_info().rss)
    assert peak - before < 40 * MIB, f"grew by {(peak - before) / MIB:.0f} MiB"

"""A store that fails as real ones do: a bucket that is busy, silent, slow or cut off, and a disk that is full. What was
accepted is there, what wasn't leaves nothing that shows, and everybody is told in time."""

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from chassis.ids import new_id
from chassis.testkit.harness import Start
from contracts.assets import VersionStored
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from services.assets.store.errors import StoreAway
from services.assets.store.store import Store, content_key
from tests.assets.factory import claimed, photo, sha256, upload
from tests.assets.s3 import BUCKET, Door, Fault, SeaweedServer
from tests.assets.stores import collected, keys_in, pieces, store_at

MIB = 1024 * 1024
PATIENCE = 0.5
BOUND = 6 * PATIENCE + 3  # s: a silence in each of two steps, tries again, and a loaded machine


@pytest.fixture
async def door(s3: SeaweedServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    one = Door(s3)
    async with one.open():
        monkeypatch.setenv("AWS_ENDPOINT_URL", one.url)
        yield one


@pytest.fixture
def bucket_url(door: Door) -> str:
    return f"s3://{BUCKET}/{new_id()}"


@pytest.fixture
def bucket(bucket_url: str) -> Store:
    return store_at(bucket_url, seconds=PATIENCE)


@pytest.fixture
def patient(bucket_url: str) -> Store:
    """The same bucket, for what must go well however slow the machine is."""
    return store_at(bucket_url)


def file_of(mib: int) -> bytes:
    return os.urandom(mib * MIB)


async def keep(store: Store, content: bytes) -> None:
    parts = [content[at : at + MIB] for at in range(0, len(content), MIB)]
    async with store.staged(pieces(*parts)) as staged:
        await store.keep(staged, "image/png")


def every(request: web.Request) -> bool:
    return True


def parts_of_files(request: web.Request) -> bool:
    return request.method == "PUT" and "x-amz-copy-source" not in request.headers


def moves(request: web.Request) -> bool:
    return "x-amz-copy-source" in request.headers


def looks(request: web.Request) -> bool:
    return request.method == "HEAD"


def ends_of_files(request: web.Request) -> bool:
    return request.method == "POST" and "uploadId" in request.query


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.SILENT, Fault.CUT, Fault.LOST])
async def test_a_bucket_that_fails_is_away_in_time_and_shows_nothing_half(
    door: Door, bucket: Store, patient: Store, fault: Fault
) -> None:
    """Wherever in the course of an upload it begins to fail."""
    for where in (every, parts_of_files, ends_of_files, looks, moves):
        content = file_of(6)
        door.fault = lambda request, where=where: fault if where(request) else None  # type: ignore[misc]
        begun = time.monotonic()
        with pytest.raises(StoreAway) as away:
            await keep(bucket, content)
        assert time.monotonic() - begun < BOUND, where.__name__
        assert away.value.headers["Retry-After"]
        door.fault = lambda _: None
        # A move whose answer was lost is done: then the whole file is there, and nobody refers to it.
        assert await patient.size(sha256(content)) in (None, len(content))
        assert where is moves or await patient.size(sha256(content)) is None
        await keep(patient, content)
        assert await patient.read(content_key(sha256(content))) == content
    shown = [key for key in await keys_in(bucket) if not key.startswith("incoming/")]
    assert len(shown) == 5


async def test_tries_again_are_few(door: Door, bucket: Store) -> None:
    door.fault = lambda _: Fault.BUSY
    with pytest.raises(StoreAway):
        await bucket.size("0" * 64)
    assert 2 <= len(door.requests) <= 6


async def test_a_passing_fault_is_not_noticed(door: Door, bucket: Store) -> None:
    """Every third request is turned away."""
    door.fault = lambda _: Fault.BUSY if len(door.requests) % 3 == 0 else None
    content = file_of(11)
    await keep(bucket, content)
    assert await bucket.read(content_key(sha256(content))) == content


async def test_a_slow_bucket_is_waited_for(door: Door, patient: Store) -> None:
    content = file_of(6)
    door.fault = lambda _: Fault.SLOW
    await keep(patient, content)
    assert await collected(await patient.stream(content_key(sha256(content)), 0, len(content))) == content


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.SILENT, Fault.CUT])
async def test_reading_from_a_bucket_that_fails_ends_in_time(door: Door, bucket: Store, fault: Fault) -> None:
    content = file_of(1)
    await keep(bucket, content)
    door.fault = lambda _: fault
    for read in (bucket.read, lambda key: bucket.stream(key, 0, 5)):
        begun = time.monotonic()
        with pytest.raises(StoreAway):
            await read(content_key(sha256(content)))
        assert time.monotonic() - begun < BOUND


async def test_an_upload_to_its_final_place_in_a_bucket(s3: SeaweedServer, start: Start) -> None:
    """Through HTTP: stored, read whole and in part, and not again."""
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2, store_url=f"s3://{BUCKET}/{new_id()}")
    content = photo(1, 1200, 1600, "BMP")
    answer = await upload(assets, await claimed(assets), content)
    assert answer.status_code == 201, answer.text
    assert len(content) > 5 * MIB
    url, reader = f"/v1/versions/{answer.json()['id']}/content", assets.bearer("reviewer")
    assert (await assets.client.get(url, headers=reader)).content == content
    part = await assets.client.get(url, headers=reader | {"Range": "bytes=5000000-5000009"})
    assert (part.status_code, part.content) == (206, content[5000000:5000010])
    known = await assets.client.get(url, headers=reader | {"If-None-Match": part.headers["ETag"]})
    assert known.status_code == 304
    again = await upload(assets, await claimed(assets), content)
    assert again.json()["location"] == answer.json()["location"]
    assert await keys_in(assets.app.state.store) == [again.json()["location"]]


async def test_while_the_bucket_is_away_answers_are_honest_and_what_was_accepted_stays(
    door: Door, start: Start
) -> None:
    assets = await start(
        create_app,
        AssetsSettings,
        claim_wait_seconds=0.2,
        store_url=f"s3://{BUCKET}/{new_id()}",
        store_patience_seconds=PATIENCE,
    )
    before = await upload(assets, await claimed(assets), photo(1))
    url, reader, item = f"/v1/versions/{before.json()['id']}/content", assets.bearer("reviewer"), await claimed(assets)
    for fault in (Fault.BUSY, Fault.SILENT, Fault.CUT):
        door.fault = lambda _, fault=fault: fault  # type: ignore[misc]
        for answer in (await upload(assets, item, photo(2)), await assets.client.get(url, headers=reader)):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), answer.text
            assert answer.json()["type"] == "urn:packshot:problem:unavailable"
    door.fault = lambda _: None
    assert (await assets.client.get(url, headers=reader)).content == photo(1)
    assert len(await assets.recorded(VersionStored)) == 1
    assert (await upload(assets, item, photo(2))).status_code == 201


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0
    if mounted:
        mounting = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
        mounted = subprocess.run(mounting, capture_output=True, check=False).returncode == 0
    if not mounted:
        pytest.skip("only root on Linux can make a disk that is small enough to be filled")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


async def test_a_full_disk_is_told_as_that_and_nothing_is_left(small_disk: Path, start: Start) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2, store_url=small_disk.as_uri())
    item = await claimed(assets)
    small, large = photo(1), b"\xff\xd8\xff" + file_of(12)
    assert (await upload(assets, item, large)).status_code == 507
    assert files_in(small_disk) == []
    before = await upload(assets, await claimed(assets), small)
    fill = small_disk / "of others"
    fill.write_bytes(bytes(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize))
    refused = await upload(assets, item, photo(2, 600, 800, "BMP"))
    assert (refused.status_code, refused.json()["type"]) == (507, "urn:packshot:problem:store-full")
    assert refused.headers["Retry-After"] == "60"
    assert sorted(files_in(small_disk)) == sorted([sha256(small), fill.name])
    url = f"/v1/versions/{before.json()['id']}/content"
    assert (await assets.client.get(url, headers=assets.bearer("reviewer"))).content == small
    fill.unlink()
    assert (await upload(assets, item, photo(2, 600, 800, "BMP"))).status_code == 201


async def test_the_largest_file_that_a_process_may_write_is_a_full_disk_too(tmp_path: Path) -> None:
    """Whatever the machine: in a process whose limit is 6 MiB."""
    script = """
import asyncio, os, sys
from services.assets.store.errors import StoreFull
from tests.assets.stores import store_at
from tests.assets.test_store_faults import file_of, keep

async def fill():
    store = store_at(sys.argv[1])
    await keep(store, file_of(5))
    for mib in (7, 20):
        try:
            await keep(store, file_of(mib))
        except StoreFull as full:
            print(full.status)

asyncio.run(fill())
"""
    done = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, (tmp_path / "store").as_uri(),
        stdout=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6 * MIB, 6 * MIB)),
    )  # fmt: skip
    told, _ = await done.communicate()
    assert told.decode().split("\n").count("507") == 2, told
    assert len(files_in(tmp_path)) == 1

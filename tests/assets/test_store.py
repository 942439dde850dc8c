"""The store on a local disk: whole files or none, each once, and what is left behind swept away."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.clock import clock
from services.assets.store.errors import FileMissing, StoreAway
from services.assets.store.store import PART_BYTES, Store, content_key
from tests.assets.factory import sha256

CONTENT = bytes(range(256)) * (PART_BYTES // 128)  # two parts


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store((tmp_path / "a store").as_uri())


def everything(tmp_path: Path) -> list[str]:
    folder = tmp_path / "a store"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def pieces(*content: bytes | BaseException) -> AsyncIterator[bytes]:
    for one in content:
        if isinstance(one, BaseException):
            raise one
        yield one


async def collected(stream: AsyncIterator[bytes]) -> bytes:
    return b"".join([bytes(piece) async for piece in stream])


async def test_a_file_is_at_the_key_of_its_content(store: Store, tmp_path: Path) -> None:
    stored = await store.put(CONTENT, "image/png")
    assert (stored.sha256, stored.bytes, stored.location) == (
        sha256(CONTENT),
        len(CONTENT),
        f"sha256/{sha256(CONTENT)[:2]}/{sha256(CONTENT)}",
    )
    assert everything(tmp_path) == [stored.location]
    assert await store.read(stored.location) == CONTENT
    assert await collected(await store.stream(stored.location, 5, PART_BYTES + 9)) == CONTENT[5 : PART_BYTES + 9]
    assert await collected(await store.stream(stored.location, 7, 7)) == b""


async def test_it_is_on_the_disk_before_it_is_in_its_place(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, then every folder that the move has changed."""
    fsync, synced = os.fsync, []

    def noted(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    place = tmp_path / "a store" / (await store.put(CONTENT, "image/png")).location
    assert synced == [path.stat().st_ino for path in (place, place.parent, place.parent.parent, tmp_path / "a store")]


async def test_nothing_is_visible_before_it_is_kept(store: Store, tmp_path: Path) -> None:
    async with store.staged(pieces(CONTENT)) as staged:
        assert [name.split("/")[0] for name in everything(tmp_path)] == ["incoming"]
        with pytest.raises(FileMissing):
            await store.read(content_key(staged.sha256))
    assert everything(tmp_path) == []


async def test_an_error_on_the_way_comes_out_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    for at in (0, 1, 2):
        parts = [CONTENT[:PART_BYTES], CONTENT[PART_BYTES:]]
        with pytest.raises(KeyError, match="cut"):
            async with store.staged(pieces(*parts[:at], KeyError("cut"), *parts[at:])):
                pytest.fail("a file that was cut is not staged")
        assert everything(tmp_path) == []


async def test_a_file_that_is_there_is_not_written_again(store: Store, tmp_path: Path) -> None:
    location = (await store.put(CONTENT, "image/png")).location
    before = (tmp_path / "a store" / location).stat()
    await store.put(CONTENT, "image/png")
    after = (tmp_path / "a store" / location).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert everything(tmp_path) == [location]


async def test_a_file_that_lost_its_end_is_put_right(store: Store, tmp_path: Path) -> None:
    """As after a power failure on a disk that lies."""
    location = (await store.put(CONTENT, "image/png")).location
    os.truncate(tmp_path / "a store" / location, 10)
    await store.put(CONTENT, "image/png")
    assert await store.read(location) == CONTENT


async def test_what_a_killed_process_left_is_swept_away_after_a_day(store: Store, tmp_path: Path) -> None:
    kept = await store.put(CONTENT, "image/png")
    for name in ("finished", "unfinished#1"):  # obstore hides the second from its own list
        (tmp_path / "a store" / "incoming" / name).write_bytes(b"x")
    assert await store.sweep() == 0
    clock.move(timedelta(hours=25))
    try:
        assert await store.sweep() == 2
    finally:
        clock.reset()
    assert everything(tmp_path) == [kept.location]


async def test_a_store_that_refuses_is_away(tmp_path: Path) -> None:
    """A file where a folder should be: refused even to root."""
    store = Store((tmp_path / "a store").as_uri())
    store.open()
    (tmp_path / "a store" / "incoming").write_bytes(b"")
    with pytest.raises(StoreAway):
        await store.put(CONTENT, "image/png")


@pytest.mark.parametrize("url", ["", "/a/path", "ftp://host/path"])
def test_what_is_no_store_is_refused(url: str) -> None:
    with pytest.raises(Exception, match=r"(?i)url|scheme|store"):
        Store(url).open()


def test_a_bucket_is_a_store_too() -> None:
    Store("s3://bucket/prefix").open()

"""The store, on a local disk and in a bucket: whole files or none, each once, and what is left behind swept away."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.clock import clock
from chassis.ids import new_id
from services.assets.store.errors import FileDamaged, FileMissing, StoreAway
from services.assets.store.store import PART_BYTES, Store, content_key
from services.assets.store.writing import BLOCK_BYTES
from tests.assets.factory import sha256
from tests.assets.s3 import BUCKET
from tests.assets.stores import Books, collected, keys_in, pieces, store_at

CONTENT = bytes(range(256)) * (PART_BYTES // 128)  # two parts


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def store(tmp_path: Path, books: Books) -> Store:
    return store_at((tmp_path / "a store").as_uri(), books)


@pytest.fixture(params=["local", "bucket"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path, books: Books) -> Store:
    if request.param == "local":
        return store_at((tmp_path / "a store").as_uri(), books)
    request.getfixturevalue("s3")
    return store_at(f"s3://{BUCKET}/{new_id()}", books)


def everything(tmp_path: Path) -> list[str]:
    """Unfinished files too, which the store's own list hides."""
    folder = tmp_path / "a store"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_file_is_at_the_key_of_its_content(any_store: Store, books: Books) -> None:
    stored = await any_store.put(CONTENT, "image/png")
    assert (stored.sha256, stored.bytes, stored.location) == (
        sha256(CONTENT),
        len(CONTENT),
        f"sha256/{sha256(CONTENT)[:2]}/{sha256(CONTENT)}",
    )
    assert await keys_in(any_store) == [stored.location]
    assert await any_store.read(stored.location) == CONTENT
    assert await collected(await any_store.stream(stored.location, 5, PART_BYTES + 9)) == CONTENT[5 : PART_BYTES + 9]
    assert await collected(await any_store.stream(stored.location, 7, 7)) == b""
    assert books.expected == [stored.sha256]


async def test_an_empty_file_is_one_too(any_store: Store) -> None:
    stored = await any_store.put(b"", "image/png")
    assert (stored.bytes, await any_store.read(stored.location)) == (0, b"")


async def test_files_are_listed_by_shelf_and_removed(any_store: Store) -> None:
    some = [await any_store.put(bytes([number]), "image/png") for number in range(4)]
    for one in some:
        assert (one.sha256, 1) in await any_store.shelf(one.sha256[:2])
        assert await any_store.size(one.sha256) == 1
        for _ in range(2):  # what isn't there any more is no error
            await any_store.remove(one.sha256)
        assert await any_store.shelf(one.sha256[:2]) == []
        assert await any_store.size(one.sha256) is None


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


async def test_nothing_is_visible_before_it_is_kept(any_store: Store) -> None:
    async with any_store.staged(pieces(CONTENT)) as staged:
        assert [key.split("/")[0] for key in await keys_in(any_store)] == ["incoming"]
        with pytest.raises(FileMissing):
            await any_store.read(content_key(staged.sha256))
    assert await keys_in(any_store) == []


@pytest.mark.parametrize("size", [1, 65_537, BLOCK_BYTES - 1, BLOCK_BYTES, 3 * BLOCK_BYTES + 1])
async def test_the_pieces_of_a_file_keep_their_order(any_store: Store, size: int) -> None:
    """However they come: they are written in blocks while others come."""
    parts = [bytes([number]) * (size // 7 * number % size or size) for number in range(9)]
    async with any_store.staged(pieces(*parts)) as staged:
        content = b"".join(parts)
        assert (staged.sha256, staged.bytes) == (sha256(content), len(content))
        assert await any_store.read(staged.key) == content


async def test_a_file_whose_sender_goes_away_leaves_nothing(any_store: Store, tmp_path: Path) -> None:
    """While a block of it is being written."""
    waits = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield CONTENT
        waits.set()
        await asyncio.Event().wait()

    async def take() -> None:
        async with any_store.staged(endless()):
            pytest.fail("it never came to its end")

    task = asyncio.create_task(take())
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await keys_in(any_store) == []
    assert everything(tmp_path) == []


async def test_an_error_on_the_way_comes_out_and_leaves_nothing(any_store: Store, tmp_path: Path) -> None:
    for error in (KeyError("cut"), OSError("cut")):
        for at in (0, 1, 2):
            parts = [CONTENT[:PART_BYTES], CONTENT[PART_BYTES:]]
            with pytest.raises(type(error), match="cut"):
                async with any_store.staged(pieces(*parts[:at], error, *parts[at:])):
                    pytest.fail("a file that was cut is not staged")
            assert await keys_in(any_store) == []
            assert everything(tmp_path) == []


async def test_the_same_bytes_are_kept_once(any_store: Store) -> None:
    """Also by two at once."""
    async with any_store.staged(pieces(CONTENT)) as one, any_store.staged(pieces(CONTENT)) as other:
        assert await any_store.keep(one, "image/png") == await any_store.keep(other, "image/png")
    assert await keys_in(any_store) == [content_key(one.sha256)]
    assert await any_store.read(content_key(one.sha256)) == CONTENT


async def test_what_the_books_call_damaged_is_stored_anew(any_store: Store, books: Books) -> None:
    """Though its size fits."""
    place = content_key(sha256(CONTENT))
    await any_store._objects.put_async(place, CONTENT[:-1] + b"x")
    await any_store.put(CONTENT, "image/png")
    with pytest.raises(FileDamaged):
        await any_store.read(place)
    books.damaged.add(sha256(CONTENT))
    await any_store.put(CONTENT, "image/png")
    assert await any_store.read(place) == CONTENT
    assert books.damaged == set()


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
    store = store_at((tmp_path / "a store").as_uri())
    store.open()
    (tmp_path / "a store" / "incoming").write_bytes(b"")
    with pytest.raises(StoreAway):
        await store.put(CONTENT, "image/png")


@pytest.mark.parametrize("url", ["", "/a/path", "ftp://host/path"])
def test_what_is_no_store_is_refused(url: str) -> None:
    with pytest.raises(Exception, match=r"(?i)url|scheme|store"):
        store_at(url).open()


def test_a_bucket_is_a_store_too() -> None:
    store_at("s3://bucket/prefix").open()


async def test_what_is_whole_and_was_never_kept_is_swept_from_a_bucket_too(s3: object) -> None:
    store = store_at(f"s3://{BUCKET}/{new_id()}")
    kept = await store.put(CONTENT, "image/png")
    await store._objects.put_async("incoming/finished", b"x")
    assert await store.sweep() == 0
    clock.move(timedelta(hours=25))
    try:
        assert await store.sweep() == 1
    finally:
        clock.reset()
    assert await keys_in(store) == [kept.location]

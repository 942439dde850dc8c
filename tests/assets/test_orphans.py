"""Orphan collection: what nothing refers to goes after its grace; what anything refers to, or will, never does."""

import asyncio
import signal
import sys
from datetime import timedelta
from itertools import count
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete

from chassis.clock import clock, now
from chassis.embedded import free_port
from chassis.testkit.harness import Harness
from chassis.timers import set_timer
from contracts.values import Role
from services.assets.api import TIDY_EVERY
from services.assets.deliveries.models import vendor_file
from services.assets.deliveries.repository import keep_file
from services.assets.deliveries.schemas import UploadedFile
from services.assets.store.errors import StoreAway
from services.assets.store.store import Store, StoredFile, content_key
from services.assets.upkeep import endpoints, ledger
from services.assets.upkeep.collecting import Collector
from services.assets.upkeep.domain import TAKEN_OVER_AFTER, Collected, shelf_at
from services.assets.upkeep.errors import BeingCleared
from services.assets.upkeep.referrers import REFERRERS
from tests.assets.factory import Vendor, approved, claimed, photo, sha256, tell_domains, upload
from tests.assets.stores import pieces
from tests.assets.test_upload import files_in

GRACE = timedelta(days=7)


@pytest.fixture
async def store(assets: Harness) -> Store:
    """Of a service whose own chores don't come in between."""
    await assets.fetch("DELETE FROM timer WHERE key = 'store'")
    found: Store = assets.app.state.store
    return found


@pytest.fixture
def collector(assets: Harness, store: Store) -> Collector:
    return Collector(assets.service.database, store, GRACE)


@pytest.fixture
def ruthless(assets: Harness, store: Store) -> Collector:
    """Without any grace."""
    return Collector(assets.service.database, store, timedelta(0))


async def tidy_all(collector: Collector) -> Collected:
    done, following = await collector.tidy_from("00", seconds=60)
    assert following is None
    return done


async def test_only_what_nothing_refers_to_goes_and_only_after_its_grace(
    assets: Harness, store: Store, collector: Collector, tmp_path: Path
) -> None:
    """Versions, a vendor's file that no delivery has named, colour references, and what is qc's stay."""
    vendor = await Vendor.registered(assets)
    kept = [photo(1), photo(2), photo(3)]
    await approved(assets, kept[0])
    assert (await vendor.put(kept[1])).status_code == 201
    by = assets.bearer(Role.STUDIO_MANAGER)
    url = "/v1/colour-references/WJ01/blue/target_shot?filename=a.jpg"
    assert (await assets.client.put(url, content=kept[2], headers=by)).status_code == 201
    await store._objects.put_async("evidence/ab/abcd", b"an overlay of qc")
    orphan = await store.put(photo(4), "image/jpeg")
    unknown = content_key(sha256(photo(5)))
    await store._objects.put_async(unknown, photo(5))  # as from before there were books
    assert await tidy_all(collector) == Collected(0, 0)
    clock.move(GRACE + timedelta(minutes=1))
    try:
        assert await tidy_all(collector) == Collected(2, len(photo(4)) + len(photo(5)))
    finally:
        clock.reset()
    assert files_in(tmp_path) == sorted(["evidence/ab/abcd", *(content_key(sha256(one)) for one in kept)])
    assert await store.size(orphan.sha256) is None


async def test_what_is_stored_again_has_its_grace_again(store: Store, collector: Collector) -> None:
    orphan = await store.put(photo(1), "image/jpeg")
    clock.move(GRACE - timedelta(minutes=1))
    try:
        await store.put(photo(1), "image/jpeg")
        clock.move(timedelta(minutes=2))
        assert await collector.tidy(orphan.sha256[:2]) == Collected(0, 0)
        clock.move(GRACE)
        assert (await collector.tidy(orphan.sha256[:2])).files == 1
        assert await store.put(photo(1), "image/jpeg") == orphan  # and what was collected can come again
        assert await store.read(orphan.location) == photo(1)
    finally:
        clock.reset()


async def test_a_file_on_its_way_to_its_reference_is_held(assets: Harness, store: Store, ruthless: Collector) -> None:
    """From `hold` until the end of the transaction; who comes after the deletion began is told so."""
    stored = await store.put(photo(1), "image/jpeg")
    async with assets.service.database.transaction() as session:
        await ledger.hold(session, stored)
        assert await ruthless.tidy(stored.sha256[:2]) == Collected(0, 0)
        assert await store.size(stored.sha256) is not None
    assert (await ruthless.tidy(stored.sha256[:2])).files == 1
    with pytest.raises(BeingCleared):
        async with assets.service.database.transaction() as session:
            await ledger.hold(session, stored)


async def test_who_stores_a_file_that_is_being_deleted_waits_until_it_is_gone(
    assets: Harness, store: Store, ruthless: Collector
) -> None:
    """Never does it rely on what is about to vanish."""
    stored = await store.put(photo(1), "image/jpeg")
    remove, may_remove, kept = store.remove, asyncio.Event(), asyncio.Event()

    async def later(sha256: str) -> None:
        await may_remove.wait()
        await remove(sha256)

    store.remove = later  # type: ignore[method-assign]
    collecting = asyncio.create_task(ruthless.collect(stored.sha256[:2]))

    async def is_doomed() -> bool:
        return bool(await assets.fetch("SELECT 1 FROM stored_file WHERE doomed_at IS NOT NULL"))

    await assets.eventually(is_doomed)

    async def keep() -> None:
        async with store.staged(pieces(photo(1))) as staged:
            await store.keep(staged, "image/jpeg")
        kept.set()

    keeping = asyncio.create_task(keep())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await kept.wait()
    may_remove.set()
    assert (await collecting).files == 1
    await keeping
    assert await store.read(stored.location) == photo(1)


async def test_a_store_that_refuses_leaves_the_rest_as_it_was(
    assets: Harness, store: Store, ruthless: Collector
) -> None:
    """What may be half deleted stays doomed, and is taken over later; what wasn't begun is as before."""
    numbers, some = count(), list[StoredFile]()
    while len(some) < 3:  # on one shelf
        content = b"%d" % next(numbers)
        if sha256(content).startswith("00"):
            some.append(await store.put(content, "image/jpeg"))
    remove = store.remove

    async def refuse(sha256: str) -> None:
        raise StoreAway

    store.remove = refuse  # type: ignore[method-assign]
    with pytest.raises(StoreAway):
        await ruthless.tidy("00")
    assert len(await assets.fetch("SELECT 1 FROM stored_file WHERE doomed_at IS NOT NULL")) == 1
    store.remove = remove  # type: ignore[method-assign]
    assert (await ruthless.tidy("00")).files == 2
    clock.move(TAKEN_OVER_AFTER + timedelta(minutes=1))
    try:
        assert (await ruthless.tidy("00")).files == 1
    finally:
        clock.reset()


async def test_a_reference_that_nobody_held_ends_the_doom(assets: Harness, store: Store, ruthless: Collector) -> None:
    """As a feature that forgets to hold may make one."""
    answer = await upload(assets, await claimed(assets), photo(1))
    shelf = answer.json()["sha256"][:2]
    await assets.fetch("UPDATE stored_file SET doomed_at = $1", now() - TAKEN_OVER_AFTER - timedelta(minutes=1))
    assert await ruthless.tidy(shelf) == Collected(0, 0)
    assert await store.read(answer.json()["location"]) == photo(1)
    assert (await upload(assets, await claimed(assets), photo(1))).status_code == 201


@pytest.mark.parametrize("point", ["collect.doomed", "collect.removed"])
async def test_a_killed_collector_leaves_what_another_one_finishes(
    assets: Harness,
    store: Store,
    ruthless: Collector,
    tmp_path: Path,
    point: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until then the same bytes are refused with a word, and taken after it."""
    await tell_domains(assets)
    orphan = await store.put(photo(1), "image/jpeg")
    await assets.fetch("UPDATE stored_file SET kept_at = $1", now() - GRACE - timedelta(days=1))
    port = free_port()
    async with (
        assets.in_a_process("services.assets.app:create_app", tmp_path, port) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        (tmp_path / f"assets.{point}").touch()
        with pytest.raises(httpx.TransportError):
            await client.post(
                "/v1/store/orphans:collect",
                params={"shelf": orphan.sha256[:2]},
                headers=assets.bearer("qc_lead"),
            )
        assert await process.wait() == -signal.SIGKILL
    assert await ruthless.tidy(orphan.sha256[:2]) == Collected(0, 0)
    item = await claimed(assets)
    monkeypatch.setattr(ledger, "WAIT_SECONDS", 0.2)
    refused = await upload(assets, item, photo(1))
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    clock.move(TAKEN_OVER_AFTER + timedelta(minutes=1))
    try:
        assert (await ruthless.tidy(orphan.sha256[:2])).files == 1
    finally:
        clock.reset()
    accepted = await upload(assets, item, photo(1))
    assert accepted.status_code == 201
    assert await store.read(accepted.json()["location"]) == photo(1)


async def test_a_killed_upload_leaves_an_orphan_that_goes_and_can_come_again(
    assets: Harness, store: Store, ruthless: Collector, tmp_path: Path
) -> None:
    """Killed when its file was in its place, and nothing referred to it yet."""
    item, port = await claimed(assets), free_port()
    async with (
        assets.in_a_process("services.assets.app:create_app", tmp_path, port) as process,
        httpx.AsyncClient() as client,
    ):
        (tmp_path / "assets.store.moved").touch()
        with pytest.raises(httpx.TransportError):
            await client.post(
                f"http://127.0.0.1:{port}/v1/versions?work_item_id={item.id}&filename=a.jpg",
                content=photo(1),
                headers=assets.bearer("photographer", subject="photographer-1"),
            )
        assert await process.wait() == -signal.SIGKILL
    assert (await ruthless.tidy(sha256(photo(1))[:2])).files == 1
    answer = await upload(assets, item, photo(1))
    assert answer.status_code == 201
    assert await ruthless.tidy(sha256(photo(1))[:2]) == Collected(0, 0)
    assert await store.read(answer.json()["location"]) == photo(1)


async def test_no_file_that_is_referred_to_is_ever_missing(assets: Harness, store: Store, ruthless: Collector) -> None:
    """The same few bytes are stored by many at once, against two collectors without any grace, on one database and
    store. References come and go. As long as there is one, the file is there."""
    contents = [photo(seed) for seed in range(3)]
    database, rows, over = assets.service.database, count(), False
    collectors = (ruthless, Collector(database, store, timedelta(0)))
    taken = refused = 0

    async def collect(one: Collector) -> int:
        files = 0
        while not over:
            for content in contents:
                files += (await one.collect(sha256(content)[:2])).files
        return files

    async def refer(content: bytes) -> str:
        """As an upload does."""
        async with store.staged(pieces(content)) as staged:
            stored = await store.keep(staged, "image/jpeg")
        vendor = f"vendor-{next(rows)}"
        file = UploadedFile(vendor=vendor, sha256=stored.sha256, bytes=stored.bytes, media_type="image/jpeg")
        async with database.transaction() as session:
            await ledger.hold(session, stored)
            await keep_file(session, file)
        return vendor

    async def send(content: bytes) -> None:
        nonlocal taken, refused
        for _ in range(25):
            try:
                vendor = await refer(content)
            except BeingCleared:  # told, before anything was accepted
                refused += 1
                continue
            taken += 1
            for _ in range(3):
                assert await store.read(content_key(sha256(content))) == content
                await asyncio.sleep(0.001)
            async with database.transaction() as session:
                await session.execute(delete(vendor_file).where(vendor_file.c.vendor == vendor))

    collecting = [asyncio.create_task(collect(one)) for one in collectors]
    try:
        await asyncio.gather(*(send(contents[number % 3]) for number in range(6)))
    finally:
        over = True
        gone = sum(await asyncio.gather(*collecting))
    assert (taken > 25, gone > 5, taken + refused) == (True, True, 150), f"{taken} taken, {gone} collected"


async def test_collecting_by_hand_is_for_its_owner_and_goes_on_where_it_ended(
    assets: Harness, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell_domains(assets)
    orphan = await store.put(photo(1), "image/jpeg")
    await assets.fetch("UPDATE stored_file SET kept_at = $1", now() - GRACE - timedelta(days=1))
    url, shelf = "/v1/store/orphans:collect", orphan.sha256[:2]
    refused = await assets.client.post(url, headers=assets.bearer("photographer"))
    assert (refused.status_code, refused.json()["allowed_roles"]) == (403, ["qc_lead"])
    owner = assets.bearer("qc_lead")
    assert (await assets.client.post(url, params={"shelf": "../"}, headers=owner)).status_code == 422
    monkeypatch.setattr(endpoints, "COLLECTING_SECONDS", 0)
    answer = await assets.client.post(url, params={"shelf": shelf}, headers=owner)
    assert (answer.status_code, answer.json()["files"]) == (200, 1)
    assert answer.json()["next_shelf"] == (None if shelf == "ff" else f"{int(shelf, 16) + 1:02x}")
    last = await assets.client.post(url, params={"shelf": "ff"}, headers=owner)
    assert last.json() == {"files": 0, "bytes": 0, "next_shelf": None}


async def test_the_command_goes_through_every_shelf(assets: Harness, store: Store) -> None:
    await tell_domains(assets)
    orphans = [await store.put(photo(seed), "image/jpeg") for seed in range(3)]
    await assets.fetch("UPDATE stored_file SET kept_at = $1", now() - GRACE - timedelta(days=1))

    async def said(role: Role) -> tuple[int | None, str]:
        async with assets.served() as port:
            where = ("--url", f"http://127.0.0.1:{port}", "--token", assets.issuer.token(role, subject="keeper"))
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "packshot.cli", "assets", "collect", *where, stdout=-1, stderr=-2
            )
            words, _ = await process.communicate()
        return process.returncode, " ".join(words.decode().split())

    code, refusal = await said(Role.PHOTOGRAPHER)
    assert (code, "qc_lead" in refusal) == (2, True), refusal
    assert await said(Role.QC_LEAD) == (
        0, f"3 orphans deleted, {sum(one.bytes for one in orphans) / 1e6:,.1f} MB."
    )  # fmt: skip
    assert [await store.size(one.sha256) for one in orphans] == [None] * 3


async def test_a_timer_collects(assets: Harness, store: Store) -> None:
    """One shelf at each turn."""
    orphan = await store.put(photo(1), "image/jpeg")
    await assets.fetch("UPDATE stored_file SET kept_at = $1", now() - GRACE - timedelta(days=1))
    turn = now()
    while shelf_at(turn, TIDY_EVERY) != orphan.sha256[:2]:
        turn += TIDY_EVERY
    clock.set(turn)
    try:
        async with assets.service.database.transaction() as session:
            await set_timer(session, "tidy store", "store", turn)

        async def is_gone() -> bool:
            return await store.size(orphan.sha256) is None

        await assets.eventually(is_gone)
    finally:
        clock.reset()


async def test_every_table_with_a_files_hash_is_among_the_referrers(assets: Harness) -> None:
    """A feature that refers to files and isn't listed would lose them."""
    rows = await assets.fetch(
        "SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'assets'"
        " AND (column_name ~ '(^|_)sha256$' OR column_name = 'location')"
    )
    # A delivery has that of its body, a file of one what was named (what came is a `vendor_file`), an upload what its
    # file shall have, a piece of one its place elsewhere.
    books_and_others = {"stored_file", "damaged_file", "delivery", "delivered_file", "upload", "upload_piece"}
    assert {row["name"] for row in rows} - books_and_others == {one.name for one in REFERRERS}

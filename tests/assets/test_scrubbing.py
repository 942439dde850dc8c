"""Scrubbing: each file's bytes are read from time to time; what has lost them is told, and mended by the same bytes."""

import os
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.clock import clock
from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from services.assets.store.store import Store
from services.assets.upkeep.domain import CHECK_LEASE
from services.assets.upkeep.scrubbing import Scrubber
from tests.assets.factory import Vendor, claimed, photo, sha256, tell_domains, upload
from tests.assets.s3 import BUCKET

EVERY = timedelta(days=30)
FAST = 10**9


@pytest.fixture
async def store(assets: Harness) -> Store:
    """Of a service whose own chores don't come in between."""
    await assets.fetch("DELETE FROM timer WHERE key = 'store'")
    found: Store = assets.app.state.store
    return found


@pytest.fixture
def scrubber(assets: Harness, store: Store) -> Scrubber:
    return Scrubber(assets.service.database, store, every=EVERY, bytes_per_second=FAST)


async def make_due(assets: Harness) -> None:
    """The file of the first version first."""
    await assets.fetch("UPDATE stored_file SET check_at = kept_at")


async def damaged(assets: Harness, **params: bool) -> list[dict[str, object]]:
    answer = await assets.client.get("/v1/store/damaged", params=params, headers=assets.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def stored_version(assets: Harness, content: bytes) -> dict[str, str]:
    answer = await upload(assets, await claimed(assets), content)
    assert answer.status_code == 201
    version: dict[str, str] = answer.json()
    return version


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


async def test_a_flipped_bit_a_short_and_a_missing_file_are_found_and_told(
    assets: Harness, scrubber: Scrubber, tmp_path: Path
) -> None:
    versions = [await stored_version(assets, photo(number)) for number in range(4)]
    files = [tmp_path / "store" / version["location"] for version in versions]
    flip_a_bit(files[0])
    os.truncate(files[1], 10)
    files[2].unlink()
    assert await scrubber.scrub(10) == 0  # nothing is due
    await make_due(assets)
    assert await scrubber.scrub(10) == 4
    found = await damaged(assets)
    assert [(one["sha256"], one["problem"]) for one in found] == [
        (versions[2]["sha256"], "missing"),
        (versions[1]["sha256"], "wrong_length"),
        (versions[0]["sha256"], "other_bytes"),
    ]
    for one, version in zip(found, reversed(versions[:3]), strict=True):
        assert one["used_by"] == [{"what": "version", "key": version["id"]}]
        assert (one["bytes"], one["mended_at"]) == (version["bytes"], None)
    for version, slug in zip(versions, ("file-damaged", "file-damaged", "file-missing", None), strict=True):
        url = f"/v1/versions/{version['id']}/content"
        for answer in [
            await assets.client.request(how, url, headers=assets.bearer("reviewer")) for how in ("GET", "HEAD")
        ]:
            assert answer.status_code == (500 if slug else 200)
            assert slug is None or not answer.content or slug in answer.json()["type"]
    figures = (await assets.client.get("/metrics")).text
    assert re.search(r"^packshot_store_damaged_files 3\.0$", figures, re.M)
    assert re.search(r"^packshot_store_check_overdue_seconds 0\.0$", figures, re.M)
    assert (await assets.client.get("/health/ready")).json()["checks"] | {"reference data": "ok"} == {
        "nats": "ok", "database": "ok", "boot": "ok", "loops": "ok", "reference data": "ok",
    }  # fmt: skip


async def test_the_same_bytes_uploaded_again_mend_it(assets: Harness, scrubber: Scrubber, tmp_path: Path) -> None:
    """Whoever sends them, for whatever: a damaged file is not relied on, though its size fits."""
    version = await stored_version(assets, photo(1))
    file = tmp_path / "store" / version["location"]
    flip_a_bit(file)
    await make_due(assets)
    await scrubber.scrub(10)
    vendor = await Vendor.registered(assets)
    assert (await vendor.put(photo(1))).status_code == 201
    assert file.read_bytes() == photo(1)
    assert await damaged(assets) == []
    [once] = await damaged(assets, mended=True)
    assert once["mended_at"] is not None


async def test_it_is_mended_by_hand_with_its_very_bytes(assets: Harness, scrubber: Scrubber, tmp_path: Path) -> None:
    await tell_domains(assets)
    version = await stored_version(assets, photo(1))
    file, url = tmp_path / "store" / version["location"], f"/v1/store/damaged/{version['sha256']}"
    owner = assets.bearer("qc_lead")
    assert (await assets.client.put(url, content=photo(1), headers=owner)).status_code == 404
    file.unlink()
    await make_due(assets)
    await scrubber.scrub(10)
    assert (await assets.client.put(url, content=photo(1), headers=assets.bearer("reviewer"))).status_code == 403
    wrong = await assets.client.put(url, content=photo(2), headers=owner)
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:packshot:problem:wrong-digest")
    assert not file.exists()
    mended = await assets.client.put(url, content=photo(1), headers=owner)
    assert (mended.status_code, mended.json()["problem"]) == (200, "missing")
    assert mended.json()["mended_at"] is not None
    assert file.read_bytes() == photo(1)
    content = await assets.client.get(f"/v1/versions/{version['id']}/content", headers=owner)
    assert content.content == photo(1)


async def test_what_was_put_right_beside_us_is_found_whole_again(
    assets: Harness, scrubber: Scrubber, tmp_path: Path
) -> None:
    """From a backup, say. A damage is told once, however often it is met."""
    version = await stored_version(assets, photo(1))
    file = tmp_path / "store" / version["location"]
    flip_a_bit(file)
    for _ in range(2):
        await make_due(assets)
        await scrubber.scrub(10)
    assert len(await damaged(assets)) == 1
    flip_a_bit(file)
    await make_due(assets)
    await scrubber.scrub(10)
    assert await damaged(assets) == []


async def test_the_longest_unchecked_comes_first_and_each_once_in_a_round(
    assets: Harness, scrubber: Scrubber, store: Store
) -> None:
    """Also over restarts: whose turn it is is in the rows. What a killed process had begun comes again."""
    versions = [await stored_version(assets, photo(number)) for number in range(3)]
    await make_due(assets)
    other = Scrubber(assets.service.database, store, every=EVERY, bytes_per_second=FAST)
    for one, version in zip((scrubber, other, scrubber), versions, strict=True):
        assert await one.check_one()
        [row] = await assets.fetch("SELECT sha256 FROM stored_file ORDER BY checked_at DESC NULLS LAST LIMIT 1")
        assert row["sha256"] == version["sha256"]
    assert not await other.check_one()
    await assets.fetch("UPDATE stored_file SET check_at = kept_at WHERE sha256 = $1", versions[1]["sha256"])

    async def killed(*_: object) -> None:
        raise KeyError("as good as killed")

    scrubber._problem = killed  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyError):
        await scrubber.check_one()
    assert not await other.check_one()
    clock.move(CHECK_LEASE + timedelta(minutes=1))
    try:
        assert await other.check_one()
    finally:
        clock.reset()


async def test_it_reads_no_faster_than_it_may(assets: Harness, store: Store) -> None:
    content = photo(1, 600, 800, "BMP")
    await stored_version(assets, content)
    await make_due(assets)
    slow = Scrubber(assets.service.database, store, every=EVERY, bytes_per_second=3 * len(content))
    begun = time.monotonic()
    assert await slow.check_one()
    assert time.monotonic() - begun > 0.3


async def test_what_nothing_needs_and_is_not_there_is_no_damage(assets: Harness, scrubber: Scrubber) -> None:
    """A crash between the books and the file."""
    await assets.app.state.store._ledger.expect("0" * 64, 5)
    await make_due(assets)
    assert await scrubber.check_one()
    assert await damaged(assets, mended=True) == []
    assert not await scrubber.check_one()


async def test_a_timer_scrubs_a_bucket_too(s3: object, start: Start) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2, store_url=f"s3://{BUCKET}/{new_id()}")
    store = assets.app.state.store
    versions = [await stored_version(assets, photo(number)) for number in range(2)]
    await store._objects.put_async(versions[0]["location"], photo(0)[:-1] + b"x")
    assert sha256(photo(0)) == versions[0]["sha256"]
    await make_due(assets)
    await assets.fetch("UPDATE timer SET due_at = now() WHERE kind = 'scrub store'")

    async def is_found() -> bool:
        return [one["problem"] for one in await damaged(assets)] == ["other_bytes"]

    await assets.eventually(is_found)

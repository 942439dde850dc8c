"""Exports that are hard to get right: into a bucket, and by processes that die on the way."""

import json
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.clock import clock
from chassis.embedded import free_port
from chassis.ids import new_id
from chassis.testkit.harness import Start
from contracts.publication import PublicationSent
from contracts.publication import PublicationState as S
from services.assets.publication.publishing import LEASE
from tests.assets.factory import approved, photo, sha256, tell_domains
from tests.assets.s3 import BUCKET, SeaweedServer
from tests.assets.stores import keys_in, store_at
from tests.assets.test_publication import found_at, keep, listed, manifest_of, post, root, started, until

__all__ = ["root"]


async def test_a_bucket_has_whole_files_with_manifests_until_they_are_taken_back(
    s3: SeaweedServer, start: Start, root: Path
) -> None:
    place = f"s3://{BUCKET}/{new_id()}"
    assets = await started(start, root, export_roots=(place,))
    await tell_domains(assets)
    await keep(assets, "pim", kind="folder", url=f"{place}/pim")
    _, version = await approved(assets, photo(1))
    [sent] = await until(assets, S.SENT)
    bucket, name = store_at(f"{place}/pim"), version["export_name"]
    assert await keys_in(bucket) == [name, f"{name}.json"]
    assert await bucket.read(name) == photo(1)
    assert f'"sha256": "{sha256(photo(1))}"'.encode() in await bucket.read(f"{name}.json")

    await post(assets, f"/{sent['id']}/withdraw", {"cause": "Recall."}, 200)

    async def is_empty() -> bool:
        return not await keys_in(bucket)

    await assets.eventually(is_empty, every=0.05)


@pytest.mark.parametrize(("point", "manifest_there"), [("export.moved", False), ("publication.carried", True)])
async def test_a_process_that_dies_is_followed_by_one_that_ends_the_export(
    start: Start, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, *, manifest_there: bool
) -> None:
    monkeypatch.setenv("PACKSHOT_EXPORT_ROOTS", json.dumps([root.as_uri()]))  # of the process that dies
    assets = await started(start, root, publications_at_once=0)
    await tell_domains(assets)
    await keep(assets, "pim", kind="folder", url=(root / "pim").as_uri())
    (tmp_path / f"assets.{point}").touch()
    async with assets.in_a_process("services.assets.app:create_app", tmp_path, free_port()) as process:
        _, version = await approved(assets, photo(1))
        assert await process.wait() == -signal.SIGKILL
    assert [one["state"] for one in await listed(assets)] == [S.WAITING]
    file = root / "pim" / version["export_name"]
    assert found_at(file) == photo(1)
    assert (manifest_of(file) is not None) == manifest_there
    await started(start, root, fresh=False)
    try:
        clock.move(LEASE + timedelta(seconds=1))
        await until(assets, S.SENT)
    finally:
        clock.reset()
    assert found_at(file) == photo(1)
    assert (manifest_of(file) or {})["sha256"] == sha256(photo(1))
    assert len(await assets.recorded(PublicationSent)) == 1

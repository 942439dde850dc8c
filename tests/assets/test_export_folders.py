"""Export folders: nothing goes through a symbolic link, stays half-written for ever, or is left where it may not be."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

from chassis.clock import now
from chassis.testkit.harness import Harness, Start
from contracts.publication import PublicationState as S
from services.assets.dependencies import Transactions
from services.assets.publication.connectors.connector import Outgoing
from services.assets.publication.connectors.folder import FolderConnector
from services.assets.publication.folders import is_led_away, real_place
from services.assets.publication.publishing import Publishing
from services.assets.publication.schemas import DestinationKind
from services.assets.store.store import PATIENCE
from tests.assets.factory import approved, photo, tell_domains
from tests.assets.stores import pieces, store_at
from tests.assets.test_publication import (
    OWNER,
    found_at,
    keep,
    listed,
    names_in,
    post,
    root,
    started,
    until,
)
from tests.assets.test_publication_refused import licensed, revoke

__all__ = ["root"]


def test_no_symbolic_link_below_a_root_leads_anywhere(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "shop", root / "staged", outside / "below"):
        folder.mkdir(parents=True)
    (tmp_path / "also a root").symlink_to(outside)
    (root / "out").symlink_to(outside)
    (root / "same").symlink_to(root / "shop")
    (root / "round").symlink_to(root / "round")
    (root / "staged" / "incoming").symlink_to(outside)
    roots = [root.as_uri(), f"file://{tmp_path}/also a root"]
    for led in ("out", "out/below", "out/new", "same", "round", "staged"):
        assert is_led_away(f"{roots[0]}/{led}", roots), led
    for straight in (roots[0], f"{roots[0]}/shop", f"{roots[0]}/new/one", f"{roots[1]}/below", "s3://bucket/out"):
        assert not is_led_away(straight, [*roots, "s3://bucket"]), straight
    assert real_place(f"{roots[1]}/below/") == real_place((outside / "below").as_uri())


class Paused(FolderConnector):
    """Waits when the file is there."""

    def __init__(self, assets: Harness, root: Path) -> None:
        super().__init__(assets.service.store, PATIENCE, [root.as_uri()])  # type: ignore[attr-defined]
        self.is_there, self.goes_on = asyncio.Event(), asyncio.Event()

    async def publish(self, out: Outgoing) -> None:
        await super().publish(out)
        self.is_there.set()
        await self.goes_on.wait()


async def test_of_many_that_want_one_folder_at_once_one_gets_it(start: Start, root: Path) -> None:
    assets = await started(start, root, publications_at_once=0)
    await tell_domains(assets)
    entry = {"channel": None, "kind": "folder", "url": (root / "pim").as_uri(), "territories": ["DE"]}
    headers = assets.bearer(OWNER)
    answers = await asyncio.gather(
        *(assets.client.put(f"/v1/destinations/pim-{one}", json=entry, headers=headers) for one in range(6))
    )
    assert sorted(one.status_code for one in answers) == [201, *[409] * 5]


async def test_an_export_goes_only_where_and_while_it_may(start: Start, root: Path, tmp_path: Path) -> None:
    assets = await started(start, root, publications_at_once=0)
    await tell_domains(assets)
    outside, folder = tmp_path / "outside", root / "pim"
    outside.mkdir()
    folder.symlink_to(outside)
    refused = await keep(assets, "pim", 422, kind="folder", url=folder.as_uri(), automatic=False)
    assert [one["pointer"] for one in refused["errors"]] == ["/url"]
    folder.unlink()
    await keep(assets, "pim", kind="folder", url=folder.as_uri(), automatic=False)
    _, person = await approved(assets, photo(1), view="on_model")
    right = await licensed(assets, person)
    made = await post(assets, "", {"destination": "pim", "version_id": person["id"]}, 201)
    files, key = Paused(assets, root), f"pim/{made['id']}"
    publishing = Publishing(Transactions(assets.service), {DestinationKind.FOLDER: files})

    folder.symlink_to(outside)  # since it was registered
    await publishing.run(key)
    [waits] = await listed(assets)
    assert (waits["state"], waits["error"]) == ("waiting", "A symbolic link leads from the folder elsewhere.")
    assert list(outside.iterdir()) == []
    folder.unlink()

    staying = await left_over(folder)
    export = asyncio.create_task(publishing.run(key))
    await files.is_there.wait()
    file = folder / person["export_name"]
    assert found_at(file) == photo(1)
    assert names_in(folder / "incoming") == staying
    await revoke(assets, right)
    files.goes_on.set()
    await export
    [taken_back] = await until(assets, S.REFUSED)
    assert "revoked" in taken_back["causes"][0]
    await publishing.run(key)
    assert names_in(folder) == set()
    rows = await assets.fetch("SELECT 1 FROM publication WHERE chore IS NOT NULL OR busy_until IS NOT NULL")
    assert not rows


async def left_over(folder: Path) -> set[str]:
    """As by processes that were killed two days ago and just now, and an old file of somebody else's. Returns what is
    to stay."""
    store, incoming, keys = store_at(folder.as_uri()), folder / "incoming", []
    for _ in range(3):
        async with store.staged(pieces(b"x")) as staged:
            staged.moved = True  # so it isn't removed
        keys.append(staged.key.rpartition("/")[2])
    unfinished, finished, newest = keys
    (incoming / unfinished).rename(incoming / f"{unfinished}#1")
    (incoming / "price list").touch()
    long_ago = (now() - timedelta(days=2)).timestamp()
    for name in (f"{unfinished}#1", finished, "price list"):
        os.utime(incoming / name, (long_ago, long_ago))
    return {newest, "price list"}

"""A vendor's books: what doesn't balance is named, in the time that it belongs to; and what was there before counts."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection

from chassis.clock import clock, now
from chassis.ids import new_id
from chassis.migrations import alembic_config
from chassis.testkit.harness import Harness
from tests.assets.factory import Vendor, named, photo, ready, sha256, shot

URL = "/v1/vendors/studio-nord/reconciliation"


@pytest.fixture
def moving_clock() -> Iterator[None]:
    yield
    clock.reset()


async def books(assets: Harness, since: datetime, until: datetime) -> dict[str, Any]:
    times = {"from": since.isoformat(), "to": until.isoformat()}
    answer = await assets.client.get(URL, params=times, headers=assets.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_gap_belongs_to_one_time(assets: Harness, moving_clock: None) -> None:
    """Of two times that meet, the one in which the first delivery above it came."""
    vendor, began = await Vendor.registered(assets), now()
    other = await Vendor.registered(assets, "studio-sued")
    await other.deliver(named(shot(), photo()), sequence=8)
    for sequence in (5, 4, 9, 6, None, 6):
        await vendor.deliver(named(shot(), photo()), sequence=sequence)
    clock.move(timedelta(minutes=1))
    between = now()
    for sequence in (12, 10):
        await vendor.deliver(named(shot(), photo()), sequence=sequence)
    await vendor.put(photo(2))
    clock.move(timedelta(minutes=1))
    first, second = await books(assets, began, between), await books(assets, between, now())
    assert first["sequence"] == {
        "lowest": 4, "highest": 9, "missing": 2, "gaps": [{"first": 7, "last": 8}],
        "doubled": [{"number": 6, "deliveries": 2}],
    }  # fmt: skip
    assert second["sequence"] == {
        "lowest": 10, "highest": 12, "missing": 1, "gaps": [{"first": 11, "last": 11}], "doubled": [],
    }  # fmt: skip
    assert (first["deliveries"]["received"], second["deliveries"]["received"]) == (6, 2)
    assert (first["files"]["named"], first["files"]["quarantined_by"]) == (6, {"not_uploaded": 6})
    assert (first["uploads"]["received"], second["uploads"]["never_named"]) == (0, 1)
    assert [file["sha256"] for file in second["uploads"]["unnamed"]] == [sha256(photo(2))]
    await vendor.deliver(named(shot(), photo(2)), sequence=11)
    late = await books(assets, between, now() + timedelta(minutes=1))
    assert (late["sequence"]["gaps"], late["uploads"]["never_named"]) == ([], 0)
    await vendor.deliver(named(shot(), photo(2)), sequence=2**53 - 1)
    vast = await books(assets, between, now() + timedelta(minutes=1))
    assert vast["sequence"]["gaps"] == [{"first": 13, "last": 2**53 - 2}]
    assert vast["sequence"]["missing"] == 2**53 - 14


async def test_what_is_asked_for_must_be_a_time(assets: Harness) -> None:
    await Vendor.registered(assets)
    reader = assets.bearer("reviewer")
    good = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
    for wrong in ({"to": "2026-11-01T00:00:00Z"}, {"to": "2026-10-01T00:00:00Z"}, {"to": "2028-01-01T00:00:00Z"},
                  {"to": "2026-12-01T00:00:00"}, {"from": "x"}, {"from": "0001-01-01T00:00:00+23:59"},
                  {"from": "9999-12-31T00:00:00Z", "to": "9999-12-31T23:59:00-23:59"}):  # fmt: skip
        answer = await assets.client.get(URL, params={**good, **wrong}, headers=reader)
        assert answer.status_code == 422, wrong
    assert (await assets.client.get(URL, headers=reader)).status_code == 422
    assert (await assets.client.get(URL, params=good)).status_code == 401
    for path in ("reconciliation", "deliveries"):
        answer = await assets.client.get(f"/v1/vendors/nobody/{path}", params=good, headers=reader)
        assert answer.status_code == 404


async def test_deliveries_from_before_are_still_there(assets: Harness) -> None:
    """Their files were kept in one column; down and up again, nothing is lost of them."""
    vendor, item, began = await Vendor.registered(assets), await ready(assets), now() - timedelta(minutes=1)
    await vendor.put(photo())
    delivered = (await vendor.deliver(named(item, photo()), named(item, photo(2)), message_id="msg_1")).json()

    async def migrated(how: Any, to: str) -> None:
        def run(connection: Connection) -> None:
            config = alembic_config("assets")
            config.attributes["connection"] = connection
            how(config, to)

        async with assets.service.database.engine.begin() as connection:
            await connection.run_sync(run)

    await migrated(command.downgrade, "0009")
    [row] = await assets.fetch("SELECT files FROM delivery")
    told = [{name: file[name] for name in ("filename", "sha256", "accepted", "version_id", "work_item_id", "reasons")}
            for file in delivered["files"]]  # fmt: skip
    assert json.loads(row["files"]) == told
    await assets.fetch(
        "INSERT INTO delivery (id, vendor, webhook_id, body_sha256, files, received_at)"
        " SELECT $1, vendor, 'msg_2', body_sha256, '[]', received_at FROM delivery",
        new_id(),
    )
    await migrated(command.upgrade, "head")
    [empty, kept] = (await assets.client.get("/v1/deliveries", headers=assets.bearer("reviewer"))).json()["items"]
    assert (empty["webhook_id"], empty["files"]) == ("msg_2", [])
    expected = [{**file, "codes": []} for file in delivered["files"]]
    assert kept["files"] == expected
    assert kept["decided_at"] == kept["received_at"] == delivered["received_at"]
    counted = (await books(assets, began, now() + timedelta(minutes=1)))["files"]
    assert counted == {
        "named": 2, "accepted": 1, "quarantined": 1, "waiting": 0, "quarantined_by": {"unknown": 1}
    }  # fmt: skip

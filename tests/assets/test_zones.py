"""What a person may do with a final, and that status and people don't undo each other (R64, R66)."""

from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from chassis.clock import now
from chassis.migrations import alembic_config
from chassis.testkit.harness import Harness
from contracts.assets import VersionMoved
from contracts.routing import WorkApproved, WorkClaimed, WorkRedone, WorkReturned
from contracts.values import Gate, Role, Step, WorkState, Zone
from services.assets.work.domain import WorkCopy
from services.assets.zones.domain import (
    LEGAL,
    Held,
    Move,
    Standing,
    archived,
    followed,
    promoted,
    restored,
    standing,
    zone_for,
)
from services.assets.zones.errors import IllegalMove
from tests.assets.factory import (
    HOLDER,
    approved,
    claimed,
    known,
    photo,
    sha256,
    tell,
    tell_domains,
    upload,
    variant_of,
    with_state,
)
from tests.assets.test_finals import final, passed, zones
from tests.assets.versions import copy_of, version

OWNER = Role.QC_LEAD  # as `tell_domains` says


def held(zone: Zone = Zone.FINAL, round_number: int = 0, step: Step | None = None, **marks: Any) -> Held:
    return Held(version(zone=zone, round=round_number, step=step), 1, **marks)


def item(state: WorkState, round_number: int = 0, **changes: Any) -> WorkCopy:
    return copy_of(state=state, round=round_number, **changes)


@pytest.mark.parametrize(
    ("one", "work", "selected", "zone"),
    [
        (held(step=Step.STUDIO), item(WorkState.IN_REVIEW), False, Zone.RAW),
        (held(step=Step.STUDIO), item(WorkState.IN_REVIEW), True, Zone.SELECTS),
        (held(step=Step.STUDIO), item(WorkState.BLOCKED), True, Zone.SELECTS),
        (held(step=Step.STUDIO), item(WorkState.APPROVED), False, Zone.FINAL),
        (held(step=Step.STUDIO), item(WorkState.READY, 1), True, Zone.ARCHIVE),
        (held(step=Step.STUDIO), item(WorkState.CANCELLED), True, Zone.ARCHIVE),
        (held(step=Step.RETOUCHING), item(WorkState.IN_REVIEW), True, Zone.WIP),
        (held(step=None), item(WorkState.IN_REVIEW), True, Zone.WIP),
        (held(archived_by="ann"), item(WorkState.APPROVED), False, Zone.ARCHIVE),
        (held(promoted_at=now()), item(WorkState.IN_REVIEW, 1), False, Zone.FINAL),
    ],
)
def test_the_zone_follows(one: Held, work: WorkCopy, selected: bool, zone: Zone) -> None:
    assert zone_for(one, work, selected=selected) is zone


STANDINGS = {
    Standing.AT_WORK: held(Zone.WIP),
    Standing.FINAL: held(approved_at=now()),
    Standing.TAKEN_OUT: held(Zone.ARCHIVE, approved_at=now(), archived_by="ann", archived_at=now()),
    Standing.OUTDATED: held(Zone.ARCHIVE, approved_at=now()),
    Standing.TURNED_DOWN: held(Zone.ARCHIVE),
}


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("where", Standing)
def test_each_move_is_legal_or_refused_with_what_is(where: Standing, move: Move) -> None:
    one = STANDINGS[where]
    assert standing(one) is where

    def moved() -> Held:
        if move is Move.ARCHIVE:
            return archived(one, "ann", now(), "because")
        return promoted(one, now()) if move is Move.PROMOTE else restored(one, item(WorkState.APPROVED))

    if move in LEGAL[where]:
        assert standing(moved()) is (Standing.TAKEN_OUT if move is Move.ARCHIVE else Standing.FINAL)
    else:
        with pytest.raises(IllegalMove) as refused:
            moved()
        assert refused.value.extensions["legal"] == list(LEGAL[where])


def test_a_promotion_ends_by_a_later_approval_or_an_amendment_not_by_a_fail() -> None:
    at = now()
    one = held(promoted_at=at, approved_at=at - timedelta(days=9))

    def after(state: WorkState, *, redone: bool = False, approved_at: Any = None) -> Held:
        work = item(state, 2, approved_at=approved_at)
        return followed(one, work, selected=False, redone=redone, at=at)

    assert after(WorkState.READY).version.zone is Zone.FINAL
    assert after(WorkState.APPROVED, approved_at=at - timedelta(hours=1)).version.zone is Zone.FINAL
    for ended in (
        after(WorkState.READY, redone=True),
        after(WorkState.APPROVED, approved_at=at + timedelta(hours=1)),
    ):
        assert (ended.version.zone, ended.promoted_at, ended.change) == (Zone.ARCHIVE, None, one.change + 1)


async def put(assets: Harness, move: str, version_id: str, role: str = OWNER, etag: str | None = None) -> Any:
    read = await assets.client.get(f"/v1/versions/{version_id}", headers=assets.bearer("reviewer"))
    headers = assets.bearer(role, subject="ann") | {"If-Match": etag or read.headers["ETag"]}
    body = {"version_id": version_id, "reason": f"to {move}"}
    return await assets.client.post(f"/v1/finals:{move}", json=body, headers=headers)


async def test_a_capture_is_raw_then_a_select_and_a_correction_is_work_in_progress(assets: Harness) -> None:
    shot = await claimed(assets)
    first = (await upload(assets, shot, photo(1))).json()
    assert (first["zone"], first["step"]) == ("raw", "studio")
    await passed(assets, shot, Gate.TECHNICAL)

    async def is_selected() -> bool:
        return await zones(assets, shot) == ["selects"]

    await assets.eventually(is_selected)
    [moved] = await assets.recorded(VersionMoved)
    assert (moved.data.by, moved.data.reason) == ("qc-1", "the gate technical is passed")
    again = with_state(shot, WorkState.CLAIMED, round=1, step=Step.RETOUCHING, claimed_by=HOLDER)
    await tell(assets, WorkReturned, with_state(again, WorkState.READY), 4, cause="final_qc: over_retouching")
    await tell(assets, WorkClaimed, again, 5)
    await known(assets, again, 5)
    second = (await upload(assets, again, photo(2))).json()
    assert (second["zone"], second["step"], second["parents"]) == ("wip", "retouching", [first["id"]])
    assert await zones(assets, shot) == ["archive", "wip"]


async def test_the_owner_takes_a_final_out_and_brings_it_back(assets: Harness) -> None:
    await tell_domains(assets)
    shot, version_taken = await approved(assets, photo(1))
    version_id = version_taken["id"]
    refused = await put(assets, "archive", version_id, Role.PRODUCER)
    assert (refused.status_code, refused.json()["allowed_roles"]) == (403, [OWNER])
    assert (await put(assets, "archive", version_id, etag='"1"')).status_code == 412
    not_archived = await put(assets, "restore", version_id)
    assert (not_archived.status_code, not_archived.json()["legal"]) == (409, ["archive", "promote"])
    is_it = await put(assets, "promote", version_id)
    assert (is_it.status_code, is_it.json()["legal"]) == (409, ["archive"])

    taken = await put(assets, "archive", version_id)
    assert (taken.status_code, taken.json()["zone"], taken.headers["ETag"]) == (200, "archive", '"3"')
    why = (await final(assets, shot)).json()
    assert (why["reason"], why["version_id"], why["archived_by"]) == ("archived", version_id, "ann")
    assert "to archive" in why["detail"]
    # What routing says of the approved item meanwhile brings nothing back.
    await tell(assets, WorkApproved, shot, 10)
    await known(assets, shot, 10)
    assert await zones(assets, shot) == ["archive"]

    back = await put(assets, "restore", version_id)
    assert (back.status_code, back.json()["zone"]) == (200, "final")
    assert (await final(assets, shot)).json()["id"] == version_id
    said = [(one.data.left, one.data.version.zone, one.data.by, one.data.reason, one.aggregateversion)
            for one in await assets.recorded(VersionMoved)]  # fmt: skip
    assert said[1:] == [
        ("final", "archive", "ann", "to archive", 3),
        ("archive", "final", "ann", "to restore", 4),
    ]
    unknown = await assets.client.post(
        "/v1/finals:archive", json={"version_id": str(shot.id), "reason": "x"},
        headers=assets.bearer(OWNER) | {"If-Match": '"1"'},
    )  # fmt: skip
    assert unknown.status_code == 404
    history = await assets.client.get(f"/v1/versions/{version_id}/history", headers=assets.bearer("reviewer"))
    assert [one["what"] for one in history.json()["items"]] == ["requested", "stored", "moved", "archived", "restored"]
    assert history.json()["items"][3] | {"at": None} == {
        "at": None, "what": "archived", "by": "ann", "reason": "to archive",
        "details": {"left": "final", "zone": "archive"},
    }  # fmt: skip


async def test_an_older_approved_version_becomes_the_final_again(assets: Harness) -> None:
    """Of an earlier round; one that was never approved doesn't. What it replaces is archived, and can come back."""
    await tell_domains(assets)
    shot, first = await approved(assets, photo(1))
    again = with_state(shot, WorkState.CLAIMED, round=1, approved_at=None, claimed_by=HOLDER)
    await tell(assets, WorkRedone, with_state(again, WorkState.READY, claimed_by=None), 10, cause="amendment 7")
    await tell(assets, WorkClaimed, again, 11)
    await known(assets, again, 11)
    second = (await upload(assets, again, photo(2))).json()
    at_work = await put(assets, "promote", second["id"])
    assert (at_work.status_code, at_work.json()["legal"]) == (409, [])
    # A stopgap, while the new round is in work.
    assert (await put(assets, "promote", first["id"])).status_code == 200
    assert (await final(assets, shot)).json()["id"] == first["id"]
    done = with_state(again, WorkState.APPROVED, approved_at=now())
    await tell(assets, WorkApproved, done, 12)
    await known(assets, done, 12)
    assert await zones(assets, shot) == ["archive", "final"]
    assert (await put(assets, "promote", first["id"])).status_code == 200
    assert await zones(assets, shot) == ["final", "archive"]
    assert (await final(assets, shot)).json()["sha256"] == sha256(photo(1))
    listed = await assets.client.get("/v1/finals:list?sku=WJ01", headers=assets.bearer("reviewer"))
    assert [one["id"] for one in listed.json()["items"]] == [first["id"]]
    assert (await put(assets, "promote", second["id"])).status_code == 200
    assert await zones(assets, shot) == ["archive", "final"]


async def test_lineage_goes_both_ways(assets: Harness) -> None:
    """Round after round, a variant from its master, and what was declared."""
    shot, capture = await approved(assets, photo(1))
    by_hand = variant_of(shot, "pdp", state=WorkState.CLAIMED, claimed_by=HOLDER)
    await tell(assets, WorkClaimed, by_hand, 2)
    await known(assets, by_hand, 2)
    variant = (await upload(assets, by_hand, photo(3))).json()
    assert variant["parents"] == [capture["id"]]
    other = await claimed(assets, sku="AI1")
    params: Any = {"work_item_id": str(other.id), "filename": "a.jpg", "parents": [str(other.id)]}
    headers = assets.bearer("photographer", subject=HOLDER)
    unknown = await assets.client.post("/v1/versions", params=params, content=photo(4), headers=headers)
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "query/parents")
    params["parents"] = [variant["id"], capture["id"]]
    made = await assets.client.post("/v1/versions", params=params, content=photo(4), headers=headers)
    assert made.json()["parents"] == params["parents"]

    async def lineage(version_id: str) -> dict[str, list[tuple[str, int]]]:
        answer = await assets.client.get(f"/v1/versions/{version_id}/lineage", headers=assets.bearer("reviewer"))
        said = answer.json()
        assert not said["truncated"]
        return {way: [(one["version"]["id"], one["distance"]) for one in said[way]]
                for way in ("ancestors", "descendants")}  # fmt: skip

    assert await lineage(made.json()["id"]) == {
        "ancestors": sorted([(capture["id"], 1), (variant["id"], 1)]),
        "descendants": [],
    }
    assert (await lineage(capture["id"]))["descendants"] == sorted([(variant["id"], 1), (made.json()["id"], 1)])
    missing = await assets.client.get(f"/v1/versions/{shot.id}/lineage", headers=assets.bearer("reviewer"))
    assert missing.status_code == 404


async def test_an_installation_from_before_gets_parents_approvals_and_histories(assets: Harness) -> None:
    shot, first = await approved(assets, photo(1))
    by_hand = variant_of(shot, "pdp", state=WorkState.CLAIMED, claimed_by=HOLDER)
    await tell(assets, WorkClaimed, by_hand, 2)
    await known(assets, by_hand, 2)
    variant = (await upload(assets, by_hand, photo(3))).json()
    await assets.fetch("UPDATE version SET master_id = $1 WHERE id = $2", first["id"], variant["id"])
    again = with_state(shot, WorkState.CLAIMED, round=1, approved_at=None, claimed_by=HOLDER)
    await tell(assets, WorkRedone, with_state(again, WorkState.READY, claimed_by=None), 10)
    await tell(assets, WorkClaimed, again, 11)
    await known(assets, again, 11)
    second = (await upload(assets, again, photo(2))).json()
    # As qc told it long ago.
    gates = [gate.value for gate in Gate]
    await assets.fetch("INSERT INTO passed_gate SELECT $1, 0, unnest($2::text[])", shot.id, gates)

    async def kept() -> dict[str, tuple[list[str], bool, list[str]]]:
        rows = await assets.fetch("SELECT id, parents, approved_at FROM version")
        notes = await assets.fetch("SELECT version_id, what FROM version_history ORDER BY at, id")
        return {
            str(row["id"]): (
                [str(one) for one in row["parents"]],
                row["approved_at"] is not None,
                [note["what"] for note in notes if note["version_id"] == row["id"]],
            )
            for row in rows
        }

    before = await kept()
    assert before == {
        first["id"]: ([], True, ["stored", "moved", "moved"]),
        variant["id"]: ([first["id"]], False, ["stored"]),
        second["id"]: ([first["id"]], False, ["stored"]),
    }

    def anew(connection: Connection) -> None:
        config = alembic_config("assets")
        config.attributes["connection"] = connection
        came = ScriptDirectory.from_config(config).get_revision("0008").down_revision
        assert isinstance(came, str)
        command.downgrade(config, came)
        command.upgrade(config, "head")

    async with assets.service.database.engine.begin() as connection:
        await connection.run_sync(anew)
    assert await kept() == before
    told = await assets.client.get(f"/v1/versions/{first['id']}/history", headers=assets.bearer("reviewer"))
    assert [one["details"].get("zone") for one in told.json()["items"]] == [None, None, "final", "archive"]

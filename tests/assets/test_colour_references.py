"""Colour references: who stores which, what is refused, and what a new version does."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.testkit.harness import Harness, Start
from contracts.assets import ColourReferenceKind, ColourReferenceStored
from contracts.values import Role
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from tests.assets.factory import photo, plan, ready, sha256, shot, tell_domains
from tests.assets.test_upload import MIB, blocks, files_in

WJ01 = "WJ01/blue"


async def put(
    assets: Harness, content: Any, product: str = WJ01, kind: str = "swatch", role: str = "qc_lead", **params: str
) -> httpx.Response:
    return await assets.client.put(
        f"/v1/colour-references/{product}/{kind}",
        params={"filename": "blue swatch.png"} | params,
        content=content,
        headers=assets.bearer(role),
    )


async def listed(assets: Harness, product: str = WJ01) -> list[tuple[str, int, str]]:
    answer = await assets.client.get(f"/v1/colour-references/{product}", headers=assets.bearer("reviewer"))
    return [(one["kind"], one["number"], one["sha256"]) for one in answer.json()["items"]]


@pytest.fixture
async def known(assets: Harness) -> Harness:
    """Assets that knows a product in two colorways, and who decides what."""
    await tell_domains(assets)
    await ready(assets)
    await ready(assets, colorway="red")
    return assets


async def test_a_new_version_supersedes_and_the_old_one_stays(known: Harness, tmp_path: Path) -> None:
    first = await put(known, photo(1))
    assert (first.status_code, first.json()["number"], first.json()["stored_by"]) == (201, 1, "qc_lead-1")
    assert first.json()["role"] == "qc_lead"
    again = await put(known, photo(1), filename="other name.png")
    assert (again.status_code, again.json()) == (200, first.json())
    second = await put(known, photo(2))
    back = await put(known, photo(1))
    assert [one.json()["number"] for one in (second, back)] == [2, 3]
    target = await put(known, photo(3), kind="target_shot", role="studio_manager")
    assert (target.status_code, target.json()["number"]) == (201, 1)
    expected = [("target_shot", 1, photo(3)), ("swatch", 3, photo(1)), ("swatch", 2, photo(2)), ("swatch", 1, photo(1))]
    assert await listed(known) == [(kind, number, sha256(content)) for kind, number, content in expected]
    assert await listed(known, "WJ01/red") == []

    events = await known.recorded(ColourReferenceStored)
    assert [(event.aggregateversion, event.data.reference.kind) for event in events] == [
        (1, "swatch"), (2, "swatch"), (3, "swatch"), (1, "target_shot"),
    ]  # fmt: skip
    assert len({event.subject for event in events}) == 2
    shown = {name: value for name, value in second.json().items() if name != "inspection"}
    assert events[1].data.reference.model_dump(mode="json") == shown
    assert second.json()["inspection"] == f"/v1/reference-inspections/{second.json()['id']}"
    read = await known.client.get(second.headers["Location"], headers=known.bearer("reviewer"))
    assert (read.content, read.headers["ETag"]) == (photo(2), f'"{sha256(photo(2))}"')
    part = await known.client.get(second.headers["Location"], headers=known.bearer("reviewer") | {"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, photo(2)[:4])
    assert len(files_in(tmp_path)) == 3
    gone = second.headers["Location"].replace("/2/", "/9/")
    assert (await known.client.get(gone, headers=known.bearer("reviewer"))).status_code == 404


async def test_each_kind_is_stored_by_the_owner_of_its_domain(known: Harness) -> None:
    owners = {ColourReferenceKind.SWATCH: Role.QC_LEAD, ColourReferenceKind.TARGET_SHOT: Role.STUDIO_MANAGER}
    for kind, owner in owners.items():
        for role in Role:
            answer = await put(known, photo(1), kind=kind, role=role)
            assert answer.is_success == (role is owner), (kind, role)
            assert answer.is_success or answer.json()["allowed_roles"] == [owner]
    nobody = await known.client.put(f"/v1/colour-references/{WJ01}/swatch?filename=x.png", content=photo(1))
    assert nobody.status_code == 401


async def test_concurrent_ones_are_numbered_in_turn(known: Harness) -> None:
    answers = await asyncio.gather(*(put(known, photo(seed)) for seed in range(5)))
    assert sorted(answer.json()["number"] for answer in answers) == [1, 2, 3, 4, 5]
    events = await known.recorded(ColourReferenceStored)
    assert [event.data.reference.number for event in events] == [1, 2, 3, 4, 5]


async def test_another_colorways_file_is_refused(known: Harness, tmp_path: Path) -> None:
    """What parts two colorways of a product is their colour; two products may be of one cloth."""
    await ready(known, sku="WJ02")
    red = await put(known, photo(1), "WJ01/red")
    for kind, role in (("swatch", "qc_lead"), ("target_shot", "studio_manager")):
        answer = await put(known, photo(1), kind=kind, role=role)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:packshot:problem:same-as-another-colorway")
        assert (answer.json()["colorway"], answer.json()["reference_id"]) == ("red", red.json()["id"])
    assert (await put(known, photo(1), "WJ02/blue")).status_code == 201
    await put(known, photo(2), "WJ01/red")  # it was put right: the file is free again
    assert (await put(known, photo(1))).status_code == 201
    assert not [name for name in files_in(tmp_path) if not name.startswith("sha256/")]


async def test_only_what_was_asked_for_has_a_colour_to_meet(known: Harness) -> None:
    unknown = await put(known, photo(1), "WJ99/blue")
    assert (unknown.status_code, unknown.json()["reason"]) == (404, "unknown_sku")
    colorway = await put(known, photo(1), "WJ01/green")
    assert (colorway.status_code, colorway.json()["reason"], colorway.json()["known"]) == (
        404, "unknown_colorway", ["blue", "red"],
    )  # fmt: skip


async def test_hostile_ones_leave_nothing(known: Harness, tmp_path: Path) -> None:
    for content in (b"", b"<html>no image</html>", b"\xff\xd8"):
        answer = await put(known, content)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:packshot:problem:not-an-image")
    for product, status in (
        ("WJ01%2F..%2F..%2Fetc/blue", 404),
        ("..%2FWJ01/blue", 404),
        ("WJ01%2Fblue/blue", 404),
        ("..%5CWJ01/blue", 422),
        (".WJ01/blue", 422),
        ("WJ01%00/blue", 422),
        ("WJ01/Bl%C3%BCe", 422),
        (f"{'W' * 65}/blue", 422),
    ):
        answer = await put(known, photo(1), product)
        assert answer.status_code == status, (product, answer.text)
    assert (await put(known, photo(1), kind="hearsay")).status_code == 422
    for name in ("../../etc/passwd", "..", "a\x00.png"):
        answer = await put(known, photo(1), filename=name)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query/filename")
    assert files_in(tmp_path) == []
    assert await known.recorded(ColourReferenceStored) == []


async def test_a_large_one_is_refused_and_a_new_product_is_waited_for(start: Start, tmp_path: Path) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=10, max_upload_bytes=2 * MIB)
    early = await put(assets, photo(1))
    assert early.status_code == 503  # nobody has said yet who decides
    await tell_domains(assets)
    waiting = asyncio.create_task(put(assets, photo(1)))
    assert (await asyncio.wait({waiting}, timeout=0.3))[0] == set()
    await plan(assets, shot())
    assert (await waiting).status_code == 201
    for content in (blocks(3), photo(2) + bytes(3 * MIB)):  # without and with a declared length
        answer = await put(assets, content)
        assert (answer.status_code, answer.json()["max_bytes"]) == (413, 2 * MIB)
    assert len(files_in(tmp_path)) == 1

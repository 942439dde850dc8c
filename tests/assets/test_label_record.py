"""What AI did to a file is on record: declared at an upload and in a delivery note, held to the work item, inherited by
its variants, and in their bytes."""

import asyncio
import io
from pathlib import Path
from typing import Any

from PIL import Image

from chassis.testkit.harness import Harness, Start
from contracts.routing import WorkApproved, WorkClaimed, WorkReady
from contracts.values import WorkItem, WorkState
from packshot.local.signing import signing_files
from services.assets.labels.c2pa import manifest_of
from services.assets.labels.credentials import load_credentials
from services.assets.labels.fields import SOURCE_TYPE, VOCABULARY
from services.assets.labels.reading import labels_of
from services.assets.settings import AssetsSettings
from services.assets.worker import create_app
from tests.assets.factory import (
    HOLDER,
    Vendor,
    claimed,
    known,
    named,
    photo,
    ready,
    tell,
    variant_of,
    with_state,
)

MASTER = photo(1, 1200, 1500)


async def hand_in(assets: Harness, item: WorkItem, declared: str | None, content: bytes = MASTER) -> Any:
    asked = {"work_item_id": str(item.id), "filename": "front.jpg"}
    return await assets.client.post(
        "/v1/versions",
        params=asked if declared is None else {**asked, "digital_source_type": declared},
        content=content,
        headers=assets.bearer("photographer", subject=HOLDER),
    )


async def test_a_declaration_is_held_to_what_is_on_record(assets: Harness) -> None:
    by_ai, by_hand = await claimed(assets, ai=True), await claimed(assets, ai=False, view="back")
    for item, declared in ((by_ai, None), (by_ai, "humanEdits"), (by_hand, "trainedAlgorithmicMedia")):
        answer = await hand_in(assets, item, declared)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:packshot:problem:contradicts-record")
        assert answer.json()["errors"][0]["pointer"] == "query/digital_source_type"
        assert "Declare" in answer.json()["errors"][0]["remedy"]
    assert (await hand_in(assets, by_hand, "painted")).status_code == 422
    assert await assets.fetch("SELECT 1 FROM version") == []
    taken = await hand_in(assets, by_ai, "trainedAlgorithmicMedia")
    assert (taken.status_code, taken.json()["digital_source_type"]) == (201, "trainedAlgorithmicMedia")
    undeclared = await hand_in(assets, by_hand, None)
    assert (undeclared.status_code, undeclared.json()["digital_source_type"]) == (201, None)


async def test_a_vendor_reads_what_its_note_lacks(assets: Harness) -> None:
    vendor = await Vendor.registered(assets)
    item = await ready(assets, ai=True)
    await vendor.put(MASTER)
    [refused] = (await vendor.deliver(named(item, MASTER))).json()["files"]
    assert refused["accepted"] is False
    assert "Declare algorithmicallyEnhanced" in refused["reasons"][0]
    declared = named(item, MASTER, digital_source_type="compositeSynthetic")
    both = await vendor.deliver(named(item, MASTER), declared)  # what is refused takes nothing from what follows
    refused, accepted = both.json()["files"]
    assert (refused["codes"], accepted["accepted"]) == (["wrong_label"], True), accepted
    [row] = await assets.fetch("SELECT digital_source_type FROM version")
    assert row["digital_source_type"] == "compositeSynthetic"
    unknown = named(item, MASTER, digital_source_type="painted")
    assert (await vendor.deliver(unknown)).status_code == 422


async def rendered(assets: Harness, variant: WorkItem, version: int) -> Any:
    """The version of the round that is now ready."""
    await tell(assets, WorkReady, variant, version)

    async def found() -> list[Any]:
        query = "SELECT * FROM version WHERE work_item_id = $1 AND round = $2"
        return list(await assets.fetch(query, variant.id, variant.round))

    return (await assets.eventually(found, 60))[0]  # a rendering process takes its time to start on a busy machine


async def test_a_variant_inherits_is_signed_and_is_rendered_once(assets: Harness, start: Start, tmp_path: Path) -> None:
    """The second time, in another round, it is the same file, as long as it is there; and what a person corrects can't
    say otherwise."""
    files = signing_files(tmp_path)
    worker = await start(
        create_app, AssetsSettings, fresh=False, process="worker", c2pa_certificates=files.certificates,
        c2pa_key=files.key,
    )  # fmt: skip
    pool, orders = worker.service._pool, []  # type: ignore[attr-defined]
    make = pool.make

    async def counted(order: Any) -> Any:
        orders.append(order.pack.channel)
        return await make(order)

    pool.make = counted
    master = await claimed(assets, ai=True)
    assert (await hand_in(assets, master, "trainedAlgorithmicMedia")).status_code == 201
    await tell(assets, WorkApproved, done := with_state(master, WorkState.APPROVED, claimed_by=None), 9)
    await known(assets, done, 9)
    variant, corrected = variant_of(master, "pdp"), variant_of(master, "amazon", claimed_by=HOLDER)
    first, second = [
        await rendered(assets, with_state(variant, WorkState.READY, round=number), 2 + number) for number in (0, 1)
    ]
    assert orders == ["pdp"]
    assert (first["sha256"], first["c2pa_manifest"]) == (second["sha256"], second["c2pa_manifest"])
    assert first["digital_source_type"] == "trainedAlgorithmicMedia"
    address = f"/v1/versions/{first['id']}/content"
    content = (await assets.client.get(address, headers=assets.bearer("reviewer"))).content
    credentials = load_credentials(files.certificates, files.key)
    assert credentials is not None
    assert manifest_of(content, "image/jpeg", credentials) == first["c2pa_manifest"]
    with Image.open(io.BytesIO(content)) as image:
        assert labels_of(image)[SOURCE_TYPE] == (VOCABULARY + "trainedAlgorithmicMedia",)
    await asyncio.to_thread((worker.service.store._folder / first["location"]).unlink)  # type: ignore[attr-defined]
    again = await rendered(assets, with_state(variant, WorkState.READY, round=2), 4)
    assert orders == ["pdp", "pdp"]  # what is lost is made anew
    assert again["sha256"] != first["sha256"]  # signing makes other bytes
    await tell(assets, WorkClaimed, held := with_state(corrected, WorkState.CLAIMED), 3)
    await known(assets, held, 3)
    assert (await hand_in(assets, held, "algorithmicallyEnhanced", photo(2))).status_code == 422
    inherited = await hand_in(assets, held, None, photo(2))
    assert inherited.json()["digital_source_type"] == "trainedAlgorithmicMedia"

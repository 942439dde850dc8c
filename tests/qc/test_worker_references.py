"""What the worker compares a stored version with: chosen from qc's own tables, read from the store, kept with the
inspection. All files are real, and so are the decisions that approve them."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from chassis.clock import now
from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from contracts.assets import ChannelPack, ChannelPackPublished, NamingPack, NamingPackPublished, Version, VersionStored
from contracts.qc import InspectionCompleted
from contracts.routing import WorkReturned
from contracts.values import Gate, ImageSpec, VersionSource, WorkItem, WorkKind
from packshot.sample.files import jpeg
from services.qc.settings import QcSettings
from services.qc.worker import create_app
from tests.qc import retouching
from tests.qc.retouching import sample
from tests.qc.stage import Stage, version_of, work_item
from tests.qc.test_reference_records import DUST, on_set
from tests.qc.test_worker import until_tried_again

SPEC = ImageSpec(formats=["jpeg"], white_background=True)
TEE, BAG = 0, 3
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

Deliver = Callable[..., Awaitable[tuple[Version, dict[str, Any]]]]


@pytest.fixture
async def worker(stage: Stage, start: Start) -> Harness:
    return await start(create_app, QcSettings, fresh=False, process="worker")


@pytest.fixture
def deliver(stage: Stage, worker: Harness, tmp_path: Path) -> Deliver:
    """Store a file for a work item, and wait until a real worker has measured it."""

    async def stored(work: WorkItem, data: bytes, **changes: Any) -> tuple[Version, dict[str, Any]]:
        digest = hashlib.sha256(data).hexdigest()
        location = f"sha256/{digest[:2]}/{digest}"
        version = version_of(work, **{"sha256": digest, "bytes": len(data), "location": location, **changes})
        file = tmp_path / "store" / location
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        await stage.qc.publish(VersionStored(version=version), version.id)
        return version, await inspection(stage, version.id)

    return stored


async def inspection(stage: Stage, version_id: UUID) -> dict[str, Any]:
    async def measured() -> dict[str, Any]:
        answer = await stage.qc.client.get(f"/v1/inspections/{version_id}", headers=stage.qc.bearer("reviewer"))
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    return await stage.qc.eventually(measured, 60)


def outcomes(found: dict[str, Any]) -> dict[str, str]:
    return {one["check"]: one["outcome"] for one in found["measurements"]}


def against(found: dict[str, Any], name: str) -> list[str | None]:
    return [one["version_id"] or one["said"] for one in found["compared_with"] if one["against"] == name]


async def next_round(stage: Stage, work: WorkItem) -> WorkItem:
    again = work.model_copy(update={"round": work.round + 1})
    return await stage.publish_work(again, work.round + 2, WorkReturned)


async def fail(stage: Stage, version: Version, gate: Gate, reason: str) -> None:
    """After a pass by the right people of every gate before it."""
    while (packet := await stage.packet(version.work_item_id))["open_gate"]["gate"] != gate:
        answer = await stage.decide(version, Gate(packet["open_gate"]["gate"]))
        assert answer.status_code == 201, answer.text
    answer = await stage.decide(version, gate, "fail", reasons=[reason])
    assert answer.status_code == 201, answer.text


async def test_a_correction_is_compared_with_the_round_whose_fit_had_passed(stage: Stage, deliver: Deliver) -> None:
    pixels = sample(TEE)
    work = await stage.publish_work(work_item(spec=SPEC))
    first, found = await deliver(work, jpeg(retouching.hue_turned(pixels, 12)))
    assert {"S01", "F01", "F03", "T11", "F02"}.isdisjoint(outcomes(found))
    assert found["compared_with"] == [
        {"against": "ai_use", "version_id": None, "reference_id": None, "sha256": None, "said": "none"}
    ]
    await fail(stage, first, Gate.FINAL_QC, "colour_mismatch")

    work = await next_round(stage, work)
    slimmer, found = await deliver(work, jpeg(retouching.slimmed(pixels, 8)))
    assert against(found, "capture") == [str(first.id)]
    assert outcomes(found)["S01"] == "fail"
    assert found["outcome"] == "fail"
    packet = await stage.packet(work.id)  # the technical gate has passed by measurement: S01 is no concern of it
    assert (packet["open_gate"]["gate"], packet["open_gate"]["blocked_by"]) == ("styling_fit", ["S01"])
    await fail(stage, slimmer, Gate.STYLING_FIT, "fit_distortion")

    work = await next_round(stage, work)
    _, found = await deliver(work, jpeg(pixels))
    assert against(found, "capture") == []  # what failed for its fit is no reference, nor is what came before it
    assert outcomes(found).keys() >= {"F04", "F05", "F08"}
    assert found["outcome"] == "pass", found["measurements"]


async def test_a_smoothed_round_is_no_reference_for_the_texture_that_comes_back(stage: Stage, deliver: Deliver) -> None:
    work = await stage.publish_work(work_item(spec=SPEC))
    first, _ = await deliver(work, jpeg(retouching.smoothed(sample(TEE))))
    await fail(stage, first, Gate.FINAL_QC, "texture_loss")
    _, found = await deliver(await next_round(stage, work), jpeg(sample(TEE)))
    assert against(found, "capture") == []
    assert "fail" not in outcomes(found).values()


async def test_a_variant_is_compared_with_its_approved_master(stage: Stage, deliver: Deliver) -> None:
    pack = ChannelPack(
        channel="shop", version=1, spec=SPEC, width=800, height=1000, format="jpeg", quality=90,
        background="white", fill=None, naming="{sku}.jpg", source="x", read_on="2025-01-01", confidence="low",
    )  # fmt: skip
    await stage.qc.publish(ChannelPackPublished(pack=pack), "channel-shop", 1)
    shot = await stage.publish_work(work_item(spec=SPEC))
    master, _ = await deliver(shot, jpeg(sample(TEE)))
    for gate in list(Gate)[1:]:
        assert (await stage.decide(master, gate)).status_code == 201
    pictures = {
        "good": sample(TEE),
        "slimmer": retouching.slimmed(sample(TEE), 8),
        "other colour": retouching.hue_turned(sample(TEE, 1), 60),
    }
    found = {}
    for name, pixels in pictures.items():
        work = work_item(kind=WorkKind.VARIANT, channel="shop", parent_id=shot.id, gates=[Gate.FINAL_QC], spec=SPEC)
        _, found[name] = await deliver(
            await stage.publish_work(work), jpeg(pixels), source=VersionSource.VENDOR, channel_pack=1
        )
        for name_of in ("capture", "colour"):
            assert against(found[name], name_of) == [str(master.id)]
    assert "fail" not in outcomes(found["good"]).values()
    assert {outcomes(found["good"])[check] for check in ("S01", "S02", "S03", "F01", "F03")} == {"pass"}
    assert outcomes(found["slimmer"])["S01"] == "fail"
    assert outcomes(found["other colour"])["F01"] == "fail"

    orphan = work_item(kind=WorkKind.VARIANT, channel="shop", parent_id=work_item().id, gates=[Gate.FINAL_QC])
    _, alone = await deliver(await stage.publish_work(orphan), jpeg(sample(TEE)), channel_pack=1)
    assert {outcomes(alone)[check] for check in ("S01", "F01", "F03")} == {"cannot_measure"}


async def test_it_waits_for_an_approved_file_that_the_store_does_not_give(
    stage: Stage, worker: Harness, deliver: Deliver, tmp_path: Path
) -> None:
    work = await stage.publish_work(work_item(spec=SPEC))
    first, _ = await deliver(work, jpeg(retouching.hue_turned(sample(TEE), 12)))
    await fail(stage, first, Gate.FINAL_QC, "colour_mismatch")
    work = await next_round(stage, work)
    file = tmp_path / "store" / first.location
    lost = file.rename(tmp_path / "lost")
    delivery = asyncio.ensure_future(deliver(work, jpeg(sample(TEE))))
    await until_tried_again(worker)
    assert len(await stage.qc.fetch("SELECT 1 FROM inspection")) == 1
    lost.rename(file)
    _, found = await delivery
    assert (against(found, "capture"), outcomes(found)["S01"]) == ([str(first.id)], "pass")


async def test_what_other_slots_hold_is_known_until_it_fails(stage: Stage, deliver: Deliver) -> None:
    mine, other, third = [
        await stage.publish_work(work_item(spec=SPEC, sku=sku)) for sku in ("SKU-1", "SKU-2", "SKU-3")
    ]
    held, found = await deliver(mine, jpeg(sample(TEE)))
    assert (outcomes(found)["F04"], against(found, "others")) == ("pass", [])
    buffer = BytesIO(jpeg(sample(TEE)))
    wrapped = BytesIO()
    with Image.open(buffer) as image:  # the same pixels in other bytes
        image.save(wrapped, "PNG")
    _, found = await deliver(other, wrapped.getvalue(), filename="tee.png")
    assert (outcomes(found)["F04"], against(found, "others")) == ("fail", [str(held.id)])
    assert "SKU-1" in next(one["detail"] for one in found["measurements"] if one["check"] == "F04")
    assert (await stage.packet(other.id))["state"] == "open"
    for work in (mine, other):
        version = Version.model_validate((await stage.packet(work.id))["version"])
        await fail(stage, version, Gate((await stage.packet(work.id))["open_gate"]["gate"]), "wrong_version")
    _, found = await deliver(third, jpeg(sample(TEE)))
    assert (outcomes(found)["F04"], against(found, "others")) == ("pass", [])


async def test_views_and_batch_of_a_product(stage: Stage, deliver: Deliver) -> None:
    """Other views say whether the colour is the product's; three other frames are a batch."""
    views = ("front", "back", "left", "right")
    for place, view in enumerate(views):
        work = await stage.publish_work(work_item(spec=SPEC, view=view, colorway="navy"))
        pixels = sample(TEE, view="back" if view == "back" else "front")
        last = view == "right"
        if last:  # as if exposed by a stop less, its white kept
            pixels = retouching.hue_turned(pixels, 0)
            pixels[pixels.min(axis=2) < 245] //= 2
        _, found = await deliver(work, jpeg(retouching.shifted(pixels, 3 * place, 2 * place)))
        assert len(against(found, "views")) == place
        assert ("F02" in outcomes(found)) == (place > 0)
        assert ("T11" in outcomes(found)) == last
        assert last or outcomes(found).get("F02", "pass") == "pass"
    assert (outcomes(found)["T11"], outcomes(found)["F02"]) == ("flag", "flag")
    assert len(against(found, "batch")) == 3
    detail = await stage.publish_work(work_item(spec=ImageSpec(), view="detail", colorway="navy"))
    _, found = await deliver(detail, jpeg(sample(TEE, view="detail")))
    assert against(found, "views") == []  # close-ups show other shares of the product's colours


async def test_dust_is_looked_for_over_the_frames_of_a_shoot(stage: Stage, deliver: Deliver) -> None:
    """A shoot: one request's frames that one person or vendor delivered within a day, five of them at least."""
    request, kept = new_id(), []

    async def frame(view: str, data: bytes, request_id: UUID = request, **changes: Any) -> dict[str, Any]:
        work = await stage.publish_work(work_item(view=view, request_id=request_id))
        version, found = await deliver(work, data, **changes)
        kept.append(str(version.id))
        return found

    for seed in range(1, 5):
        found = await frame(f"view-{seed}", on_set(seed, DUST if seed < 4 else ()))
        assert "T25" not in outcomes(found)  # too few yet
    dusty = on_set(6, DUST)
    found = await frame("view-5", dusty)
    assert outcomes(found)["T25"] == "flag", found
    assert sorted(against(found, "shoot"), key=str) == sorted(kept[:4])
    assert outcomes(await frame("view-6", on_set(7)))["T25"] == "pass"
    assert "T25" not in outcomes(await frame("view-7", jpeg(sample(TEE))))  # its white shows no dust

    elsewhere: dict[str, dict[str, Any]] = {
        "another request": {"request_id": new_id()},
        "another person": {"delivered_by": "photographer-2"},
        "another day": {"stored_at": now() + timedelta(days=2)},
    }
    for place, changes in elsewhere.items():
        assert "T25" not in outcomes(await frame(place, dusty, **changes)), place


async def test_what_is_labelled_as_ai_and_is_on_record_as_none_fails(stage: Stage, deliver: Deliver) -> None:
    labelled = BytesIO()
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f'Iptc4xmpExt:DigitalSourceType="{SOURCE}"/></rdf:RDF></x:xmpmeta>'
    )
    Image.fromarray(sample(TEE)).save(labelled, "JPEG", quality=95, xmp=packet.encode())
    _, found = await deliver(await stage.publish_work(work_item(spec=SPEC)), labelled.getvalue())
    assert outcomes(found)["F08"] == "fail"
    _, found = await deliver(await stage.publish_work(work_item(spec=SPEC, ai=True)), labelled.getvalue())
    assert "F08" not in outcomes(found)  # what AI did to it is not on record


async def test_a_name_is_asked_for_where_its_naming_pack_minds(stage: Stage, deliver: Deliver) -> None:
    """Not where files are renamed on export; a channel's own pack stands before the brand's."""
    pack = NamingPack(
        channel=None, version=1, pattern="{sku}_{view}.{ext}", case="keep", characters="-", replacement="-",
        transliteration={}, max_length=120, wrong_names="accept",
    )  # fmt: skip

    async def told(one: NamingPack) -> None:
        await stage.qc.publish(NamingPackPublished(pack=one), f"naming-{one.channel}", one.version)
        await stage.qc.until_answered("qc")

    async def f06(**changes: Any) -> str | None:
        work = await stage.publish_work(work_item(spec=SPEC))
        changes = {"filename": "front.jpg", "export_name": "TS01_front.jpg"} | changes
        _, found = await deliver(work, jpeg(sample(TEE)), **changes)
        return outcomes(found).get("F06")

    assert await f06() is None
    await told(pack)
    assert await f06() is None
    await told(pack.model_copy(update={"version": 2, "wrong_names": "fail"}))
    assert await f06() == "fail"
    assert await f06(filename="TS01_front.jpg") == "pass"
    assert await f06(export_name=None) is None
    await told(pack.model_copy(update={"channel": "shop"}))
    assert await f06(channel="shop") is None


async def test_the_same_bytes_and_spec_are_not_measured_again(stage: Stage, deliver: Deliver, tmp_path: Path) -> None:
    """Not even read: the second time the store has lost them. Another spec, name or reference is another question."""
    data, works = jpeg(sample(TEE)), [await stage.publish_work(work_item(spec=SPEC)) for _ in range(4)]
    first, found = await deliver(works[0], data)
    assert found["measured_as"] is None
    digest = hashlib.sha256(data).hexdigest()
    again_version = version_of(works[1], sha256=digest, bytes=len(data), location="sha256/nowhere/to/be/found")
    await stage.qc.publish(VersionStored(version=again_version), again_version.id)
    again = await inspection(stage, again_version.id)
    assert again["measured_as"] == found["id"]
    for name in ("measurements", "outcome", "engine", "spec", "compared_with", "subject_cells"):
        assert again[name] == found[name], name
    assert (await stage.packet(works[1].id))["open_gate"]["gate"] == "styling_fit"
    completed = await stage.qc.recorded(InspectionCompleted)
    assert {event.data.version_id for event in completed} == {first.id, again_version.id}

    _, renamed = await deliver(works[2], data, filename="tee.png")
    assert (renamed["measured_as"], outcomes(renamed)["T02"]) == (None, "fail")
    stricter = await stage.publish_work(work_item(spec=SPEC.model_copy(update={"min_width": 9000})))
    _, other = await deliver(stricter, data)
    assert (other["measured_as"], outcomes(other)["T04"]) == (None, "fail")
    elsewhere = await stage.publish_work(work_item(spec=SPEC, sku="SKU-9"))
    _, duplicate = await deliver(elsewhere, data)
    assert (duplicate["measured_as"], outcomes(duplicate)["F04"]) == (None, "fail")


async def test_what_cannot_be_measured_is_kept_without_a_key(stage: Stage, deliver: Deliver) -> None:
    for _ in range(2):
        _, found = await deliver(await stage.publish_work(work_item(spec=SPEC)), b"no image at all")
        assert (found["outcome"], found["measured_as"], found["subject_cells"]) == ("fail", None, None)
    assert await stage.qc.fetch("SELECT 1 FROM fingerprint") == []


async def test_fingerprints_are_never_changed(stage: Stage, deliver: Deliver) -> None:
    await deliver(await stage.publish_work(work_item(spec=SPEC)), jpeg(sample(BAG)))
    assert len(await stage.qc.fetch("SELECT 1 FROM fingerprint")) == 1
    for change in ("UPDATE fingerprint SET phash = 0", "DELETE FROM fingerprint", "TRUNCATE fingerprint"):
        with pytest.raises(Exception, match="never changed"):
            await stage.qc.fetch(change)

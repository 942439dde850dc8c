"""The worker beside the API: stored files are measured once, whatever they are and whatever order things arrive in."""

import hashlib
import multiprocessing
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from contracts.assets import ChannelPack, ChannelPackPublished, Version, VersionStored
from contracts.qc import DecisionRecorded, InspectionCompleted
from contracts.values import ComplexityClass, Gate, ImageSpec, VersionSource, WorkItem, WorkKind
from services.qc.settings import QcSettings
from services.qc.worker import create_app
from tests.qc.pictures import bomb, photo
from tests.qc.stage import Stage, version_of, work_item

SPEC = ImageSpec(formats=["jpeg"], min_width=500, white_background=True, min_fill=0.5)
LARGEST = 200_000

Worker = Callable[..., Awaitable[Harness]]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
async def worker(stage: Stage, start: Start) -> Harness:
    return await start(create_app, QcSettings, fresh=False, process="worker", max_file_bytes=LARGEST)


def stored(store: Path, work: WorkItem, data: bytes, **changes: Any) -> Version:
    """The version of these bytes, in the store."""
    version = of_bytes(work, data, **changes)
    (store / version.location).parent.mkdir(parents=True, exist_ok=True)
    (store / version.location).write_bytes(data)
    return version


def of_bytes(work: WorkItem, data: bytes, **changes: Any) -> Version:
    digest = hashlib.sha256(data).hexdigest()
    location = f"sha256/{digest[:2]}/{digest}"
    return version_of(work, **{"sha256": digest, "bytes": len(data), "location": location, **changes})


async def inspection(stage: Stage, version_id: UUID) -> dict[str, Any]:
    """As soon as it is there."""

    async def measured() -> dict[str, Any]:
        path = f"/v1/inspections/{version_id}"
        answer = await stage.qc.client.get(path, headers=stage.qc.bearer("reviewer"))
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    return await stage.qc.eventually(measured, 30)


async def until_tried_again(worker: Harness) -> None:
    """The worker has put off a version, once more than so far."""
    labels = {"service": "qc", "consumer": "qc-worker", "result": "retried"}

    def retried() -> float:
        return REGISTRY.get_sample_value("packshot_consumed_events_total", labels) or 0.0

    before = retried()

    async def again() -> bool:
        return retried() > before

    await worker.eventually(again)


async def test_a_stored_photo_is_measured_once_and_passes_by_measurement(
    stage: Stage, worker: Harness, store: Path
) -> None:
    work = await stage.publish_work(work_item(spec=SPEC))
    version = stored(store, work, photo())
    event = await stage.qc.publish(VersionStored(version=version), version.id)
    found = await inspection(stage, version.id)
    assert found["outcome"] == "pass", found["measurements"]
    assert {one["check"] for one in found["measurements"]} >= {"T01", "T02", "T09", "T14", "T17"}
    assert (await stage.packet(work.id))["open_gate"]["gate"] == "styling_fit"
    cells = {"width": 800, "height": 800, "whole": False, "rows": ["1110", "1110", "1110", "0000"]}
    assert found["subject_cells"] == cells  # 100 to 700 px

    await stage.qc.publish(VersionStored(version=version), version.id, event_id=event.id)  # delivered again
    await stage.qc.publish(VersionStored(version=version), version.id)  # said again
    other = stored(store, await stage.publish_work(work_item(spec=SPEC)), photo(seed=8))
    await stage.qc.publish(VersionStored(version=other), other.id)
    await inspection(stage, other.id)
    inspected = await stage.qc.recorded(InspectionCompleted)
    assert sorted(event.data.version_id for event in inspected) == sorted([version.id, other.id])
    assert len(await stage.qc.recorded(DecisionRecorded, work.id)) == 1


async def test_it_waits_for_the_work_item_and_for_the_file(stage: Stage, worker: Harness, store: Path) -> None:
    work, data = work_item(spec=SPEC), photo()
    version = of_bytes(work, data)
    await stage.qc.publish(VersionStored(version=version), version.id)
    await until_tried_again(worker)
    await stage.publish_work(work)
    await until_tried_again(worker)
    assert await stage.qc.fetch("SELECT 1 FROM inspection") == []
    stored(store, work, data)
    assert (await inspection(stage, version.id))["outcome"] == "pass"


async def test_a_variant_is_measured_against_its_channel(stage: Stage, worker: Harness, store: Path) -> None:
    """By the version of the pack that rendered it; white and filled only where its shot is."""
    detail = ImageSpec(formats=["jpeg"])
    works = [
        await stage.publish_work(work_item(kind=WorkKind.VARIANT, channel="shop", gates=[Gate.FINAL_QC], spec=spec))
        for spec in (SPEC, detail)
    ]
    versions = [
        stored(store, work, photo(), source=VersionSource.RENDER, delivered_by="shop", channel_pack=1) for work in works
    ]
    for version in versions:
        await stage.qc.publish(VersionStored(version=version), version.id)
    await until_tried_again(worker)
    square = ImageSpec(formats=["png"], aspect=1.0, white_background=True, min_fill=0.85)
    for number, spec in ((1, square), (2, square.model_copy(update={"aspect": 2.0}))):
        pack = ChannelPack(
            channel="shop", version=number, spec=spec, width=800, height=800, format="jpeg", quality=90,
            background="white", fill=0.85, naming="{sku}.jpg", source="x", read_on="2025-01-01", confidence="low",
        )  # fmt: skip
        await stage.qc.publish(ChannelPackPublished(pack=pack), "channel-shop", number)
    white, plain = [await inspection(stage, version.id) for version in versions]
    assert white["spec"] == square.model_copy(update={"focus_required": False}).model_dump(mode="json")
    outcomes = {one["check"]: one["outcome"] for one in white["measurements"]}
    assert (outcomes["T02"], outcomes["T04"], outcomes["T14"]) == ("fail", "pass", "pass")
    assert (plain["spec"]["white_background"], plain["spec"]["min_fill"], plain["spec"]["aspect"]) == (False, None, 1)
    gate = (await stage.packet(works[0].id))["open_gate"]
    assert gate["blocked_by"][0] == "T02"


async def test_any_bytes_get_a_verdict_and_the_worker_goes_on(stage: Stage, worker: Harness, store: Path) -> None:
    good = photo()
    sent = {
        "empty": b"",
        "text": b"<html>not an image</html>" * 9,
        "truncated": good[: len(good) // 2],
        "bomb": bomb(),
        "large": good + b"\0" * LARGEST,
        "renamed": good,
    }
    versions = {}
    for name, data in sent.items():
        work = await stage.publish_work(work_item(spec=SPEC))
        versions[name] = stored(store, work, data, filename="tee.png" if name == "renamed" else "tee.jpg")
        await stage.qc.publish(VersionStored(version=versions[name]), versions[name].id)
    failed = {}
    for name, version in versions.items():
        found = await inspection(stage, version.id)
        assert found["outcome"] == "fail", name
        failed[name] = [one["check"] for one in found["measurements"] if one["outcome"] == "fail"]
        assert (await stage.packet(version.work_item_id))["open_gate"]["blocked_by"] == failed[name]
    assert failed["renamed"] == ["T02"]
    assert "T03" in failed["bomb"]
    assert all("T01" in failed[name] for name in ("empty", "text", "truncated", "bomb", "large"))
    fine = stored(store, await stage.publish_work(work_item(spec=SPEC)), good)
    await stage.qc.publish(VersionStored(version=fine), fine.id)
    assert (await inspection(stage, fine.id))["outcome"] == "pass"


async def test_a_killed_measuring_process_is_replaced(stage: Stage, worker: Harness, store: Path) -> None:
    killed = set()
    for seed in range(2):
        work = await stage.publish_work(work_item(spec=SPEC, complexity_class=ComplexityClass.C2))
        version = stored(store, work, photo(seed=seed), id=new_id())
        await stage.qc.publish(VersionStored(version=version), version.id)
        assert (await inspection(stage, version.id))["outcome"] == "pass"
        [child] = multiprocessing.active_children()
        killed.add(child.pid)
        child.kill()
        child.join()
    assert len(killed) == 2

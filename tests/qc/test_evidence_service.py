"""Evidence from a stored file to the picture that a reviewer opens: made by a real worker, kept in the store, named by
inspections and packets, and streamed."""

import hashlib
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from chassis.testkit.harness import Harness, Start
from contracts.assets import Version, VersionStored
from contracts.values import ComplexityClass, ImageSpec, WorkItem
from services.qc.settings import QcSettings
from services.qc.worker import create_app
from tests.qc.stage import Stage, version_of, work_item
from tests.qc.test_inspection_clean import encode, product
from tests.qc.test_worker_references import inspection

SPEC = ImageSpec(formats=["jpeg"], white_background=True)
Deliver = Callable[..., Awaitable[tuple[Version, dict[str, Any]]]]


@pytest.fixture
async def worker(stage: Stage, start: Start) -> Harness:
    return await start(create_app, QcSettings, fresh=False, process="worker")


@pytest.fixture
def deliver(stage: Stage, worker: Harness, tmp_path: Path) -> Deliver:
    async def stored(work: WorkItem, data: bytes, *, is_there: bool = True) -> tuple[Version, dict[str, Any]]:
        digest = hashlib.sha256(data).hexdigest()
        location = f"sha256/{digest[:2]}/{digest}" if is_there else "sha256/no/where"
        version = version_of(work, sha256=digest, bytes=len(data), location=location)
        file = tmp_path / "store" / location
        if is_there:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        await stage.qc.publish(VersionStored(version=version), version.id)
        return version, await inspection(stage, version.id)

    return stored


def stained() -> bytes:
    """A grey shadow in the corner of a white background."""
    pixels = product()
    fading = np.linspace(30, 0, 200)[:, None] * np.linspace(1, 0, 200)
    pixels[:200, :200] = np.minimum(pixels[:200, :200], 255 - fading[..., None]).astype(np.uint8)
    return encode(pixels)


async def test_each_flag_and_fail_with_a_place_is_shown_to_the_reviewer(
    stage: Stage, deliver: Deliver, tmp_path: Path
) -> None:
    work = await stage.publish_work(work_item(spec=SPEC, complexity_class=ComplexityClass.C2))
    version, found = await deliver(work, stained())
    outcomes = {one["check"]: one["outcome"] for one in found["measurements"]}
    assert (outcomes["T14"], outcomes["T09"]) == ("fail", "pass")
    [shown] = [one for one in found["evidence"] if one["check"] == "T14"]
    assert {one["check"] for one in found["evidence"]} <= {
        check for check, outcome in outcomes.items() if outcome in ("flag", "fail")
    }
    assert (await stage.packet(work.id))["evidence"] == found["evidence"]
    assert "isn't white" in str(shown["legend"])

    reviewer = stage.qc.bearer("reviewer")
    answer = await stage.qc.client.get(shown["overlay"], headers=reviewer)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert "private" in answer.headers["cache-control"]
    assert "immutable" in answer.headers["cache-control"]
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (shown["width"], shown["height"]) == (800, 1000)
        marked = np.asarray(image.convert("RGBA"))[..., 3] > 0
    assert marked[:100, :100].mean() > 0.5
    assert not marked[-100:, -100:].any()
    tag = answer.headers["etag"]
    again = await stage.qc.client.get(shown["overlay"], headers={**reviewer, "If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await stage.qc.client.get(shown["overlay"])).status_code == 401

    for path, status in (
        (f"/v1/inspections/{version.id}/evidence/T09", 404),
        (f"/v1/inspections/{version.id}/evidence/T99", 404),
        (f"/v1/inspections/{work.id}/evidence/T14", 404),
        (f"/v1/inspections/{version.id}/evidence/..%2F..%2Fetc", 404),
        (f"/v1/inspections/{version.id}/evidence/t14", 422),
    ):
        answer = await stage.qc.client.get(path, headers=reviewer)
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"

    # The same bytes again: nothing is read or drawn, and the overlays are the same.
    twin = await stage.publish_work(work_item(spec=SPEC, complexity_class=ComplexityClass.C2))
    other, reused = await deliver(twin, stained(), is_there=False)
    assert reused["measured_as"] == found["id"]
    assert [one["check"] for one in reused["evidence"]] == [one["check"] for one in found["evidence"]]
    answer = await stage.qc.client.get(f"/v1/inspections/{other.id}/evidence/T14", headers=reviewer)
    assert (answer.status_code, answer.headers["etag"]) == (200, tag)

    for change in ("UPDATE evidence SET scale = 2", "DELETE FROM evidence", "TRUNCATE evidence"):
        with pytest.raises(Exception, match="never changed"):
            await stage.qc.fetch(change)

    # What the store has lost, or half of it, is never passed off as the overlay.
    [file] = [one for one in (tmp_path / "store" / "evidence").rglob("*") if one.name == tag.strip('"')]
    whole = file.read_bytes()
    assert hashlib.sha256(whole).hexdigest() == tag.strip('"')
    file.write_bytes(whole[:-1])
    assert (await stage.qc.client.get(shown["overlay"], headers=reviewer)).status_code == 500
    file.unlink()
    assert (await stage.qc.client.get(shown["overlay"], headers=reviewer)).status_code == 500

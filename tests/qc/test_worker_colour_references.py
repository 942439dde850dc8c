"""Colour references on their way: stored by a real assets, measured by a real worker, met by shots (R55)."""

from typing import Any

import numpy as np
import pytest

from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from contracts.assets import Version
from contracts.routing import WorkClaimed
from contracts.values import Gate, ImageSpec, WorkItem, WorkState
from packshot.sample.files import jpeg, png
from services.assets.app import create_app as create_assets
from services.assets.settings import AssetsSettings
from services.qc.settings import QcSettings
from services.qc.worker import create_app as create_worker
from tests.assets.factory import HOLDER, known, upload
from tests.qc.retouching import hue_turned, sample
from tests.qc.stage import Stage, work_item
from tests.qc.test_colour_reference import beside_chart
from tests.qc.test_worker_references import against, inspection, outcomes

SPEC = ImageSpec(formats=["jpeg"], white_background=True)
CRITICAL = SPEC.model_copy(update={"colour_critical": True})
MISSING = "Not compared: there is no approved colour reference."


class Studio:
    """Assets, qc and its worker on one stream and one store."""

    def __init__(self, stage: Stage, assets: Harness) -> None:
        self.stage, self.assets = stage, assets

    async def deliver(self, data: bytes, **changes: Any) -> tuple[WorkItem, dict[str, Any]]:
        """A shot of its own, claimed and uploaded; and what was measured of it."""
        content = {"sku": "TEE", "colorway": "navy", "spec": CRITICAL, "request_id": new_id()} | changes
        item = work_item(**content, state=WorkState.CLAIMED, claimed_by=HOLDER)
        await self.stage.publish_work(item, 2, WorkClaimed)
        await known(self.assets, item, 2)
        answer = await upload(self.assets, item, data)
        assert answer.status_code == 201, answer.text
        return item, await inspection(self.stage, answer.json()["id"])

    async def store(
        self, data: bytes, kind: str = "swatch", role: str = "qc_lead", product: str = "TEE/navy"
    ) -> dict[str, Any]:
        """A colour reference; and what was measured of it, where its upload said that would be told."""
        answer = await self.assets.client.put(
            f"/v1/colour-references/{product}/{kind}?filename={kind}.png",
            content=data,
            headers=self.assets.bearer(role),
        )
        assert answer.status_code == 201, answer.text

        async def measured() -> dict[str, Any]:
            return await self.look(answer.json()["inspection"])

        found = await self.stage.qc.eventually(measured)
        assert found["reference"]["id"] == answer.json()["id"]
        return found

    async def look(self, path: str) -> dict[str, Any]:
        answer = await self.stage.qc.client.get(path, headers=self.stage.qc.bearer("studio_manager"))
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def studio(stage: Stage, start: Start) -> Studio:
    await start(create_worker, QcSettings, fresh=False, process="worker")
    assets = await start(create_assets, AssetsSettings)

    async def ready() -> bool:
        return (await assets.client.get("/health/ready")).status_code == 200

    await assets.eventually(ready)
    return Studio(stage, assets)


def colour_of(found: dict[str, Any]) -> tuple[str, str] | None:
    """Outcome of F01, and its words."""
    return next(((one["outcome"], one["detail"]) for one in found["measurements"] if one["check"] == "F01"), None)


def references_of(found: dict[str, Any]) -> list[str]:
    return [one["reference_id"] for one in found["compared_with"] if one["against"] == "colour"]


async def test_a_shots_colour_is_judged_by_the_newest_reference_that_can_be_one(studio: Studio) -> None:
    pixels = sample(0)
    photo, cloth = jpeg(pixels), np.ascontiguousarray(pixels[700:900, 560:720])
    item, found = await studio.deliver(photo)
    assert colour_of(found) == ("cannot_measure", MISSING)
    packet = await studio.stage.packet(item.id)
    assert MISSING in [one["detail"] for one in packet["measurements"]]  # the reviewer sees it
    _, found = await studio.deliver(photo, spec=SPEC)
    assert colour_of(found) is None  # nobody asked for it

    swatch = await studio.store(png(cloth))
    assert (swatch["state"], swatch["refusals"], swatch["in_use"]) == ("approved", [], True)
    for spec in (CRITICAL, SPEC):
        _, found = await studio.deliver(photo, spec=spec)
        assert (colour_of(found) or "")[0] == "pass"
        assert references_of(found) == [swatch["reference"]["id"]]
    for elsewhere in ({"colorway": "white"}, {"sku": "HOOD"}):
        _, found = await studio.deliver(photo, **elsewhere)
        assert colour_of(found) == ("cannot_measure", MISSING)

    other = await studio.store(png(hue_turned(cloth, 90)))
    assert (other["state"], other["reference"]["number"]) == ("approved", 2)
    _, found = await studio.deliver(photo)  # the same bytes and spec: another question all the same
    assert (found["measured_as"], (colour_of(found) or "")[0]) == (None, "flag")

    broken = await studio.store(png(cloth)[:-900])
    assert (broken["state"], broken["in_use"], broken["colours"]) == ("refused", False, [])
    assert broken["refusals"]
    cast = await studio.store(png(beside_chart(light=(1, 1, 0.86))), "target_shot", "studio_manager")
    assert cast["state"] == "refused"
    assert "yellow cast" in cast["refusals"][0]
    good = await studio.store(png(beside_chart()), "target_shot", "studio_manager")
    assert (good["state"], good["in_use"]) == ("approved", False)  # the cloth itself says more
    assert outcomes(good)["T12"] == "pass"
    _, found = await studio.deliver(photo)
    assert references_of(found) == [other["reference"]["id"]]
    listed = await studio.look("/v1/reference-inspections?sku=TEE&colorway=navy")
    assert [(one["reference"]["number"], one["state"], one["in_use"]) for one in listed["items"]] == [
        (2, "approved", False),
        (1, "refused", False),
        (3, "refused", False),
        (2, "approved", True),
        (1, "approved", False),
    ]
    with pytest.raises(Exception, match="never changed"):
        await studio.stage.qc.fetch("UPDATE colour_reference SET state = 'approved'")


async def test_without_a_swatch_the_target_shot_counts_and_without_that_an_approved_final(studio: Studio) -> None:
    pixels = sample(0)
    photo = jpeg(pixels)
    item, _ = await studio.deliver(photo, spec=SPEC)
    version = Version.model_validate((await studio.stage.packet(item.id))["version"])
    while gate := (await studio.stage.packet(item.id))["open_gate"]:
        answer = await studio.stage.decide(version, Gate(gate["gate"]))
        assert answer.status_code == 201, answer.text
    _, again = await studio.deliver(jpeg(pixels, 90))
    assert against(again, "colour") == [str(version.id)]
    assert (colour_of(again) or "")[0] == "pass"
    _, turned = await studio.deliver(jpeg(hue_turned(pixels, 60)))
    assert (colour_of(turned) or "")[0] == "fail"  # the same take, region by region
    _, other_view = await studio.deliver(jpeg(sample(0, view="back")), view="back")
    assert colour_of(other_view) == ("cannot_measure", MISSING)

    target = await studio.store(png(beside_chart()), "target_shot", "studio_manager")
    assert target["in_use"]
    _, found = await studio.deliver(photo)
    assert references_of(found) == [target["reference"]["id"]]
    assert against(found, "colour") == ["target_shot"]
    assert (colour_of(found) or "")[0] == "flag"  # the tee isn't red

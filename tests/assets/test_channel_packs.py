"""Channel packs: the defaults can be met, edits by their owner, and variants that keep the version they began with."""

from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from chassis.testkit.harness import Harness, Start
from contracts.assets import ChannelPackPublished, VersionStored
from contracts.routing import WorkClaimed, WorkReady, WorkReturned
from contracts.values import ImageSpec, MeasurementOutcome, Role, WorkState
from packshot.sample.files import jpeg
from packshot.sample.products import products, take
from services.assets.app import create_app
from services.assets.channels.domain import faults_of
from services.assets.channels.schemas import ChannelPackContent, StoredPack
from services.assets.rendering import render
from services.assets.rendering.channels import default_channel_packs
from services.assets.settings import AssetsSettings
from services.assets.worker import create_app as create_worker
from services.intake.requests.schemas import Brief
from services.qc.inspection import inspect
from tests.assets.factory import HOLDER, approved, known, photo, tell, tell_domains, upload, variant_of, with_state
from tests.assets.test_worker import handled, versions_of

PATH = "/v1/channel-packs"
PACKS = default_channel_packs()
CHANNELS = [
    "about_you", "amazon", "ebay", "email", "etsy", "google_merchant", "john_lewis", "meta_feed", "meta_story",
    "myntra", "pdp", "shopify", "tiktok_shop", "walmart", "zalando",
]  # fmt: skip
OWNER, OTHER = Role.QC_LEAD, Role.PRODUCER  # as `tell_domains` says


def content(channel: str = "amazon", spec: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A default pack as an edit sends it, changed."""
    pack = PACKS[channel].model_dump(mode="json", exclude={"channel", "version"})
    return pack | {"spec": pack["spec"] | (spec or {})} | changes


@cache
def master() -> bytes:
    """A packshot of 1280 × 1600 px."""
    one = products(1, 7)[0]
    return jpeg(take(one, one.colorways[0], "front", 7))


def test_each_channel_has_a_dated_pack_and_can_be_asked_for() -> None:
    assert sorted(PACKS) == CHANNELS
    assert Brief.model_validate({"channels": CHANNELS}).channels == CHANNELS
    for pack in PACKS.values():
        stored = StoredPack.model_validate(pack.model_dump())
        assert faults_of(stored) == []
        assert stored.published(1) == pack
    assert sum(bool(pack.notes) for pack in PACKS.values()) == len(PACKS) - 1  # all but the brand's own page


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_is_rendered_for_a_channel_meets_its_pack(channel: str) -> None:
    """By the engine that will measure it."""
    pack, shot = PACKS[channel], ImageSpec(white_background=True)
    spec = pack.spec_for(shot)
    rendered = render(master(), pack, spec)
    found = inspect(rendered.content, pack.naming, spec)
    assert [one for one in found if one.outcome in (MeasurementOutcome.FAIL, MeasurementOutcome.FLAG)] == []
    assert rendered.width / rendered.height == pytest.approx(pack.width / pack.height, rel=0.005)


@pytest.mark.parametrize(
    ("sent", "pointers"),
    [
        (content(spec={"min_width": 900, "max_width": 800}), ["/spec/min_width"]),
        (content(spec={"min_longest_side": 11_000}), ["/spec/min_longest_side"]),
        (content(spec={"min_fill": 0.9, "max_fill": 0.8}, fill=0.9), ["/fill", "/spec/min_fill"]),
        (content(spec={"min_width": 12_000}), ["/spec/max_longest_side"]),
        (content(spec={"max_width": 900, "max_height": 900}), ["/spec/min_longest_side"]),
        (content(spec={"min_width": 200_000}), ["/spec/min_width"]),
        (content(spec={"min_width": 10_000, "min_height": 10_001, "max_longest_side": None}), ["/spec/min_width"]),
        (content(spec={"min_width": 2000, "max_height": 1900}), ["/spec/aspect"]),
        (content(spec={"aspect": 0.5, "min_width": 5200}), ["/spec/aspect"]),
        (content(spec={"aspect": 300.0, "min_longest_side": None}), ["/spec/aspect"]),
        (content(width=1900, height=1900, spec={"min_height": 1950}), ["/height"]),
        (content(width=900, height=900), ["/width"]),
        (content(width=11_000, height=11_000), ["/width", "/width"]),
        (content(width=1500), ["/width"]),
        (content(format="gif", naming="{sku}.gif"), ["/format"]),
        (content("walmart", format="png", naming="{sku}.png", spec={"formats": ["jpeg"]}), ["/format"]),
        (content(spec={"formats": ["jpeg", "heic", "jpeg"]}), ["/spec/formats/1", "/spec/formats/2"]),
        (content(spec={"formats": []}), ["/spec/formats"]),
        (content(fill=0.8), ["/fill"]),
        (content(spec={"white_background": False}), ["/fill"]),
        (content(spec={"min_margin": 0.1}), ["/fill"]),
        (content(spec={"bits": 16, "clipping_path": True}), ["/spec/bits", "/spec/clipping_path"]),
        (content(spec={"max_bytes": 10**12}), ["/spec/max_bytes"]),
        (content(naming="{sku}_{gtin}.jpg"), ["/naming"]),
        (content(naming="{view}.jpg"), ["/naming"]),
        (content(naming="{sku}/{view}.jpg"), ["/naming"]),
        (content(naming="{sku}_{view.jpg"), ["/naming"]),
        (content(naming="{sku}.png"), ["/naming"]),
        (content("ebay", fill=None, spec={"aspect": None}), []),
        (content("myntra", width=1080, height=1440), []),
    ],
)  # fmt: skip
def test_a_pack_that_contradicts_itself_is_told_where(sent: dict[str, Any], pointers: list[str]) -> None:
    faults = faults_of(ChannelPackContent.model_validate(sent))
    assert sorted(fault.pointer for fault in faults) == sorted(pointers), faults
    assert all(fault.remedy for fault in faults)


async def test_packs_are_published_once_and_list_their_channels(assets: Harness, start: Start) -> None:
    await start(create_app, AssetsSettings, fresh=False)
    events = await assets.recorded(ChannelPackPublished)
    assert sorted(event.data.pack.channel for event in events) == CHANNELS
    listed = await assets.client.get(PATH, headers=assets.bearer("reviewer"))
    packs = {pack["channel"]: pack for pack in listed.json()["items"]}
    assert packs == {event.data.pack.channel: event.data.pack.model_dump(mode="json") for event in events}
    read = await assets.client.get(f"{PATH}/pdp?version=1", headers=assets.bearer("reviewer"))
    assert (read.json(), read.headers["ETag"]) == (packs["pdp"], '"1"')
    for url in (f"{PATH}/temu", f"{PATH}/pdp?version=7"):
        answer = await assets.client.get(url, headers=assets.bearer("reviewer"))
        assert (answer.status_code, answer.json()["known"]) == (404, CHANNELS)
    assert (await assets.client.get(PATH)).status_code == 401


async def test_the_owner_of_files_edits_packs_and_makes_channels(assets: Harness) -> None:
    await tell_domains(assets)
    read = await assets.client.get(f"{PATH}/amazon", headers=assets.bearer("reviewer"))
    body, headers = read.json() | {"quality": 95}, {"If-Match": read.headers["ETag"]}

    async def put(channel: str, body: dict[str, Any], role: str = OWNER, **headers: str) -> Any:
        return await assets.client.put(f"{PATH}/{channel}", json=body, headers=assets.bearer(role) | headers)

    refused = await put("amazon", body, OTHER, **headers)
    assert (refused.status_code, refused.json()["allowed_roles"]) == (403, [OWNER])
    assert (await put("amazon", body)).status_code == 428
    wrong = deepcopy(body) | {"quality": 101, "background": "blue", "surprise": 1, "read_on": "last week"}
    wrong["spec"]["sharpness"] = 1
    refused = await put("amazon", wrong, **headers)
    assert refused.status_code == 422
    assert sorted(one["pointer"] for one in refused.json()["errors"]) == [
        "/background", "/quality", "/read_on", "/spec/sharpness", "/surprise",
    ]  # fmt: skip
    refused = await put("amazon", body | {"fill": 0.5, "width": 900}, **headers)
    assert (refused.status_code, {one["pointer"] for one in refused.json()["errors"]}) == (422, {"/fill", "/width"})
    edited = await put("amazon", body, **headers)
    assert (edited.status_code, edited.json(), edited.headers["ETag"]) == (200, body | {"version": 2}, '"2"')
    assert (await put("amazon", body | {"version": None}, **headers)).status_code == 412

    own = content("pdp", naming="{sku}-{view}.jpg", notes=["Ours."])
    assert (await put("amazon", own, **{"If-Match": '"0"'})).status_code == 412
    assert (await put("Our Shop", own, **{"If-Match": '"0"'})).status_code == 422
    made = await put("our_shop", own, **{"If-Match": '"0"'})
    assert (made.status_code, made.json()) == (200, own | {"channel": "our_shop", "version": 1})
    listed = (await assets.client.get(PATH, headers=assets.bearer("reviewer"))).json()["items"]
    assert [pack["version"] for pack in listed if pack["channel"] in ("amazon", "our_shop")] == [2, 1]
    told = [(one.data.pack.channel, one.data.pack.version) for one in await assets.recorded(ChannelPackPublished)]
    assert told[-2:] == [("amazon", 2), ("our_shop", 1)]


async def test_a_variant_keeps_the_version_that_it_began_with(assets: Harness, start: Start) -> None:
    """In its next round too, corrected by a person or rendered again; what begins later has the new one."""
    worker = await start(create_worker, AssetsSettings, fresh=False, process="worker")
    await tell_domains(assets)
    shot, _ = await approved(assets, photo(1, 1200, 1500))
    by_hand, again, later = (variant_of(shot, "pdp") for _ in range(3))

    async def ready(*variants: Any, version: int) -> None:
        said = [WorkReady(work=with_state(one, WorkState.READY), by="routing", cause=None) for one in variants]
        events = [await assets.publish(one, one.work.id, version) for one in said]
        await handled(worker, *[event.id for event in events])

    await ready(by_hand, again, version=2)
    edit = await assets.client.put(
        f"{PATH}/pdp", json=content("pdp", quality=80), headers=assets.bearer(OWNER) | {"If-Match": '"1"'}
    )
    assert edit.status_code == 200, edit.text
    await ready(later, again.model_copy(update={"round": 1}), version=5)
    returned = with_state(by_hand, WorkState.READY, round=1)
    await tell(assets, WorkReturned, returned, 4)
    held = with_state(returned, WorkState.CLAIMED, claimed_by=HOLDER)
    await tell(assets, WorkClaimed, held, 5)
    await known(assets, held, 5)
    assert (await upload(assets, held, photo(7))).status_code == 201

    async def packs_of(variant: Any) -> list[int]:
        return sorted(version["channel_pack"] for version in await versions_of(assets, variant))

    assert await packs_of(later) == [2]
    assert await packs_of(by_hand) == await packs_of(again) == [1, 1]
    stored = await assets.recorded(VersionStored)
    assert {one.data.version.channel_pack for one in stored if one.data.version.work_item_id == shot.id} == {None}

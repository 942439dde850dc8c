"""The worker renders the variants of an approved master, each once, whatever comes twice, early, late or broken."""

import asyncio
import io
from typing import Any

import pytest
from nats.js.errors import NotFoundError
from PIL import Image

from chassis.bus import DLQ_STREAM, EVENTS_STREAM
from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from contracts.assets import VersionStored
from contracts.routing import WorkApproved, WorkBlocked, WorkClaimed, WorkReady
from contracts.values import WorkItem, WorkState
from services.assets.settings import AssetsSettings
from services.assets.worker import create_app
from tests.assets.factory import HOLDER, approved, claimed, known, photo, sha256, tell, upload, variant_of, with_state

MASTER = photo(1, 1200, 1500)


@pytest.fixture
async def worker(assets: Harness, start: Start) -> Harness:
    return await start(create_app, AssetsSettings, fresh=False, process="worker")


async def versions_of(assets: Harness, item: WorkItem) -> list[dict[str, Any]]:
    answer = await assets.client.get(f"/v1/versions?work_item_id={item.id}", headers=assets.bearer("reviewer"))
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def handled(worker: Harness, *event_ids: object) -> None:
    """Wait until the worker's consumer is through with these events."""

    async def are_handled() -> bool:
        rows = await worker.fetch(
            "SELECT count(*) AS n FROM inbox WHERE consumer = 'assets-render' AND event_id = ANY($1)", event_ids
        )
        return bool(rows[0]["n"] == len(event_ids))

    await worker.eventually(are_handled, 60)  # a rendering process takes its time to start on a busy machine


async def is_ready(assets: Harness, variant: WorkItem, version: int = 2) -> object:
    """Speak as routing: the master is approved. Returns the event's id."""
    event = WorkReady(work=with_state(variant, WorkState.READY), by="routing", cause=None)
    return (await assets.publish(event, variant.id, version)).id


async def test_each_variant_is_rendered_from_the_approved_master(assets: Harness, worker: Harness) -> None:
    master, final = await approved(assets, MASTER)
    packs = {pack["channel"]: pack for pack in (
        await assets.client.get("/v1/channel-packs", headers=assets.bearer("reviewer"))
    ).json()["items"]}  # fmt: skip
    variants = {channel: variant_of(master, channel) for channel in ("pdp", "amazon", "zalando")}
    await handled(worker, *[await is_ready(assets, variant) for variant in variants.values()])
    for channel, variant in variants.items():
        [version] = await versions_of(assets, variant)
        assert (version["source"], version["delivered_by"], version["channel"]) == ("render", channel, channel)
        assert (version["channel_pack"], version["master_id"]) == (1, final["id"])
        assert (version["kind"], version["zone"], version["round"]) == ("variant", "wip", 0)
        assert version["filename"] == "WJ01_blue_front.jpg"
        answer = await assets.client.get(f"/v1/versions/{version['id']}/content", headers=assets.bearer("reviewer"))
        assert sha256(answer.content) == version["sha256"]
        image = Image.open(io.BytesIO(answer.content))
        assert image.format == "JPEG"
        assert image.width / image.height == pytest.approx(packs[channel]["spec"]["aspect"], rel=0.005)
    events = await assets.recorded(VersionStored)
    assert sorted(event.data.version.channel or "" for event in events) == ["", "amazon", "pdp", "zalando"]


async def test_news_that_come_twice_make_nothing_twice(assets: Harness, worker: Harness) -> None:
    """The same event again; another one that says the same; and everything again, as after a lost stream, long after
    the variant was approved."""
    master, _ = await approved(assets, MASTER)
    variant = variant_of(master, "pdp")
    said = WorkReady(work=with_state(variant, WorkState.READY), by="routing", cause=None)
    event_id, other_id = new_id(), new_id()
    for one in (event_id, event_id, other_id):
        await assets.publish(said, variant.id, 2, event_id=one)
    await handled(worker, event_id, other_id)
    await tell(assets, WorkApproved, done := with_state(variant, WorkState.APPROVED), 5)
    await known(assets, done, 5)
    await worker.fetch("DELETE FROM inbox WHERE consumer = 'assets-render'")
    await assets.publish(said, variant.id, 2, event_id=event_id)
    await handled(worker, event_id)
    [version] = await versions_of(assets, variant)
    assert version["zone"] == "final"
    assert len(await assets.recorded(VersionStored)) == 2  # with the master's


async def test_it_waits_for_the_master_to_be_final_here(assets: Harness, worker: Harness) -> None:
    master = await claimed(assets)
    await upload(assets, master, MASTER)
    variant = variant_of(master, "pdp")
    event_id = await is_ready(assets, variant)

    async def was_tried() -> bool:
        info = await worker.service.bus.js.consumer_info(EVENTS_STREAM, "assets-render")
        return bool(info.num_redelivered)

    await assets.eventually(was_tried)
    assert await versions_of(assets, variant) == []
    await tell(assets, WorkApproved, with_state(master, WorkState.APPROVED), 9)
    await handled(worker, event_id)
    assert len(await versions_of(assets, variant)) == 1


async def test_what_is_not_awaited_any_more_is_not_rendered(assets: Harness, worker: Harness) -> None:
    """Cancelled, handed in, or made by a person first; and a shot is nothing to render."""
    master, _ = await approved(assets, MASTER)
    by_hand = variant_of(master, "pdp", state=WorkState.CLAIMED, claimed_by=HOLDER)
    cancelled = variant_of(master, "pdp", state=WorkState.CANCELLED)
    handed_in = variant_of(master, "amazon", state=WorkState.IN_REVIEW)
    for variant in (by_hand, cancelled, handed_in):
        await tell(assets, WorkClaimed, variant, 3)
        await known(assets, variant, 3)
    assert (await upload(assets, by_hand, photo(7))).status_code == 201
    events = [await is_ready(assets, variant) for variant in (by_hand, cancelled, handed_in)]
    await handled(worker, *events, await is_ready(assets, with_state(master, WorkState.READY, round=1), 12))
    assert await versions_of(assets, cancelled) == await versions_of(assets, handed_in) == []
    assert [version["source"] for version in await versions_of(assets, by_hand)] == ["upload"]
    assert len(await versions_of(assets, master)) == 1


async def test_news_that_come_while_it_is_rendered(assets: Harness, worker: Harness) -> None:
    """Cancelled: no version. Blocked: a version all the same; nobody would render it later, and routing takes it."""
    master, _ = await approved(assets, MASTER)
    variants = {state: variant_of(master, "pdp") for state in (WorkState.CANCELLED, WorkState.BLOCKED)}
    pool = worker.service._pool  # type: ignore[attr-defined]
    make = pool.make
    for state, variant in variants.items():
        news = with_state(variant, state)

        async def with_news(*arguments: Any, news: WorkItem = news) -> Any:
            made = await make(*arguments)
            await tell(assets, WorkBlocked, news, 3)
            await known(assets, news, 3)
            return made

        pool.make = with_news
        await handled(worker, await is_ready(assets, variant))
    assert await versions_of(assets, variants[WorkState.CANCELLED]) == []
    assert len(await versions_of(assets, variants[WorkState.BLOCKED])) == 1


async def test_what_is_broken_stops_nothing_else(assets: Harness, worker: Harness) -> None:
    """A master that can't be decoded goes to the dead letters with its reason; a process that died is replaced."""
    broken, _ = await approved(assets, MASTER[: len(MASTER) // 2])
    sound, _ = await approved(assets, MASTER, view="back")
    first, second = variant_of(broken, "pdp"), variant_of(sound, "pdp")
    await is_ready(assets, first)

    async def reason() -> str | None:
        try:
            letter = await worker.service.bus.js.get_msg(DLQ_STREAM, seq=1)
        except NotFoundError:
            return None
        return (letter.headers or {}).get("Packshot-Reason")

    assert "damaged" in str(await assets.eventually(reason))
    slot = {"sku": first.sku, "colorway": first.colorway, "view": first.view, "channel": "pdp"}
    await assets.until_answered("assets")
    why = (await assets.client.get("/v1/finals", params=slot, headers=assets.bearer("reviewer"))).json()
    assert (why["reason"], "can't be rendered (the master is damaged" in why["detail"]) == ("not_approved", True)
    pool = worker.service._pool  # type: ignore[attr-defined]
    for process in pool._pool._processes.values():
        process.kill()
        await asyncio.to_thread(process.join)
    await handled(worker, await is_ready(assets, second))
    assert await versions_of(assets, first) == []
    assert len(await versions_of(assets, second)) == 1

"""Deliveries whose files are fetched from the vendor's URL: received at once, decided on when they are here."""

import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from chassis.clock import clock, now
from chassis.embedded import free_port
from chassis.issuer import LocalIssuer
from chassis.testkit.harness import Harness, Start, running
from contracts.assets import DeliveryReceived, VersionStored
from contracts.values import Role
from services.assets.app import create_app
from services.assets.deliveries.domain import FETCH_AGAIN_AFTER
from services.assets.settings import AssetsSettings
from tests.assets.elsewhere import HERE, PRIVATE, Elsewhere, elsewhere
from tests.assets.factory import Vendor, named, photo, ready, sha256, shot
from tests.assets.test_upload import files_in

ALLOWED: dict[str, Any] = {"private_networks": [f"{HERE}/32"], "plain_http": True}


@pytest.fixture
async def server() -> AsyncIterator[Elsewhere]:
    async with elsewhere() as server:
        yield server


@pytest.fixture
async def assets(start: Start) -> Harness:
    return await start(
        create_app, AssetsSettings, claim_wait_seconds=0.2, max_upload_bytes=100_000, fetch_seconds=1.5,
        stall_seconds=0.5, **ALLOWED,
    )  # fmt: skip


@pytest.fixture
async def vendor(assets: Harness) -> Vendor:
    return await Vendor.registered(assets)


@pytest.fixture
def later() -> Iterator[None]:
    """Moved clocks run again after the test."""
    yield
    clock.reset()


async def decided(assets: Harness, vendor: Vendor, message_id: str) -> dict[str, Any]:
    """The delivery as the vendor reads it, when nothing of it waits."""

    async def is_decided() -> dict[str, Any] | None:
        delivery: dict[str, Any] = (await vendor.read(message_id)).json()
        return delivery if delivery["decided_at"] else None

    found = await assets.eventually(is_decided, every=0.1)
    assert found is not None
    return found


def outcomes(delivery: dict[str, Any]) -> list[str]:
    """Of each file: its state, or its codes where it is quarantined."""
    return [" ".join(file["codes"]) or file["state"] for file in delivery["files"]]


async def test_files_are_fetched_and_decided_on(
    assets: Harness, vendor: Vendor, server: Elsewhere, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each in its own way; whatever the URLs hold stays between us and the vendor."""
    caplog.set_level(logging.DEBUG)
    good, moved, twice = await ready(assets), await ready(assets, view="back"), await ready(assets, view="side")
    here = await ready(assets, view="top")
    text, large = b"no image at all", photo(9, 900, 900, "BMP")
    await vendor.put(photo(4))
    private = server.gives("/private", photo(8))
    cases = [
        (named(good, photo(1)), server.gives("/a", photo(1)) + "?signature=hush-hush", "accepted"),
        (named(moved, photo(2), bytes=len(photo(2))), server.redirects("/b", server.gives("/b2", photo(2))),
         "accepted"),
        (named(here, photo(4)), server.gives("/known", photo(4)), "accepted"),
        (named(twice, text), server.gives("/text", text), "not_an_image"),
        (named(twice, photo(3)), server.gives("/other", photo(5)), "other_bytes"),
        (named(twice, photo(5), bytes=1), server.gives("/size", photo(5)), "other_size"),
        (named(twice, large), server.gives("/large", large), "too_large"),
        (named(twice, photo(6)), server.never_ends("/flood", bytes(20_000), 0.001), "too_large"),
        (named(twice, photo(8)), server.redirects("/evil", private.replace(HERE, PRIVATE)), "url_refused"),
        (named(twice, photo(8)), server.redirects("/loop", "/loop"), "url_refused"),
        (named(twice, photo(8)), server.redirects("/nowhere", "http://a..b/x.jpg"), "url_refused"),
        (named(twice, photo(7), "../x.jpg"), server.gives("/name", photo(7)), "bad_name"),
        (named(twice, photo(7), view="inside"), server.gives("/nobody", photo(7)), "no_such_work"),
        (named(twice, photo(10)), None, "not_uploaded"),
    ]  # fmt: skip
    files = [{**file, "url": url} for file, url, _ in cases]
    answer = await vendor.deliver(*files, message_id="msg_1", sequence=7)
    assert answer.status_code == 202, answer.text
    received = answer.json()
    assert received["decided_at"] is None
    assert outcomes(received)[2] == "accepted"
    assert outcomes(received)[:2] == ["waiting", "waiting"]
    delivery = await decided(assets, vendor, "msg_1")
    assert outcomes(delivery) == [expected for _, _, expected in cases]
    assert [file["accepted"] for file in delivery["files"]] == [expected == "accepted" for _, _, expected in cases]
    assert "/known" not in server.hits
    assert "/name" not in server.hits
    assert "/private" not in server.hits
    [event] = await assets.recorded(DeliveryReceived)
    assert event.data.model_dump(mode="json") == delivery
    assert (event.data.sequence, event.data.received_at) == (7, event.data.received_at)
    stored = [version.data.version.sha256 for version in await assets.recorded(VersionStored)]
    assert sorted(stored) == sorted(sha256(photo(seed)) for seed in (1, 2, 4))
    kept = {sha256(content) for content in (photo(1), photo(2), photo(4), photo(7), text)}
    assert {name.rpartition("/")[2] for name in files_in(tmp_path)} == kept
    again = await vendor.deliver(*files, message_id="msg_1", sequence=7)
    assert (again.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (200, delivery, "true")
    shown = [(await assets.client.get(f"/v1/deliveries{path}", headers=assets.bearer("reviewer"))).text
             for path in ("", f"/{delivery['id']}")]  # fmt: skip
    events = [row["payload"] for row in await assets.fetch("SELECT payload FROM event_log")]
    for text_ in (*shown, *events, caplog.text, answer.text):
        assert "hush-hush" not in text_
    assert await assets.fetch("SELECT 1 FROM delivered_file WHERE url IS NOT NULL") == []
    assert await assets.fetch("SELECT 1 FROM timer WHERE kind = 'fetch delivered file'") == []


async def test_a_server_that_fails_is_asked_again(
    assets: Harness, vendor: Vendor, server: Elsewhere, later: None
) -> None:
    slow, never = await ready(assets), await ready(assets, view="back")
    at_last = server.fails_first("/a", 2, photo(1))
    answer = await vendor.deliver(
        {**named(slow, photo(1)), "url": at_last},
        {**named(never, photo(2)), "url": server.breaks_off("/half", photo(2))},
        message_id="msg_1",
    )
    assert answer.status_code == 202
    headers = vendor.reading("msg_1", age=-200)  # the clock is moved below, and standardwebhooks has its own
    failures = len(FETCH_AGAIN_AFTER) + 1
    for tries in range(1, failures):

        async def tried() -> dict[str, Any] | None:
            shaky, half = await assets.fetch("SELECT attempts, state FROM delivered_file ORDER BY position")
            is_tried = shaky["attempts"] >= tries or shaky["state"] == "accepted"  # noqa: B023
            done = is_tried and half["attempts"] >= tries  # noqa: B023
            return (await vendor.read("msg_1", headers)).json() if done else None

        standing = await assets.eventually(tried, every=0.1)
        assert standing is not None
        assert "Not fetched yet" in standing["files"][1]["reasons"][0]
        assert HERE in standing["files"][1]["reasons"][0]
        clock.move(FETCH_AGAIN_AFTER[tries - 1])

    async def given_up() -> bool:
        return bool(await assets.recorded(DeliveryReceived))

    await assets.eventually(given_up, every=0.1)
    delivery = (await vendor.read("msg_1", headers)).json()
    assert outcomes(delivery) == ["accepted", "not_fetched"]
    assert f"in {failures} tries" in delivery["files"][1]["reasons"][0]
    assert server.hits == {"/a": 3, "/half": failures}


async def test_one_server_that_never_ends_holds_up_nobody_else(start: Start, server: Elsewhere) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2, fetches_at_once=2, **ALLOWED)
    slow, quick = await Vendor.registered(assets, "studio-slow"), await Vendor.registered(assets)
    item = await ready(assets)
    files = [{**named(item, photo(seed)), "url": server.never_ends(f"/{seed}")} for seed in range(5)]
    await slow.deliver(*files)

    async def is_busy() -> bool:
        return bool(server.hits)

    await assets.eventually(is_busy)
    await quick.deliver({**named(item, photo(9)), "url": server.gives("/quick", photo(9))}, message_id="msg_1")
    assert outcomes(await decided(assets, quick, "msg_1")) == ["accepted"]
    assert len(server.hits) == 2  # one of the slow vendor's


async def test_two_replicas_fetch_each_file_once(start: Start, server: Elsewhere) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2, **ALLOWED)
    await start(create_app, AssetsSettings, fresh=False, claim_wait_seconds=0.2, **ALLOWED)
    vendor = await Vendor.registered(assets)
    items = [await ready(assets, view=f"view {number}") for number in range(12)]
    files = [
        {**named(item, photo(number)), "url": server.gives(f"/{number}", photo(number))}
        for number, item in enumerate(items)
    ]
    await vendor.deliver(*files, message_id="msg_1")
    assert outcomes(await decided(assets, vendor, "msg_1")) == ["accepted"] * 12
    assert set(server.hits.values()) == {1}
    assert len(await assets.recorded(DeliveryReceived)) == 1


async def test_a_process_that_stops_hands_back_what_it_fetches(
    issuer: LocalIssuer, server: Elsewhere, tmp_path: Path
) -> None:
    """At once, not when the lease has run out, and without a try being counted."""
    async with running(create_app, AssetsSettings, issuer, tmp_path, claim_wait_seconds=0.2, **ALLOWED) as assets:
        vendor, item = await Vendor.registered(assets), await ready(assets)
        await vendor.deliver({**named(item, photo()), "url": server.never_ends("/a")})

        async def is_fetching() -> bool:
            return bool(server.hits)

        await assets.eventually(is_fetching)
        leased = await assets.fetch("SELECT 1 FROM timer WHERE kind = 'fetch delivered file' AND due_at > $1", now())
        assert len(leased) == 1
    due = await assets.fetch("SELECT 1 FROM timer WHERE kind = 'fetch delivered file' AND due_at <= $1", now())
    assert len(due) == 1
    [row] = await assets.fetch("SELECT state, attempts FROM delivered_file")
    assert (row["state"], row["attempts"]) == ("waiting", 0)


async def test_a_killed_process_loses_no_file_that_it_fetched(
    start: Start, server: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: None
) -> None:
    """Killed between the file's arrival and the decision; another process takes over when the lease has run out."""
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2, fetches_at_once=0)
    vendor, item = await Vendor.registered(assets), await ready(assets)
    monkeypatch.setenv("PACKSHOT_PRIVATE_NETWORKS", json.dumps(ALLOWED["private_networks"]))
    monkeypatch.setenv("PACKSHOT_PLAIN_HTTP", "true")
    (tmp_path / "assets.delivery.fetched").touch()
    async with (
        assets.in_a_process("services.assets.app:create_app", tmp_path, port := free_port()) as process,
        httpx.AsyncClient() as client,
    ):
        body = json.dumps({"files": [{**named(item, photo()), "url": server.gives("/a", photo())}]})
        answer = await client.post(
            f"http://127.0.0.1:{port}/webhooks/vendors/{vendor.name}",
            content=body,
            headers=vendor.signature(body, "msg_1"),
        )
        assert answer.status_code == 202, answer.text
        assert await process.wait() == -signal.SIGKILL
    assert await assets.recorded(VersionStored) == []
    headers = vendor.reading("msg_1")
    await start(create_app, AssetsSettings, fresh=False, claim_wait_seconds=0.2, **ALLOWED)
    clock.move(timedelta(minutes=30))

    async def is_there() -> bool:
        return bool(await assets.recorded(DeliveryReceived))

    await assets.eventually(is_there, every=0.1)
    assert outcomes((await vendor.read("msg_1", headers)).json()) == ["accepted"]
    assert server.hits == {"/a": 1}


async def test_nothing_is_taken_from_a_vendor_that_was_switched_off(
    assets: Harness, vendor: Vendor, server: Elsewhere, later: None
) -> None:
    """Neither what is fetched later, nor what comes while it is switched off."""
    waits, comes = await ready(assets), await ready(assets, view="back")

    async def switches_off(_: web.Request) -> web.Response:
        answer = await assets.client.put(
            f"/v1/vendors/{vendor.name}", json={"name": "Nord", "active": False}, headers=assets.bearer("producer")
        )
        assert answer.status_code == 200, answer.text
        return web.Response(body=photo(2))

    fails = server.fails_first("/a", 1, photo(1))
    answer = await vendor.deliver({**named(waits, photo(1)), "url": fails}, message_id="msg_1")
    assert outcomes(answer.json()) == ["waiting"]

    async def has_failed() -> bool:
        return bool(await assets.fetch("SELECT 1 FROM delivered_file WHERE attempts = 1"))

    await assets.eventually(has_failed)
    url = server.answers_with("/b", switches_off)
    assert (await vendor.deliver({**named(comes, photo(2)), "url": url}, message_id="msg_2")).status_code == 202
    books = assets.bearer("producer")

    async def all_decided() -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = (await assets.client.get("/v1/deliveries", headers=books)).json()["items"]
        return found if all(one["decided_at"] for one in found) else None

    async def second_decided() -> bool:
        return bool(await assets.fetch("SELECT 1 FROM delivery WHERE decided_at IS NOT NULL"))

    await assets.eventually(second_decided)
    clock.move(FETCH_AGAIN_AFTER[0])
    found = await assets.eventually(all_decided)
    assert found is not None
    assert [outcomes(one) for one in found] == [["vendor_inactive"], ["vendor_inactive"]]
    assert server.hits == {"/a": 1, "/b": 1}
    assert await assets.fetch("SELECT 1 FROM version") == []


async def test_urls_that_can_not_be_called_are_refused_at_once(start: Start) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2)
    vendor = await Vendor.registered(assets)
    good = named(shot(), photo())
    for url in ("http://a.example/x", "https://user:secret@a.example/x", "ftp://a.example/x", "x", "", "https://ä.example",
                "https://a.example/" + "x" * 2000, "https://a..b/x", f"https://{'a' * 64}.de/x", 7):  # fmt: skip
        answer = await vendor.deliver(good, {**good, "url": url})
        assert answer.status_code == 422, url
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/files/1/url"]
        assert "secret" not in answer.text
    for sequence in (-1, 2**53, "one", 1.5):
        answer = await vendor.deliver(good, sequence=sequence)
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/sequence"], sequence
    answer = await vendor.deliver({**good, "bytes": -1})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/files/0/bytes"]
    assert await assets.fetch("SELECT 1 FROM delivery") == []


async def test_only_the_vendor_reads_what_became_of_its_delivery(assets: Harness, vendor: Vendor) -> None:
    other = await Vendor.registered(assets, "studio-sued")
    delivered = await vendor.deliver(named(shot(), photo()), message_id="msg_1")
    assert (await vendor.read("msg_1")).json() == delivered.json()
    assert delivered.json()["files"][0]["codes"] == ["not_uploaded", "no_such_work"]
    assert (await vendor.read("msg_2")).status_code == 404
    assert (await other.read("msg_1")).status_code == 404
    refused = [
        await vendor.read("msg_1", {}),
        await vendor.read("msg_1", vendor.reading("msg_2")),
        await vendor.read("msg_1", other.reading("msg_1")),
        await vendor.read("msg_1", vendor.reading("msg_1", age=400)),
        await vendor.read("msg_1", vendor.signature("", "m")),
        await vendor.read("msg_1", vendor.signature("msg_1", "m")),
        await vendor.read("msg_1", assets.bearer("producer")),
    ]
    assert [answer.status_code for answer in refused] == [401] * len(refused)
    odd = "a/b:c.d~1"
    sent = await vendor.deliver(named(shot(), photo()), message_id=odd)
    assert (await vendor.read(odd)).json() == sent.json()


async def test_a_person_can_look_at_what_is_quarantined(assets: Harness, vendor: Vendor) -> None:
    text = b"<script>no image at all</script>"
    await vendor.put(text)
    delivery = (await vendor.deliver(named(shot(), text), named(shot(), photo()))).json()
    url = f"/v1/deliveries/{delivery['id']}/files"
    for role in Role:
        answer = await assets.client.get(f"{url}/0/content", headers=assets.bearer(role))
        assert answer.status_code == (200 if role is Role.PRODUCER else 403), role
    producer = assets.bearer("producer")
    answer = await assets.client.get(f"{url}/0/content", headers=producer)
    assert answer.content == text
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")
    part = await assets.client.get(f"{url}/0/content", headers={**producer, "Range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, b"<script>")
    assert [(await assets.client.get(f"{url}/{number}/content", headers=producer)).status_code
            for number in (1, 2, 501, "x")] == [404, 404, 422, 422]  # fmt: skip
    assert (await assets.client.get(f"/v1/deliveries/{shot().id}/files/0/content", headers=producer)).status_code == 404
    assert (await assets.client.get(f"{url}/0/content")).status_code == 401


async def test_while_no_news_arrive_a_fetched_file_waits(assets: Harness, vendor: Vendor, server: Elsewhere) -> None:
    """It isn't quarantined for what routing may have said already."""
    item = await ready(assets)
    gate = asyncio.Event()

    async def at_the_gate(_: Any) -> Any:
        await gate.wait()
        return await server.answers["/a"](_)

    server.gives("/a", photo())
    url = server.answers_with("/gated", at_the_gate)
    await vendor.deliver({**named(item, photo(), view="new"), "url": url}, message_id="msg_1")
    await assets.service.bus.client.close()
    gate.set()

    async def is_put_off() -> bool:
        """It is here, and looked at again in some seconds, long before its lease would run out."""
        soon = await assets.fetch(
            "SELECT 1 FROM timer WHERE kind = 'fetch delivered file' AND due_at < $1", now() + timedelta(seconds=60)
        )
        return bool(soon and await assets.fetch("SELECT 1 FROM vendor_file"))

    await assets.eventually(is_put_off)
    assert outcomes((await vendor.read("msg_1")).json()) == ["waiting"]

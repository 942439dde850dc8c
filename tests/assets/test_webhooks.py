"""Vendors' signed deliveries: only theirs, only now, only once; each file accepted or quarantined with its reasons."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from chassis.testkit.harness import Harness, Start
from contracts.assets import DeliveryReceived, VersionStored
from contracts.routing import WorkClaimed, WorkReturned
from contracts.values import WorkState
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from tests.assets.factory import Vendor, claimed, known, named, photo, ready, sha256, shot, tell, variant_of, with_state
from tests.assets.test_upload import MIB, blocks, files_in

REFUSED = "urn:packshot:problem:bad-signature"


@pytest.fixture
async def vendor(assets: Harness) -> Vendor:
    return await Vendor.registered(assets)


def outcome(answer: Any) -> list[tuple[bool, str]]:
    """Of each file: accepted, and the reasons in one text."""
    assert answer.status_code == 200, answer.text
    return [(file["accepted"], " ".join(file["reasons"])) for file in answer.json()["files"]]


async def test_a_delivered_file_becomes_a_version(assets: Harness, vendor: Vendor, tmp_path: Path) -> None:
    item, content = await ready(assets), photo()
    uploaded = await vendor.put(content)
    assert (uploaded.status_code, uploaded.json()) == (
        201,
        {"vendor": vendor.name, "sha256": sha256(content), "bytes": len(content), "media_type": "image/jpeg"},
    )
    answer = await vendor.deliver(named(item, content), message_id="msg_1")
    assert outcome(answer) == [(True, "")]
    [stored] = await assets.recorded(VersionStored)
    version = stored.data.version
    assert (version.source, version.delivered_by, version.round, version.zone) == ("vendor", vendor.name, 0, "raw")
    assert (version.sha256, version.media_type, version.filename) == (sha256(content), "image/jpeg", "front.jpg")
    assert files_in(tmp_path) == [version.location]
    [received] = await assets.recorded(DeliveryReceived)
    assert received.data.model_dump(mode="json") == answer.json()
    assert answer.json()["files"][0]["version_id"] == str(version.id)
    assert answer.json()["files"][0]["work_item_id"] == str(item.id)
    listed = await assets.client.get(f"/v1/deliveries?vendor={vendor.name}", headers=assets.bearer("producer"))
    assert listed.json() == {"items": [answer.json()], "next_cursor": None}


async def test_many_files_with_mixed_outcomes(assets: Harness, vendor: Vendor) -> None:
    good = await ready(assets)
    own = await claimed(assets, by=vendor.name, view="back")
    others = await claimed(assets, view="side")
    text, contents = b"no image at all", [photo(seed) for seed in range(4)]
    for content in (*contents, text):
        await vendor.put(content)
    states: list[tuple[WorkState, str]] = [
        (WorkState.IN_REVIEW, "at the gates"),
        (WorkState.BLOCKED, "blocked: no sample"),
        (WorkState.APPROVED, "approved already"),
        (WorkState.CANCELLED, "cancelled: no sample"),
        (WorkState.WAITING, "waits for its master"),
    ]
    closed = []
    for state, _ in states:
        item = shot(state=state, view=f"view {state}")
        await tell(assets, WorkClaimed, item, 3, cause="no sample")
        await known(assets, item, 3)
        closed.append(item)
    answer = await vendor.deliver(
        named(good, contents[0]),
        named(own, contents[1]),
        named(others, contents[2]),
        named(good, contents[3]),
        named(good, photo(9)),
        named(good, text),
        named(good, contents[0], "../x.jpg"),
        named(good, contents[0], view="inside"),
        *(named(item, contents[3]) for item in closed),
    )
    accepted, reasons = zip(*outcome(answer), strict=True)
    assert accepted == (True, True) + (False,) * 11
    expected = ["someone else holds it", "round 0 of it was delivered already", "not uploaded", "not an image",
                "path separator", "nobody has asked for SKU WJ01, colorway blue, view inside",
                *(says for _, says in states)]  # fmt: skip
    for says, reason in zip(expected, reasons[2:], strict=True):
        assert says in reason
    assert len(await assets.recorded(VersionStored)) == 2
    [received] = await assets.recorded(DeliveryReceived)
    assert [file.accepted for file in received.data.files] == list(accepted)
    assert received.data.files[6].filename == "..�x.jpg"


async def test_a_slot_that_several_requests_ask_for(assets: Harness, vendor: Vendor) -> None:
    """The oldest that waits takes the first file, the next one the next."""
    older, newer = await ready(assets), await ready(assets)
    for seed in (1, 2, 3):
        await vendor.put(photo(seed))
    answer = await vendor.deliver(*(named(older, photo(seed)) for seed in (1, 2, 3)))
    assert [file["work_item_id"] for file in answer.json()["files"]] == [str(older.id), str(newer.id), None]


async def test_a_file_for_a_variant(assets: Harness, vendor: Vendor) -> None:
    item = await ready(assets)
    variant = variant_of(item, "pdp", state=WorkState.READY)
    await tell(assets, WorkClaimed, variant, 2)
    await known(assets, variant, 2)
    await vendor.put(photo())
    answer = await vendor.deliver(named(variant, photo()))
    assert answer.json()["files"][0]["work_item_id"] == str(variant.id)


async def test_the_next_round_takes_another_file(assets: Harness, vendor: Vendor) -> None:
    item = await ready(assets)
    await vendor.put(photo(1))
    await vendor.put(photo(2))
    await vendor.deliver(named(item, photo(1)))
    assert outcome(await vendor.deliver(named(item, photo(2))))[0][0] is False
    await tell(assets, WorkReturned, with_state(item, WorkState.READY, round=1), 4)
    await known(assets, item, 4)
    assert outcome(await vendor.deliver(named(item, photo(2)))) == [(True, "")]


async def test_the_same_message_again_changes_nothing(assets: Harness, vendor: Vendor) -> None:
    item = await ready(assets)
    await vendor.put(photo())
    files = [named(item, photo()), named(item, photo(9))]
    first = await vendor.deliver(*files, message_id="msg_1")
    again = await vendor.deliver(*files, message_id="msg_1")
    assert again.json() == first.json()
    assert [answer.headers.get("Idempotency-Replayed") for answer in (first, again)] == [None, "true"]
    other = await vendor.deliver(files[0], message_id="msg_1")
    assert (other.status_code, other.json()["type"]) == (409, "urn:packshot:problem:webhook-id-used")
    assert len(await assets.recorded(VersionStored)) == len(await assets.recorded(DeliveryReceived)) == 1
    elsewhere = await Vendor.registered(assets, "studio-sued")
    assert (await elsewhere.deliver(files[1], message_id="msg_1")).headers.get("Idempotency-Replayed") is None


async def test_the_same_message_many_times_at_once(assets: Harness, vendor: Vendor) -> None:
    item = await ready(assets)
    await vendor.put(photo())
    answers = await asyncio.gather(*(vendor.deliver(named(item, photo()), message_id="msg_1") for _ in range(6)))
    assert len({answer.text for answer in answers}) == 1
    assert outcome(answers[0]) == [(True, "")]
    assert len(await assets.recorded(DeliveryReceived)) == 1


async def test_deliveries_of_the_same_shots_at_once(assets: Harness, vendor: Vendor) -> None:
    """In opposite order, with many shots: they take turns, and each shot gets one file."""
    items = [await ready(assets, view=f"view {number}") for number in range(12)]
    await vendor.put(photo())
    orders = [items, items[::-1], items, items[::-1]]
    answers = await asyncio.gather(*(vendor.deliver(*(named(item, photo()) for item in order)) for order in orders))
    accepted = [accepted for answer in answers for accepted, _ in outcome(answer)]
    assert sum(accepted) == len(items) == len(await assets.recorded(VersionStored))


async def test_what_is_not_signed_by_the_vendor_now_is_refused(assets: Harness, vendor: Vendor) -> None:
    """Always the same answer: it tells nothing about vendors or secrets."""
    item = await ready(assets)
    await vendor.put(photo())
    body = json.dumps({"files": [named(item, photo())]})
    good = vendor.signature(body, "msg_1")
    other = await Vendor.registered(assets, "studio-sued")
    unknown = Vendor(assets, "nobody", vendor.secret)
    stranger = Vendor(assets, vendor.name, other.secret)
    attempts = {
        "nothing": vendor.post(body, {}),
        "another body": vendor.post(body + " ", good),
        "another id": vendor.post(body, good | {"webhook-id": "msg_2"}),
        "another time": vendor.post(body, good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)}),
        "no base64": vendor.post(body, good | {"webhook-signature": "v1,ü".encode()}),
        "no comma": vendor.post(body, good | {"webhook-signature": "v1"}),
        "no number": vendor.post(body, good | {"webhook-timestamp": "nan"}),
        "too old": vendor.deliver(named(item, photo()), age=301),
        "too new": vendor.deliver(named(item, photo()), age=-302),
        "another vendor's secret": stranger.deliver(named(item, photo())),
        "another vendor's message": other.post(body, good),
        "unknown vendor": unknown.deliver(named(item, photo())),
        "endless id": vendor.deliver(named(item, photo()), message_id="m" * 201),
        "bytes that are no text": vendor.post(b"\xff\xfe", good),
        "file, unknown vendor": unknown.put(photo()),
        "file, another secret": stranger.put(photo()),
        "file, too old": vendor.put(photo(), age=301),
    }
    texts = set()
    for what, attempt in attempts.items():
        answer = await attempt
        assert (answer.status_code, answer.json()["type"]) == (401, REFUSED), what
        texts.add(answer.json()["detail"])
    assert len(texts) == 1
    assert "UTF-8" in texts.pop()  # no signature of bytes that are no text would be right
    assert await assets.recorded(DeliveryReceived) == []
    assert (await vendor.post(body, good)).status_code == 200


async def test_a_renewed_secret_and_a_dismissed_vendor(assets: Harness, vendor: Vendor) -> None:
    producer = assets.bearer("producer")
    renewed = await assets.client.post(f"/v1/vendors/{vendor.name}/secret?overlap_hours=0", headers=producer)
    assert (await vendor.put(photo())).status_code == 401
    vendor.secret = renewed.json()["secret"]
    assert (await vendor.put(photo())).status_code == 201
    entry = {"name": "Nord", "active": False}
    await assets.client.put(f"/v1/vendors/{vendor.name}", json=entry, headers=producer)
    assert (await vendor.put(photo())).status_code == 401


async def test_a_file_must_be_what_was_signed(assets: Harness, vendor: Vendor, tmp_path: Path) -> None:
    wrong = await vendor.put(photo(1), digest=sha256(photo(2)))
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:packshot:problem:wrong-digest")
    signed = vendor.signature(sha256(photo(1)), "msg_1")
    tampered = await assets.client.put(
        f"/webhooks/vendors/{vendor.name}/files/{sha256(photo(2))}", content=photo(2), headers=signed
    )
    assert tampered.status_code == 401
    shouted = await vendor.put(photo(1), digest=sha256(photo(1)).upper())
    assert shouted.status_code == 422
    assert files_in(tmp_path) == []
    assert await assets.fetch("SELECT * FROM vendor_file") == []


async def test_a_file_can_be_sent_again(assets: Harness, vendor: Vendor, tmp_path: Path) -> None:
    answers = await asyncio.gather(*(vendor.put(photo()) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len(files_in(tmp_path)) == 1


async def test_only_who_uploaded_a_file_delivers_it(assets: Harness, vendor: Vendor) -> None:
    item = await ready(assets)
    other = await Vendor.registered(assets, "studio-sued")
    await other.put(photo())
    assert "not uploaded" in outcome(await vendor.deliver(named(item, photo())))[0][1]


async def test_files_and_notes_have_limits(start: Start, tmp_path: Path) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=0.2, max_upload_bytes=2 * MIB)
    vendor = await Vendor.registered(assets)
    streamed = await vendor.put(blocks(3), digest="0" * 64)
    assert streamed.status_code == 413
    note = " " * (2 * MIB)
    assert (await vendor.post(note, vendor.signature(note, "msg_1"))).status_code == 413
    many = await vendor.deliver(*[named(shot(), photo())] * 501)
    assert many.status_code == 422
    assert files_in(tmp_path) == []


async def test_wrong_notes_name_their_fields(assets: Harness, vendor: Vendor) -> None:
    good = named(shot(), photo())
    cases: list[tuple[str, str]] = [
        ("{", ""),
        ("[" * 5000, ""),
        ("[]", ""),
        ("{}", "/files"),
        (json.dumps({"files": []}), "/files"),
        (json.dumps({"files": [good | {"sha256": "xyz"}]}), "/files/0/sha256"),
        (json.dumps({"files": [good | {"sku": 7}]}), "/files/0/sku"),
        (json.dumps({"files": [good | {"sku": "nul \x00"}]}), "/files/0/sku"),
        (json.dumps({"files": [good, good | {"price": 1}]}), "/files/1/price"),
        (json.dumps({"files": [good], "urgent": True}), "/urgent"),
        (json.dumps({"files": [good], "sequence": True}), "/sequence"),
    ]
    for body, pointer in cases:
        answer = await vendor.post(body, vendor.signature(body, "msg_1"))
        assert answer.status_code == 422, body[:100]
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    accepted = await vendor.deliver(good, message_id="msg_1")  # a refused note has not used up its id
    assert accepted.status_code == 200


async def test_a_delivery_waits_for_the_work_that_is_on_its_way(start: Start) -> None:
    assets = await start(create_app, AssetsSettings, claim_wait_seconds=10)
    vendor = await Vendor.registered(assets)
    item = await ready(assets)
    await vendor.put(photo(1))
    await vendor.put(photo(2))
    await vendor.deliver(named(item, photo(1)))
    waiting = asyncio.create_task(vendor.deliver(named(item, photo(2))))
    assert (await asyncio.wait({waiting}, timeout=0.3))[0] == set()
    await tell(assets, WorkReturned, with_state(item, WorkState.READY, round=1), 4)
    assert outcome(await waiting) == [(True, "")]


async def test_while_no_news_arrive_nothing_is_quarantined(assets: Harness, vendor: Vendor) -> None:
    await vendor.put(photo())
    await assets.service.bus.client.close()
    assert (await vendor.deliver(named(shot(), photo()))).status_code == 503
    assert await assets.recorded(DeliveryReceived) == []

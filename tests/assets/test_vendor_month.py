"""A vendor's month: everything that can go wrong with deliveries, at once; and the books balance to the file.

`make test` plays 100 deliveries; PACKSHOT_MONTH=2000 a whole month, with twenty times the CPU. What was sent is kept by
a model of its own, which knows nothing of the service but what a vendor is promised.
"""

import asyncio
import itertools
import json
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from chassis.clock import clock, now
from chassis.testkit.harness import Harness, Start
from contracts.assets import DeliveryReceived, VersionStored
from contracts.values import WorkItem
from services.assets.app import create_app
from services.assets.settings import AssetsSettings
from tests.assets.elsewhere import HERE, PRIVATE, Elsewhere, elsewhere
from tests.assets.factory import Vendor, named, photo, plan, sha256, shot
from tests.assets.test_upload import files_in

DELIVERIES = int(os.environ.get("PACKSHOT_MONTH", "100"))
AT_ONCE = 12
MOST_BYTES = 100_000
MOST_ENDLESS = 3

# How a file comes, and how often; what becomes of it stands in `expected_of`.
KINDS = {
    "uploaded": 50, "rival": 8, "text": 4, "forgotten": 4, "bad name": 3, "nobody's": 4, "fetched": 12, "shaky": 6,
    "moved": 4, "private": 2, "exchanged": 3, "flood": 1, "endless": 1,
}  # fmt: skip
BY_URL = {"fetched", "shaky", "moved", "private", "exchanged", "flood", "endless"}
QUARANTINED = {
    "text": "not_an_image", "forgotten": "not_uploaded", "bad name": "bad_name", "nobody's": "no_such_work",
    "private": "url_refused", "exchanged": "other_bytes", "flood": "too_large", "endless": "not_fetched",
}  # fmt: skip


@dataclass
class SentFile:
    """A file of the month. `slot`: what it is for; rivals share one, and one of them gets it."""

    kind: str
    slot: WorkItem
    content: bytes
    note: dict[str, Any]

    @property
    def comes(self) -> bool:
        """Whether its own bytes ever reach the store."""
        return self.kind not in {"forgotten", "private", "exchanged", "flood", "endless"}


@dataclass
class Sent:
    """A delivery of the month, and how often its message is sent."""

    message_id: str
    sequence: int
    files: list[SentFile]
    times: int


@dataclass
class Month:
    """All that is sent, by the model's own record."""

    items: list[WorkItem] = field(default_factory=list)
    deliveries: list[Sent] = field(default_factory=list)
    unnamed: list[bytes] = field(default_factory=list)
    missing: set[int] = field(default_factory=set)
    doubled: set[int] = field(default_factory=set)

    @classmethod
    def planned(cls, dice: random.Random, server: Elsewhere) -> "Month":
        month, number, rival, seeds = cls(), 0, None, itertools.count(1)
        for count in range(DELIVERIES):
            files = list[SentFile]()
            for _ in range(dice.choice((1, 1, 1, 2, 3))):
                [kind] = dice.choices(list(KINDS), list(KINDS.values()))
                if kind == "endless" and month.of_kind("endless") + [f.kind for f in files].count(kind) >= MOST_ENDLESS:
                    kind = "fetched"
                slot = shot(sku=f"SKU{len(month.items)}")
                if kind == "rival" and rival is not None and dice.random() < 0.6:
                    slot = rival
                elif kind != "nobody's":
                    month.items.append(slot)
                rival = slot if kind == "rival" else rival
                files.append(_file(kind, slot, next(seeds), server))
                if kind == "nobody's":
                    files[-1].note["sku"] = f"NOBODYS{count}"
            skips = dice.random() < 0.03
            month.missing |= {number + 1} if skips else set()
            again = number > 1 and not skips and dice.random() < 0.02
            number += 0 if again else 1 + skips
            month.doubled |= {number} if again else set()
            times = dice.choices((1, 2, 4), (85, 12, 3))[0]
            month.deliveries.append(Sent(f"msg_{count}", number, files, times))
        month.unnamed = [picture(next(seeds)) for _ in range(DELIVERIES // 40)]
        return month

    def of_kind(self, kind: str) -> int:
        return sum(file.kind == kind for file in self.files)

    @property
    def files(self) -> list[SentFile]:
        return [file for delivery in self.deliveries for file in delivery.files]

    @property
    def here(self) -> set[str]:
        """SHA-256 of everything whose bytes came."""
        return {sha256(file.content) for file in self.files if file.comes} | {sha256(one) for one in self.unnamed}

    def outcomes(self) -> Counter[str]:
        """How many files are accepted, and how many quarantined by what."""
        rivals = [file for file in self.files if file.kind == "rival"]
        slots = {file.slot.id for file in rivals}
        counted = Counter(QUARANTINED.get(file.kind, "accepted") for file in self.files if file.kind != "rival")
        return counted + Counter({"accepted": len(slots), "not_awaited": len(rivals) - len(slots)})


def picture(seed: int) -> bytes:
    """No two are alike: if their colours are, their sizes aren't."""
    return photo(seed, 40 + seed % 50, 40 + seed // 50)


def _file(kind: str, slot: WorkItem, seed: int, server: Elsewhere) -> SentFile:
    content = b"no image, %d" % seed if kind == "text" else picture(seed)
    note = named(slot, content, "../x.jpg" if kind == "bad name" else f"{slot.sku}.jpg")
    path = f"/{slot.sku}-{seed}"
    if kind in ("fetched", "endless"):
        note["bytes"] = len(content)
    urls: dict[str, Callable[[], str]] = {
        "fetched": lambda: server.gives(path, content),
        "shaky": lambda: server.fails_first(path, 1 + seed % 3, content),
        "moved": lambda: server.redirects(path, server.gives(path + "-there", content)),
        "private": lambda: server.redirects(path, server.gives("/private", content).replace(HERE, PRIVATE)),
        "exchanged": lambda: server.gives(path, content + b"!"),
        "flood": lambda: server.never_ends(path, bytes(20_000), 0, begin=b"\xff\xd8\xff"),
        "endless": lambda: server.never_ends(path, b"\xff", 0.2),
    }
    if kind in BY_URL:
        note["url"] = urls[kind]() + f"?token=hush-hush-{seed}"
    return SentFile(kind, slot, content, note)


@dataclass
class Callback:
    """The vendor's own server, which now and then isn't there."""

    dice: random.Random
    came: dict[str, dict[str, Any]] = field(default_factory=dict)
    bodies: list[tuple[dict[str, str], str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        if self.dice.random() < 0.1:
            return web.Response(status=503)
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.text()
        self.bodies.append((headers, body))
        self.came[headers["webhook-id"]] = json.loads(body)
        return web.Response(status=204)

    def is_all_signed(self, secret: str) -> bool:
        """By the scheme itself: the library's own check knows no moved clock."""
        return all(
            headers["webhook-signature"]
            == Webhook(secret).sign(
                headers["webhook-id"], datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC), body
            )
            for headers, body in self.bodies
        )


class Sender:
    """Sends the month: the vendor itself, and others who would like to be it."""

    def __init__(self, vendor: Vendor, stranger: Vendor, dice: random.Random) -> None:
        self._vendor, self._stranger, self._dice = vendor, stranger, dice
        self.repeats = 0
        self.refused = Counter[str]()

    async def send(self, sent: Sent) -> None:
        early = self._dice.random() < 0.03
        if early:  # a forged one comes first: it doesn't use up the id
            await self._forge(sent)
        for file in sent.files:
            if file.kind not in BY_URL and file.kind != "forgotten":
                for _ in range(self._dice.choice((1, 1, 1, 2))):
                    answer = await self._vendor.put(file.content)
                    assert answer.status_code in (200, 201), answer.text
        body = json.dumps({"files": [file.note for file in sent.files], "sequence": sent.sequence})
        headers = self._vendor.signature(body, sent.message_id)
        answers = await asyncio.gather(*(self._vendor.post(body, headers) for _ in range(sent.times)))
        assert {answer.status_code for answer in answers} <= {200, 202}, [answer.text for answer in answers]
        assert len({answer.json()["id"] for answer in answers}) == 1
        self.repeats += sent.times - 1
        if self._dice.random() < 0.05:  # somebody who has listened sends it once more
            again = await self._vendor.post(body, headers)
            assert again.headers["Idempotency-Replayed"] == "true"
            self.repeats += 1
        if self._dice.random() < 0.05:
            await self._reuse(sent, body)
        if self._dice.random() < 0.1:
            await self._forge(sent)

    async def _forge(self, sent: Sent) -> None:
        body = json.dumps({"files": [file.note for file in sent.files]})
        good = self._vendor.signature(body, sent.message_id)
        for what, message, headers in (
            ("stale", body, self._vendor.signature(body, sent.message_id, age=301)),
            ("stranger", body, self._stranger.signature(body, sent.message_id)),
            ("tampered", body.replace("SKU", "SKV"), good),
            ("renamed", body, good | {"webhook-id": "msg_other"}),
            ("unsigned", body, {}),
        ):
            answer = await self._vendor.post(message, headers)
            assert answer.status_code == 401, what
            self.refused[what] += 1
        assert (await self._stranger.put(b"not mine")).status_code == 401

    async def _reuse(self, sent: Sent, body: str) -> None:
        answer = await self._vendor.post(body + " ", self._vendor.signature(body + " ", sent.message_id))
        assert answer.status_code == 409
        self.refused["reused"] += 1


@pytest.fixture
def running_clock() -> Iterator[None]:
    yield
    clock.reset()


async def at_most(number: int, work: list[Awaitable[None]]) -> None:
    places = asyncio.Semaphore(number)

    async def one(what: Awaitable[None]) -> None:
        async with places:
            await what

    await asyncio.gather(*(one(what) for what in work))


async def until_quiet(assets: Harness) -> None:
    """All retries are done: whenever nothing moves any more, the clock jumps to the next ones."""
    last = None

    async def nothing_waits() -> bool:
        nonlocal last
        [row] = await assets.fetch(
            """
            SELECT (SELECT count(*) FROM delivered_file WHERE state = 'waiting') AS files,
                (SELECT count(*) FROM outbound_message WHERE state = 'waiting') AS messages,
                (SELECT sum(attempts) FROM delivered_file) AS fetches,
                (SELECT sum(attempts) FROM outbound_message) AS tries
            """
        )
        if row == last:
            clock.move(timedelta(hours=2))
        last = row
        return not row["files"] and not row["messages"]

    await assets.eventually(nothing_waits, 120 + DELIVERIES / 4, every=0.6)


async def every_delivery(assets: Harness, vendor: Vendor) -> dict[str, dict[str, Any]]:
    """By message id, page by page."""
    found, cursor = dict[str, dict[str, Any]](), dict[str, str]()
    while True:
        answer = await assets.client.get(
            f"/v1/vendors/{vendor.name}/deliveries", params={"limit": 200, **cursor}, headers=assets.bearer("reviewer")
        )
        page = answer.json()
        for delivery in page["items"]:
            assert delivery["webhook_id"] not in found
            found[delivery["webhook_id"]] = delivery
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.timeout(180 + DELIVERIES)
async def test_the_books_of_a_month_balance(start: Start, tmp_path: Path, running_clock: None) -> None:
    dice = random.Random(1)
    assets = await start(
        create_app, AssetsSettings, claim_wait_seconds=0, max_upload_bytes=MOST_BYTES, fetch_seconds=0.5,
        fetches_at_once=16, sends_at_once=16, private_networks=[f"{HERE}/32"], plain_http=True,
    )  # fmt: skip
    vendor = await Vendor.registered(assets)
    stranger = Vendor(assets, vendor.name, (await Vendor.registered(assets, "studio-sued")).secret)
    async with elsewhere() as server:
        callback = Callback(random.Random(2))
        url = server.answers_with("/outcomes", callback.answer)
        answer = await assets.client.put(
            f"/v1/vendors/{vendor.name}/callback", json={"url": url}, headers=assets.bearer("producer")
        )
        month, began = Month.planned(dice, server), now()
        for first in range(0, len(month.items), 200):
            await plan(assets, *month.items[first : first + 200])

        async def all_known() -> bool:
            [row] = await assets.fetch("SELECT count(*) AS known FROM work_item")
            return bool(row["known"] == len(month.items))

        await assets.eventually(all_known)
        sender = Sender(vendor, stranger, dice)
        work: list[Awaitable[None]] = [sender.send(one) for one in month.deliveries]
        work += [_put(vendor, content) for content in month.unnamed]
        dice.shuffle(work)
        await at_most(AT_ONCE, work)
        assert sum(sender.refused.values()) > DELIVERIES / 10
        await until_quiet(assets)
        clock.reset()

        deliveries = await every_delivery(assets, vendor)
        _check_each(month, deliveries)
        await _check_events(assets, month, deliveries)
        _check_books(month, sender, await _books(assets, vendor, began))
        assert {json.dumps(one["data"], sort_keys=True) for one in callback.came.values()} == {
            json.dumps(one, sort_keys=True) for one in deliveries.values()
        }
        assert len(callback.came) == len(deliveries)
        assert callback.is_all_signed(answer.json()["secret"])
        assert "/private" not in server.hits
    assert {name.rpartition("/")[2] for name in files_in(tmp_path) if name.startswith("sha256/")} == month.here
    assert [name for name in files_in(tmp_path) if not name.startswith("sha256/")] == []
    assert await assets.fetch("SELECT 1 FROM delivered_file WHERE url IS NOT NULL") == []


async def _put(vendor: Vendor, content: bytes) -> None:
    assert (await vendor.put(content)).status_code == 201


async def _books(assets: Harness, vendor: Vendor, began: datetime) -> dict[str, Any]:
    times = {"from": began.isoformat(), "to": (now() + timedelta(days=1)).isoformat()}
    url = f"/v1/vendors/{vendor.name}/reconciliation"
    answer = await assets.client.get(url, params=times, headers=assets.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    books: dict[str, Any] = answer.json()
    return books


def _check_each(month: Month, deliveries: dict[str, dict[str, Any]]) -> None:
    """Each file of each delivery has become what the model says."""
    assert set(deliveries) == {one.message_id for one in month.deliveries}
    for sent in month.deliveries:
        delivery = deliveries[sent.message_id]
        assert delivery["sequence"] == sent.sequence
        for file, became in zip(sent.files, delivery["files"], strict=True):
            is_accepted = became["state"] == "accepted"
            assert became["accepted"] == is_accepted == (became["version_id"] is not None)
            assert became["sha256"] == sha256(file.content)
            what = "accepted" if is_accepted else became["codes"][0]
            if file.kind == "rival":
                assert what in ("accepted", "not_awaited")
            else:
                assert what == QUARANTINED.get(file.kind, "accepted"), (file.kind, became)
            assert not is_accepted or became["work_item_id"] == str(file.slot.id)
            assert is_accepted or became["reasons"]
            assert "hush" not in json.dumps(became)


async def _check_events(assets: Harness, month: Month, deliveries: dict[str, dict[str, Any]]) -> None:
    """One event a delivery, one version an accepted file."""
    told = await assets.recorded(DeliveryReceived)
    assert sorted(event.data.webhook_id for event in told) == sorted(deliveries)
    assert all(event.data.model_dump(mode="json") == deliveries[event.data.webhook_id] for event in told)
    versions = [event.data.version for event in await assets.recorded(VersionStored)]
    assert len(versions) == len({version.work_item_id for version in versions}) == month.outcomes()["accepted"]
    accepted = {file["version_id"] for one in deliveries.values() for file in one["files"] if file["accepted"]}
    assert {str(version.id) for version in versions} == accepted


def _check_books(month: Month, sender: Sender, books: dict[str, Any]) -> None:
    outcomes = month.outcomes()
    assert books["deliveries"] == {
        "received": DELIVERIES, "decided": DELIVERIES, "waiting": 0, "repeats": sender.repeats
    }  # fmt: skip
    accepted = outcomes.pop("accepted")
    assert books["files"] == {
        "named": len(month.files), "accepted": accepted, "quarantined": outcomes.total(), "waiting": 0,
        "quarantined_by": {code: number for code, number in outcomes.items() if number},
    }  # fmt: skip
    never_named = {sha256(content) for content in month.unnamed}
    assert books["uploads"]["received"] == len(month.here)
    assert books["uploads"]["never_named"] == len(never_named)
    assert {file["sha256"] for file in books["uploads"]["unnamed"]} == never_named
    sequence = books["sequence"]
    inside = {one for one in month.missing if one < sequence["highest"] and one > sequence["lowest"]}
    assert {one for gap in sequence["gaps"] for one in range(gap["first"], gap["last"] + 1)} == inside
    assert sequence["missing"] == len(inside)
    shared = Counter(one.sequence for one in month.deliveries)
    assert {one["number"]: one["deliveries"] for one in sequence["doubled"]} == {
        number: times for number, times in shared.items() if times > 1
    }
    assert {number for number, times in shared.items() if times > 1} == month.doubled

"""Outcomes that are told to vendors by signed webhooks: until they have heard, and not for ever."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from chassis.clock import clock
from chassis.testkit.harness import Harness, Start
from contracts.assets import OutboundEndpointDisabled
from contracts.values import Role
from services.assets.app import create_app
from services.assets.outbound.domain import DISABLED_AFTER, RETRY_AFTER, Answer, next_try, why_disabled
from services.assets.settings import AssetsSettings
from tests.assets.elsewhere import PRIVATE, Elsewhere, elsewhere
from tests.assets.factory import Vendor, named, photo, ready, shot
from tests.assets.test_fetching import ALLOWED

CALLBACK = "/v1/vendors/studio-nord/callback"


class Receiver:
    """A vendor's own server: it keeps what comes, and answers as it is told."""

    def __init__(self, server: Elsewhere) -> None:
        self.status, self.came = 204, list[tuple[dict[str, str], str]]()
        self.url = server.answers_with("/outcomes", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        self.came.append(({name.lower(): value for name, value in request.headers.items()}, await request.text()))
        return web.Response(status=self.status)

    def heard(self, secret: str) -> list[dict[str, Any]]:
        """What came, each message verified."""
        found = list[dict[str, Any]]()
        for headers, body in self.came:
            found.append(Webhook(secret).verify(body, headers))
        return found

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.came]


@pytest.fixture
async def server() -> AsyncIterator[Elsewhere]:
    async with elsewhere() as server:
        yield server


@pytest.fixture
def receiver(server: Elsewhere) -> Receiver:
    return Receiver(server)


@pytest.fixture
async def assets(start: Start) -> Harness:
    return await start(create_app, AssetsSettings, claim_wait_seconds=0, **ALLOWED)


@pytest.fixture
async def vendor(assets: Harness) -> Vendor:
    return await Vendor.registered(assets)


@pytest.fixture
def later() -> Iterator[None]:
    """Moved clocks run again after the test."""
    yield
    clock.reset()


async def listening(assets: Harness, receiver: Receiver) -> str:
    """Register it. Its secret."""
    answer = await assets.client.put(CALLBACK, json={"url": receiver.url}, headers=assets.bearer("producer"))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


async def read(assets: Harness, path: str) -> dict[str, Any]:
    answer = await assets.client.get(path, headers=assets.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def messages(assets: Harness, **query: str) -> list[dict[str, Any]]:
    """Oldest first."""
    answer = await assets.client.get("/v1/outbound/messages", params=query, headers=assets.bearer("reviewer"))
    items: list[dict[str, Any]] = answer.json()["items"]
    return items[::-1]


async def until(assets: Harness, **wanted: Any) -> dict[str, Any]:
    """Until the newest message is so."""

    async def is_so() -> dict[str, Any] | None:
        newest = (await messages(assets))[-1]
        return newest if newest.items() >= wanted.items() else None

    found = await assets.eventually(is_so, every=0.05)
    assert found is not None
    return found


def test_the_tries_of_a_message_end() -> None:
    at = clock.now()
    assert [next_try(number, at) for number in range(1, 9)] == [*(at + later for later in RETRY_AFTER), None]
    bad = Answer(503, None, 0.1)
    assert why_disabled(bad, at, at + DISABLED_AFTER - timedelta(seconds=1)) is None
    assert "answered 503" in (why_disabled(bad, at, at + DISABLED_AFTER) or "")
    assert "410" in (why_disabled(Answer(410, None, 0.1), at, at) or "")


async def test_what_became_of_a_delivery_is_told(
    assets: Harness, vendor: Vendor, server: Elsewhere, receiver: Receiver
) -> None:
    """Of one that is decided at once, and of one whose file is fetched; signed with the callback's own secret."""
    await vendor.deliver(named(shot(), photo()), message_id="msg_0")  # before anybody wants to hear
    secret = await listening(assets, receiver)
    assert secret != vendor.secret
    first = (await vendor.deliver(named(shot(), photo()), message_id="msg_1")).json()
    await vendor.deliver(named(shot(), photo()), message_id="msg_1")
    item = await ready(assets)
    await vendor.deliver({**named(item, photo()), "url": server.gives("/a", photo())}, message_id="msg_2")

    async def both_came() -> bool:
        return len(receiver.came) == 2

    await assets.eventually(both_came, every=0.1)
    second = (await vendor.read("msg_2")).json()
    heard = receiver.heard(secret)
    assert [one["type"] for one in heard] == ["delivery.decided"] * 2
    assert [one["data"] for one in heard] == [first, second]
    assert second["files"][0]["accepted"]
    with pytest.raises(WebhookVerificationError):
        receiver.heard(vendor.secret)
    last = await until(assets, state="delivered")
    assert (last["subject"], last["attempts"], last["id"]) == (second["id"], 1, receiver.ids[1])
    assert [one["subject"] for one in await messages(assets, subject=first["id"])] == [first["id"]]


async def test_a_message_is_sent_again_until_it_is_heard(
    assets: Harness, vendor: Vendor, receiver: Receiver, later: None
) -> None:
    await listening(assets, receiver)
    receiver.status = 503
    await vendor.deliver(named(shot(), photo()))
    for attempt, wait in enumerate(RETRY_AFTER[:3], 1):
        await until(assets, attempts=attempt, state="waiting")
        assert (await read(assets, CALLBACK))["failures"] == attempt
        clock.move(wait)
        if attempt == 3:
            receiver.status = 200
    message = await until(assets, attempts=4, state="delivered")
    tried = (await read(assets, f"/v1/outbound/messages/{message['id']}"))["tried"]
    assert [(one["number"], one["status"], one["error"]) for one in tried] == [
        (1, 503, None), (2, 503, None), (3, 503, None), (4, 200, None)
    ]  # fmt: skip
    assert len(set(receiver.ids)) == 1
    assert (await read(assets, CALLBACK)).items() >= {"failures": 0, "failing_since": None}.items()


async def test_an_endpoint_that_fails_for_long_is_disabled_and_loses_nothing(
    assets: Harness, vendor: Vendor, receiver: Receiver, later: None
) -> None:
    secret = await listening(assets, receiver)
    receiver.status = 500
    await vendor.deliver(named(shot(), photo()), message_id="msg_1")
    for attempt, wait in enumerate(RETRY_AFTER, 1):
        await until(assets, attempts=attempt)
        clock.move(wait)
    gone = await until(assets, attempts=8, state="failed")
    clock.reset()
    again = await vendor.deliver(named(shot(), photo(), view="other"), message_id="msg_2")
    await until(assets, attempts=1)
    clock.move(DISABLED_AFTER)

    async def is_disabled() -> bool:
        return bool(await assets.recorded(OutboundEndpointDisabled))

    await assets.eventually(is_disabled, every=0.1)
    [event] = await assets.recorded(OutboundEndpointDisabled)
    assert (event.data.owner, event.data.waiting, event.aggregateversion) == ("vendor/studio-nord", 1, 1)
    endpoint = await read(assets, CALLBACK)
    assert endpoint["disabled_because"] == event.data.because == (
        "Nothing got through for 3 days. At last: It answered 500."
    )  # fmt: skip
    clock.reset()
    receiver.status, receiver.came[:] = 204, []
    await vendor.deliver(named(shot(), photo(), view="third"), message_id="msg_3")
    producer = assets.bearer("producer")
    refused = await assets.client.post(f"/v1/outbound/messages/{gone['id']}/redeliver", headers=producer)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:packshot:problem:endpoint-off")
    assert receiver.came == []
    enabled = await assets.client.post(f"/v1/outbound/endpoints/{endpoint['id']}/enable", headers=producer)
    assert (enabled.status_code, enabled.json()["disabled_at"], enabled.json()["failures"]) == (200, None, 0)
    sent = await assets.client.post(f"/v1/outbound/messages/{gone['id']}/redeliver", headers=producer)
    assert sent.status_code == 202

    async def all_came() -> bool:
        return len(receiver.came) == 3

    await assets.eventually(all_came, every=0.1)
    assert {one["data"]["webhook_id"] for one in receiver.heard(secret)} == {"msg_1", "msg_2", "msg_3"}
    assert again.json()["id"] in [one["data"]["id"] for one in receiver.heard(secret)]


async def test_an_endpoint_that_is_gone_gets_nothing_more(
    assets: Harness, vendor: Vendor, receiver: Receiver, server: Elsewhere
) -> None:
    await listening(assets, receiver)
    receiver.status = 410
    await vendor.deliver(named(shot(), photo()))

    async def is_disabled() -> bool:
        return bool((await read(assets, CALLBACK))["disabled_at"])

    await assets.eventually(is_disabled, every=0.1)
    receiver.status = 204
    entry = {"url": server.url("/outcomes"), "active": True}
    again = await assets.client.put(CALLBACK, json=entry, headers=assets.bearer("producer"))
    assert (again.status_code, again.json()["secret"], again.json()["disabled_at"]) == (200, None, None)
    await until(assets, state="delivered", attempts=2)
    off = await assets.client.put(CALLBACK, json={**entry, "active": False}, headers=assets.bearer("producer"))
    assert off.json()["active"] is False
    await vendor.deliver(named(shot(), photo()))
    assert len(await messages(assets)) == 1


async def test_a_private_address_hears_nothing(assets: Harness, vendor: Vendor, server: Elsewhere) -> None:
    producer = assets.bearer("producer")
    url = server.url("/outcomes?token=hush-hush", PRIVATE)
    answer = await assets.client.put(CALLBACK, json={"url": url}, headers=producer)
    assert (answer.status_code, answer.json()["host"]) == (201, PRIVATE)
    assert "hush-hush" not in answer.text
    await vendor.deliver(named(shot(), photo()))
    message = await until(assets, attempts=1)
    tried = (await read(assets, f"/v1/outbound/messages/{message['id']}"))["tried"]
    assert (tried[0]["status"], tried[0]["error"]) == (None, "The address leads into a private network.")
    assert server.hits == {}
    for bad in ("ftp://a.example", "https://u:p@a.example/", "https://a..b/", "nothing", ""):
        answer = await assets.client.put(CALLBACK, json={"url": bad}, headers=producer)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/url"), bad


async def test_a_renewed_secret_signs_beside_the_old_one(assets: Harness, vendor: Vendor, receiver: Receiver) -> None:
    old = await listening(assets, receiver)
    producer = assets.bearer("producer")
    renewed = await assets.client.post(f"{CALLBACK}/secret", headers=producer)
    assert renewed.headers["Cache-Control"] == "no-store"
    assert renewed.json()["old_secret_until"] is not None
    await vendor.deliver(named(shot(), photo()))
    await until(assets, state="delivered")
    assert receiver.heard(old) == receiver.heard(renewed.json()["secret"])
    newest = await assets.client.post(f"{CALLBACK}/secret?overlap_hours=0", headers=producer)
    assert newest.json()["old_secret_until"] is None
    receiver.came.clear()
    await vendor.deliver(named(shot(), photo()))
    await until(assets, state="delivered")
    assert len(receiver.heard(newest.json()["secret"])) == 1
    with pytest.raises(WebhookVerificationError):
        receiver.heard(renewed.json()["secret"])
    everything = [(await read(assets, path)).__repr__() for path in (CALLBACK, "/v1/outbound/endpoints",
                                                                      "/v1/outbound/messages")]  # fmt: skip
    for secret in (old, renewed.json()["secret"], newest.json()["secret"]):
        assert not [text for text in everything if secret.removeprefix("whsec_") in text]


async def test_only_the_owner_of_the_domain_keeps_callbacks(
    assets: Harness, vendor: Vendor, receiver: Receiver
) -> None:
    await listening(assets, receiver)
    await vendor.deliver(named(shot(), photo()))
    message = await until(assets, state="delivered")
    calls = [
        ("PUT", CALLBACK, {"url": receiver.url}),
        ("POST", f"{CALLBACK}/secret", None),
        ("POST", f"/v1/outbound/endpoints/{message['endpoint_id']}/enable", None),
        ("POST", f"/v1/outbound/messages/{message['id']}/redeliver", None),
    ]
    for role in Role:
        for method, path, body in calls:
            answer = await assets.client.request(method, path, json=body, headers=assets.bearer(role))
            assert answer.is_success == (role is Role.PRODUCER), (role, path)
            assert answer.is_success or answer.status_code == 403
    paths = [CALLBACK, "/v1/outbound/endpoints", "/v1/outbound/messages", f"/v1/outbound/messages/{message['id']}"]
    for path in paths:
        assert (await assets.client.get(path)).status_code == 401
        assert (await assets.client.get(path, headers=assets.bearer("reviewer"))).status_code == 200
    unknown, producer = shot().id, assets.bearer("producer")
    for method, path in (("GET", "/v1/vendors/nobody/callback"), ("POST", "/v1/vendors/nobody/callback/secret"),
                         ("POST", f"/v1/outbound/endpoints/{unknown}/enable"),
                         ("POST", f"/v1/outbound/messages/{unknown}/redeliver"),
                         ("GET", f"/v1/outbound/messages/{unknown}")):  # fmt: skip
        assert (await assets.client.request(method, path, headers=producer)).status_code == 404, path

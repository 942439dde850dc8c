"""The vendor registry, the list of deliveries; and that a secret is shown once."""

import json
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from chassis.clock import clock
from chassis.testkit.harness import Harness
from contracts.values import Role, WorkState
from tests.assets.factory import Vendor, named, photo, shot, tell_domains

URL = "/v1/vendors/studio-nord"


async def test_a_secret_is_shown_once(assets: Harness, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vendor = await Vendor.registered(assets)
    assert vendor.secret.startswith("whsec_")
    again = await assets.client.put(URL, json={"name": "Nord"}, headers=assets.bearer("producer"))
    assert (again.status_code, again.json()["secret"], again.json()["name"]) == (200, None, "Nord")
    assert again.headers["Cache-Control"] == "no-store"
    renewed = await assets.client.post(f"{URL}/secret", headers=assets.bearer("producer"))
    assert renewed.status_code == 201
    assert renewed.json()["secret"] != vendor.secret
    reader = assets.bearer("reviewer")
    shown = [(await assets.client.get(url, headers=reader)).text for url in (URL, "/v1/vendors", "/v1/deliveries")]
    events = [row["payload"] for row in await assets.fetch("SELECT payload FROM event_log")]
    for secret in (vendor.secret, renewed.json()["secret"]):
        assert not [text for text in [*shown, *events, caplog.text] if secret.removeprefix("whsec_") in text]
    assert json.loads(shown[0]) == json.loads(shown[1])["items"][0]


async def test_an_old_secret_counts_for_a_while(assets: Harness) -> None:
    """A day unless it is said otherwise; never more than two at once."""
    vendor = await Vendor.registered(assets)
    producer = assets.bearer("producer")

    async def renewed(**query: float) -> Vendor:
        answer = await assets.client.post(f"{URL}/secret", params=query, headers=producer)
        assert answer.status_code == 201, answer.text
        shown = (await assets.client.get(URL, headers=producer)).json()
        assert shown == {name: value for name, value in answer.json().items() if name != "secret"}
        made, until = (shown[name] and datetime.fromisoformat(shown[name])
                       for name in ("secret_made_at", "old_secret_until"))  # fmt: skip
        assert until == (
            made + timedelta(hours=query.get("overlap_hours", 24)) if query != {"overlap_hours": 0} else None
        )
        return Vendor(assets, vendor.name, answer.json()["secret"])

    async def count(*signers: Vendor) -> list[bool]:
        statuses = [(await signer.put(photo())).status_code for signer in signers]
        assert set(statuses) <= {200, 201, 401}
        return [status != 401 for status in statuses]

    second = await renewed()
    assert await count(vendor, second) == [True, True]
    third = await renewed(overlap_hours=0.05)
    assert await count(vendor, second, third) == [False, True, True]
    try:
        clock.move(timedelta(minutes=4))  # less than the five that standardwebhooks allows
        assert await count(second, third) == [False, True]
    finally:
        clock.reset()
    fourth = await renewed(overlap_hours=0)
    assert await count(third, fourth) == [False, True]
    for hours in (-1, 169, "nan", "inf", "x"):
        answer = await assets.client.post(f"{URL}/secret", params={"overlap_hours": hours}, headers=producer)
        assert answer.status_code == 422, hours
    assert await count(fourth) == [True]


async def test_only_the_owner_of_the_domain_keeps_the_registry(assets: Harness) -> None:
    await tell_domains(assets)
    for role in Role:
        allowed = role is Role.PRODUCER
        answer = await assets.client.put(URL, json={"name": "Nord"}, headers=assets.bearer(role))
        assert answer.is_success == allowed, role
        assert allowed or answer.json()["allowed_roles"] == ["producer"]
        answer = await assets.client.post(f"{URL}/secret", headers=assets.bearer(role))
        assert (answer.status_code != 403) == allowed, role
    await tell_domains(assets, owner=Role.ASSET_MANAGER, version=2)
    for role, status in ((Role.PRODUCER, 403), (Role.ASSET_MANAGER, 200)):
        answer = await assets.client.put(URL, json={"name": "Nord"}, headers=assets.bearer(role))
        assert answer.status_code == status


async def test_nothing_is_decided_before_governance_has_spoken(assets: Harness) -> None:
    answer = await assets.client.put(URL, json={"name": "Nord"}, headers=assets.bearer("producer"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert (await assets.client.get("/health/ready")).status_code == 503
    await tell_domains(assets)
    assert (await assets.client.get("/health/ready")).status_code == 200


async def test_wrong_entries_are_refused(assets: Harness) -> None:
    await tell_domains(assets)
    cases: list[tuple[str, dict[str, Any]]] = [
        ("Studio", {"name": "x"}),
        ("a%2Fb", {"name": "x"}),
        ("a" * 64, {"name": "x"}),
        ("ok", {}),
        ("ok", {"name": ""}),
        ("ok", {"name": "x" * 201}),
        ("ok", {"name": "nul \x00"}),
        ("ok", {"name": "x", "secret": "mine"}),
        ("ok", {"name": "x", "active": "perhaps"}),
    ]
    for vendor, body in cases:
        answer = await assets.client.put(f"/v1/vendors/{vendor}", json=body, headers=assets.bearer("producer"))
        assert answer.status_code == (404 if vendor == "a%2Fb" else 422), (vendor, body)
    assert (await assets.client.get("/v1/vendors", headers=assets.bearer("producer"))).json() == {"items": []}


async def test_unknown_vendors_are_not_found(assets: Harness) -> None:
    await tell_domains(assets)
    producer = assets.bearer("producer")
    assert (await assets.client.get(URL, headers=producer)).status_code == 404
    assert (await assets.client.post(f"{URL}/secret", headers=producer)).status_code == 404
    assert (await assets.client.get(URL)).status_code == 401


async def test_deliveries_are_listed_newest_first(assets: Harness) -> None:
    vendor = await Vendor.registered(assets)
    other = await Vendor.registered(assets, "studio-sued")
    for number in range(3):
        await vendor.deliver(named(shot(state=WorkState.CANCELLED), photo()), message_id=f"msg_{number}")
    await other.deliver(named(shot(), photo()), message_id="msg_x")

    async def listed(url: str) -> tuple[list[str], str | None]:
        answer = (await assets.client.get(url, headers=assets.bearer("reviewer"))).json()
        return [delivery["webhook_id"] for delivery in answer["items"]], answer["next_cursor"]

    assert (await listed("/v1/deliveries"))[0] == ["msg_x", "msg_2", "msg_1", "msg_0"]
    first, cursor = await listed(f"/v1/deliveries?vendor={vendor.name}&limit=2")
    assert first == ["msg_2", "msg_1"]
    assert await listed(f"/v1/deliveries?vendor={vendor.name}&limit=2&cursor={cursor}") == (["msg_0"], None)
    assert (await assets.client.get("/v1/deliveries")).status_code == 401

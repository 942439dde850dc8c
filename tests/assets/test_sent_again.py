"""A call whose answer was lost is sent again with its `Idempotency-Key`: it acts once, and gets the first answer."""

from datetime import timedelta
from typing import Any

import httpx

from chassis.clock import now
from chassis.idempotency import KEPT
from chassis.testkit.harness import Harness
from chassis.timers import set_timer
from contracts.values import Role
from tests.assets.factory import Vendor, approved, photo, tell_domains

NOBODY = "https://127.0.0.1:1/hook"  # a private address: it is never called
VENDORS, FILES = Role.PRODUCER, Role.QC_LEAD  # as `tell_domains` says


async def post(assets: Harness, path: str, role: Role, key: str, body: Any = None, **query: Any) -> httpx.Response:
    headers = assets.bearer(role) | {"Idempotency-Key": key}
    return await assets.client.post(path, params=query, json=body, headers=headers)


async def twice(assets: Harness, path: str, role: Role, body: Any = None, **query: Any) -> dict[str, Any]:
    """The one answer of two calls."""
    first = await post(assets, path, role, path, body, **query)
    again = await post(assets, path, role, path, body, **query)
    assert first.status_code == again.status_code == 201, again.text
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    for name in ("Cache-Control", "Location"):
        assert first.headers.get(name) == again.headers.get(name)
    found: dict[str, Any] = first.json()
    assert again.json() == found
    return found


async def test_a_secret_is_renewed_once_a_key(assets: Harness) -> None:
    vendor = await Vendor.registered(assets)
    path = f"/v1/vendors/{vendor.name}"
    renewed = await twice(assets, f"{path}/secret", VENDORS, overlap_hours=24)
    for secret in (vendor.secret, renewed["secret"]):  # the vendor doesn't know the new one yet
        answer = await Vendor(assets, vendor.name, secret).put(photo(1))
        assert answer.status_code in (200, 201), answer.text
    other = await post(assets, f"{path}/secret", VENDORS, f"{path}/secret", overlap_hours=0)
    assert (other.status_code, other.json()["detail"][:20]) == (422, "This Idempotency-Key")

    endpoint = {"url": NOBODY}
    assert (await assets.client.put(f"{path}/callback", json=endpoint, headers=assets.bearer(VENDORS))).is_success
    destination = {"channel": None, "kind": "webhook", "url": NOBODY, "territories": ["DE"], "automatic": False}
    assert (await assets.client.put("/v1/destinations/shop", json=destination, headers=assets.bearer(FILES))).is_success
    secrets = [
        (await twice(assets, f"{path}/callback/secret", VENDORS))["secret"],
        (await twice(assets, "/v1/destinations/shop/secret", FILES))["secret"],
    ]
    kept = await assets.fetch("SELECT secret, old_secret FROM outbound_endpoint")
    assert {row["secret"] for row in kept} == set(secrets)
    assert all(row["old_secret"] not in (None, *secrets) for row in kept)

    old, grace = "/v1/destinations/shop/secret", KEPT + timedelta(minutes=1)
    await assets.fetch("UPDATE idempotency SET created_at = $1 WHERE key = $2", now() - grace, old)
    async with assets.service.database.transaction() as session:
        await set_timer(session, "forget answers", "store", now())

    async def is_forgotten() -> bool:
        return not await assets.fetch("SELECT 1 FROM idempotency WHERE key = $1", old)

    await assets.eventually(is_forgotten)
    assert len(await assets.fetch("SELECT 1 FROM idempotency")) == 2


async def test_a_link_and_a_publication_are_made_once_a_key(assets: Harness) -> None:
    await tell_domains(assets)
    _, version = await approved(assets, photo(1))
    made = await twice(assets, f"/v1/versions/{version['id']}/links", FILES, {"purpose": "The agency in Lyon"})
    [link] = await assets.fetch("SELECT id FROM link")
    assert made["id"] == str(link["id"])

    destination = {"channel": None, "kind": "webhook", "url": NOBODY, "territories": ["DE"], "automatic": False}
    assert (await assets.client.put("/v1/destinations/shop", json=destination, headers=assets.bearer(FILES))).is_success
    wish = {"destination": "shop", "version_id": version["id"]}
    published = await twice(assets, "/v1/publications", FILES, wish)
    withdrawn = await assets.client.post(
        f"/v1/publications/{published['id']}/withdraw", json={"cause": "It is wrong."}, headers=assets.bearer(FILES)
    )
    assert withdrawn.status_code == 200, withdrawn.text
    late = await post(assets, "/v1/publications", FILES, "/v1/publications", wish)
    assert (late.status_code, late.json()) == (201, published)
    state = (await assets.client.get(f"/v1/publications/{published['id']}", headers=assets.bearer(FILES))).json()
    assert state["state"] == withdrawn.json()["state"]

"""What may not be published any more isn't, however long it has waited; and nothing else is held up by it."""

from pathlib import Path
from typing import Any

import orjson

from chassis.clock import clock
from chassis.testkit.harness import Harness
from contracts.publication import PublicationState
from services.assets.outbound.domain import RETRY_AFTER
from tests.assets.factory import approved, photo
from tests.assets.test_publication import (
    OWNER,
    Shop,
    assets,
    keep,
    listed,
    opened,
    post,
    root,
    shop,
    until,
)

__all__ = ["assets", "root", "shop"]

S = PublicationState
PAPER = {"kind": "model_release", "holder": "Lena", "reference": "1", "territories": ["DE"], "channels": None,
         "uses": None, "valid_from": "2020-01-01", "valid_until": None, "credit": None, "document": None}  # fmt: skip


async def call(assets: Harness, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    """As the owner; it must succeed."""
    answer = await assets.client.request(method, path, json=body, headers=assets.bearer(OWNER) | headers)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def licensed(assets: Harness, version: dict[str, Any]) -> str:
    """The address of a right that the version rests on."""
    right = f"/v1/rights/{(await call(assets, 'POST', '/v1/rights', PAPER))['id']}"
    await call(assets, "POST", f"{right}/attachments", {"targets": [{"asset_id": version["asset_id"]}]})
    return right


async def revoke(assets: Harness, right: str) -> None:
    etag = (await assets.client.get(right, headers=assets.bearer(OWNER))).headers["ETag"]
    await call(assets, "POST", f"{right}/revoke", {"cause": "She asked."}, **{"If-Match": etag})


async def move(assets: Harness, what: str, version: dict[str, Any]) -> None:
    held = await assets.client.get(f"/v1/versions/{version['id']}", headers=assets.bearer(OWNER))
    body = {"version_id": version["id"], "reason": "It."}
    await call(assets, "POST", f"/v1/finals:{what}", body, **{"If-Match": held.headers["ETag"]})


async def until_tried(assets: Harness, publication: dict[str, Any], error: str) -> None:
    async def is_tried() -> bool:
        now = await call(assets, "GET", f"/v1/publications/{publication['id']}")
        return bool(now["attempts"]) and (now["error"], now["state"]) == (error, "waiting")

    await assets.eventually(is_tried, every=0.05)


def told(shop: Shop) -> list[dict[str, Any]]:
    """Each message. The clock has moved, so that signatures look too new."""
    return [orjson.loads(body) for _, body in shop.came]


async def message_of(assets: Harness, publication: dict[str, Any]) -> dict[str, Any]:
    """The one that publishes it."""
    found = await assets.client.get(
        "/v1/outbound/messages", params={"subject": publication["id"]}, headers=assets.bearer(OWNER)
    )
    message: dict[str, Any] = found.json()["items"][-1]
    assert message["type"] == "publication.published"
    return message


async def redeliver(assets: Harness, publication: dict[str, Any]) -> None:
    """Send its message again by hand, in vain."""
    message = await message_of(assets, publication)
    await call(assets, "POST", f"/v1/outbound/messages/{message['id']}/redeliver")

    async def is_void() -> bool:
        return bool((await message_of(assets, publication))["state"] == "void")

    await assets.eventually(is_void, every=0.05)


async def test_what_waits_is_asked_again_before_each_try(assets: Harness, shop: Shop) -> None:
    """A right that ends, and a person who takes it down, while the shop is away: neither goes out, by itself or by
    hand, and the shop is told in case that an answer was lost."""
    await opened(assets, shop, automatic=False)
    shop.status = 500
    _, person = await approved(assets, photo(1), view="on_model")
    _, jacket = await approved(assets, photo(2))
    right = await licensed(assets, person)
    made = [await post(assets, "", {"destination": "shop", "version_id": one["id"]}, 201) for one in (person, jacket)]
    for one in made:
        await until_tried(assets, one, "It answered 500.")
    links = {one["data"]["version_id"]: one["data"]["link"] for one in told(shop)}
    assert len(links) == 2

    await revoke(assets, right)
    await post(assets, f"/{made[1]['id']}/withdraw", {"cause": "Recall."}, 200)
    before, shop.status = len(shop.came), 200
    try:
        clock.move(RETRY_AFTER[1])
        [refused, _] = await until(assets, S.REFUSED, S.WITHDRAWN)
        [cause] = refused["causes"]
        for one in made:
            await redeliver(assets, one)

        async def is_told() -> bool:
            causes = {person["id"]: cause, jacket["id"]: "Recall."}
            said = [one["data"] for one in told(shop) if one["type"] == "publication.withdrawn"]
            return {one["version_id"]: one["cause"] for one in said} == causes

        await assets.eventually(is_told, every=0.05)
        assert "publication.published" not in [one["type"] for one in told(shop)[before:]]
        for link in links.values():
            assert (await assets.client.get(link)).status_code == 410

        await licensed(assets, person)
        again = await post(assets, "", {"destination": "shop", "version_id": person["id"]}, 201)
        assert again["id"] == refused["id"]
        await until(assets, S.SENT, S.WITHDRAWN)
    finally:
        clock.reset()


async def test_only_the_final_takes_the_place_of_what_waits(assets: Harness, shop: Shop, root: Path) -> None:
    """Not an older one that is restored, nor one that its rights refuse; and what waits at a destination that is
    switched off goes out when it is switched on."""
    shop.status = 500
    _, older = await approved(assets, photo(1))
    _, newer = await approved(assets, photo(2))
    await move(assets, "archive", older)
    await opened(assets, shop)
    waits = await post(assets, "", {"destination": "shop", "version_id": newer["id"]}, 201)
    await until_tried(assets, waits, "It answered 500.")
    await move(assets, "restore", older)
    assert [one["version_id"] for one in await listed(assets)] == [newer["id"]]

    _, allowed = await approved(assets, photo(3), view="on_model", sku="WJ02")
    await until(assets, S.WAITING, S.REFUSED)
    await licensed(assets, allowed)
    second = await post(assets, "", {"destination": "shop", "version_id": allowed["id"]}, 201)
    await until_tried(assets, second, "It answered 500.")
    await approved(assets, photo(4), view="on_model", sku="WJ02")
    await until(assets, S.WAITING, S.WAITING, S.REFUSED)
    await post(assets, f"/{second['id']}/withdraw", {"cause": "It."}, 200)

    folder: dict[str, Any] = {"kind": "folder", "url": (root / "pim").as_uri(), "automatic": False}
    await keep(assets, "pim", **folder)
    (root / "pim").write_bytes(b"no folder")
    wish = {"destination": "pim", "version_id": newer["id"]}
    exported = await post(assets, "", wish, 201)
    await until_tried(assets, exported, "The folder can't be reached or written to.")
    (root / "pim").unlink()

    heard = len(shop.came)
    entries: dict[str, dict[str, Any]] = {"shop": {"url": shop.url, "automatic": False}, "pim": folder}
    for name, entry in entries.items():
        await keep(assets, name, 200, **entry, active=False)
    try:
        clock.move(RETRY_AFTER[1])

        async def nothing_is_due() -> bool:
            mine = "SELECT 1 FROM timer WHERE key LIKE '%/' || $1 OR key LIKE '%/' || $2"
            message = await message_of(assets, waits)
            return not await assets.fetch(mine, message["id"], exported["id"])

        await assets.eventually(nothing_is_due, every=0.05)
        shop.status = 200
        endpoint = (await call(assets, "GET", "/v1/outbound/endpoints"))["items"][0]["id"]
        await call(assets, "POST", f"/v1/outbound/endpoints/{endpoint}/enable")
        await assets.eventually(nothing_is_due, every=0.05)
        await until(assets, S.WAITING, S.WITHDRAWN, S.REFUSED, S.WAITING)
        published = [one for one in told(shop)[heard:] if one["type"] == "publication.published"]
        assert published == []
        for name, entry in entries.items():
            await keep(assets, name, 200, **entry)
        await until(assets, S.SENT, S.WITHDRAWN, S.REFUSED, S.SENT)
    finally:
        clock.reset()

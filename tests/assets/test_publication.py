"""Publication (R66, R67, R68): approved finals go where they should, nothing else does, and what is live is known."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from chassis.clock import clock, now
from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from contracts.publication import (
    PublicationFailed,
    PublicationLive,
    PublicationRefused,
    PublicationSent,
    PublicationState,
    PublicationWithdrawn,
)
from contracts.routing import WorkApproved, WorkReturned
from contracts.values import Role, WorkState
from services.assets.app import create_app
from services.assets.outbound.domain import RETRY_AFTER
from services.assets.publication.domain import MOVES, Happens, after, link_expires_at
from services.assets.publication.errors import IllegalStep
from services.assets.publication.folders import is_below
from services.assets.settings import AssetsSettings
from tests.assets.elsewhere import Elsewhere, elsewhere
from tests.assets.factory import approved, photo, sha256, tell, tell_domains, with_state
from tests.assets.test_fetching import ALLOWED

OWNER = Role.QC_LEAD  # of files_and_rights, as `tell_domains` says
S = PublicationState


class Shop:
    """A destination: it keeps what it is told, and answers as it should."""

    def __init__(self, server: Elsewhere) -> None:
        self.status, self.secret, self.came = 204, "", list[tuple[dict[str, str], str]]()
        self.url = server.answers_with("/shop", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        self.came.append(({name.lower(): value for name, value in request.headers.items()}, await request.text()))
        return web.Response(status=self.status)

    @property
    def heard(self) -> list[dict[str, Any]]:
        """Each message verified."""
        return [Webhook(self.secret).verify(body, headers) for headers, body in self.came]


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with elsewhere() as server:
        yield Shop(server)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder


async def started(start: Start, root: Path, **settings: Any) -> Harness:
    known = {"claim_wait_seconds": 0.2, "export_roots": (root.as_uri(),), **ALLOWED}
    return await start(create_app, AssetsSettings, **(known | settings))


@pytest.fixture
async def assets(start: Start, root: Path) -> Harness:
    found = await started(start, root)
    await tell_domains(found)
    return found


async def keep(assets: Harness, name: str, status: int = 201, **changes: Any) -> dict[str, Any]:
    entry = {"channel": None, "kind": "webhook", "url": "", "territories": ["DE"], "automatic": True} | changes
    answer = await assets.client.put(f"/v1/destinations/{name}", json=entry, headers=assets.bearer(OWNER))
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def opened(assets: Harness, shop: Shop, **changes: Any) -> None:
    shop.secret = (await keep(assets, "shop", url=shop.url, **changes))["secret"]


async def post(assets: Harness, path: str, body: Any, status: int, role: Role = OWNER) -> dict[str, Any]:
    answer = await assets.client.post(f"/v1/publications{path}", json=body, headers=assets.bearer(role))
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(assets: Harness, **query: str) -> list[dict[str, Any]]:
    """Oldest first."""
    answer = await assets.client.get("/v1/publications", params=query, headers=assets.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items[::-1]


async def until(assets: Harness, *states: PublicationState) -> list[dict[str, Any]]:
    """Until the publications, oldest first, are in these states."""

    async def are_so() -> list[dict[str, Any]] | None:
        found = await listed(assets)
        return found if [one["state"] for one in found] == list(states) else None

    found = await assets.eventually(are_so, every=0.05)
    assert found is not None
    return found


async def until_heard(assets: Harness, shop: Shop, messages: int) -> list[dict[str, Any]]:
    async def came() -> bool:
        return len(shop.came) >= messages

    await assets.eventually(came, every=0.05)
    return shop.heard


def found_at(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def put(file: Path, content: bytes | None) -> None:
    """None: it is gone."""
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)


def manifest_of(file: Path) -> dict[str, Any] | None:
    content = found_at(Path(f"{file}.json"))
    return orjson.loads(content) if content else None


def names_in(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir() if one.is_file()}


async def until_gone(assets: Harness, file: Path) -> None:
    async def is_gone() -> bool:
        return found_at(file) is None

    await assets.eventually(is_gone, every=0.05)


@given(st.lists(st.sampled_from(Happens), max_size=12))
def test_a_publication_goes_only_where_the_table_says(steps: list[Happens]) -> None:
    """Whatever happens in whatever order: what is withdrawn or refused is sent only when it was asked for again."""
    state, asked = S.WAITING, True
    for what in steps:
        try:
            later = after(state, what)
        except IllegalStep as problem:
            assert (state, what) not in MOVES
            legal = problem.extensions["legal"]
            assert set(legal) == {one for at, one in MOVES if at is state}
            continue
        if what is Happens.AGAIN:
            asked = True
        if later in (S.SENT, S.LIVE):
            assert asked
        if later in (S.WITHDRAWN, S.REFUSED):
            asked = False
        state = later


def test_every_state_can_be_left_and_reached() -> None:
    assert {at for at, _ in MOVES} == set(S) == {*MOVES.values()}


def test_a_link_ends_with_its_rights() -> None:
    at = now()
    assert link_expires_at(at, None) == link_expires_at(at, date(2199, 1, 1)) == at + timedelta(days=7)
    assert at < link_expires_at(at, at.date()) <= at + timedelta(hours=1)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("file:///srv/out", True), ("file:///srv/out/shop", True), ("s3://shop/images/a", True),
        ("file:///srv/outside", False), ("file:///srv/out/../x", False), ("file:///srv/out/%2e%2e/x", False),
        ("file:///srv/out//x", False), ("s3://shop/other", False), ("file:///", False), ("https://a.example/", False),
        ("file:///srv/out?x", False), ("nothing", False),
    ],
)  # fmt: skip
def test_exports_go_only_below_what_the_settings_name(url: str, allowed: bool) -> None:
    assert is_below(url, ["file:///srv/out/", "s3://shop/images"]) is allowed


async def test_a_new_final_is_told_fetched_live_and_replaced(assets: Harness, shop: Shop) -> None:
    """From approval to live, signed both ways; then a newer final takes its place, and is taken down."""
    await opened(assets, shop)
    _, version = await approved(assets, photo(1))
    [message] = await until_heard(assets, shop, 1)
    said = message["data"]
    assert message["type"] == "publication.published"
    assert said.items() >= {
        "sku": "WJ01", "colorway": "blue", "view": "front", "channel": None, "version_id": version["id"],
        "sha256": sha256(photo(1)), "bytes": len(photo(1)), "media_type": "image/jpeg",
        "export_name": version["export_name"], "digital_source_type": None, "credits": [], "rights_until": None,
        "replaces": [], "sequence": 1, "dossier": f"/v1/finals/{version['id']}/dossier",
    }.items()  # fmt: skip
    assert (await assets.client.get(said["link"])).content == photo(1)
    [sent] = await until(assets, S.SENT)
    assert (sent["id"], sent["attempts"], sent["asked_by"]) == (said["publication_id"], 1, "routing")

    report = orjson.dumps({"type": "publication.live", "publication_id": sent["id"], "url": "https://shop.example/p"})
    path, at = "/webhooks/destinations/shop", now()
    headers = {"webhook-id": "m1", "webhook-timestamp": str(int(at.timestamp()))}
    forged = headers | {"webhook-signature": Webhook(shop.secret).sign("m1", at, "{}")}
    assert (await assets.client.post(path, content=report, headers=forged)).status_code == 401
    signed = headers | {"webhook-signature": Webhook(shop.secret).sign("m1", at, report.decode())}
    assert (
        await assets.client.post("/webhooks/destinations/nobody", content=report, headers=signed)
    ).status_code == 401
    # What it was told, sent back to us: signed with the same secret, and nothing.
    ours, body = shop.came[0]
    assert (await assets.client.post(path, content=body, headers=ours)).status_code == 422
    for _ in range(2):  # told twice, said once
        answer = await assets.client.post(path, content=report, headers=signed)
        assert (answer.status_code, answer.json()["live_url"]) == (200, "https://shop.example/p"), answer.text
    [event] = await assets.recorded(PublicationLive)
    assert (event.data.by, event.aggregateversion) == ("shop", 2)

    _, newer = await approved(assets, photo(2))
    first, second = await until(assets, S.WITHDRAWN, S.SENT)
    assert (first["replaced_by"], second["version_id"]) == (newer["id"], newer["id"])
    told = {one["type"]: one["data"] for one in (await until_heard(assets, shop, 3))[1:]}
    assert told["publication.published"]["replaces"] == [version["id"]]
    assert told["publication.replaced"].items() >= {
        "replaced_by": newer["id"], "version_id": version["id"], "sequence": 2
    }.items()  # fmt: skip
    assert (await assets.client.get(said["link"])).status_code == 410

    down = await post(assets, f"/{second['id']}/withdraw", {"cause": "The agency asked."}, 200)
    assert (down["state"], down["withdrawn_because"]) == ("withdrawn", "The agency asked.")
    assert (await until_heard(assets, shop, 4))[3]["type"] == "publication.withdrawn"
    again = await post(assets, f"/{second['id']}/withdraw", {"cause": "Again."}, 409)
    assert again["legal"] == ["again"]
    happened = (
        await assets.client.get(f"/v1/versions/{version['id']}/history", headers=assets.bearer("reviewer"))
    ).json()
    assert [one["what"] for one in happened["items"]][-3:] == ["sent", "live", "withdrawn"]
    assert len(await assets.recorded(PublicationSent)) == len(await assets.recorded(PublicationWithdrawn)) == 2


async def test_what_may_not_go_out_does_not(assets: Harness, shop: Shop) -> None:
    """By hand or by itself: no final, another channel, no rights; and a person's archive takes it down."""
    await opened(assets, shop)
    item, person = await approved(assets, photo(1), view="on_model")
    [refused] = await until(assets, S.REFUSED)
    [cause] = refused["causes"]
    assert cause.startswith("No model release is attached to this picture.")
    assert shop.came == []
    wish = {"destination": "shop", "version_id": person["id"]}
    assert (await post(assets, "", wish, 409))["type"] == "urn:packshot:problem:rights"
    await keep(assets, "pdp", channel="pdp", url=shop.url)
    assert (await post(assets, "", wish | {"destination": "pdp"}, 409))["cause"] == "channel"
    slot = {"destination": "shop", "sku": "WJ01", "colorway": "blue", "view": "back"}
    assert (await post(assets, "", slot, 409))["cause"] == "no_final"
    for bad in ({}, {"destination": "shop"}, slot | {"version_id": person["id"]}, slot | {"sku": "a\0"}):
        await post(assets, "", bad, 422)
    await post(assets, "", wish | {"destination": "nobody"}, 404)

    paper = {"kind": "model_release", "holder": "Lena", "reference": "1", "territories": ["DE"], "channels": None,
             "uses": None, "valid_from": "2020-01-01", "valid_until": None, "credit": "Model: Lena",
             "document": None}  # fmt: skip
    right = (await assets.client.post("/v1/rights", json=paper, headers=assets.bearer(OWNER))).json()
    targets = {"targets": [{"asset_id": person["asset_id"]}]}
    url = f"/v1/rights/{right['id']}"
    await assets.client.post(f"{url}/attachments", json=targets, headers=assets.bearer(OWNER))
    await post(assets, "", wish, 403, Role.REVIEWER)
    again = await post(assets, "", wish, 201)
    assert again["id"] == refused["id"]
    [message] = await until_heard(assets, shop, 1)
    assert message["data"]["credits"] == ["Model: Lena"]
    await until(assets, S.SENT)
    assert (await post(assets, "", wish, 200))["state"] == "sent"
    live = await post(assets, f"/{again['id']}/live", {"url": "https://shop.example/1"}, 200)
    for wrong in ({"at": "2020-01-01T00:00:00Z"}, {"url": "javascript:alert(1)"}, {"at": "2190-01-01T00:00:00Z"}):
        await post(assets, f"/{again['id']}/live", wrong, 422)

    affected = (await assets.client.get(f"{url}/affected", headers=assets.bearer("reviewer"))).json()["items"]
    assert affected[0]["publications"] == [
        {"publication_id": again["id"], "destination": "shop", "state": "live", "live_at": live["live_at"],
         "live_url": "https://shop.example/1"}
    ]  # fmt: skip

    await tell(assets, WorkReturned, with_state(item, WorkState.READY, round=1), 10)
    await assets.until_answered("assets")
    held = await assets.client.get(f"/v1/versions/{person['id']}", headers=assets.bearer(OWNER))
    assert held.json()["zone"] != "final"
    still = (await assets.client.get(f"{url}/affected", headers=assets.bearer("reviewer"))).json()["items"]
    assert still == affected  # customers see it, though it is being redone
    await tell(assets, WorkApproved, item, 11)
    await assets.until_answered("assets")
    held = await assets.client.get(f"/v1/versions/{person['id']}", headers=assets.bearer(OWNER))
    archived = await assets.client.post("/v1/finals:archive", json={"version_id": person["id"], "reason": "Old."},
                                        headers=assets.bearer(OWNER) | {"If-Match": held.headers["ETag"]})  # fmt: skip
    assert archived.status_code == 200, archived.text
    await until(assets, S.WITHDRAWN)
    assert (await until_heard(assets, shop, 2))[1]["data"]["cause"] == "Old."
    assert (await post(assets, "", wish, 409))["cause"] == "not_final"
    [event] = await assets.recorded(PublicationRefused)
    assert event.data.by == "shop"
    for query, number in ({"state": "live"}, 0), ({"sku": "WJ01", "destination": "shop"}, 1), ({"channel": "pdp"}, 0):
        assert len(await listed(assets, **query)) == number


async def test_a_shop_that_fails_is_tried_and_given_up(assets: Harness, shop: Shop) -> None:
    await opened(assets, shop)
    shop.status = 503
    try:
        await approved(assets, photo(1))
        for attempt, wait in enumerate(RETRY_AFTER, 1):

            async def is_noted(number: int = attempt) -> bool:
                rows = await assets.fetch("SELECT 1 FROM outbound_message WHERE attempts >= $1", number)
                return bool(rows)

            await assets.eventually(is_noted, every=0.05)
            clock.move(wait)
        [failed] = await until(assets, S.FAILED)
    finally:
        clock.reset()
    assert (failed["attempts"], failed["error"]) == (len(RETRY_AFTER) + 1, "It answered 503.")
    [event] = await assets.recorded(PublicationFailed)
    shop.status = 200
    messages = (await assets.client.get("/v1/outbound/messages", headers=assets.bearer(OWNER))).json()["items"]
    by_hand = f"/v1/outbound/messages/{messages[0]['id']}/redeliver"
    assert (await assets.client.post(by_hand, headers=assets.bearer(OWNER))).status_code == 202
    await until(assets, S.SENT)
    assert event.data.publication.error == "It answered 503."


async def test_a_folder_that_fails_is_tried_again(assets: Harness, root: Path) -> None:
    await keep(assets, "pim", kind="folder", url=(root / "pim").as_uri())
    blocked = root / "pim"
    put(blocked, b"no folder")
    _, version = await approved(assets, photo(1))

    async def has_failed() -> bool:
        return bool((await listed(assets))[0]["attempts"])

    await assets.eventually(has_failed, every=0.05)
    [waiting] = await listed(assets)
    assert (waiting["state"], waiting["attempts"]) == ("waiting", 1)
    assert waiting["error"] == "The folder can't be reached or written to."
    put(blocked, None)
    try:
        clock.move(RETRY_AFTER[0])
        await until(assets, S.SENT)
    finally:
        clock.reset()
    assert found_at(blocked / version["export_name"]) == photo(1)


async def test_a_folder_has_whole_files_with_manifests(assets: Harness, root: Path, start: Start) -> None:
    """By two replicas at once: each file once, as its manifest says; the newer one in the older one's place."""
    await started(start, root, fresh=False)
    await keep(assets, "pim", kind="folder", url=(root / "pim").as_uri())
    await keep(assets, "other", 409, kind="folder", url=(root / "pim").as_uri())
    for bad in ("file:///etc", root.as_uri() + "x", "s3://bucket/x", "https://a.example"):
        await keep(assets, "bad", 422, kind="folder", url=bad)
    views = [f"view {number}" for number in range(3)]
    versions = [(await approved(assets, photo(number), view=view))[1] for number, view in enumerate(views)]
    await until(assets, *[S.SENT] * 3)
    for number, version in enumerate(versions):
        file = root / "pim" / version["export_name"]
        assert found_at(file) == photo(number)
        assert (manifest_of(file) or {}).items() >= {
            "version_id": version["id"], "sha256": sha256(photo(number)), "export_name": file.name
        }.items()  # fmt: skip
    assert len(await assets.recorded(PublicationSent)) == 3

    _, newer = await approved(assets, photo(9), view=views[0])
    found = await until(assets, S.WITHDRAWN, S.SENT, S.SENT, S.SENT)
    file = root / "pim" / newer["export_name"]
    assert file.name == versions[0]["export_name"]

    async def is_settled() -> bool:
        return not await assets.fetch("SELECT 1 FROM publication WHERE chore IS NOT NULL")

    await assets.eventually(is_settled, every=0.05)
    assert found_at(file) == photo(9)  # taking back the older one left it
    await post(assets, f"/{found[3]['id']}/withdraw", {"cause": "Recall."}, 200)
    await until_gone(assets, file)
    await until_gone(assets, Path(f"{file}.json"))
    assert names_in(root / "pim") == {
        name for version in versions[1:] for name in (version["export_name"], f"{version['export_name']}.json")
    }


async def test_only_the_owner_changes_anything(assets: Harness, shop: Shop) -> None:
    await opened(assets, shop, automatic=False)
    _, version = await approved(assets, photo(1))
    made = await post(assets, "", {"destination": "shop", "sku": "WJ01", "colorway": "blue", "view": "front"}, 201)
    assert made["version_id"] == version["id"]
    entry = {"channel": None, "kind": "webhook", "url": shop.url, "territories": ["DE"]}
    calls: list[tuple[str, str, Any]] = [
        ("PUT", "/v1/destinations/shop", entry),
        ("POST", "/v1/destinations/shop/secret", None),
        ("POST", "/v1/publications", {"destination": "shop", "version_id": version["id"]}),
        ("POST", f"/v1/publications/{made['id']}/live", {}),
        ("POST", f"/v1/publications/{made['id']}/withdraw", {"cause": "It."}),
    ]
    await until(assets, S.SENT)
    for role in [one for one in Role if one is not OWNER] + [OWNER]:
        for method, path, body in calls:
            answer: httpx.Response = await assets.client.request(method, path, json=body, headers=assets.bearer(role))
            assert answer.is_success == (role is OWNER), (role, path, answer.text)
            assert role is OWNER or answer.status_code == 403
    for path in ("/v1/destinations", "/v1/destinations/shop", "/v1/publications", f"/v1/publications/{made['id']}"):
        assert (await assets.client.get(path)).status_code == 401
        shown = await assets.client.get(path, headers=assets.bearer("reviewer"))
        assert shown.status_code == 200
        assert shop.url not in shown.text
    for path in (f"/v1/publications/{new_id()}", "/v1/destinations/nobody"):
        assert (await assets.client.get(path, headers=assets.bearer("reviewer"))).status_code == 404

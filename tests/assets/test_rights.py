"""Usage rights (R67): recorded in versions, attached, and without them no final is delivered; their ends are told."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.auth import Caller
from chassis.clock import clock, now
from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from chassis.timers import Timers
from contracts.assets import Version
from contracts.rights import (
    RightAttached,
    RightDetached,
    RightExpired,
    RightExpiring,
    RightKind,
    RightRecorded,
    RightRevoked,
    RightTarget,
)
from contracts.routing import WorkApproved, WorkReady
from contracts.values import Role, VersionSource, WorkItem, WorkState
from services.assets.app import create_app
from services.assets.rights import attaching, service
from services.assets.rights.errors import MayNotPublish
from services.assets.rights.timers import HANDLERS
from services.assets.settings import AssetsSettings
from services.assets.versions.domain import asset_of
from services.assets.worker import create_app as create_worker
from tests.assets.factory import Vendor, approved, known, named, photo, plan, ready, tell, tell_domains, variant_of
from tests.assets.factory import with_state as in_state

OWNER, OTHER = Role.QC_LEAD, Role.PRODUCER  # as `tell_domains` says
PATH = "/v1/rights"
TODAY = date.today()  # noqa: DTZ011, far from any bound that is tested


def paper(**changes: Any) -> dict[str, Any]:
    """What a model's release says, as it is sent."""
    return {
        "kind": "model_release", "holder": "Lena Okafor", "reference": "MR-2026-041", "territories": ["DE", "AT"],
        "channels": None, "uses": None, "valid_from": "2020-01-01", "valid_until": None, "credit": "Model: Lena Okafor",
        "document": "contracts/MR-2026-041.pdf",
    } | changes  # fmt: skip


async def post(assets: Harness, path: str, body: Any, role: str = OWNER, **headers: str) -> httpx.Response:
    return await assets.client.post(f"{PATH}{path}", json=body, headers=assets.bearer(role) | headers)


async def put(assets: Harness, path: str, body: Any, etag: str, role: str = OWNER) -> httpx.Response:
    return await assets.client.put(f"{PATH}{path}", json=body, headers=assets.bearer(role) | {"If-Match": etag})


async def get(assets: Harness, url: str, **params: Any) -> Any:
    answer = await assets.client.get(url, params=params, headers=assets.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def recorded(assets: Harness, *targets: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A right, attached to these."""
    answer = await post(assets, "", paper(**changes))
    assert answer.status_code == 201, answer.text
    right: dict[str, Any] = answer.json()
    if targets:
        attached = await post(assets, f"/{right['id']}/attachments", {"targets": targets})
        assert (attached.status_code, attached.json()) == (200, {"targets": len(targets)}), attached.text
    return right


async def final(assets: Harness, item: WorkItem, **params: Any) -> httpx.Response:
    slot = {"sku": item.sku, "colorway": item.colorway, "view": item.view}
    if item.channel:
        slot["channel"] = item.channel
    return await assets.client.get("/v1/finals", params=slot | params, headers=assets.bearer("reviewer"))


@pytest.fixture
async def told(assets: Harness) -> Harness:
    """Assets that knows who decides what."""
    await tell_domains(assets)
    return assets


async def test_a_final_that_shows_a_person_is_delivered_only_under_a_release(told: Harness) -> None:
    packshot, _ = await approved(told, photo(1))
    assert (await final(told, packshot)).status_code == 200
    item, version = await approved(told, photo(2), view="on_model_2")
    refused = await final(told, item)
    problem = refused.json()
    assert (refused.status_code, problem["type"], problem["reason"]) == (404, "urn:packshot:problem:no-final", "rights")
    assert "No model release is attached to this picture." in problem["detail"]
    assert [(one["cause"], bool(one["remedy"])) for one in problem["causes"]] == [("missing", True)]
    content = await told.client.get(f"/v1/versions/{version['id']}/content", headers=told.bearer("reviewer"))
    assert content.content == photo(2)

    right = await recorded(told, {"sku": item.sku, "colorway": item.colorway}, channels=["pdp", "zalando"])
    assert (await final(told, item)).json()["id"] == version["id"]
    assert (await final(told, item, territory="AT")).status_code == 200
    abroad = await final(told, item, territory="US")
    assert (abroad.status_code, abroad.json()["reason"]) == (404, "rights")
    assert "doesn't cover US; it covers DE, AT" in abroad.json()["detail"]
    unknown = await final(told, item, territory="UK")
    assert (unknown.status_code, unknown.json()["errors"][0]["remedy"]) == (422, "Send `GB`.")
    assert (await final(told, item, view="none", territory="UK")).status_code == 422  # also where there is no final

    asked = await get(told, f"/v1/versions/{version['id']}/rights", channel="pdp", territory=["DE", "AT"])
    assert (asked["allowed"], asked["rights"], asked["credits"]) == (True, [right["id"]], ["Model: Lena Okafor"])
    assert (asked["warnings"], asked["pack_version"]) == ([], 1)
    asked = await get(told, f"/v1/versions/{version['id']}/rights", channel="amazon", territory=["DE", "FR"],
                      on="2019-12-31")  # fmt: skip
    assert [one["cause"] for one in asked["causes"]] == ["not_begun", "channel", "territory"]
    for params, pointer in (
        ({"channel": "temu"}, "query/channel"),
        ({"territory": "ZZ"}, "query/territory"),
        ({"on": "tomorrow"}, "query/on"),
        ({"on": "1767225600"}, "query/on"),
        ({"use": "fun"}, "query/use"),
        ({"territory": ["DE"] * 250}, "query/territory"),
    ):
        wrong = await told.client.get(
            f"/v1/versions/{version['id']}/rights", params=params, headers=told.bearer("reviewer")
        )
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, pointer), wrong.text
    gone = await told.client.get(f"/v1/versions/{new_id()}/rights", headers=told.bearer("reviewer"))
    assert gone.status_code == 404


async def test_a_use_that_a_right_is_not_for_is_refused(told: Harness) -> None:
    campaign, _ = await approved(told, photo(1), view="on_model", use="campaign")
    catalog, _ = await approved(told, photo(2), view="on_model", use="catalog", sku="WJ02")
    early, version = await approved(told, photo(3), view="on_model", use=None, sku="WJ03")
    for item, status in ((campaign, 404), (catalog, 200), (early, 404)):
        await recorded(told, {"request_id": str(item.request_id)}, uses=["catalog"])
        assert (await final(told, item)).status_code == status
    asked = await get(told, f"/v1/versions/{version['id']}/rights", use="catalog")
    assert asked["allowed"]


async def test_a_variant_lives_by_its_masters_rights_and_a_vendors_picture_by_the_vendors(
    told: Harness, start: Start
) -> None:
    """What the worker rendered of a vendor's picture needs the vendor's licence, warned of until one is recorded."""
    vendor = await Vendor.registered(told)
    item = await ready(told)
    assert (await vendor.put(photo(1))).is_success
    assert (await vendor.deliver(named(item, photo(1)))).json()["files"][0]["accepted"]
    done = in_state(item, WorkState.APPROVED, approved_at=now())
    await tell(told, WorkApproved, done, 9)
    await known(told, done, 9)
    variant = variant_of(item, "pdp")
    await plan(told, variant)
    worker = await start(create_worker, AssetsSettings, fresh=False)
    await tell(told, WorkReady, in_state(variant, WorkState.READY), 2)
    await worker.until_answered("assets-render")
    ended = in_state(variant, WorkState.APPROVED, approved_at=now())
    await tell(told, WorkApproved, ended, 3)
    await known(told, ended, 3)
    version = (await final(told, variant)).json()
    assert version["source"] == VersionSource.RENDER
    asked = await get(told, f"/v1/versions/{version['id']}/rights")
    assert (asked["allowed"], [one["kind"] for one in asked["warnings"]]) == (True, ["licence"])
    assert asked["asked"]["channel"] == "pdp"

    frame = await recorded(
        told, {"vendor": vendor.name}, kind="licence", territories=["world"], valid_until="2021-12-31"
    )
    refused = await final(told, variant)
    assert (refused.json()["reason"], refused.json()["causes"][0]["cause"]) == ("rights", "ended")
    longer = paper(kind="licence", territories=["world"]) | {"cause": "prolonged"}
    assert (await put(told, f"/{frame['id']}", longer, '"1"')).status_code == 200
    asked = await get(told, f"/v1/versions/{version['id']}/rights")
    assert (asked["allowed"], asked["warnings"], asked["rights"]) == (True, [], [frame["id"]])
    master = await recorded(told, {"asset_id": str(asset_of(item.id))}, holder="Ben", channels=["amazon"])
    refused = await final(told, variant)
    assert [one["right_id"] for one in refused.json()["causes"]] == [master["id"]]
    affected = (await get(told, f"{PATH}/{frame['id']}/affected"))["items"]
    assert {(one["view"], one["channel"], one["allowed"]) for one in affected} == {
        ("front", "pdp", False),
        ("front", None, True),
    }


async def test_versions_are_kept_and_edits_meet_each_other(told: Harness) -> None:
    right = await recorded(told)
    url = f"/{right['id']}"
    assert (right["version"], right["state"], right["time_zone"]) == (1, "in_force", "Europe/Berlin")
    longer = paper(valid_until="2099-12-31", time_zone="Asia/Tokyo") | {"cause": "prolonged"}
    answers = await asyncio.gather(*(put(told, url, longer, '"1"') for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    assert (await put(told, url, paper(), '"2"')).status_code == 422  # without a cause
    missing = await told.client.put(PATH + url, json=longer, headers=told.bearer(OWNER))
    assert missing.status_code == 428
    revoke = {"cause": "she withdrew her consent"}
    assert (await post(told, f"{url}/revoke", revoke, **{"If-Match": '"1"'})).status_code == 412
    revoked = await post(told, f"{url}/revoke", revoke, **{"If-Match": '"2"'})
    assert (revoked.status_code, revoked.json()["state"], revoked.headers["ETag"]) == (200, "revoked", '"3"')
    for again in (
        await put(told, url, longer, '"3"'),
        await post(told, f"{url}/revoke", revoke, **{"If-Match": '"3"'}),
    ):
        assert (again.status_code, again.json()["type"]) == (409, "urn:packshot:problem:right-revoked")
        assert "she withdrew her consent" in again.json()["detail"]
    history = await get(told, f"{PATH}{url}/versions", limit=2)
    assert [(one["version"], one["cause"]) for one in history["items"]] == [
        (3, "she withdrew her consent"),
        (2, "prolonged"),
    ]
    rest = await get(told, f"{PATH}{url}/versions", before=history["next_before"])
    assert [(one["version"], one["valid_until"]) for one in rest["items"]] == [(1, None)]
    assert [one.aggregateversion for one in await told.recorded(RightRecorded)] == [1, 2]
    assert [one.aggregateversion for one in await told.recorded(RightRevoked)] == [3]
    assert (await told.client.get(f"{PATH}/{new_id()}", headers=told.bearer("reviewer"))).status_code == 404


async def test_only_the_owner_changes_rights_and_everyone_reads_them(told: Harness) -> None:
    right = await recorded(told)
    url = f"/{right['id']}"
    target = {"targets": [{"sku": "WJ01", "colorway": "blue"}]}
    for role in (OTHER, Role.VENDOR):
        for answer in (
            await post(told, "", paper(), role),
            await put(told, url, paper() | {"cause": "x"}, '"1"', role),
            await post(told, f"{url}/revoke", {"cause": "x"}, role, **{"If-Match": '"1"'}),
            await post(told, f"{url}/attachments", target, role),
            await post(told, f"{url}/detachments", target | {"cause": "x"}, role),
            await put(told, "/pack", {"time_zone": "UTC", "warn_days": [], "needs": []}, '"1"', role),
        ):
            assert (answer.status_code, answer.json()["allowed_roles"]) == (403, [OWNER])
    assert (await told.client.get(PATH)).status_code == 401
    assert [one["id"] for one in (await get(told, PATH))["items"]] == [right["id"]]


async def test_what_is_wrong_is_told_where_and_what_is_sent_twice_recorded_once(told: Harness) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"territories": ["DE"] * 250}, "/territories"),
        ({"territories": []}, "/territories"),
        ({"territories": ["DE", "Germany"]}, "/territories/1"),
        ({"channels": ["temu"]}, "/channels/0"),
        ({"channels": []}, "/channels"),
        ({"valid_from": "2027-01-01", "valid_until": "2026-12-31"}, "/valid_until"),
        ({"valid_from": 1767225600}, "/valid_from"),
        ({"valid_from": "2026-02-30"}, "/valid_from"),
        ({"valid_until": "9999-12-31"}, "/valid_until"),
        ({"holder": "a\x00b"}, "/holder"),
        ({"holder": " "}, "/holder"),
        ({"reference": "x" * 201}, "/reference"),
        ({"kind": "music"}, "/kind"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"revoked_at": None}, "/revoked_at"),
    ]
    for changes, pointer in cases:
        answer = await post(told, "", paper(**changes))
        assert answer.status_code == 422, answer.text
        assert {one["pointer"] for one in answer.json()["errors"]} == {pointer}
        assert all(one["remedy"] for one in answer.json()["errors"])
    assert (await get(told, PATH))["items"] == []
    key = {"Idempotency-Key": "MR-2026-041"}
    first, again = await asyncio.gather(*(post(told, "", paper(), **key) for _ in range(2)))
    assert first.json() == again.json()
    assert len(await told.recorded(RightRecorded)) == 1
    assert (await post(told, "", paper(holder="Ben"), **key)).status_code == 422


async def test_attachments_are_kept_with_their_causes(told: Harness) -> None:
    item, version = await approved(told, photo())
    right = await recorded(told)
    url = f"/{right['id']}"
    asset, product = {"asset_id": version["asset_id"]}, {"sku": item.sku, "colorway": item.colorway}
    every = [asset, product, {"request_id": str(item.request_id)}]
    answers = await asyncio.gather(*(post(told, f"{url}/attachments", {"targets": [*every, asset]}) for _ in range(2)))
    assert sorted(answer.json()["targets"] for answer in answers) == [0, 3]
    (event,) = await told.recorded(RightAttached)
    assert (event.aggregateversion, len(event.data.targets)) == (2, 3)
    wrong = [asset, {"asset_id": str(new_id())}, {"sku": "WJ01", "colorway": "red"}, {"request_id": str(new_id())},
             {"vendor": "nobody"}]  # fmt: skip
    refused = await post(told, f"{url}/attachments", {"targets": wrong})
    assert (refused.status_code, [one["pointer"] for one in refused.json()["errors"]]) == (
        422, [f"/targets/{number}" for number in (1, 2, 3, 4)],
    )  # fmt: skip
    hostile: list[list[dict[str, Any]]] = [
        [],
        [{}],
        [{"sku": "WJ01"}],
        [asset | product],
        [asset] * 501,
        [{"sku": "../x", "colorway": "b"}],
    ]
    for targets in hostile:
        assert (await post(told, f"{url}/attachments", {"targets": targets})).status_code == 422
    gone = {"targets": [product, {"vendor": "nobody"}], "cause": "another model was booked"}
    for count in (1, 0):
        assert (await post(told, f"{url}/detachments", gone)).json() == {"targets": count}
    (left,) = await told.recorded(RightDetached)
    assert (left.aggregateversion, left.data.cause) == (3, "another model was booked")
    assert (await post(told, f"{url}/attachments", {"targets": [product]})).json() == {"targets": 1}
    first = await get(told, f"{PATH}{url}/attachments", limit=2)
    rest = await get(told, f"{PATH}{url}/attachments", cursor=first["next_cursor"])
    causes = [one["cause"] for one in first["items"] + rest["items"] if one["target"]["sku"]]
    assert causes == [None, "another model was booked"]
    assert len(first["items"] + rest["items"]) == 4


async def test_rights_are_found_by_state_kind_holder_and_end(told: Harness) -> None:
    day = timedelta(days=1)
    made = {
        "in_force": await recorded(told, valid_until=str(TODAY + 20 * day)),
        "not_begun": await recorded(told, valid_from=str(TODAY + 5 * day), valid_until=str(TODAY + 90 * day)),
        "ended": await recorded(told, valid_until=str(TODAY - 5 * day), kind="licence", holder="Studio  Nord"),
        "revoked": await recorded(told, valid_until=str(TODAY + 10 * day)),
    }
    url = f"/{made['revoked']['id']}/revoke"
    assert (await post(told, url, {"cause": "x"}, **{"If-Match": '"1"'})).status_code == 200
    for state, right in made.items():
        found = await get(told, PATH, state=state)
        assert [(one["id"], one["state"]) for one in found["items"]] == [(right["id"], state)]
    for params, expected in (
        ({"kind": "licence"}, ["ended"]),
        ({"holder": "studio nord"}, ["ended"]),
        ({"expiring_within": "30d"}, ["in_force"]),
        ({"expiring_within": "365d"}, ["not_begun", "in_force"]),
        ({"expiring_within": "5d"}, []),
    ):
        found = await get(told, PATH, **params)
        assert [one["id"] for one in found["items"]] == [made[state]["id"] for state in expected]
    for wrong in ("30", "0d", "-1d", "99999d", "d"):
        answer = await told.client.get(PATH, params={"expiring_within": wrong}, headers=told.bearer("reviewer"))
        assert answer.status_code == 422
    page = await get(told, PATH, limit=3)
    assert len(page["items"] + (await get(told, PATH, cursor=page["next_cursor"]))["items"]) == 4


async def test_an_end_is_told_once_whatever_the_clock_does(told: Harness, start: Start) -> None:
    """Warnings, the end, a longer term, jumps of days and back, with two replicas at once."""
    clock.set(datetime(2030, 1, 1, 12, tzinfo=UTC))
    await start(create_app, AssetsSettings, fresh=False)
    right = await recorded(told, valid_until="2030-03-31")
    endless = await recorded(told)
    timers = Timers(told.service.database, HANDLERS)
    said: list[tuple[str, int]] = []

    async def tell_at(*at: int) -> list[int]:
        """Days that were told at this moment: of warnings, 0 for the end."""
        clock.set(datetime(*at, tzinfo=UTC))  # type: ignore[arg-type, misc]
        await asyncio.gather(*(_fire(timers) for _ in range(3)))
        warned, over = await told.recorded(RightExpiring), await told.recorded(RightExpired)
        told_now = [(str(one.id), one.data.days) for one in warned] + [(str(one.id), 0) for one in over]
        new = [one for one in told_now if one not in said]
        said.extend(new)
        return [days for _, days in new]

    assert await tell_at(2030, 3, 1, 22, 59, 59) == []
    assert await tell_at(2030, 3, 1, 23) == [30]  # the first moment of 2 March in Berlin
    assert await tell_at(2030, 2, 1) == []
    assert await tell_at(2030, 3, 2) == []
    assert await tell_at(2030, 3, 30, 23) == [1]  # the clock has jumped over the seventh; summer time begins that night
    assert await tell_at(2030, 3, 31, 21, 59, 59) == []
    assert await tell_at(2030, 3, 31, 22) == [0]
    assert await tell_at(2030, 5, 1) == []
    longer = paper(valid_until="2030-06-30") | {"cause": "prolonged"}
    assert (await put(told, f"/{right['id']}", longer, '"1"')).status_code == 200
    assert await tell_at(2030, 5, 2) == []
    clock.set(datetime(2030, 5, 20, 12, tzinfo=UTC))
    pack = await get(told, f"{PATH}/pack")
    assert (await put(told, "/pack", pack | {"warn_days": [100, 45]}, '"1"')).status_code == 200
    assert await tell_at(2030, 5, 20, 12, 0, 1) == [45]
    (expired,) = await told.recorded(RightExpired)
    assert (expired.subject, expired.data.ends_at) == (right["id"], datetime(2030, 3, 31, 22, tzinfo=UTC))
    revoke = await post(told, f"/{right['id']}/revoke", {"cause": "sold"}, **{"If-Match": '"2"'})
    assert revoke.status_code == 200
    assert await tell_at(2031, 1, 1) == []
    assert await told.fetch("SELECT 1 FROM timer WHERE kind = 'right'") == []
    events = await told.fetch("SELECT aggregate_version FROM event_log WHERE aggregate_id = $1 ORDER BY position",
                              right["id"])  # fmt: skip
    assert [row["aggregate_version"] for row in events] == list(range(1, len(events) + 1))
    assert await told.fetch("SELECT 1 FROM event_log WHERE aggregate_id = $1", endless["id"])


async def _fire(timers: Timers) -> None:
    while await timers.fire_one():
        pass


async def test_what_rests_on_a_right_is_listed(told: Harness) -> None:
    """Packshots don't, nor what another right of the holder covers as well."""
    on_model, version = await approved(told, photo(1), view="on_model")
    await approved(told, photo(2))
    product = {"sku": on_model.sku, "colorway": on_model.colorway}
    right = await recorded(told, product)
    url = f"{PATH}/{right['id']}/affected"
    (one,) = (await get(told, url))["items"]
    assert (one["version_id"], one["asset_id"], one["view"], one["channel"], one["allowed"]) == (
        version["id"], version["asset_id"], "on_model", None, True,
    )  # fmt: skip
    smaller = await recorded(told, product, territories=["DE"])
    assert len((await get(told, url))["items"]) == 1  # Austria is left
    assert (await get(told, f"{PATH}/{smaller['id']}/affected"))["items"] == []
    await recorded(told, product, territories=["world"])
    assert (await get(told, url))["items"] == []
    first = await get(told, url, limit=1)
    assert first["next_cursor"] is not None
    assert (await get(told, url, cursor=first["next_cursor"]))["next_cursor"] is None


async def test_publication_is_refused_and_excludes_whoever_revokes_or_detaches(told: Harness) -> None:
    item, answer = await approved(told, photo(), view="on_model")
    database = told.service.database

    async def publish(*territories: str, channel: str = "pdp", on: date | None = None) -> list[UUID] | list[str]:
        """The rights that permit it, or the causes against it."""
        async with database.transaction() as session:
            version = Version.model_validate(answer)
            try:
                return (await service.check_may_publish(session, version, channel, territories, on)).rights
            except MayNotPublish as problem:
                return [one["cause"] for one in problem.extensions["causes"]]

    assert await publish("DE") == ["missing"]
    asset = RightTarget(asset_id=answer["asset_id"])
    right = await recorded(told, asset.model_dump(mode="json"), valid_until="2040-01-01", channels=["pdp"])
    permitted, right_id = [UUID(right["id"])], UUID(right["id"])
    assert await publish("DE", "AT", on=date(2040, 1, 1)) == permitted
    assert await publish("DE", "AT", on=date(2040, 1, 2)) == ["ended"]
    assert await publish("DE", "US") == ["territory"]
    assert await publish("DE", channel="amazon") == ["channel"]

    owner = Caller("qc", "qc", frozenset({OWNER}))
    async with database.transaction() as session:
        assert await attaching.detach(session, right_id, [asset], "not hers", owner) == 1
        waiting = asyncio.create_task(publish("DE"))
        assert (await asyncio.wait({waiting}, timeout=0.3))[0] == set()
    assert await waiting == ["missing"]

    await post(told, f"/{right_id}/attachments", {"targets": [asset.model_dump(mode="json")]})
    async with database.transaction() as session:
        await service.check_may_publish(session, Version.model_validate(answer), "pdp", ["DE"])
        assert (await final(told, item)).status_code == 200  # readers don't wait
        revoking = asyncio.create_task(post(told, f"/{right_id}/revoke", {"cause": "x"}, **{"If-Match": '"1"'}))
        assert (await asyncio.wait({revoking}, timeout=0.3))[0] == set()
    assert (await revoking).status_code == 200
    assert await publish("DE") == ["revoked"]


async def test_the_pack_decides_what_is_needed(told: Harness) -> None:
    item, _ = await approved(told, photo(), view="on_model")
    pack = await get(told, f"{PATH}/pack")
    assert (await final(told, item)).status_code == 404
    wrong = pack["needs"][0] | {"when": {"channels": ["temu"]}}
    refused = await put(told, "/pack", pack | {"needs": [wrong]}, '"1"')
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/needs/0/when/channels/0")
    eased = [one | {"missing": "warn"} for one in pack["needs"]]
    assert (await put(told, "/pack", pack | {"needs": eased}, '"1"')).status_code == 200
    assert (await final(told, item)).status_code == 200
    assert (await get(told, f"{PATH}/pack", version=1))["needs"] == pack["needs"]
    kinds = {one["kind"] for one in pack["needs"]}
    assert kinds == set(RightKind)

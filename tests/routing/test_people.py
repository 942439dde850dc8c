"""People's records, lanes, and exceptions from them."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from chassis.clock import clock
from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.routing import ExceptionGranted
from contracts.values import Role
from services.routing.work.service import MAY_DIRECT
from tests.routing.house import claim, grant, put_person, tell_domains, waiting
from tests.routing.others import do, read

HOUR = timedelta(hours=1)
PEOPLE = "/v1/people"


async def test_a_record_is_made_edited_and_read(routing: Harness, monday: datetime) -> None:
    made = await put_person(routing, "rita", teams=["skin_beauty"], level="senior", lane="batch")
    assert (made.status_code, made.headers["ETag"]) == (200, '"1"')
    assert made.json() == {
        "subject": "rita", "name": "rita", "teams": ["skin_beauty"], "level": "senior", "lane": "batch", "version": 1,
        "updated_by": "producer-1", "updated_at": "2026-03-02T08:00:00Z",
    }  # fmt: skip
    assert (await put_person(routing, "rita")).status_code == 412
    assert (await put_person(routing, "rita", 1, level="junior")).json()["teams"] is None
    headers = routing.bearer(Role.RETOUCHER, subject="rita")
    own = await routing.client.get(f"{PEOPLE}/rita", headers=headers)
    assert (own.status_code, own.headers["ETag"], own.json()["level"]) == (200, '"2"', "junior")
    assert (await routing.client.get(f"{PEOPLE}/rolf", headers=headers)).status_code == 403
    missing = await routing.client.get(f"{PEOPLE}/rolf", headers=routing.bearer(Role.PRODUCER))
    assert (missing.status_code, "may take whatever" in missing.json()["detail"]) == (404, True)
    assert (await put_person(routing, "rolf", 1)).status_code == 412
    headers = routing.bearer(Role.PRODUCER)
    assert (await routing.client.put(f"{PEOPLE}/rolf", json={"name": "Rolf"}, headers=headers)).status_code == 428


async def test_the_list_pages_and_filters(routing: Harness) -> None:
    for number in range(5):
        await put_person(routing, f"rita-{number}", teams=["skin_beauty" if number % 2 else "ghost_mannequin"])
    headers, seen, cursor = routing.bearer(Role.RETOUCHING_LEAD), list[str](), None
    while True:
        query: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await routing.client.get(PEOPLE, params=query, headers=headers)).json()
        seen += [one["subject"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == [f"rita-{number}" for number in reversed(range(5))]
    skin = (await routing.client.get(PEOPLE, params={"team": "skin_beauty"}, headers=headers)).json()["items"]
    assert [one["subject"] for one in skin] == ["rita-3", "rita-1"]


async def test_who_may_do_what(routing: Harness) -> None:
    await tell_domains(routing)
    await put_person(routing, "rita", lane="batch")
    body = {"queue": "hero", "cause": "x", "ends_at": "2999-01-01T00:00:00Z"}
    for role in Role:
        headers = routing.bearer(role) | {"If-Match": '"9"'}
        for method, path, json, allowed in (
            ("GET", PEOPLE, None, MAY_DIRECT),
            ("GET", f"{PEOPLE}/rita", None, MAY_DIRECT),
            ("GET", f"{PEOPLE}/rita/exceptions", None, MAY_DIRECT),
            ("PUT", f"{PEOPLE}/rita", {"name": "Rita"}, MAY_DIRECT),
            ("POST", f"{PEOPLE}/rita/exceptions", body, (Role.CREATIVE_OPS_MANAGER,)),
        ):
            answer = await routing.client.request(method, path, json=json, headers=headers)
            assert (answer.status_code != 403) == (role in allowed), (role, method, path, answer.text)
            if answer.status_code == 403:
                assert set(answer.json()["allowed_roles"]) == {str(one) for one in allowed}
    for method, path in (("GET", PEOPLE), ("PUT", f"{PEOPLE}/rita"), ("POST", f"{PEOPLE}/rita/exceptions")):
        assert (await routing.client.request(method, path, json={})).status_code == 401


@pytest.mark.parametrize(("lane", "own", "other"), [("batch", "catalog", "hero"), ("hero", "hero", "catalog")])
async def test_each_lane_keeps_to_its_own(routing: Harness, lane: str, own: str, other: str) -> None:
    await waiting(routing, 2, "BATCH")
    heroes = await waiting(routing, 2, "HERO", use="campaign")
    batch_or_hero = {"catalog": "BATCH", "hero": "HERO"}
    await put_person(routing, "rita", lane=lane)
    assert (await claim(routing, own, subject="rita")).json()["items"][0]["sku"] == batch_or_hero[own]
    refused = await claim(routing, other, subject="rita")
    assert (refused.status_code, refused.json()["reason"]) == (403, "other_lane")
    assert "you do" in refused.json()["detail"]
    by_name = await do(routing, heroes[1], "claim", Role.RETOUCHER, subject="rita")
    assert by_name.status_code == (200 if lane == "hero" else 403)
    assert (await claim(routing, other, subject="someone")).status_code == 200  # without a record: no lane


async def test_an_exception_lifts_the_lane_until_it_ends(routing: Harness, monday: datetime) -> None:
    await tell_domains(routing)
    heroes = await waiting(routing, 3, "HERO", use="campaign")
    await put_person(routing, "rita", lane="batch")
    granted = await grant(routing, "rita", monday + 2 * HOUR)
    assert granted.status_code == 201, granted.text
    assert (await grant(routing, "rita", monday + HOUR, "ai_experiment")).status_code == 201
    [event, _] = await routing.recorded(ExceptionGranted)
    assert (event.data.subject, event.data.queue, event.data.granted_by, event.data.cause) == (
        "rita", "hero", "olga", "The other one is ill.",
    )  # fmt: skip
    assert (str(event.data.id), event.aggregateversion) == (granted.json()["id"], 1)
    assert (await claim(routing, "hero", subject="rita")).status_code == 200
    assert (await do(routing, heroes[1], "claim", Role.RETOUCHER, subject="rita")).status_code == 200
    clock.set(monday + 2 * HOUR)
    ended = await claim(routing, "hero", subject="rita")
    assert (ended.status_code, "ended at 2026-03-02T10:00:00" in ended.json()["detail"]) == (403, True)
    assert (await read(routing, heroes[2]["id"]))["state"] == "ready"
    path, headers = f"{PEOPLE}/rita/exceptions", routing.bearer(Role.RETOUCHER, subject="rita")
    listed = (await routing.client.get(path, headers=headers)).json()["items"]
    assert [(one["queue"], one["active"]) for one in listed] == [("ai_experiment", False), ("hero", False)]


async def test_exceptions_are_never_deleted_nor_changed(routing: Harness, monday: datetime) -> None:
    await tell_domains(routing)
    await put_person(routing, "rita", lane="batch")
    await grant(routing, "rita", monday + HOUR)
    for statement in ("DELETE FROM lane_exception", "UPDATE lane_exception SET ends_at = now()"):
        with pytest.raises(asyncpg.RaiseError, match="kept as they were granted"):
            await routing.fetch(statement)


async def test_an_exception_is_granted_once_a_key(routing: Harness, monday: datetime) -> None:
    await tell_domains(routing)
    await put_person(routing, "rita", lane="batch")
    headers = routing.bearer(Role.CREATIVE_OPS_MANAGER) | {"Idempotency-Key": "k"}
    body = {"queue": "hero", "cause": "ill", "ends_at": "2026-03-03T00:00:00Z"}
    for _ in range(2):
        answer = await routing.client.post(f"{PEOPLE}/rita/exceptions", json=body, headers=headers)
        assert answer.status_code == 201
    assert len(await routing.recorded(ExceptionGranted)) == 1


async def test_a_team_is_one_that_there_is(routing: Harness) -> None:
    refused = await put_person(routing, "jun", teams=["skin_beauty", "nope"])
    assert refused.status_code == 422, refused.text
    [error] = refused.json()["errors"]
    assert (error["pointer"], error["detail"]) == ("/teams/1", "There is no team nope.")
    assert "skin_beauty" in error["remedy"]
    assert (await put_person(routing, "jun", teams=["skin_beauty"])).status_code == 200


async def test_bad_input(routing: Harness, monday: datetime) -> None:
    bodies: list[Any] = [
        {}, [], "x", {"name": ""}, {"name": " "}, {"name": "x" * 201}, {"name": "nul \x00"}, {"name": "x", "more": 1},
        {"name": "x", "teams": ["Not A Name"]}, {"name": "x", "teams": ["x"] * 21}, {"name": "x", "teams": "x"},
        {"name": "x", "level": "guru"}, {"name": "x", "lane": "fast"}, {"name": None},
    ]  # fmt: skip
    for body in bodies:
        headers = routing.bearer(Role.PRODUCER) | {"If-Match": '"0"'}
        answer = await routing.client.put(f"{PEOPLE}/rita", json=body, headers=headers)
        assert (answer.status_code, bool(answer.json()["errors"])) == (422, True), body
    for subject in ("x" * 201, "%00", "a%0Ab"):
        assert (await put_person(routing, subject)).status_code == 422, subject
    assert (await put_person(routing, "auth0%7Crita@example.com")).json()["subject"] == "auth0|rita@example.com"
    await tell_domains(routing)
    await put_person(routing, "rita", lane="batch")
    good: dict[str, Any] = {"queue": "hero", "cause": "ill", "ends_at": "2026-03-03T00:00:00Z"}
    for change, pointer in (
        ({"queue": "lost"}, "/queue"), ({"queue": "Not A Name"}, "/queue"), ({"cause": ""}, "/cause"),
        ({"cause": "x" * 501}, "/cause"), ({"ends_at": "2026-03-02T08:00:00Z"}, "/ends_at"),
        ({"ends_at": "2028-01-01T00:00:00Z"}, "/ends_at"), ({"ends_at": "tomorrow"}, "/ends_at"),
        ({"ends_at": "2026-03-03T00:00:00"}, "/ends_at"), ({"ends_at": "9999-12-31T23:59:59-23:59"}, "/ends_at"),
        ({"ends_at": "0001-01-01T00:00:00+23:59"}, "/ends_at"), ({"more": 1}, "/more"),
    ):  # fmt: skip
        headers = routing.bearer(Role.CREATIVE_OPS_MANAGER)
        answer = await routing.client.post(f"{PEOPLE}/rita/exceptions", json=good | change, headers=headers)
        assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, [pointer]), change
    assert (await grant(routing, str(new_id()), monday + HOUR)).status_code == 404
    assert await routing.recorded(ExceptionGranted) == []

"""Requests through HTTP: accepted, returned, amended, cancelled, listed; and the events that say so."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.testkit.harness import Harness
from contracts.envelope import EventData
from contracts.intake import RequestAccepted, RequestCancelled, RequestReturned
from contracts.values import Role
from tests.intake.samples import COMPLETE, apparel, bags, changed, jewelry, without

REQUESTS = "/v1/requests"
REQUESTERS = {
    Role.PRODUCER,
    Role.MERCHANDISER,
    Role.CREATIVE_OPS_MANAGER,
    Role.APPROVAL_OWNER,
    Role.CREATIVE_DIRECTOR,
    Role.AI_WORKFLOW_OWNER,
}
EVENTS: tuple[type[EventData], ...] = (RequestAccepted, RequestReturned, RequestCancelled)


async def create(intake: Harness, brief: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await intake.client.post(REQUESTS, json=brief, headers=intake.bearer("producer") | headers)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["ETag"] == f'"{body["version"]}"'
    assert answer.headers["Location"] == f"{REQUESTS}/{body['id']}"
    return body


async def amend(intake: Harness, request_id: str, changes: dict[str, Any], etag: str) -> Any:
    headers = intake.bearer("producer") | {"If-Match": etag}
    return await intake.client.patch(f"{REQUESTS}/{request_id}", json=changes, headers=headers)


async def cancel(intake: Harness, request_id: str, **headers: str) -> Any:
    return await intake.client.post(
        f"{REQUESTS}/{request_id}/cancel", json={"cause": "Style dropped."}, headers=intake.bearer("producer") | headers
    )


async def history(intake: Harness, request_id: str) -> list[tuple[str, int]]:
    """Everything that was said of a request: event type and aggregate version, oldest first."""
    rows = await intake.fetch(
        "SELECT payload::jsonb ->> 'type' AS type, aggregate_version AS version FROM event_log"
        " WHERE aggregate_id = $1 ORDER BY position",
        request_id,
    )
    return [(row["type"].split(".")[2], row["version"]) for row in rows]


async def test_complete_briefs_are_accepted(intake: Harness) -> None:
    for name, make in COMPLETE.items():
        sent = make()
        body = await create(intake, sent)
        assert (body["state"], body["problems"], body["category_version"]) == ("accepted", [], 1), name
        assert {name: body[name] for name in sent if name != "ai"} == {
            n: v for n, v in _shown(sent).items() if n != "ai"
        }
        [event] = await intake.recorded(RequestAccepted, body["id"])
        said = event.data.request
        assert (event.aggregateversion, said.id, said.sku) == (1, UUID(body["id"]), sent["sku"])
        assert said.requested_by == "producer-1"
        assert [shot.model_dump() for shot in said.shots] == body["shots"]
        assert said.attributes == sent["attributes"]
        assert said.channels == sent.get("channels", [])
        assert {shot.colorway for shot in said.shots} == set(sent["colorways"])
        read = await intake.client.get(f"{REQUESTS}/{body['id']}", headers=intake.bearer("retoucher"))
        assert (read.json(), read.headers["ETag"]) == (body, '"1"')


def _shown(sent: dict[str, Any]) -> dict[str, Any]:
    """A brief as it is shown: what a waiver doesn't say is null."""
    if "waivers" not in sent:
        return sent
    return sent | {"waivers": [{"view": None, "colorway": None, "cause": None} | one for one in sent["waivers"]]}


async def test_waivers_are_kept_with_their_cause(intake: Harness) -> None:
    body = await create(intake, bags())
    [event] = await intake.recorded(RequestAccepted, body["id"])
    assert [waiver.model_dump() for waiver in event.data.request.waivers] == body["waivers"]
    assert {(shot["colorway"], shot["view"]) for shot in body["shots"]}.isdisjoint(
        {("gray", "back"), ("gray", "scale"), ("black", "scale")}
    )


async def test_critical_colour_is_a_trait_that_production_is_told(intake: Harness) -> None:
    body = await create(intake, changed(apparel(), attributes__colour_accuracy="critical"))
    [event] = await intake.recorded(RequestAccepted, body["id"])
    assert event.data.request.materials == ["cotton", "fleece", "colour_critical"]
    assert {shot.spec.colour_critical for shot in event.data.request.shots} == {True}
    assert {shot["spec"]["colour_critical"] for shot in body["shots"]} == {True}


async def test_an_incomplete_brief_is_returned_then_accepted(intake: Harness) -> None:
    brief = without(without(apparel(), "attributes", "fit_notes"), "deadline")
    body = await create(intake, brief)
    assert (body["state"], body["shots"], body["accepted_at"]) == ("returned", [], None)
    assert [problem["pointer"] for problem in body["problems"]] == ["/deadline", "/attributes/fit_notes"]
    assert all(problem["problem"] and problem["remedy"] for problem in body["problems"])

    half = await amend(intake, body["id"], {"deadline": apparel()["deadline"]}, '"1"')
    assert (half.status_code, half.headers["ETag"], half.json()["state"]) == (200, '"2"', "returned")
    assert [problem["pointer"] for problem in half.json()["problems"]] == ["/attributes/fit_notes"]

    whole = await amend(intake, body["id"], {"attributes": apparel()["attributes"]}, '"2"')
    assert (whole.json()["state"], whole.json()["problems"], whole.json()["version"]) == ("accepted", [], 3)
    assert whole.json()["received_at"] == body["received_at"] < whole.json()["accepted_at"]

    assert await history(intake, body["id"]) == [("returned", 1), ("returned", 2), ("accepted", 3)]
    first, second = await intake.recorded(RequestReturned, body["id"])
    assert [problem.pointer for problem in first.data.problems] == ["/deadline", "/attributes/fit_notes"]
    assert (second.data.sku, second.data.category, second.data.requested_by) == (brief["sku"], "apparel", "producer-1")


async def test_an_amendment_can_take_a_field_out(intake: Harness) -> None:
    body = await create(intake, without(bags(), "sku"))
    taken = await amend(intake, body["id"], {"references": None}, '"1"')
    assert [problem["pointer"] for problem in taken.json()["problems"]] == ["/sku", "/references"]
    assert taken.json()["references"] is None


async def test_only_a_returned_request_is_amended(intake: Harness) -> None:
    accepted = await create(intake, bags())
    refused = await amend(intake, accepted["id"], {"sku": "MB03"}, '"1"')
    assert refused.status_code == 409
    assert refused.json()["allowed"] == ["cancelled", "returned"]
    assert "amendment" in refused.json()["detail"]
    dropped = await create(intake, {"sku": "MB02"})
    assert (await cancel(intake, dropped["id"])).status_code == 200
    refused = await amend(intake, dropped["id"], {"sku": "MB03"}, '"2"')
    assert (refused.status_code, refused.json()["allowed"]) == (409, [])
    assert await history(intake, dropped["id"]) == [("returned", 1), ("cancelled", 2)]


async def test_an_amendment_names_the_version_that_it_changes(intake: Harness) -> None:
    body = await create(intake, {"sku": "MB02"})
    headers = intake.bearer("producer")
    without_version = await intake.client.patch(f"{REQUESTS}/{body['id']}", json={}, headers=headers)
    assert without_version.status_code == 428
    assert (await amend(intake, body["id"], {"sku": "MB03"}, '"7"')).status_code == 412
    assert (await amend(intake, body["id"], {"sku": "MB03"}, "seven")).status_code == 422
    assert await history(intake, body["id"]) == [("returned", 1)]


async def test_of_amendments_at_the_same_moment_one_wins(intake: Harness) -> None:
    body = await create(intake, {"sku": "MB02"})
    answers = await asyncio.gather(*(amend(intake, body["id"], {"sku": f"MB0{n}"}, '"1"') for n in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    [winner] = [answer.json()["sku"] for answer in answers if answer.status_code == 200]
    read = await intake.client.get(f"{REQUESTS}/{body['id']}", headers=intake.bearer("producer"))
    assert (read.json()["sku"], read.json()["version"]) == (winner, 2)
    assert await history(intake, body["id"]) == [("returned", 1), ("returned", 2)]


async def test_cancelling(intake: Harness) -> None:
    for brief in (without(bags(), "deadline"), {"sku": "MB02"}):
        body = await create(intake, brief)
        answer = await cancel(intake, body["id"])
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
        assert (answer.json()["state"], answer.json()["cancel_cause"]) == ("cancelled", "Style dropped.")
        again = await cancel(intake, body["id"])
        assert (again.status_code, again.json()["state"]) == (409, "cancelled")
        [event] = await intake.recorded(RequestCancelled, body["id"])
        assert (event.data.cause, event.data.cancelled_by, event.aggregateversion) == (
            "Style dropped.",
            "producer-1",
            2,
        )


async def test_cancelling_an_accepted_request_is_quoted_first(intake: Harness) -> None:
    body = await create(intake, bags())
    answer = await cancel(intake, body["id"])
    assert (answer.status_code, answer.json()["state"], answer.json()["cancel"]) == (202, "proposed", True)
    assert answer.headers["Location"] == f"/v1/amendments/{answer.json()['id']}"
    again = await cancel(intake, body["id"])
    assert (again.status_code, again.json()["amendment_id"]) == (409, answer.json()["id"])
    read = await intake.client.get(f"{REQUESTS}/{body['id']}", headers=intake.bearer("reviewer"))
    assert (read.json()["state"], read.json()["version"]) == ("accepted", 1)
    assert await history(intake, body["id"]) == [("accepted", 1)]


async def test_cancelling_again_by_the_same_key_gets_the_same_answer(intake: Harness) -> None:
    body = await create(intake, {"sku": "MB02"})
    key = {"Idempotency-Key": "drop-mb02"}
    first, second = await cancel(intake, body["id"], **key), await cancel(intake, body["id"], **key)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert second.headers["ETag"] == '"2"'
    assert await history(intake, body["id"]) == [("returned", 1), ("cancelled", 2)]


async def test_amendment_and_cancellation_at_the_same_moment(intake: Harness) -> None:
    """Either order is fine, a mixture isn't: the events tell one story with rising versions."""
    body = await create(intake, without(bags(), "sku"))
    amending, cancelling = await asyncio.gather(
        amend(intake, body["id"], {"sku": "MB02"}, '"1"'), cancel(intake, body["id"])
    )
    told = await history(intake, body["id"])
    if amending.status_code == 200:
        assert cancelling.status_code == 202
        assert told == [("returned", 1), ("accepted", 2)]
    else:
        assert cancelling.status_code == 200
        assert amending.status_code == 409
        assert told == [("returned", 1), ("cancelled", 2)]


@pytest.mark.parametrize("body", [{}, {"cause": ""}, {"cause": "  "}, {"cause": None}, {"cause": "x", "why": "y"}])
async def test_a_cancellation_has_a_cause(intake: Harness, body: dict[str, Any]) -> None:
    created = await create(intake, bags())
    answer = await intake.client.post(
        f"{REQUESTS}/{created['id']}/cancel", json=body, headers=intake.bearer("producer")
    )
    assert answer.status_code == 422
    assert await history(intake, created["id"]) == [("accepted", 1)]


async def test_the_same_key_never_creates_twice(intake: Harness) -> None:
    key = {"Idempotency-Key": "order-77"}
    brief = bags()
    first, second = await asyncio.gather(create(intake, brief, **key), create(intake, brief, **key))
    assert first == second
    assert await history(intake, first["id"]) == [("accepted", 1)]
    other = await intake.client.post(REQUESTS, json=brief | {"sku": "MB03"}, headers=intake.bearer("producer") | key)
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["detail"]
    # The key is the caller's own: somebody else may use it too.
    neighbour = await intake.client.post(REQUESTS, json=brief, headers=intake.bearer("merchandiser") | key)
    assert neighbour.json()["id"] != first["id"]


async def test_a_refused_brief_does_not_use_up_its_key(intake: Harness) -> None:
    key = {"Idempotency-Key": "order-78"}
    headers = intake.bearer("producer") | key
    assert (await intake.client.post(REQUESTS, json={"sku": 5}, headers=headers)).status_code == 422
    await create(intake, bags(), **key)


async def test_one_product_may_have_several_requests(intake: Harness) -> None:
    brief = jewelry()
    one, other = await create(intake, brief), await create(intake, brief | {"colorways": ["gold"]})
    assert one["id"] != other["id"]
    assert (one["state"], other["state"]) == ("accepted", "accepted")


async def test_lists_are_filtered_and_paged_newest_first(intake: Harness) -> None:
    hat, boot = {"sku": "LIST-1"}, {"sku": "LIST-2"}
    green = {"colorways": ["green"], "waivers": []}
    briefs = (bags() | hat, jewelry() | hat | {"colorways": ["red"]}, hat, bags() | hat | green, apparel() | boot)
    made = [(await create(intake, brief))["id"] for brief in briefs]

    async def ids(pages: int = 100, **params: Any) -> list[str]:
        answer = await intake.client.get(REQUESTS, params=params, headers=intake.bearer("reviewer"))
        assert answer.status_code == 200, answer.text
        found = [item["id"] for item in answer.json()["items"]]
        assert len(found) <= params.get("limit", 50)
        cursor = answer.json()["next_cursor"]
        return found + (await ids(pages - 1, **params | {"cursor": cursor}) if cursor and pages > 1 else [])

    listed = await intake.client.get(REQUESTS, params={"limit": 5}, headers=intake.bearer("reviewer"))
    for item in listed.json()["items"]:
        one = await intake.client.get(f"{REQUESTS}/{item['id']}", headers=intake.bearer("reviewer"))
        assert item == {name: one.json()[name] for name in item}
    assert (await ids(3, limit=2))[:5] == (await ids(1))[:5] == [*reversed(made)]
    assert await ids(sku="LIST-1", limit=1) == await ids(sku="LIST-1") == [*reversed(made[:4])]
    assert await ids(sku="LIST-1", state="returned") == [made[2]]
    assert await ids(sku="LIST-1", state="accepted", category="bags") == [made[3], made[0]]
    assert await ids(sku="LIST-2", category="shoes") == []
    assert set(await ids(category="jewelry", limit=2)) >= {made[1]}
    for wrong in ({"state": "lost"}, {"sku": "a b"}, {"category": "Bags"}, {"cursor": "zzz"}, {"limit": 0}):
        answer = await intake.client.get(REQUESTS, params=wrong, headers=intake.bearer("reviewer"))
        assert answer.status_code == 422, wrong


async def test_unknown_requests(intake: Harness) -> None:
    unknown = str(uuid4())
    headers = intake.bearer("producer")
    for answer in (
        await intake.client.get(f"{REQUESTS}/{unknown}", headers=headers),
        await amend(intake, unknown, {}, '"1"'),
        await cancel(intake, unknown),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:packshot:problem:not-found")
    for path in ("nonsense", "%00", "..%2f..", "1"):
        answer = await intake.client.get(f"{REQUESTS}/{path}", headers=headers)
        assert answer.status_code in (404, 422), path


async def test_who_may_request(intake: Harness) -> None:
    """Every role tries everything; nobody without a token does anything."""
    for role in Role:
        may, headers = role in REQUESTERS, intake.bearer(role)
        made = await create(intake, {"sku": "MB02"})
        one = f"{REQUESTS}/{made['id']}"
        answers = [
            (await intake.client.post(REQUESTS, json={}, headers=headers), 201),
            (await intake.client.patch(one, json={}, headers=headers | {"If-Match": '"1"'}), 200),
            (await intake.client.post(f"{one}/cancel", json={"cause": "x"}, headers=headers), 200),
        ]
        for answer, status in answers:
            assert answer.status_code == (status if may else 403), (role, answer.request.url)
            if not may:
                assert set(answer.json()["allowed_roles"]) == REQUESTERS
        assert (await intake.client.get(one, headers=headers)).status_code == 200
        assert await history(intake, made["id"]) == [("returned", 1)] + [("returned", 2), ("cancelled", 3)] * may
    for call in (
        intake.client.post(REQUESTS, json={}),
        intake.client.get(REQUESTS),
        intake.client.get(one),
        intake.client.patch(one, json={}, headers={"If-Match": '"1"'}),
        intake.client.post(f"{one}/cancel", json={"cause": "x"}),
    ):
        assert (await call).status_code == 401

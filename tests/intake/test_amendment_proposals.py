"""Amendments of accepted requests: what may be proposed, and by which packs it is judged."""

import asyncio
from typing import Any
from uuid import uuid4

from chassis.testkit.harness import Harness
from tests.intake.amendments import decide, propose
from tests.intake.calls import CATEGORIES, content, publish
from tests.intake.samples import AI_POLICY, apparel, bags, without
from tests.intake.test_requests import REQUESTS, create


async def test_what_is_no_amendment_is_refused(intake: Harness) -> None:
    request = await create(intake, bags())
    same = {"priority": request["priority"], "colorways": request["colorways"]}
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "/changes"),
        ({"cancel": True, "changes": {"priority": "high"}}, "/changes"),
        ({"changes": {}}, "/changes"),
        ({"changes": same}, "/changes"),
        ({"changes": {"priority": "now"}}, "/changes/priority"),
        ({"changes": {"sku": "MB03"}}, "/changes/sku"),
        ({"changes": {"references": None}}, "/changes/references"),
        ({"changes": {"deadline": "2020-01-01T00:00:00Z"}}, "/changes/deadline"),
        ({"changes": {"channels": ["nowhere"]}}, "/changes/channels/0"),
        ({"changes": {"colour": "red"}}, "/changes/colour"),
        ({"changes": {"priority": 7}}, "/changes/priority"),
        ({"changes": {"priority": "high"}, "cause": " "}, "/cause"),
        ({"changes": {"priority": "high"}, "cause": "x" * 201}, "/cause"),
        ({"cancel": "yes"}, "/cancel"),
        ({"changes": {"priority": "high"}, "more": 1}, "/more"),
    ]
    for body, pointer in cases:
        answer = await propose(intake, request["id"], **body)
        assert answer.status_code == 422, (body, answer.text)
        assert pointer in [error["pointer"] for error in answer.json()["errors"]], (body, answer.text)
    listed = await intake.client.get(f"{REQUESTS}/{request['id']}/amendments", headers=intake.bearer("vendor"))
    assert listed.json()["items"] == []


async def test_an_ai_use_that_the_policy_forbids_is_refused(intake: Harness) -> None:
    request = await create(intake, apparel())
    answer = await propose(intake, request["id"], changes={"ai": {"use": AI_POLICY.rules[0].uses[0] if
        AI_POLICY.rules[0].uses else "model_shot_from_flat_lay", "human_review": False}})  # fmt: skip
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:packshot:problem:ai-use-forbidden")


async def test_only_accepted_requests_have_amendments_and_one_at_a_time(intake: Harness) -> None:
    returned = await create(intake, without(bags(), "sku"))
    answer = await propose(intake, returned["id"], changes={"priority": "high"})
    assert (answer.status_code, answer.json()["state"]) == (409, "returned")
    assert "PATCH" in answer.json()["detail"]
    request = await create(intake, bags())
    bodies: list[dict[str, Any]] = [
        {"changes": {"priority": "high"}},
        {"changes": {"priority": "low"}},
        {"cancel": True},
    ]
    answers = await asyncio.gather(*(propose(intake, request["id"], **body) for body in bodies))
    assert sorted(one.status_code for one in answers) == [201, 409, 409]
    [made] = [one.json() for one in answers if one.status_code == 201]
    assert {one.json()["amendment_id"] for one in answers if one.status_code == 409} == {made["id"]}
    assert (await decide(intake, made, "withdraw", "producer")).status_code == 200
    assert (await propose(intake, request["id"], changes={"priority": "low"})).status_code == 201
    assert (await propose(intake, str(uuid4()), cancel=True)).status_code == 404


async def test_the_same_key_never_proposes_twice(intake: Harness) -> None:
    request = await create(intake, bags())
    key = {"Idempotency-Key": f"amend-{request['id']}"}
    first, second = [
        await propose(intake, request["id"], changes={"priority": "high"}, headers=key) for _ in range(2)
    ]  # fmt: skip
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()


async def test_the_version_of_the_category_that_it_was_accepted_under_judges(intake: Harness) -> None:
    """A field that the category asks for since then is not asked for; another category is judged as it is now."""
    name = "purses"
    pack = await content(intake, f"{CATEGORIES}/bags")
    assert (await publish(intake, f"{CATEGORIES}/{name}", pack, 0)).status_code == 200
    request = await create(intake, bags() | {"category": name})
    lining = {"name": "lining", "type": "text", "asks": "how it is lined", "remedy": "Say it."}
    stricter = pack | {"fields": [*pack["fields"], lining]}
    assert (await publish(intake, f"{CATEGORIES}/{name}", stricter, 1)).status_code == 200
    answer = await propose(intake, request["id"], changes={"priority": "high"})
    assert (answer.status_code, answer.json()["category_version"]) == (201, 1)
    other = await create(intake, bags())
    answer = await propose(intake, other["id"], changes={"category": name})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/changes/attributes/lining"]

"""Uses of AI that the policy forbids are refused with the rule, and leave nothing behind (R69–R72)."""

from typing import Any

import pytest

from chassis.testkit.harness import Harness
from contracts.intake import RequestAccepted
from tests.intake.samples import AI_POLICY, ai_background, bags, changed, experiment, jewelry, without

REQUESTS = "/v1/requests"
BACKGROUND = ai_background()["ai"]


async def post(intake: Harness, brief: dict[str, Any]) -> Any:
    return await intake.client.post(REQUESTS, json=brief, headers=intake.bearer("ai_workflow_owner"))


@pytest.fixture
def forbidden() -> list[tuple[str, dict[str, Any]]]:
    """A brief for each of the default policy's forbidding rules."""
    return [
        ("final_without_human", changed(ai_background(), ai__human_review=False)),
        ("final_without_human", changed(experiment(), ai__human_review=False)),
        ("jewelry_and_reflective_finals", jewelry() | {"ai": BACKGROUND}),
        ("reflective_finals", bags() | {"materials": ["nylon", "polished_metal"], "ai": BACKGROUND}),
        ("reflective_finals", changed(ai_background(), materials=["patent_leather"], use="marketplace")),
        ("colour_critical_finals", changed(ai_background(), materials=["cotton", "colour_critical"])),
        # Not named as a material, but said elsewhere.
        ("colour_critical_finals", changed(ai_background(), attributes__colour_accuracy="critical")),
        # Forbidden is forbidden, however incomplete the rest is.
        ("jewelry_and_reflective_finals", {"category": "jewelry", "use": "catalog", "ai": {}}),
    ]


async def test_each_forbidding_rule_refuses(intake: Harness, forbidden: list[tuple[str, dict[str, Any]]]) -> None:
    texts = {rule.id: rule.text for rule in AI_POLICY.rules if rule.verdict == "forbidden"}
    assert {rule for rule, _ in forbidden} == set(texts)
    for rule, brief in forbidden:
        headers = intake.bearer("ai_workflow_owner", subject="refused")
        answer = await intake.client.post(REQUESTS, json=brief, headers=headers)
        assert answer.status_code == 422, (rule, answer.text)
        problem = answer.json()
        assert problem["type"] == "urn:packshot:problem:ai-use-forbidden"
        assert (problem["rule"]["id"], problem["rule"]["policy_version"]) == (rule, 1)
        assert problem["rule"]["text"] == problem["detail"] == problem["errors"][0]["detail"]
        if brief.get("use") != "experiment":
            assert problem["detail"] == texts[rule]
        assert problem["errors"][0]["pointer"] == "/ai"
    assert await intake.fetch("SELECT 1 FROM request WHERE requested_by = 'refused'") == []
    said = await intake.fetch("SELECT 1 FROM event_log WHERE payload::text LIKE '%\"refused\"%'")
    assert said == []


async def test_no_way_around_by_amending(intake: Harness, forbidden: list[tuple[str, dict[str, Any]]]) -> None:
    for rule, brief in forbidden:
        made = (await post(intake, without(brief, "ai") | {"sku": None})).json()
        assert made["state"] == "returned"
        one = f"{REQUESTS}/{made['id']}"
        headers = intake.bearer("producer") | {"If-Match": '"1"'}
        answer = await intake.client.patch(one, json={"ai": brief["ai"]}, headers=headers)
        assert (answer.status_code, answer.json()["rule"]["id"]) == (422, rule)
        assert (await intake.client.get(one, headers=headers)).json() == made


async def test_an_unknown_use_is_returned_with_the_known_ones(intake: Harness) -> None:
    body = (await post(intake, changed(ai_background(), ai__use="mind_reading"))).json()
    [problem] = body["problems"]
    assert (body["state"], problem["pointer"]) == ("returned", "/ai/use")
    assert "model_shot_from_flat_lay" in problem["remedy"]


async def test_conditions_are_told(intake: Harness) -> None:
    body = (await post(intake, changed(ai_background(), materials=["lace"]))).json()
    ruling = body["ai_ruling"]
    assert (body["state"], ruling["verdict"], ruling["raises_class_to"]) == ("accepted", "conditional", "C4")
    assert "inspection at 100 % zoom" in ruling["conditions"]
    [event] = await intake.recorded(RequestAccepted, body["id"])
    assert event.data.request.ai is not None
    assert event.data.request.ai.model_dump() == body["ai"]

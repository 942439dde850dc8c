"""The packs through HTTP: published at the first start, edited by their owner alone, versioned, told to the others."""

import pytest

from chassis.testkit.harness import Harness, Start
from contracts.governance import AiPolicyPublished, DecisionDomainsPublished
from contracts.values import Domain, Role
from services.governance.app import create_app
from services.governance.settings import GovernanceSettings

DOMAINS = "/v1/decision-domains"
POLICY = "/v1/ai-policy"


@pytest.fixture
async def governance(start: Start) -> Harness:
    return await start(create_app, GovernanceSettings)


async def test_defaults_are_published_once_however_often_it_starts(governance: Harness, start: Start) -> None:
    await start(create_app, GovernanceSettings, fresh=False)
    [domains] = await governance.recorded(DecisionDomainsPublished)
    assert {owner.domain for owner in domains.data.domains} == set(Domain)
    [policy] = await governance.recorded(AiPolicyPublished)
    assert policy.aggregateversion == policy.data.version == 1


async def test_only_the_owner_edits(governance: Harness) -> None:
    read = await governance.client.get(POLICY, headers=governance.bearer("reviewer"))
    body = {"rules": read.json()["rules"][:1]}
    for role in Role:
        headers = governance.bearer(role) | {"If-Match": read.headers["ETag"]}
        answer = await governance.client.put(POLICY, json=body, headers=headers)
        assert answer.status_code == (200 if role is Role.AI_WORKFLOW_OWNER else 403), role
        if role is not Role.AI_WORKFLOW_OWNER:
            assert answer.json()["allowed_roles"] == ["ai_workflow_owner"]
    assert [event.data.version for event in await governance.recorded(AiPolicyPublished)] == [1, 2]


async def test_ownership_follows_the_domains(governance: Harness) -> None:
    """Once another role owns `ai_use`, it edits the policy and the former owner doesn't."""
    manager = governance.bearer("creative_ops_manager")
    domains = (await governance.client.get(DOMAINS, headers=manager)).json()["domains"]
    for entry in domains:
        if entry["domain"] == "ai_use":
            entry["owner_role"] = "qc_lead"
    edit = await governance.client.put(DOMAINS, json={"domains": domains}, headers=manager | {"If-Match": '"1"'})
    assert edit.status_code == 200, edit.text
    body = {"rules": (await governance.client.get(POLICY, headers=manager)).json()["rules"]}
    for role, status in (("ai_workflow_owner", 403), ("qc_lead", 200)):
        headers = governance.bearer(role) | {"If-Match": '"1"'}
        assert (await governance.client.put(POLICY, json=body, headers=headers)).status_code == status


async def test_an_edit_of_an_old_version_is_refused(governance: Harness) -> None:
    owner = governance.bearer("ai_workflow_owner")
    body = {"rules": (await governance.client.get(POLICY, headers=owner)).json()["rules"]}
    assert (await governance.client.put(POLICY, json=body, headers=owner)).status_code == 428
    first = await governance.client.put(POLICY, json=body, headers=owner | {"If-Match": '"1"'})
    second = await governance.client.put(POLICY, json=body, headers=owner | {"If-Match": '"1"'})
    assert (first.status_code, second.status_code) == (200, 412)
    assert first.headers["ETag"] == '"2"'


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (DOMAINS, {"domains": []}),
        (DOMAINS, {"domains": [{"domain": "capture", "decides": "all", "owner_role": "emperor"}]}),
        (POLICY, {"rules": []}),
        (POLICY, {"rules": [{"id": "a", "verdict": "conditional", "text": "no conditions"}]}),
        (POLICY, {"rules": [{"id": "a", "verdict": "allowed", "text": "x"}] * 2}),
        (POLICY, {"rules": [{"id": "a", "verdict": "allowed", "text": "x", "surprise": 1}]}),
        (POLICY, {"rules": [{"id": "a", "verdict": "allowed", "text": "nul \x00 byte"}]}),
    ],
)
async def test_contradictory_packs_are_refused_with_their_cause(
    governance: Harness, path: str, body: dict[str, object]
) -> None:
    headers = governance.bearer("creative_ops_manager", "ai_workflow_owner") | {"If-Match": '"1"'}
    answer = await governance.client.put(path, json=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await governance.client.get(path, headers=headers)).json()["version"] == 1


async def test_nobody_reads_without_a_token(governance: Harness) -> None:
    for path in (DOMAINS, POLICY):
        answer = await governance.client.get(path)
        assert answer.status_code == 401
        assert answer.json()["type"] == "urn:packshot:problem:unauthenticated"

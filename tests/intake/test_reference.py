"""Reference data: waited for, kept as copies that follow their owners, and edited; what was decided before stays."""

from chassis.testkit.harness import Harness, Start
from contracts.values import Role
from services.intake.app import create_app
from services.intake.settings import IntakeSettings
from tests.intake.calls import AI_SHOT, REQUESTS, content, post, publish
from tests.intake.conftest import tell_reference
from tests.intake.samples import (
    AI_POLICY,
    DOMAINS,
    ai_background,
    ai_model_shot,
    apparel,
    channel_pack,
    without,
)


async def test_the_ai_extension_is_edited_too(fresh_intake: Harness) -> None:
    pack = await content(fresh_intake, AI_SHOT)
    pack["fields"] = [field for field in pack["fields"] if field["name"] != "pose"]
    assert (await publish(fresh_intake, AI_SHOT, pack, 1)).json()["version"] == 2
    brief = without(ai_model_shot(), "ai", "pose")
    accepted = (await fresh_intake.client.post(REQUESTS, json=brief, headers=fresh_intake.bearer("producer"))).json()
    assert accepted["state"] == "accepted"


async def test_ownership_follows_the_published_domains(fresh_intake: Harness) -> None:
    domains = [
        owner.model_copy(update={"owner_role": Role.PRODUCER}) if owner.domain == "intake_standard" else owner
        for owner in DOMAINS.domains
    ]
    await fresh_intake.publish(DOMAINS.model_copy(update={"version": 2, "domains": domains}), "decision_domains", 2)
    body = await content(fresh_intake, AI_SHOT)

    async def is_the_producers() -> bool:
        return bool((await publish(fresh_intake, AI_SHOT, body, 1, "producer")).status_code == 200)

    await fresh_intake.eventually(is_the_producers)
    assert (await publish(fresh_intake, AI_SHOT, body, 2)).status_code == 403
    # An older version that comes late changes nothing.
    late = await fresh_intake.publish(DOMAINS, "decision_domains", 1)

    async def is_taken_in() -> bool:
        return bool(await fresh_intake.fetch("SELECT 1 FROM inbox WHERE event_id = $1", late.id))

    await fresh_intake.eventually(is_taken_in)
    assert (await publish(fresh_intake, AI_SHOT, body, 2, "producer")).status_code == 200


async def test_nothing_is_decided_before_the_reference_data_are_there(start: Start) -> None:
    intake = await start(create_app, IntakeSettings)
    ready = await intake.client.get("/health/ready")
    assert ready.status_code == 503
    missing = ready.json()["checks"]["reference data"]
    assert all(word in missing for word in ("AI policy", "decision domains", "channel packs"))
    headers = intake.bearer("producer") | {"Idempotency-Key": "k"}
    for brief in (apparel(), {}):
        answer = await intake.client.post(REQUESTS, json=brief, headers=headers)
        assert (answer.status_code, "AI policy" in answer.json()["detail"]) == (503, True)
        assert int(answer.headers["Retry-After"]) > 0
    edit = await publish(intake, AI_SHOT, await content(intake, AI_SHOT), 1)
    assert edit.status_code == 503
    assert await intake.fetch("SELECT 1 FROM request") == []

    await tell_reference(intake)
    answer = await intake.client.post(REQUESTS, json=apparel(), headers=headers)
    assert answer.json()["state"] == "accepted"


async def test_packs_are_published_once_however_often_it_starts(fresh_intake: Harness, start: Start) -> None:
    await publish(fresh_intake, AI_SHOT, await content(fresh_intake, AI_SHOT), 1)
    again = await start(create_app, IntakeSettings, fresh=False)
    versions = await again.fetch("SELECT name, max(version) AS version FROM pack GROUP BY name")
    found = {row["name"]: row["version"] for row in versions}
    assert (found["ai_shot"], found["category/bags"]) == (2, 1)


async def test_a_new_policy_is_for_new_requests(fresh_intake: Harness) -> None:
    made = (await post(fresh_intake, ai_background())).json()
    assert (made["state"], made["ai_ruling"]["policy_version"]) == ("accepted", 1)
    rules = [rule.model_copy(update={"verdict": "forbidden", "conditions": []}) for rule in AI_POLICY.rules]
    await fresh_intake.publish(AI_POLICY.model_copy(update={"version": 2, "rules": rules}), "ai_policy", 2)

    async def is_refused() -> bool:
        answer = await post(fresh_intake, ai_background())
        return answer.status_code == 422 and bool(answer.json()["rule"]["policy_version"] == 2)

    await fresh_intake.eventually(is_refused)
    read = await fresh_intake.client.get(f"{REQUESTS}/{made['id']}", headers=fresh_intake.bearer("producer"))
    assert read.json() == made
    # Without AI the policy has no say.
    assert (await post(fresh_intake, apparel())).json()["state"] == "accepted"


async def test_a_channel_is_known_once_assets_published_its_pack(fresh_intake: Harness) -> None:
    brief = apparel() | {"channels": ["pdp", "etsy"]}
    [problem] = (await post(fresh_intake, brief)).json()["problems"]
    assert (problem["pointer"], problem["remedy"].endswith("amazon, pdp, zalando.")) == ("/channels/1", True)
    for version in (2, 1, 1):
        await fresh_intake.publish(channel_pack("etsy", version), "channel-etsy", version)

    async def is_known() -> bool:
        return bool((await post(fresh_intake, brief)).json()["state"] == "accepted")

    await fresh_intake.eventually(is_known)

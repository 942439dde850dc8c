"""Calls that several tests make."""

from typing import Any

from chassis.clock import now
from chassis.testkit.harness import Harness
from contracts.amendments import AmendmentApplied, AmendmentQuoted, Effect, Quote, QuoteCost

CATEGORIES = "/v1/categories"
AI_SHOT = f"{CATEGORIES}/ai-shot"
REQUESTS = "/v1/requests"


async def post(intake: Harness, brief: dict[str, Any]) -> Any:
    """What becomes of a brief."""
    return await intake.client.post(REQUESTS, json=brief, headers=intake.bearer("producer"))


FINGERPRINT = "f" * 64


async def cancel(intake: Harness, request_id: str, **headers: str) -> Any:
    own = intake.bearer("producer") | headers
    return await intake.client.post(f"{REQUESTS}/{request_id}/cancel", json={"cause": "Dropped."}, headers=own)


async def cancelled(intake: Harness, request_id: str) -> dict[str, Any]:
    """A request that was in production, as soon as its cancellation is in force: quoted, accepted, applied."""
    answer = await cancel(intake, request_id)
    assert answer.status_code == 202, answer.text
    return await in_force(intake, answer.json())


async def in_force(intake: Harness, amendment: dict[str, Any]) -> dict[str, Any]:
    """The request, as soon as this amendment, which was proposed just now, is applied."""
    accepted = await accept(intake, await quote(intake, amendment))
    assert accepted.status_code == 200, accepted.text
    told = AmendmentApplied(
        id=amendment["id"],
        request_id=amendment["request_id"],
        fingerprint=FINGERPRINT,
        counts=dict.fromkeys(Effect, 0),
        applied_at=now(),
    )
    await intake.publish(told, amendment["id"], 2)
    await until(intake, amendment, "applied")
    answer = await intake.client.get(f"{REQUESTS}/{amendment['request_id']}", headers=intake.bearer("reviewer"))
    found: dict[str, Any] = answer.json()
    return found


async def quote(intake: Harness, amendment: dict[str, Any], number: int = 1) -> dict[str, Any]:
    """The amendment with a quote that loses nothing."""
    cost = QuoteCost(currency="EUR", rates_version=1, hours=0, difference=0, lost=0)
    said = Quote(
        number=number, fingerprint=FINGERPRINT, computed_at=now(), counts=dict.fromkeys(Effect, 0), losses=0,
        newly_at_risk=0, newly_breached=0, due_before=None, due_after=None, cost=cost, lines=[],
    )  # fmt: skip
    told = AmendmentQuoted(id=amendment["id"], request_id=amendment["request_id"], quote=said)
    await intake.publish(told, amendment["id"], number)
    return await until(intake, amendment, "quoted")


async def accept(intake: Harness, amendment: dict[str, Any]) -> Any:
    headers = intake.bearer("producer") | {"If-Match": f'"{amendment["version"]}"'}
    return await intake.client.post(f"/v1/amendments/{amendment['id']}/accept", json={}, headers=headers)


async def until(intake: Harness, amendment: dict[str, Any], state: str) -> dict[str, Any]:
    """The amendment, as soon as it is in this state."""

    async def arrived() -> dict[str, Any]:
        answer = await intake.client.get(f"/v1/amendments/{amendment['id']}", headers=intake.bearer("reviewer"))
        found: dict[str, Any] = answer.json()
        assert found["state"] == state, found
        return found

    return await intake.eventually(arrived)


async def content(intake: Harness, path: str) -> dict[str, Any]:
    """What is published, as an edit sends it."""
    answer = await intake.client.get(path, headers=intake.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["ETag"] == f'"{body["version"]}"'
    return {name: value for name, value in body.items() if name not in ("name", "version")}


async def publish(intake: Harness, path: str, body: Any, version: int, *roles: str) -> Any:
    """An edit of that version, by the owner unless other roles are named."""
    headers = intake.bearer(*roles or ("creative_ops_manager",)) | {"If-Match": f'"{version}"'}
    return await intake.client.put(path, json=body, headers=headers)

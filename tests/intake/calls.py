"""Calls that several tests make."""

from typing import Any

from chassis.testkit.harness import Harness

CATEGORIES = "/v1/categories"
AI_SHOT = f"{CATEGORIES}/ai-shot"
REQUESTS = "/v1/requests"


async def post(intake: Harness, brief: dict[str, Any]) -> Any:
    """What becomes of a brief."""
    return await intake.client.post(REQUESTS, json=brief, headers=intake.bearer("producer"))


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

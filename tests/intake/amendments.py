"""Amendments: what requesters, deciders and routing say of them."""

from typing import Any
from uuid import uuid4

from chassis.clock import now
from chassis.testkit.harness import Harness
from contracts.amendments import (
    AmendmentQuoted,
    Effect,
    Progress,
    Quote,
    QuoteCost,
    QuoteLine,
)
from contracts.values import Gate, WorkKind, WorkState
from tests.intake.samples import bags
from tests.intake.test_requests import REQUESTS, create

AMENDMENTS = "/v1/amendments"
PRINTS = {1: "1" * 64, 2: "2" * 64}


def loss() -> QuoteLine:
    return QuoteLine(
        effect=Effect.REMOVED, work_item_id=uuid4(), kind=WorkKind.SHOT, colorway="gray", view="front", channel=None,
        why="the new content does not ask for it", state=WorkState.IN_REVIEW, round=0, progress=Progress.PAST_GATE,
        gate=Gate.TECHNICAL, is_loss=True, class_before=None, class_after=None, track_before=None, track_after=None,
        due_before=None, due_after=None, risk_before=None, risk_after=None, hours=0, cost=0,
    )  # fmt: skip


def quote(number: int = 1, *lost: QuoteLine) -> Quote:
    cost = QuoteCost(currency="EUR", rates_version=1, hours=1, difference=85, lost=85 * len(lost))
    return Quote(
        number=number, fingerprint=PRINTS[number], computed_at=now(), counts=dict.fromkeys(Effect, 0),
        losses=len(lost), newly_at_risk=0, newly_breached=0, due_before=None, due_after=None, cost=cost,
        lines=list(lost),
    )  # fmt: skip


async def propose(intake: Harness, request_id: str, *roles: str, **body: Any) -> Any:
    headers = intake.bearer(*roles or ("merchandiser",)) | body.pop("headers", {})
    whole = {"cause": "The campaign moved."} | body
    return await intake.client.post(f"{REQUESTS}/{request_id}/amendments", json=whole, headers=headers)


async def proposed(intake: Harness, brief: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
    """An amendment of a new request."""
    request = await create(intake, brief or bags())
    answer = await propose(intake, request["id"], **body or {"changes": {"priority": "high"}})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{AMENDMENTS}/{made['id']}"
    assert answer.headers["ETag"] == '"1"'
    return made


async def tell_quote(intake: Harness, amendment: dict[str, Any], said: Quote, reason: str | None = None) -> None:
    told = AmendmentQuoted(id=amendment["id"], request_id=amendment["request_id"], quote=said, reason=reason)
    await intake.publish(told, amendment["id"], said.number)


async def in_state(intake: Harness, amendment: dict[str, Any], state: str) -> dict[str, Any]:
    async def arrived() -> dict[str, Any]:
        found = await read(intake, amendment)
        assert found["state"] == state, found
        return found

    return await intake.eventually(arrived)


async def read(intake: Harness, amendment: dict[str, Any]) -> dict[str, Any]:
    answer = await intake.client.get(f"{AMENDMENTS}/{amendment['id']}", headers=intake.bearer("reviewer"))
    assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{answer.json()["version"]}"')
    found: dict[str, Any] = answer.json()
    return found


async def quoted(intake: Harness, *lost: QuoteLine, **body: Any) -> dict[str, Any]:
    amendment = await proposed(intake, **body)
    await tell_quote(intake, amendment, quote(1, *lost))
    return await in_state(intake, amendment, "quoted")


async def decide(
    intake: Harness, amendment: dict[str, Any], what: str, *roles: str, subject: str | None = None, **body: Any
) -> Any:
    headers = intake.bearer(*roles or ("producer",), subject=subject) | {"If-Match": f'"{amendment["version"]}"'}
    return await intake.client.post(f"{AMENDMENTS}/{amendment['id']}/{what}", json=body, headers=headers)


async def request_of(intake: Harness, amendment: dict[str, Any]) -> dict[str, Any]:
    answer = await intake.client.get(f"{REQUESTS}/{amendment['request_id']}", headers=intake.bearer("reviewer"))
    found: dict[str, Any] = answer.json()
    return found


async def drained(intake: Harness) -> None:
    await intake.until_answered("intake")

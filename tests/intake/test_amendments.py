"""Amendments of accepted requests through HTTP: proposed, quoted, decided, expired; and what is refused."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import clock, now
from chassis.testkit.harness import Harness
from contracts.amendments import (
    AmendmentAccepted,
    AmendmentApplied,
    AmendmentClosed,
    AmendmentProposed,
    AmendmentQuoted,
    AmendmentRefused,
    Effect,
    Progress,
    Quote,
    QuoteCost,
    QuoteLine,
)
from contracts.intake import RequestAmended, RequestCancelled
from contracts.values import Gate, Role, WorkKind, WorkState
from services.intake.amendments.domain import OPEN, TRANSITIONS, Action, next_state
from services.intake.amendments.errors import IllegalStep
from services.intake.amendments.schemas import AmendmentState
from tests.intake.calls import CATEGORIES, content, publish
from tests.intake.samples import AI_POLICY, apparel, bags, without
from tests.intake.test_requests import REQUESTERS, REQUESTS, create

AMENDMENTS = "/v1/amendments"
PRINTS = {1: "1" * 64, 2: "2" * 64}


@pytest.fixture(autouse=True)
def _clock_runs_again() -> Iterator[None]:
    yield
    clock.reset()


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


@pytest.mark.parametrize("state", list(AmendmentState))
@pytest.mark.parametrize("action", list(Action))
def test_every_step(state: AmendmentState, action: Action) -> None:
    if action in TRANSITIONS[state]:
        assert next_state(state, action) is TRANSITIONS[state][action]
        return
    with pytest.raises(IllegalStep) as refused:
        next_state(state, action)
    assert refused.value.extensions == {"state": state, "allowed": sorted(TRANSITIONS[state])}


def test_the_table_is_whole() -> None:
    assert set(TRANSITIONS) == set(AmendmentState)
    assert set(OPEN) == {"proposed", "quoted", "accepted"}
    assert not any(TRANSITIONS[state] for state in set(AmendmentState) - OPEN)
    # Once accepted, only routing moves it on: nobody takes back what is being applied.
    assert set(TRANSITIONS[AmendmentState.ACCEPTED]) == {"apply", "quote", "refuse"}


async def test_a_change_takes_effect_when_it_is_applied_and_not_before(intake: Harness) -> None:
    amendment = await quoted(intake, changes={"priority": "high", "references": ["board-2"]})
    assert (amendment["changed"], amendment["cancel"]) == (["references", "priority"], False)
    [asked] = await intake.recorded(AmendmentProposed, amendment["id"])
    assert asked.data.request is not None
    assert (asked.data.request.priority, asked.data.proposed_by) == ("high", "merchandiser-1")
    accepted = (await decide(intake, amendment, "accept")).json()
    assert (accepted["state"], accepted["accepted_by"], accepted["version"]) == ("accepted", "producer-1", 3)
    [told] = await intake.recorded(AmendmentAccepted, amendment["id"])
    assert (told.data.fingerprint, told.data.request) == (PRINTS[1], asked.data.request)
    before = await request_of(intake, amendment)
    assert (before["priority"], before["version"]) == ("normal", 1)
    await _apply(intake, amendment)
    after = await request_of(intake, amendment)
    assert (after["priority"], after["references"], after["version"]) == ("high", ["board-2"], 2)
    assert after["accepted_at"] == before["accepted_at"]
    [amended] = await intake.recorded(RequestAmended, amendment["request_id"])
    assert (amended.data.request, amended.data.accepted_by, amended.aggregateversion) == (
        asked.data.request, "producer-1", 2,
    )  # fmt: skip


async def _apply(intake: Harness, amendment: dict[str, Any]) -> None:
    told = AmendmentApplied(
        id=amendment["id"], request_id=amendment["request_id"], fingerprint=PRINTS[1],
        counts=dict.fromkeys(Effect, 0), applied_at=now(),
    )  # fmt: skip
    event = await intake.publish(told, amendment["id"], 2)
    await intake.publish(told, amendment["id"], 2, event_id=event.id)
    await in_state(intake, amendment, "applied")
    await intake.publish(told, amendment["id"], 2)  # by a stream that was put back: another id, and no effect
    await drained(intake)


async def test_a_cancellation_takes_effect_when_it_is_applied(intake: Harness) -> None:
    amendment = await quoted(intake, cancel=True)
    assert (amendment["cancel"], amendment["brief"], amendment["changed"]) == (True, None, [])
    await decide(intake, amendment, "accept")
    assert (await request_of(intake, amendment))["state"] == "accepted"
    await _apply(intake, amendment)
    found = await request_of(intake, amendment)
    assert (found["state"], found["version"], found["cancel_cause"]) == ("cancelled", 2, "The campaign moved.")
    [told] = await intake.recorded(RequestCancelled, amendment["request_id"])
    assert (told.aggregateversion, told.data.cancelled_by) == (2, "producer-1")


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


async def test_losses_must_be_acknowledged(intake: Harness) -> None:
    lost = loss()
    amendment = await quoted(intake, lost, changes={"colorways": ["black"], "waivers": []})
    refused = await decide(intake, amendment, "accept")
    assert (refused.status_code, refused.json()["losses"]) == (422, 1)
    [named] = refused.json()["errors"]
    assert (named["pointer"], str(lost.work_item_id) in named["detail"]) == ("/acknowledge_losses", True)
    assert await intake.recorded(AmendmentAccepted, amendment["id"]) == []
    assert (await decide(intake, amendment, "accept", acknowledge_losses="yes")).status_code == 422
    assert (await decide(intake, amendment, "accept", acknowledge_losses=True)).json()["state"] == "accepted"


async def test_a_person_accepts_one_quote_and_no_other(intake: Harness) -> None:
    amendment = await quoted(intake)
    for etag, status in (('"1"', 412), ('"7"', 412), ("two", 422), (None, 428)):
        headers = intake.bearer("producer") | ({"If-Match": etag} if etag else {})
        answer = await intake.client.post(f"{AMENDMENTS}/{amendment['id']}/accept", json={}, headers=headers)
        assert answer.status_code == status, etag
    assert (await decide(intake, amendment, "accept")).status_code == 200
    await tell_quote(intake, amendment, quote(2), "Work has moved on.")
    again = await in_state(intake, amendment, "quoted")
    assert (again["reason"], again["accepted_by"], again["quote"]["number"]) == ("Work has moved on.", None, 2)
    await tell_quote(intake, amendment, quote(1))  # late
    await drained(intake)
    assert await read(intake, amendment) == again
    assert (await decide(intake, again, "accept")).status_code == 200
    [_, told] = await intake.recorded(AmendmentAccepted, amendment["id"])
    assert told.data.fingerprint == PRINTS[2]


async def test_who_decides(intake: Harness) -> None:
    """Its approval owner, its requester, and who decides in their place. Whoever may propose may not decide all."""
    people: list[tuple[str, str, int]] = [
        ("merchandiser", "somebody", 403), ("approval_owner", "somebody", 403), ("reviewer", "ines.moreau", 403),
        ("approval_owner", "ines.moreau", 200), ("merchandiser", "producer-1", 200),
        ("producer", "somebody", 200), ("creative_ops_manager", "somebody", 200),
    ]  # fmt: skip
    for what in ("accept", "reject"):
        amendment = await quoted(intake)
        for role, subject, status in people:
            if status == 200 and amendment["state"] != "quoted":
                amendment = await quoted(intake)
            answer = await decide(intake, amendment, what, role, subject=subject)
            assert answer.status_code == status, (what, role, subject, answer.text)
            amendment = answer.json() if status == 200 else amendment
    amendment = await quoted(intake)
    assert (await decide(intake, amendment, "withdraw", "merchandiser", subject="somebody")).status_code == 403
    assert (await decide(intake, amendment, "withdraw", "merchandiser")).json()["state"] == "withdrawn"


async def test_each_role_does_what_it_may(intake: Harness) -> None:
    request = await create(intake, bags())
    amendment = await quoted(intake)
    for role in Role:
        answer = await propose(intake, request["id"], role, changes={})
        assert answer.status_code == (422 if role in REQUESTERS else 403), role
        for what in ("accept", "reject", "withdraw"):
            answer = await decide(intake, {**amendment, "version": 99}, what, role)
            owns = role in (Role.PRODUCER, Role.CREATIVE_OPS_MANAGER)
            owns |= what == "withdraw" and role is Role.MERCHANDISER  # who proposed it
            assert answer.status_code == (412 if owns else 403), (role, what, answer.text)
        for path in (AMENDMENTS, f"{AMENDMENTS}/{amendment['id']}", f"{REQUESTS}/{request['id']}/amendments"):
            assert (await intake.client.get(path, headers=intake.bearer(role))).status_code == 200
            assert (await intake.client.get(path)).status_code == 401
    for what in ("accept", "reject", "withdraw"):
        assert (await intake.client.post(f"{AMENDMENTS}/{amendment['id']}/{what}", json={})).status_code == 401
        unknown = {"id": uuid4(), "version": 1}
        assert (await decide(intake, unknown, what)).status_code == 404


async def test_what_is_decided_stays_decided(intake: Harness) -> None:
    amendment = await quoted(intake)
    rejected = (await decide(intake, amendment, "reject", cause="Too expensive.")).json()
    assert (rejected["state"], rejected["closed_by"], rejected["closed_cause"]) == (
        "rejected", "producer-1", "Too expensive.",
    )  # fmt: skip
    [told] = await intake.recorded(AmendmentClosed, amendment["id"])
    assert (told.data.state, told.data.cause) == ("rejected", "Too expensive.")
    for what in ("accept", "reject", "withdraw"):
        answer = await decide(intake, rejected, what)
        assert (answer.status_code, answer.json()["allowed"]) == (409, [])
    await tell_quote(intake, amendment, quote(2))
    refusal = AmendmentRefused(
        id=UUID(amendment["id"]), request_id=amendment["request_id"], cause="x", refused_at=now()
    )
    await intake.publish(refusal, amendment["id"], 3)
    await drained(intake)
    assert await read(intake, amendment) == rejected
    assert await intake.fetch("SELECT 1 FROM timer WHERE key = $1", amendment["id"]) == []


async def test_what_routing_refuses_leaves_the_request_as_it_is(intake: Harness) -> None:
    amendment = await quoted(intake)
    await decide(intake, amendment, "accept")
    said = AmendmentRefused(
        id=amendment["id"], request_id=amendment["request_id"], cause="It is gone.", refused_at=now()
    )
    await intake.publish(said, amendment["id"], 2)
    assert (await in_state(intake, amendment, "refused"))["reason"] == "It is gone."
    assert (await request_of(intake, amendment))["version"] == 1


async def test_quotes_get_old(intake: Harness) -> None:
    amendment = await quoted(intake)
    clock.move(timedelta(days=4, hours=23))
    assert (await read(intake, amendment))["state"] == "quoted"
    clock.move(timedelta(hours=2))
    late = await decide(intake, amendment, "accept")
    assert late.status_code == 409
    expired = await in_state(intake, amendment, "expired")
    assert (expired["closed_by"], expired["expires_at"]) == ("amendment_expires", None)
    [told] = await intake.recorded(AmendmentClosed, amendment["id"])
    assert told.data.state == "expired"
    assert (await propose(intake, amendment["request_id"], changes={"priority": "low"})).status_code == 201


async def test_a_quote_whose_deadline_has_passed_is_not_accepted(intake: Harness) -> None:
    soon = f"{now() + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    amendment = await quoted(intake, changes={"deadline": soon})
    clock.move(timedelta(days=3))
    answer = await decide(intake, amendment, "accept")
    assert answer.status_code == 409
    assert "deadline" in answer.json()["detail"]


async def test_lists(intake: Harness) -> None:
    amendment = await quoted(intake)
    await decide(intake, amendment, "reject")
    await propose(intake, amendment["request_id"], changes={"priority": "low"})
    path = f"{REQUESTS}/{amendment['request_id']}/amendments"
    page = (await intake.client.get(path, params={"limit": 1}, headers=intake.bearer("vendor"))).json()
    assert [one["state"] for one in page["items"]] == ["proposed"]
    rest = await intake.client.get(path, params={"cursor": page["next_cursor"]}, headers=intake.bearer("vendor"))
    assert [one["id"] for one in rest.json()["items"]] == [amendment["id"]]
    listed = await intake.client.get(AMENDMENTS, params={"state": "rejected"}, headers=intake.bearer("vendor"))
    assert amendment["id"] in [one["id"] for one in listed.json()["items"]]
    assert {one["state"] for one in listed.json()["items"]} == {"rejected"}
    for wrong in ({"state": "lost"}, {"limit": 0}, {"cursor": "zzz"}):
        assert (await intake.client.get(AMENDMENTS, params=wrong, headers=intake.bearer("vendor"))).status_code == 422
    unknown = await intake.client.get(f"{REQUESTS}/{uuid4()}/amendments", headers=intake.bearer("vendor"))
    assert unknown.status_code == 404


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

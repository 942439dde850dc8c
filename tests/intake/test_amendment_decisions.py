"""Amendments of accepted requests: who accepts, rejects and withdraws what, and when a quote is too old."""

from datetime import timedelta
from uuid import UUID, uuid4

from chassis.clock import clock, now
from chassis.testkit.harness import Harness
from contracts.amendments import (
    AmendmentAccepted,
    AmendmentClosed,
    AmendmentRefused,
)
from contracts.values import Role
from tests.intake.amendments import (
    AMENDMENTS,
    PRINTS,
    decide,
    drained,
    in_state,
    loss,
    propose,
    quote,
    quoted,
    read,
    request_of,
    tell_quote,
)
from tests.intake.samples import bags
from tests.intake.test_requests import REQUESTERS, REQUESTS, create


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

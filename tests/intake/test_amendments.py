"""Amendments of accepted requests through HTTP: their states, and when they take effect."""

from typing import Any
from uuid import uuid4

import pytest

from chassis.clock import now
from chassis.testkit.harness import Harness
from contracts.amendments import (
    AmendmentAccepted,
    AmendmentApplied,
    AmendmentProposed,
    Effect,
)
from contracts.intake import RequestAmended, RequestCancelled
from services.intake.amendments.domain import OPEN, TRANSITIONS, Action, next_state
from services.intake.amendments.errors import IllegalStep
from services.intake.amendments.schemas import AmendmentState
from tests.intake.amendments import AMENDMENTS, PRINTS, decide, drained, in_state, propose, quoted, request_of
from tests.intake.test_requests import REQUESTS


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

"""Amendments as routing hears of them: in any order, twice, at the same moment as other things; and its own HTTP."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.clock import clock, now
from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.amendments import (
    AmendmentAccepted,
    AmendmentApplied,
    AmendmentClosed,
    AmendmentProposed,
    AmendmentQuoted,
    AmendmentRefused,
    Quote,
)
from contracts.intake import RequestAccepted
from contracts.routing import WorkCancelled, WorkPlanned
from contracts.values import Gate, Request, Role
from tests.intake.samples import DOMAINS
from tests.routing.others import (
    Json,
    accept,
    brief,
    cancel,
    dead_letters,
    decide,
    do,
    drained,
    hand_in,
    in_state,
    read,
    work_of,
)
from tests.routing.test_rules import CALENDAR


async def propose(
    routing: Harness, request: Request, new: Request | None, amendment_id: UUID | None = None
) -> AmendmentProposed:
    said = AmendmentProposed(
        id=amendment_id or new_id(), request_id=request.id, request=new, cause="The campaign moved.",
        proposed_by="ana", proposed_at=now(),
    )  # fmt: skip
    await routing.publish(said, said.id)
    return said


async def quote_of(routing: Harness, said: AmendmentProposed, number: int = 1) -> Quote:
    async def there() -> Quote:
        quotes = [event.data.quote for event in await routing.recorded(AmendmentQuoted, said.id)]
        assert [quote.number for quote in quotes] == list(range(1, number + 1))
        return quotes[-1]

    return await routing.eventually(there)


def acceptance(said: AmendmentProposed, fingerprint: str) -> AmendmentAccepted:
    return AmendmentAccepted(
        id=said.id, request_id=said.request_id, request=said.request, cause=said.cause, fingerprint=fingerprint,
        accepted_by="mina", accepted_at=now(),
    )  # fmt: skip


async def get(routing: Harness, path: str, **params: Any) -> Json:
    answer = await routing.client.get(path, params=params, headers=routing.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_everything_in_the_wrong_order_and_twice(routing: Harness) -> None:
    """The acceptance before the proposal before the request: each waits for what it depends on."""
    request = brief(views=("front", "back"), channels=["pdp"])
    new = request.model_copy(update={"shots": request.shots[:1]})
    elsewhere = await propose(routing, brief(), None)  # of a request that has not arrived: it holds up nobody
    quoted = await propose(routing, request, new)
    # What the quote will be is known once it is there: so the acceptance is sent first for a closed amendment.
    closed = AmendmentClosed(
        id=(other := new_id()), request_id=request.id, state="withdrawn", closed_by="ana", cause=None, closed_at=now()
    )
    await routing.publish(closed, other, 2)
    await accept(routing, request)
    quote = await quote_of(routing, quoted)
    assert (quote.counts["removed"], quote.counts["kept"]) == (2, 2)  # type: ignore[index]
    late = await propose(routing, request, None, other)
    await quote_of(routing, late)

    async def is_closed() -> bool:
        return bool((await get(routing, f"/v1/quotes/{other}"))["state"] == "closed")

    await routing.eventually(is_closed)
    await routing.publish(acceptance(late, (await quote_of(routing, late)).fingerprint), other, 3)
    yes = acceptance(quoted, quote.fingerprint)
    event = await routing.publish(yes, quoted.id, 3)
    await routing.publish(yes, quoted.id, 3, event_id=event.id)
    await routing.publish(yes, quoted.id, 3)  # again, by another id

    async def is_applied() -> bool:
        return len(await routing.recorded(AmendmentApplied)) == 1

    await routing.eventually(is_applied)
    await propose(routing, request, new, quoted.id)
    await routing.publish(RequestAccepted(request=brief(id=elsewhere.request_id)), elsewhere.request_id)
    await quote_of(routing, elsewhere)
    await drained(routing)
    assert len(await routing.recorded(AmendmentApplied)) == 1
    assert len(await routing.recorded(AmendmentQuoted, quoted.id)) == 1
    assert len(await routing.recorded(WorkCancelled)) == 2
    assert sorted(item["state"] for item in await work_of(routing, request)) == [
        "cancelled", "cancelled", "ready", "waiting",
    ]  # fmt: skip
    assert await dead_letters(routing) == 0


async def test_of_a_cancelled_request_nothing_is_amended(routing: Harness) -> None:
    request, other = brief(), brief()
    await accept(routing, request)
    quoted = await propose(routing, request, request.model_copy(update={"channels": ["pdp"]}))
    quote = await quote_of(routing, quoted)
    await cancel(routing, request)
    await routing.publish(acceptance(quoted, quote.fingerprint), quoted.id, 3)
    await cancel(routing, other, version=2)
    late = await propose(routing, other, None)

    async def are_refused() -> bool:
        return {event.data.id for event in await routing.recorded(AmendmentRefused)} == {quoted.id, late.id}

    await routing.eventually(are_refused)
    found = await get(routing, f"/v1/quotes/{late.id}")
    assert (found["state"], found["quote"], found["reason"]) == ("refused", None, "The request is cancelled.")
    assert await routing.recorded(AmendmentApplied) == []


async def test_an_acceptance_at_the_same_moment_as_a_gate_passes(routing: Harness) -> None:
    """Either the gate comes first and the quote is made anew, or the amendment does and the gate changes nothing."""
    for _ in range(3):
        request = brief(channels=[])
        [shot] = await accept(routing, request)
        await hand_in(routing, shot)
        await in_state(routing, shot["id"], "in_review")
        said = await propose(routing, request, None)
        quote = await quote_of(routing, said)
        assert quote.losses == 0
        await asyncio.gather(
            decide(routing, shot, "passed", Gate.STYLING_FIT),
            routing.publish(acceptance(said, quote.fingerprint), said.id, 3),
            do(routing, shot, "block", json={"cause": "x"}),
        )
        await drained(routing)
        state = (await read(routing, shot["id"]))["state"]
        quotes = await routing.recorded(AmendmentQuoted, said.id)
        if await routing.recorded(AmendmentApplied, said.id):
            assert (state, len(quotes)) == ("cancelled", 1)
        else:
            assert len(quotes) == 2
            assert state != "cancelled"
            assert quotes[1].data.quote.losses == 1


async def test_work_goes_on_under_many_amendments(routing: Harness) -> None:
    """Two amendments that were both quoted before: the second finds that the first has changed what it rests on."""
    request = brief(channels=["pdp"])
    assert {item["use"] for item in await accept(routing, request)} == {"catalog"}
    for channels in (["pdp", "zalando"], ["pdp", "zalando", "amazon"]):
        new = request.model_copy(update={"channels": channels, "use": "email"})
        said = await propose(routing, request, new)
        await quote_of(routing, said)
        if len(channels) == 2:
            first = said
    one, two = await quote_of(routing, first), await quote_of(routing, said)
    await routing.publish(acceptance(first, one.fingerprint), first.id, 3)
    await routing.publish(acceptance(said, two.fingerprint), said.id, 3)
    again = await quote_of(routing, said, 2)
    assert again.counts["added"] == 1  # type: ignore[index]
    await routing.publish(acceptance(said, again.fingerprint), said.id, 5)

    async def are_applied() -> bool:
        return len(await routing.recorded(AmendmentApplied)) == 2

    await routing.eventually(are_applied)
    assert [len(event.data.items) for event in await routing.recorded(WorkPlanned)] == [2, 1, 1]
    assert [item["use"] for item in await work_of(routing, request)] == ["email"] * 4, "what was there before too"


async def test_the_items_of_a_quote_are_paged_and_filtered(routing: Harness) -> None:
    request = brief(views=("front", "back", "on_model"), channels=["pdp", "zalando"])
    shot, *_ = await accept(routing, request)
    await hand_in(routing, shot)
    await decide(routing, shot, "passed", Gate.STYLING_FIT)
    await drained(routing)
    said = await propose(routing, request, request.model_copy(update={"shots": request.shots[1:]}))
    quote = await quote_of(routing, said)
    path = f"/v1/quotes/{said.id}/items"
    seen, page = list[Json](), Json(next_cursor="")
    while (cursor := page["next_cursor"]) is not None:
        page = await get(routing, path, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += page["items"]
    assert [line["effect"] for line in seen] == ["removed"] * 3 + ["kept"] * 6
    assert [line["is_loss"] for line in seen] == [True] + [False] * 8
    assert (seen[0]["work_item_id"], seen[0]["gate"]) == (shot["id"], "final_qc")
    assert len((await get(routing, path, effect="removed"))["items"]) == 3
    assert len((await get(routing, path, is_loss=True))["items"]) == quote.losses == 1
    found = await get(routing, f"/v1/quotes/{said.id}")
    assert (found["state"], found["quote"]["fingerprint"]) == ("quoted", quote.fingerprint)
    headers = routing.bearer("reviewer")
    for wrong in ({"effect": "lost"}, {"is_loss": "7"}, {"limit": 0}):
        assert (await routing.client.get(path, params=wrong, headers=headers)).status_code == 422
    for unknown in (f"/v1/quotes/{new_id()}", f"/v1/quotes/{new_id()}/items"):
        assert (await routing.client.get(unknown, headers=headers)).status_code == 404
        assert (await routing.client.get(unknown)).status_code == 401


async def test_the_rates_are_edited_by_their_owner(routing: Harness) -> None:
    rates = await get(routing, "/v1/rates")
    body = {name: value for name, value in rates.items() if name != "version"} | {"currency": "CHF"}
    owner = routing.bearer(Role.CREATIVE_OPS_MANAGER)
    early = await routing.client.put("/v1/rates", json=body, headers=owner | {"If-Match": '"1"'})
    assert early.status_code == 503, "who may is not known yet"
    await routing.publish(DOMAINS, "decision_domains")
    await routing.eventually(lambda: routing.fetch("SELECT 1 FROM pack WHERE name = 'decision_domains'"))
    for role in Role:
        answer = await routing.client.put("/v1/rates", json=body, headers=routing.bearer(role) | {"If-Match": '"7"'})
        assert answer.status_code == (412 if role is Role.CREATIVE_OPS_MANAGER else 403), role
    wrong = await routing.client.put("/v1/rates", json=body | {"hourly": {}}, headers=owner | {"If-Match": '"1"'})
    assert wrong.status_code == 422
    done = await routing.client.put("/v1/rates", json=body, headers=owner | {"If-Match": '"1"'})
    assert (done.status_code, done.headers["ETag"], done.json()["currency"]) == (200, '"2"', "CHF")
    request = brief()
    await accept(routing, request)
    quote = await quote_of(routing, await propose(routing, request, None))
    assert (quote.cost.currency, quote.cost.rates_version) == ("CHF", 2)


async def test_late_work_that_is_redone_is_late_no_more(routing: Harness, monday: datetime) -> None:
    """What was told of its old clock is closed; the new one tells again when it runs out."""
    request = brief(channels=[])
    [shot] = await accept(routing, request)
    await hand_in(routing, shot)
    await in_state(routing, shot["id"], "in_review")
    clock.set(monday + timedelta(days=4))

    async def risk_is(risk: str, is_told: bool) -> Json:
        found = await read(routing, shot["id"])
        open_ones = await routing.fetch("SELECT 1 FROM escalation WHERE closed_at IS NULL")
        assert (found["risk"], bool(open_ones)) == (risk, is_told), found["history"]
        return found

    late = await routing.eventually(lambda: risk_is("breached", True))
    said = await propose(routing, request, request.model_copy(update={"materials": ["lace"]}))
    quote = await quote_of(routing, said)
    assert quote.counts["redone"] == 1  # type: ignore[index]
    await routing.publish(acceptance(said, quote.fingerprint), said.id, 3)
    await in_state(routing, shot["id"], "ready", round=1)
    redone = await risk_is("on_time", False)
    assert redone["due_at"] > late["due_at"]
    clock.set(datetime.fromisoformat(redone["due_at"]))
    await routing.eventually(lambda: risk_is("breached", True))


async def apply(routing: Harness, request: Request, **changes: object) -> Request:
    """The request as it is once this amendment is in force."""
    new = request.model_copy(update=changes)
    said = await propose(routing, request, new)
    quote = await quote_of(routing, said)
    await routing.publish(acceptance(said, quote.fingerprint), said.id, 2)

    async def applied() -> bool:
        return bool(await routing.recorded(AmendmentApplied, said.id))

    await routing.eventually(applied)
    return new


async def due(routing: Harness, work: Json) -> datetime:
    return datetime.fromisoformat((await read(routing, work["id"]))["due_at"])


async def test_pauses_outlive_a_deadline_that_hid_them(routing: Harness, monday: datetime) -> None:
    """An early deadline comes before the end of the SLA, with its pauses; without it they count again."""
    request = brief(channels=[])
    [shot] = await accept(routing, request)
    by_sla = await due(routing, shot)
    assert (await do(routing, shot, "block", json={"cause": "x"})).status_code == 200
    clock.set(monday + timedelta(hours=2))
    assert (await do(routing, shot, "unblock")).status_code == 200
    early = monday + timedelta(hours=7)
    request = await apply(routing, request, deadline=early)
    assert await due(routing, shot) == early
    assert (await do(routing, shot, "block", json={"cause": "x"})).status_code == 200
    clock.set(monday + timedelta(hours=3))
    assert (await do(routing, shot, "unblock")).status_code == 200
    assert await due(routing, shot) == early + timedelta(hours=1)
    await apply(routing, request, deadline=None)
    assert await due(routing, shot) == CALENDAR.add(by_sla, timedelta(hours=3))


async def test_a_clock_that_began_anew_stays_so_when_the_deadline_changes(routing: Harness, monday: datetime) -> None:
    """Of work that was not begun and is made otherwise, and of work that was begun and is made again."""
    request = brief(views=("front", "back"), channels=[])
    front, back = await accept(routing, request)
    by_sla = await due(routing, front)
    await do(routing, back, "claim", Role.PHOTOGRAPHER)
    clock.set(monday + timedelta(hours=4))
    request = await apply(routing, request, materials=["linen"])
    anew = [await due(routing, one) for one in (front, back)]
    assert anew == [CALENDAR.add(by_sla, timedelta(hours=4))] * 2
    request = await apply(routing, request, deadline=monday + timedelta(hours=8))
    await apply(routing, request, deadline=None)
    assert [await due(routing, one) for one in (front, back)] == anew

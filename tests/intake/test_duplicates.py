"""What is in work already can't be asked for again: SKU × colorway × view belongs to one request at most."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import now
from chassis.testkit.harness import Harness, Start
from contracts.amendments import AmendmentRefused
from contracts.envelope import EventData
from contracts.intake import RequestAccepted
from contracts.routing import WorkApproved, WorkCancelled
from contracts.values import Gate, ImageSpec, Priority, Request, Risk, Role, ShotPlan, WorkItem, WorkKind, WorkState
from services.intake.app import create_app
from services.intake.settings import IntakeSettings
from services.intake.slots.domain import Slot, duplicate_problems, slots_of
from tests.intake.calls import REQUESTS, accept, cancelled, in_force, post, quote, until
from tests.intake.conftest import tell_reference
from tests.intake.samples import ai_background, apparel, experiment, jewelry, shoes, without

Json = dict[str, Any]


async def made(intake: Harness, brief: Json) -> Json:
    answer = await post(intake, brief)
    assert answer.status_code == 201, answer.text
    body: Json = answer.json()
    return body


async def slots(intake: Harness, sku: str) -> set[tuple[str, str, str]]:
    rows = await intake.fetch("SELECT colorway, view, request_id::text FROM slot WHERE sku = $1", sku)
    return {(row["colorway"], row["view"], row["request_id"]) for row in rows}


def asked_for(body: Json) -> set[tuple[str, str, str]]:
    return {(shot["colorway"], shot["view"], body["id"]) for shot in body["shots"]}


def work_of(body: Json, colorway: str, view: str, kind: WorkKind = WorkKind.SHOT) -> WorkItem:
    """A work item of an accepted request, as routing tells of it."""
    return WorkItem(
        id=uuid4(), kind=kind, request_id=UUID(body["id"]), parent_id=None, sku=body["sku"], product_name="x",
        category=body["category"], materials=[], colorway=colorway, view=view,
        channel=None if kind is WorkKind.SHOT else "pdp", spec=ImageSpec(), complexity_class="C1", track="catalog",
        queue="catalog", owner_role=Role.PRODUCER, priority=Priority.NORMAL, gates=[Gate.TECHNICAL], final_reviewers=1,
        zoom_required=False, ai=False, state=WorkState.APPROVED, round=0, returns_to=None, claimed_by=None,
        lease_until=None, due_at=None, risk=Risk.ON_TIME, approval_owner="x", created_at=now(), updated_at=now(),
        approved_at=now(),
    )  # fmt: skip


async def tell(intake: Harness, event: type[WorkApproved] | type[WorkCancelled], work: WorkItem) -> None:
    """Publish, and wait until intake has handled it."""
    data: EventData = event(work=work, by="routing")
    said = await intake.publish(data, work.id)

    async def handled() -> bool:
        return bool(await intake.fetch("SELECT 1 FROM inbox WHERE event_id = $1", said.id))

    await intake.eventually(handled)


async def test_what_is_in_work_is_returned_with_the_request_that_has_it(intake: Harness) -> None:
    brief = apparel()
    first = await made(intake, brief)
    assert await slots(intake, brief["sku"]) == asked_for(first)
    second = await made(intake, brief)
    [problem] = second["problems"]
    assert (second["state"], second["shots"], problem["pointer"]) == ("returned", [], "/sku")
    assert first["id"] in problem["problem"]
    assert "cancel" in problem["remedy"]
    assert await slots(intake, brief["sku"]) == asked_for(first)
    assert await intake.recorded(RequestAccepted, second["id"]) == []


async def test_what_is_in_work_can_be_looked_up(intake: Harness) -> None:
    brief = apparel()
    body = await made(intake, brief)
    shown = await intake.client.get("/v1/slots", params={"sku": brief["sku"]}, headers=intake.bearer("vendor"))
    assert {(one["colorway"], one["view"], one["request_id"]) for one in shown.json()["items"]} == asked_for(body)
    assert (await intake.client.get("/v1/slots", params={"sku": brief["sku"]})).status_code == 401
    assert (await intake.client.get("/v1/slots", headers=intake.bearer("vendor"))).status_code == 422


async def test_an_overlap_names_the_colorways(intake: Harness) -> None:
    brief = shoes()
    first = await made(intake, brief | {"colorways": ["black"]})
    second = await made(intake, brief | {"colorways": ["white", "black", "red"]})
    [problem] = second["problems"]
    assert (second["state"], problem["pointer"]) == ("returned", "/colorways/1")
    assert first["id"] in problem["problem"]
    assert "leave `black` out" in problem["remedy"]
    headers = intake.bearer("producer") | {"If-Match": '"1"'}
    left_out = await intake.client.patch(
        f"{REQUESTS}/{second['id']}", json={"colorways": ["white", "red"]}, headers=headers
    )
    assert left_out.json()["state"] == "accepted"
    assert await slots(intake, brief["sku"]) == asked_for(first) | asked_for(left_out.json())


async def test_an_incomplete_request_takes_nothing(intake: Harness) -> None:
    brief = apparel()
    await made(intake, without(brief, "deadline"))
    assert await slots(intake, brief["sku"]) == set()
    assert (await made(intake, brief))["state"] == "accepted"


async def test_an_experiment_is_no_duplicate(intake: Harness) -> None:
    sku = {"sku": apparel()["sku"]}
    first = await made(intake, apparel() | sku)
    assert (await made(intake, experiment() | sku))["state"] == "accepted"
    assert (await made(intake, ai_background() | sku))["state"] == "returned"
    assert await slots(intake, sku["sku"]) == asked_for(first)


async def test_cancelling_frees(intake: Harness) -> None:
    brief = apparel()
    first = await made(intake, brief)
    await cancelled(intake, first["id"])
    assert await slots(intake, brief["sku"]) == set()
    assert (await made(intake, brief))["state"] == "accepted"


async def amend(intake: Harness, request: Json, **changes: Any) -> Any:
    return await intake.client.post(
        f"{REQUESTS}/{request['id']}/amendments",
        json={"cause": "The range grew.", "changes": changes},
        headers=intake.bearer("producer"),
    )


async def test_what_an_amendment_adds_is_in_work_from_its_acceptance_on(intake: Harness) -> None:
    brief = jewelry() | {"colorways": ["silver"]}
    first = await made(intake, brief)
    before = asked_for(first)
    amendment = (await amend(intake, first, colorways=["silver", "gold"])).json()
    quoted = await quote(intake, amendment)
    assert await slots(intake, brief["sku"]) == before, "it is only asked about"
    assert (await accept(intake, quoted)).status_code == 200
    both = {(colorway, view, request) for colorway in ("silver", "gold") for _, view, request in before}
    assert await slots(intake, brief["sku"]) == both
    assert (await made(intake, brief | {"colorways": ["gold"]}))["state"] == "returned"
    # Work had moved on: nothing is in force, and nothing that it added is held.
    again = await quote(intake, amendment, 2)
    assert await slots(intake, brief["sku"]) == before
    assert (await accept(intake, again)).status_code == 200
    assert await slots(intake, brief["sku"]) == both
    refused = AmendmentRefused(id=amendment["id"], request_id=first["id"], cause="It can't be.", refused_at=now())
    await intake.publish(refused, amendment["id"], 3)
    await until(intake, amendment, "refused")
    assert await slots(intake, brief["sku"]) == before


async def test_what_an_amendment_takes_out_is_free(intake: Harness) -> None:
    brief = jewelry() | {"colorways": ["silver", "gold"]}
    first = await made(intake, brief)
    amendment = (await amend(intake, first, colorways=["gold", "rose"])).json()
    now_it_says = await in_force(intake, amendment)
    assert await slots(intake, brief["sku"]) == asked_for(now_it_says)
    assert {colorway for colorway, _, _ in asked_for(now_it_says)} == {"gold", "rose"}
    assert (await made(intake, brief | {"colorways": ["silver"]}))["state"] == "accepted"


async def test_what_another_request_has_is_not_added(intake: Harness) -> None:
    brief = jewelry() | {"colorways": ["silver"]}
    first = await made(intake, brief)
    late = (await amend(intake, first, colorways=["silver", "gold"])).json()
    quoted = await quote(intake, late)
    other = await made(intake, brief | {"colorways": ["gold"]})
    before = await slots(intake, brief["sku"])
    too_late = await accept(intake, quoted)
    assert (too_late.status_code, too_late.json()["title"]) == (409, "What it adds is in work")
    assert other["id"] in too_late.json()["errors"][0]["detail"]
    assert (await until(intake, late, "quoted"))["version"] == quoted["version"]
    assert await slots(intake, brief["sku"]) == before
    headers = intake.bearer("producer") | {"If-Match": f'"{quoted["version"]}"'}
    await intake.client.post(f"/v1/amendments/{late['id']}/withdraw", json={}, headers=headers)
    early = await amend(intake, first, colorways=["silver", "rose", "gold"])
    [problem] = early.json()["errors"]
    assert (early.status_code, problem["pointer"]) == (422, "/changes/colorways/2")
    assert other["id"] in problem["detail"]
    assert await slots(intake, brief["sku"]) == before


async def test_of_two_amendments_that_add_the_same_one_is_accepted(intake: Harness) -> None:
    brief = jewelry()
    requests = [await made(intake, brief | {"colorways": [colorway]}) for colorway in ("silver", "gold")]
    quoted = []
    for request in requests:
        amendment = (await amend(intake, request, colorways=[*request["colorways"], "rose", "black"])).json()
        quoted.append(await quote(intake, amendment))
    answers = await asyncio.gather(*(accept(intake, one) for one in quoted))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    holders = {request for colorway, _, request in await slots(intake, brief["sku"]) if colorway in ("rose", "black")}
    assert holders == {answer.json()["request_id"] for answer in answers if answer.status_code == 200}


async def test_the_end_of_its_work_frees_a_slot(intake: Harness) -> None:
    brief = jewelry() | {"colorways": ["silver"]}
    first = await made(intake, brief)
    views = [shot["view"] for shot in first["shots"]]
    await tell(intake, WorkApproved, work_of(first, "silver", views[0], WorkKind.VARIANT))
    assert await slots(intake, brief["sku"]) == asked_for(first)
    for view in views[1:]:
        await tell(intake, WorkApproved, work_of(first, "silver", view))
    assert await slots(intake, brief["sku"]) == {("silver", views[0], first["id"])}
    second = await made(intake, brief)
    [problem] = second["problems"]
    assert problem["pointer"] == "/colorways/0"
    assert f"({views[0]})" in problem["problem"]
    await tell(intake, WorkCancelled, work_of(first, "silver", views[0]))
    headers = intake.bearer("producer") | {"If-Match": '"1"'}
    again = await intake.client.patch(f"{REQUESTS}/{second['id']}", json={}, headers=headers)
    assert again.json()["state"] == "accepted"
    # Told again, or late: what is the second request's by now stays so.
    await tell(intake, WorkApproved, work_of(first, "silver", views[0]))
    assert await slots(intake, brief["sku"]) == asked_for(again.json())


async def test_of_many_at_the_same_moment_one_is_accepted(start: Start) -> None:
    """With two replicas, and overlaps in every order: each slot has one request, and nobody gets an error."""
    one = await start(create_app, IntakeSettings)
    await tell_reference(one)
    other = await start(create_app, IntakeSettings, fresh=False)
    brief = apparel()
    colorways = [["a", "b"], ["b", "c"], ["c", "a"], ["b", "a"], ["a", "b", "c"], ["c"]] * 4
    bodies = await asyncio.gather(
        *(
            made((one, other)[number % 2], brief | {"colorways": list(dict.fromkeys(some))})
            for number, some in enumerate(colorways)
        )
    )
    accepted = [body for body in bodies if body["state"] == "accepted"]
    held = await slots(one, brief["sku"])
    assert accepted
    assert held == set().union(*(asked_for(body) for body in accepted))
    assert len({(colorway, view) for colorway, view, _ in held}) == len(held)
    for body in bodies:
        if body["state"] == "returned":
            assert body["problems"]
            assert all(problem["pointer"].startswith(("/sku", "/colorways/")) for problem in body["problems"])


def request(sku: str, colorways: list[str], views: list[str]) -> Request:
    shots = [ShotPlan(colorway=colorway, view=view, spec=ImageSpec()) for colorway in colorways for view in views]
    return Request(
        id=uuid4(), sku=sku, product_name="x", category="bags", category_version=1, materials=[], use="catalog",
        colorways=colorways, shots=shots, waivers=[], channels=[], attributes={}, ai=None, references=[],
        priority=Priority.NORMAL, deadline=now() + timedelta(days=1), approval_owner="x", proposed_class=None,
        proposed_track=None, requested_by="x", received_at=now(), accepted_at=now(),
    )  # fmt: skip


NAMES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True)


@given(NAMES, NAMES, st.sets(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"))))
def test_problems_name_exactly_the_colorways_that_overlap(
    colorways: list[str], views: list[str], taken: set[tuple[str, str]]
) -> None:
    asked = request("S1", colorways, views)
    holder = uuid4()
    mine = {held.slot for held in slots_of(asked)}
    others = {slot: holder for slot in (Slot("S1", *one) for one in taken) if slot in mine}
    problems = duplicate_problems(asked, others)
    pointers = [problem.pointer for problem in problems]
    if set(others) == mine:
        assert pointers == ["/sku"]
    else:
        hit = [number for number, colorway in enumerate(colorways) if any(s.colorway == colorway for s in others)]
        assert pointers == [f"/colorways/{number}" for number in hit]
    assert all(str(holder) in problem.problem for problem in problems)


def test_an_experiment_has_no_slots() -> None:
    asked = request("S1", ["a"], ["front"]).model_copy(update={"use": "experiment"})
    assert slots_of(asked) == []

"""Reviews that are claimed, through HTTP: the most urgent first, by nobody twice, and free again by time."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from chassis.clock import clock, now
from chassis.ids import new_id
from chassis.testkit.harness import Start
from contracts.assets import Version
from contracts.routing import WorkBlocked, WorkCancelled
from contracts.values import ComplexityClass, Gate, Risk, Role, WorkItem, WorkState
from services.qc.app import create_app
from services.qc.settings import QcSettings
from tests.qc.stage import Stage, measurement, work_item

PASSING = [measurement("T01", "pass")]
ADA, BO, CY = "ada", "bo", "cy"


@pytest.fixture(autouse=True)
def running_clock() -> Iterator[None]:
    yield
    clock.reset()


async def waiting(stage: Stage, **changes: Any) -> tuple[WorkItem, Version]:
    """At final QC, as its only gate."""
    work = await stage.publish_work(work_item(gates=[Gate.FINAL_QC], **changes))
    return work, await stage.measured(work, PASSING)


async def post(stage: Stage, what: str, body: Any, by: str = ADA, role: str = Role.QC_LEAD) -> httpx.Response:
    return await stage.qc.client.post(f"/v1/reviews:{what}", json=body, headers=stage.qc.bearer(role, subject=by))


async def claimed(stage: Stage, by: str = ADA, **body: Any) -> list[dict[str, Any]]:
    answer = await post(stage, "claim", body, by)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def nothing(stage: Stage, by: str = ADA, **body: Any) -> dict[str, Any]:
    answer = await post(stage, "claim", body, by)
    assert answer.status_code == 409, answer.text
    problem: dict[str, Any] = answer.json()
    return problem


async def listed(stage: Stage, by: str = ADA, **params: Any) -> list[tuple[str, str | None]]:
    answer = await stage.qc.client.get("/v1/reviews", params=params, headers=stage.qc.bearer(Role.QC_LEAD, subject=by))
    assert answer.status_code == 200, answer.text
    return [(one["work_item_id"], one["claimed_by"]) for one in answer.json()["items"]]


async def test_the_most_urgent_come_first_and_nobody_gets_what_another_holds(stage: Stage) -> None:
    at = now()
    late, _ = await waiting(stage, due_at=at + timedelta(days=2))
    soon, _ = await waiting(stage, due_at=at + timedelta(days=1), sku="SKU-2")
    breached, version = await waiting(stage, due_at=at + timedelta(days=3), risk=Risk.BREACHED)
    technical = await stage.publish_work(work_item(risk=Risk.BREACHED, complexity_class=ComplexityClass.C2))
    await stage.measured(technical, PASSING)

    [first] = await claimed(stage)
    assert (first["work_item_id"], first["version_id"], first["gate"]) == (
        str(breached.id),
        str(version.id),
        "final_qc",
    )
    [second] = await claimed(stage, BO, sku="SKU-1")
    assert second["work_item_id"] == str(late.id)
    [third] = await claimed(stage, CY, most=9)
    assert third["work_item_id"] == str(soon.id)
    problem = await nothing(stage, CY)
    assert (problem["reason"], problem["type"]) == ("held", "urn:packshot:problem:conflict")
    assert (await nothing(stage, CY, sku="SKU-9"))["reason"] == "nothing_waits"

    everything = {str(breached.id): ADA, str(late.id): BO, str(soon.id): CY, str(technical.id): None}
    assert dict(await listed(stage)) == everything
    assert await listed(stage, claimed_by="me") == await listed(stage, BO, claimed_by=ADA) == [(str(breached.id), ADA)]
    assert await listed(stage, claimed="false") == [(str(technical.id), None)]
    assert len(await listed(stage, claimed="true")) == 3
    headers = stage.qc.bearer(Role.QC_LEAD, subject=BO)
    packets = await stage.qc.client.get(
        "/v1/reviews:packets", params={"work_item_id": [str(late.id), str(soon.id)]}, headers=headers
    )
    told = [(one["claimed_by"], one["lease_id"]) for one in packets.json()["items"]]
    assert told == [(BO, second["lease_id"]), (CY, None)]


async def test_the_same_key_takes_nothing_more(stage: Stage) -> None:
    for _ in range(3):
        await waiting(stage)
    headers = stage.qc.bearer(Role.QC_LEAD, subject=ADA) | {"Idempotency-Key": "one"}
    answers = [await stage.qc.client.post("/v1/reviews:claim", json={"most": 2}, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(await listed(stage, claimed="true")) == 2


async def test_many_at_once_share_what_is_there_and_nobody_gets_what_another_got(stage: Stage, start: Start) -> None:
    """Through two replicas; so many wait that looking through them takes longer than another's claim."""
    await waiting(stage)
    await stage.qc.fetch(
        "INSERT INTO work_item SELECT gen_random_uuid(), 1, work FROM work_item, generate_series(1, 4000)"
    )
    await stage.qc.fetch(
        "INSERT INTO review (id, work_item_id, version_id, round, kind, sku, version, checklist_version, state, gate,"
        " passes, opened_at) SELECT gen_random_uuid(), one.id, gen_random_uuid(), 0, kind, sku, review.version, 1,"
        " state, gate, 0, opened_at FROM work_item AS one, review WHERE one.id <> review.work_item_id"
    )
    other = Stage(await start(create_app, QcSettings, fresh=False))
    for round_ in range(3):
        asked = [post((stage, other)[one % 2], "claim", {"most": 5}, by=f"{round_}-{one}") for one in range(12)]
        answers = await asyncio.gather(*asked)
        assert {answer.status_code for answer in answers} == {200}
        got = {item["lease_id"]: one for one, answer in enumerate(answers) for item in answer.json()["items"]}
        assert len(got) == 60
        rows = await stage.qc.fetch(
            "SELECT lease_id, claimed_by FROM review WHERE starts_with(claimed_by, $1)", f"{round_}-"
        )
        held = {str(row["lease_id"]): row["claimed_by"] for row in rows}
        assert held == {lease: f"{round_}-{one}" for lease, one in got.items()}


async def test_a_decision_is_for_who_holds_it_or_for_anybody_where_nobody_does(stage: Stage) -> None:
    work, version = await waiting(stage)
    [held] = await claimed(stage)
    for outcome in ("pass", "fail"):
        refused = await stage.decide(version, Gate.FINAL_QC, outcome, subject=BO)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:packshot:problem:held-by-another")
        assert refused.json()["claimed_by"] == ADA
    stolen = await stage.decide(version, Gate.FINAL_QC, subject=BO, lease_id=held["lease_id"])
    assert (stolen.status_code, stolen.json()["type"]) == (409, "urn:packshot:problem:lease-lost")
    wrong = await stage.decide(version, Gate.FINAL_QC, subject=ADA, lease_id=str(new_id()))
    assert wrong.status_code == 409
    decided = await stage.decide(version, Gate.FINAL_QC, subject=ADA, lease_id=held["lease_id"])
    assert decided.status_code == 201, decided.text
    assert "lease_id" not in decided.json()
    assert await listed(stage) == [(str(work.id), None)]
    _, plain = await waiting(stage)
    assert (await stage.decide(plain, Gate.FINAL_QC, subject=BO)).status_code == 201, "a script that claims nothing"
    _, own = await waiting(stage)
    assert len(await claimed(stage, BO)) == 1
    assert (await stage.decide(own, Gate.FINAL_QC, subject=BO)).status_code == 201, "who holds it needs not name it"


async def test_each_turn_at_a_gate_is_another_lease(stage: Stage) -> None:
    work = await stage.publish_work(work_item(gates=[Gate.BRAND_MERCH, Gate.FINAL_QC], final_reviewers=2))
    version = await stage.measured(work, PASSING)
    assert (await nothing(stage))["reason"] == "nothing_waits", "it isn't at final QC yet"
    director = await post(stage, "claim", {}, by="dee", role=Role.CREATIVE_DIRECTOR)
    assert director.json()["items"][0]["gate"] == "brand_merch"
    assert (await stage.decide(version, Gate.BRAND_MERCH, subject="dee")).status_code == 201

    [first] = await claimed(stage)
    assert (await stage.decide(version, Gate.FINAL_QC, subject=ADA, lease_id=first["lease_id"])).status_code == 201
    assert (await nothing(stage))["reason"] == "not_for_you", "the second turn is another person's"
    [refused] = (await nothing(stage, work_item_ids=[str(work.id)]))["refused"]
    assert refused["reason"] == "passed_by_you"
    [second] = await claimed(stage, BO)
    assert second["lease_id"] != first["lease_id"]
    late = await stage.decide(version, Gate.FINAL_QC, subject=CY, lease_id=first["lease_id"])
    assert (late.status_code, late.json()["claimed_by"]) == (409, BO)
    assert (await stage.decide(version, Gate.FINAL_QC, subject=BO, lease_id=second["lease_id"])).status_code == 201


async def test_a_lease_runs_out_is_renewed_and_given_back(stage: Stage) -> None:
    clock.set(now())
    work, version = await waiting(stage)
    [held] = await claimed(stage)
    clock.move(timedelta(minutes=14))
    renewed = await post(stage, "renew", {"lease_ids": [held["lease_id"], str(new_id())]})
    assert [one["lease_id"] for one in renewed.json()["items"]] == [held["lease_id"]]
    assert len(renewed.json()["lost"]) == 1
    clock.move(timedelta(minutes=14))
    assert (await nothing(stage, BO))["reason"] == "held"
    for what in ("renew", "release"):
        foreign = await post(stage, what, {"lease_ids": [held["lease_id"]]}, by=BO)
        assert foreign.json() in ({"items": [], "lost": [held["lease_id"]]}, {"released": []})
    [again] = await claimed(stage, work_item_ids=[str(work.id)])
    assert again["lease_id"] == held["lease_id"], "claimed anew by name, it is the same lease"
    assert again["lease_until"] > renewed.json()["items"][0]["lease_until"]

    clock.move(timedelta(minutes=15))
    assert await listed(stage) == [(str(work.id), None)]
    assert await listed(stage, claimed="true") == await listed(stage, claimed_by="me") == []
    lost = await post(stage, "renew", {"lease_ids": [held["lease_id"]]})
    assert lost.json() == {"items": [], "lost": [held["lease_id"]]}
    over = await stage.decide(version, Gate.FINAL_QC, subject=ADA, lease_id=held["lease_id"])
    assert (over.status_code, over.json()["claimed_by"]) == (409, None)
    [others] = await claimed(stage, BO)
    assert (await stage.decide(version, Gate.FINAL_QC, subject=ADA)).status_code == 409
    for released in ([others["lease_id"]], []):
        answer = await post(stage, "release", {"lease_ids": [others["lease_id"]]}, by=BO)
        assert answer.json() == {"released": released}
    assert (await stage.decide(version, Gate.FINAL_QC, subject=ADA)).status_code == 201


async def test_nobody_holds_what_they_can_not_decide_on(stage: Stage) -> None:
    own, _ = await waiting(stage)
    await stage.qc.fetch("UPDATE review SET version = jsonb_set(version, '{delivered_by}', '\"ada\"')")
    blocked, _ = await waiting(stage)
    await stage.publish_work(blocked.model_copy(update={"state": WorkState.BLOCKED}), 2, WorkBlocked)
    technical = await stage.publish_work(work_item(complexity_class=ComplexityClass.C2))
    await stage.measured(technical, PASSING)
    closed, version = await waiting(stage)
    assert (await stage.decide(version, Gate.FINAL_QC, "fail")).status_code == 201
    unknown = str(new_id())
    assert (await nothing(stage, most=9))["reason"] == "not_for_you"
    free, _ = await waiting(stage)
    other, _ = await waiting(stage)
    assert len(await claimed(stage, BO, work_item_ids=[str(other.id)])) == 1
    named = [str(one.id) for one in (own, blocked, technical, closed, free, other)] + [unknown]
    answer = (await post(stage, "claim", {"work_item_ids": named})).json()
    assert [one["work_item_id"] for one in answer["items"]] == [str(free.id)]
    assert {one["work_item_id"]: one["reason"] for one in answer["refused"]} == {
        str(own.id): "own_work",
        str(blocked.id): "blocked",
        str(technical.id): "other_gate",
        str(closed.id): "nothing_waits",
        unknown: "nothing_waits",
        str(other.id): "held",
    }
    assert answer["refused"][-2]["claimed_by"] == BO

    for body, status in (
        ({}, 403),
        ({"gate": "technical"}, 403),
        ({"role": "studio_manager"}, 403),
    ):
        assert (await post(stage, "claim", body, role=Role.PHOTOGRAPHER)).status_code == status, body
    assert (await post(stage, "claim", {"gate": "technical"})).status_code == 403, "not the QC lead's gate"
    for what, wrong in (
        ("claim", {"most": 0}),
        ("claim", {"most": 101}),
        ("claim", {"work_item_ids": []}),
        ("claim", {"work_item_ids": [unknown], "most": 2}),
        ("claim", {"sku": "a\x00"}),
        ("claim", {"surprise": 1}),
        ("renew", {"lease_ids": []}),
        ("renew", {"lease_ids": [str(new_id())] * 101}),
        ("release", {"lease_ids": ["x"]}),
    ):
        assert (await post(stage, what, wrong)).status_code == 422, (what, wrong)
    for what in ("claim", "renew", "release"):
        assert (await stage.qc.client.post(f"/v1/reviews:{what}", json={})).status_code == 401


async def test_a_lease_ends_when_the_gate_moves_for_another_reason(stage: Stage) -> None:
    """The work is cancelled; or a decision before it is taken back in its grace."""
    work, _ = await waiting(stage)
    [held] = await claimed(stage)
    await stage.publish_work(work.model_copy(update={"state": WorkState.CANCELLED}), 2, WorkCancelled)
    lost = await post(stage, "renew", {"lease_ids": [held["lease_id"]]})
    assert lost.json()["lost"] == [held["lease_id"]]

    two = await stage.publish_work(work_item(gates=[Gate.FINAL_QC], final_reviewers=2))
    version = await stage.measured(two, PASSING)
    first = (await stage.decide(version, Gate.FINAL_QC, subject=ADA)).json()
    [second] = await claimed(stage, BO)
    body = {"decision": await stage.body(version, Gate.FINAL_QC, "fail")}
    headers = stage.qc.bearer(Role.QC_LEAD, subject=ADA)
    answer = await stage.qc.client.post(f"/v1/decisions/{first['id']}/supersede", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    late = await stage.decide(version, Gate.FINAL_QC, subject=BO, lease_id=second["lease_id"])
    assert (late.status_code, late.json()["state"]) == (409, "failed")

"""The grace of a decision: it counts at once, is told once, and until then can be taken back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.clock import clock, now
from chassis.embedded import free_port
from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from contracts.assets import Version
from contracts.qc import DecisionRecorded, OverrideGranted
from contracts.routing import WorkCancelled, WorkRedone
from contracts.values import Gate, WorkItem, WorkState
from services.qc.app import create_app
from services.qc.decisions.chain import Walk
from services.qc.settings import QcSettings
from tests.qc.stage import DECIDES, Stage, measurement, work_item

GRACE = timedelta(seconds=10)


@pytest.fixture
async def stage(start: Start) -> AsyncIterator[Stage]:
    """With ten seconds of grace, on a clock that stands still."""
    clock.set(now())
    stage = Stage(await start(create_app, QcSettings))
    await stage.publish_domains()
    yield stage
    clock.reset()


async def supersede(
    stage: Stage,
    answer: httpx.Response,
    decision: dict[str, Any] | None = None,
    *,
    role: str = "studio_manager",
    subject: str | None = None,
    key: str | None = None,
) -> httpx.Response:
    headers = stage.qc.bearer(role, subject=subject) | ({"Idempotency-Key": key} if key else {})
    path = f"/v1/decisions/{answer.json()['id']}/supersede"
    return await stage.qc.client.post(path, json={"decision": decision, "note": "A slip."}, headers=headers)


async def told(stage: Stage, work: WorkItem, count: int) -> list[DecisionRecorded]:
    async def are_told() -> bool:
        return len(await stage.qc.recorded(DecisionRecorded, work.id)) >= count

    await stage.qc.eventually(are_told)
    return [event.data for event in await stage.qc.recorded(DecisionRecorded, work.id)]


async def no_timer_is_due(stage: Stage) -> None:
    async def have_rung() -> bool:
        return not await stage.qc.fetch("SELECT 1 FROM timer WHERE due_at <= $1", now())

    await stage.qc.eventually(have_rung)


async def opened(stage: Stage, **changes: Any) -> tuple[WorkItem, Version]:
    work = await stage.publish_work(work_item(**changes))
    return work, await stage.measured(work)


async def test_a_decision_counts_at_once_and_is_told_after_its_grace(stage: Stage) -> None:
    work, version = await opened(stage)
    answer = await stage.decide(version, Gate.TECHNICAL)
    assert (await stage.packet(work.id))["open_gate"]["gate"] == "styling_fit"
    clock.move(GRACE - timedelta(milliseconds=1))
    later = await stage.decide(version, Gate.STYLING_FIT)
    assert await stage.qc.recorded(DecisionRecorded) == []
    clock.move(timedelta(milliseconds=1))
    [first] = await told(stage, work, 1)
    assert (str(first.decision.id), first.decision.supersedes) == (answer.json()["id"], None)
    clock.move(GRACE)
    assert [str(one.decision.id) for one in await told(stage, work, 2)] == [answer.json()["id"], later.json()["id"]]
    await no_timer_is_due(stage)
    assert len(await stage.qc.recorded(DecisionRecorded)) == 2


async def test_what_the_others_know_of_is_not_taken_back_without_another_decision(stage: Stage) -> None:
    """And its successor, if that is a slip, isn't named to those who never heard of it."""
    work = await stage.publish_work(work_item(gates=[Gate.FINAL_QC], final_reviewers=2))
    version = await stage.measured(work)
    first = await stage.decide(version, Gate.FINAL_QC, subject="quinn")
    clock.move(GRACE)
    await told(stage, work, 1)
    fail = await stage.body(version, Gate.FINAL_QC, "fail", reasons=["file_naming"])
    second = await supersede(stage, first, fail, role="qc_lead", subject="quinn")
    assert second.status_code == 201, second.text
    back = await supersede(stage, second, role="qc_lead", subject="quinn")
    assert (back.status_code, back.json()["type"]) == (409, "urn:packshot:problem:stands")
    third = await supersede(stage, second, await stage.body(version, Gate.FINAL_QC), role="qc_lead", subject="quinn")
    assert third.status_code == 201, third.text
    assert third.json()["supersedes"] == second.json()["id"]
    clock.move(GRACE)
    [_, event] = await told(stage, work, 2)
    assert (str(event.decision.id), str(event.decision.supersedes)) == (third.json()["id"], first.json()["id"])
    assert (await stage.packet(work.id))["open_gate"]["passes"] == 1


async def test_only_the_owner_takes_back_and_never_on_their_own_work(stage: Stage) -> None:
    work, version = await opened(stage)
    failed = await stage.decide(version, Gate.TECHNICAL, "fail", subject="tom", reasons=["out_of_focus"])
    own = await supersede(stage, failed, subject=version.delivered_by)
    assert (own.status_code, own.json()["type"]) == (403, "urn:packshot:problem:own-work")
    assert (await supersede(stage, failed, role="producer", subject="tom")).status_code == 403
    assert (await stage.packet(work.id))["state"] == "failed"


async def test_the_second_reviewer_sees_the_first_when_nothing_can_be_taken_back_any_more(stage: Stage) -> None:
    work = await stage.publish_work(work_item(gates=[Gate.FINAL_QC], final_reviewers=2))
    version = await stage.measured(work)
    first = await stage.decide(version, Gate.FINAL_QC, subject="quinn", note="Nothing to find here.")
    clock.move(GRACE)
    await told(stage, work, 1)
    await stage.decide(version, Gate.FINAL_QC, subject="remy")

    async def seen_by(subject: str) -> list[str]:
        answer = await stage.qc.client.get("/v1/decisions", headers=stage.qc.bearer("qc_lead", subject=subject))
        return [one["id"] for one in answer.json()["items"]]

    assert first.json()["id"] not in await seen_by("remy")
    assert first.json()["id"] in await seen_by("quinn")
    clock.move(GRACE)
    await told(stage, work, 2)
    assert first.json()["id"] in await seen_by("remy")


async def test_a_pass_by_measurement_has_no_grace(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    await stage.measured(work, [measurement("T01", "pass")])
    assert len(await stage.qc.recorded(DecisionRecorded, work.id)) == 1
    [decision] = (await stage.packet(work.id))["decisions"]
    path = f"/v1/decisions/{decision['id']}/supersede"
    answer = await stage.qc.client.post(path, json={}, headers=stage.qc.bearer("studio_manager"))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:packshot:problem:stands")


@pytest.mark.parametrize("slip", ["pass", "fail"])
async def test_a_slip_is_taken_back_and_nobody_hears_of_it(stage: Stage, slip: str) -> None:
    work, version = await opened(stage)
    wrong = await stage.decide(version, Gate.TECHNICAL, slip, subject="tom")
    before = (await stage.packet(work.id))["state"]
    assert before == ("open" if slip == "pass" else "failed")
    back = await supersede(stage, wrong, subject="tom")
    assert back.status_code == 201, back.text
    assert (back.json()["withdrawn"], back.json()["supersedes"]) == (True, wrong.json()["id"])
    packet = await stage.packet(work.id)
    assert (packet["open_gate"]["gate"], packet["open_gate"]["passes"], packet["closed_at"]) == ("technical", 0, None)
    assert packet["open_gate"]["flags"] == ["T09"]
    clock.move(GRACE * 2)
    await no_timer_is_due(stage)
    assert await stage.qc.recorded(DecisionRecorded) == []
    right = await stage.decide(version, Gate.TECHNICAL, subject="tom")
    assert right.status_code == 201, right.text
    clock.move(GRACE)
    [event] = await told(stage, work, 1)
    assert str(event.decision.id) == right.json()["id"]
    part = (await stage.qc.client.get("/v1/decisions/chain", headers=stage.qc.bearer("producer"))).json()
    assert (part["head"], Walk().follow(part["items"])) == (3, None)


async def test_the_right_decision_takes_the_place_of_the_wrong_one(stage: Stage) -> None:
    work, version = await opened(stage, gates=[Gate.TECHNICAL])
    wrong = await stage.decide(version, Gate.TECHNICAL, "fail", subject="tom")
    body = await stage.body(version, Gate.TECHNICAL, flags={"T09": {"answer": "accepted"}})
    right = await supersede(stage, wrong, body, subject="tom", key="k")
    assert right.status_code == 201, right.text
    assert right.json()["supersedes"] == wrong.json()["id"]
    assert (await supersede(stage, wrong, body, subject="tom", key="k")).json() == right.json()
    assert (await stage.packet(work.id))["state"] == "passed"
    clock.move(GRACE)
    [event] = await told(stage, work, 1)
    assert (event.decision.supersedes, event.gate.state) == (None, "passed")  # nobody had heard of the wrong one
    await no_timer_is_due(stage)
    assert len(await stage.qc.recorded(DecisionRecorded)) == 1


async def test_an_incomplete_replacement_leaves_everything_as_it_was(stage: Stage) -> None:
    work, version = await opened(stage)
    wrong = await stage.decide(version, Gate.TECHNICAL, "fail")
    body = await stage.body(version, Gate.TECHNICAL, flags={})
    assert (await supersede(stage, wrong, body)).status_code == 422
    other = await supersede(stage, wrong, {**body, "work_item_id": str(new_id())})
    assert [error["pointer"] for error in other.json()["errors"]] == ["/decision/work_item_id"]
    assert (await stage.packet(work.id))["state"] == "failed"
    clock.move(GRACE)
    [event] = await told(stage, work, 1)
    assert str(event.decision.id) == wrong.json()["id"]


async def test_only_whoever_decided_or_the_owner_takes_back(stage: Stage) -> None:
    _, version = await opened(stage)
    wrong = await stage.decide(version, Gate.TECHNICAL, "fail", subject="tom")
    for role in ("qc_lead", "reviewer", "merchandiser"):
        assert (await supersede(stage, wrong, role=role)).status_code == 403
    assert (await supersede(stage, wrong, role="studio_manager", subject="uma")).status_code == 201
    unknown = httpx.Response(200, json={"id": str(new_id())})
    assert (await supersede(stage, unknown)).status_code == 404


async def test_only_the_last_decision_is_superseded_and_only_once(stage: Stage) -> None:
    _, version = await opened(stage)
    first = await stage.decide(version, Gate.TECHNICAL)
    second = await stage.decide(version, Gate.STYLING_FIT)
    answer = await supersede(stage, first)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:packshot:problem:changed")
    assert (await supersede(stage, second, role="merchandiser")).status_code == 201
    assert (await supersede(stage, second, role="merchandiser")).status_code == 409
    assert (await supersede(stage, first)).status_code == 201, "what came after it was taken back"


async def test_after_the_grace_what_others_acted_on_stands(stage: Stage) -> None:
    _, version = await opened(stage)
    answer = await stage.decide(version, Gate.TECHNICAL)
    clock.move(GRACE)
    late = await supersede(stage, answer)
    assert (late.status_code, late.json()["type"]) == (409, "urn:packshot:problem:stands")
    assert "technical is decided, styling_fit is open" in late.json()["detail"]


async def test_a_reviewer_thinks_again_while_the_gate_waits_for_another(stage: Stage) -> None:
    work, version = await opened(stage, gates=[Gate.FINAL_QC], final_reviewers=2)
    first = await stage.decide(version, Gate.FINAL_QC, subject="quinn")
    clock.move(GRACE)
    await told(stage, work, 1)
    only_back = await supersede(stage, first, role="qc_lead", subject="quinn")
    assert only_back.status_code == 409
    body = await stage.body(version, Gate.FINAL_QC, "fail", reasons=["over_retouching"])
    again = await supersede(stage, first, body, role="qc_lead", subject="quinn")
    assert again.json()["result"]["state"] == "failed"
    clock.move(GRACE)
    events = await told(stage, work, 2)
    assert [event.gate.state for event in events] == ["open", "failed"]


async def test_a_replaced_pass_of_two_is_counted_once(stage: Stage) -> None:
    work, version = await opened(stage, gates=[Gate.FINAL_QC], final_reviewers=2)
    first = await stage.decide(version, Gate.FINAL_QC, subject="quinn")
    body = await stage.body(version, Gate.FINAL_QC, note="Better said.")
    assert (await supersede(stage, first, body, role="qc_lead", subject="quinn")).status_code == 201
    assert (await stage.packet(work.id))["open_gate"]["passes"] == 1
    assert (await stage.decide(version, Gate.FINAL_QC, subject="quinn")).status_code == 403
    last = await stage.decide(version, Gate.FINAL_QC, subject="remy")
    assert last.json()["result"]["state"] == "passed"
    assert (await supersede(stage, last, role="qc_lead", subject="remy")).status_code == 201
    assert (await stage.packet(work.id))["open_gate"]["passes"] == 1


async def test_what_was_cancelled_or_began_again_is_not_opened_again(stage: Stage) -> None:
    for event, changes in ((WorkCancelled, {"state": WorkState.CANCELLED}), (WorkRedone, {"round": 1})):
        work, version = await opened(stage)
        answer = await stage.decide(version, Gate.TECHNICAL, "fail")
        await stage.publish_work(work.model_copy(update=changes), 2, event)
        assert (await supersede(stage, answer)).status_code == 409
        assert (await stage.packet(work.id))["state"] == "failed"


async def test_a_fail_that_was_taken_back_is_not_why_the_round_before_ended(stage: Stage) -> None:
    work, version = await opened(stage)
    assert (await supersede(stage, await stage.decide(version, Gate.TECHNICAL, "fail"))).status_code == 201
    again = await stage.publish_work(work.model_copy(update={"round": 1}), 2, WorkRedone)
    await stage.measured(again)
    assert (await stage.packet(work.id))["sent_back"] is None


async def test_an_exception_that_was_taken_back_is_none(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work, [measurement("T04", "fail")])
    slip = await stage.decide(version, Gate.TECHNICAL, overrides={"T04": "Agreed."})
    assert (await supersede(stage, slip)).status_code == 201
    assert (await stage.packet(work.id))["open_gate"]["blocked_by"] == ["T04"]
    clock.move(GRACE)
    await no_timer_is_due(stage)
    assert await stage.qc.recorded(OverrideGranted) == []
    listed = await stage.qc.client.get("/v1/decisions?exceptions=true", headers=stage.qc.bearer("producer"))
    assert listed.json()["items"] == []


async def test_taking_back_and_ringing_at_once_is_one_of_the_two(stage: Stage) -> None:
    """Whoever locks the work item first: either it is told, or it was taken back, and never both or neither."""
    pairs = [await opened(stage) for _ in range(8)]
    answers = [await stage.decide(version, Gate.TECHNICAL) for _, version in pairs]
    await stage.qc.fetch("UPDATE timer SET due_at = $1", now())  # they ring now, though the grace isn't over
    replies = await asyncio.gather(*(supersede(stage, answer) for answer in answers))
    await no_timer_is_due(stage)
    events = {str(event.data.decision.id) for event in await stage.qc.recorded(DecisionRecorded)}
    back = {answer.json()["id"] for answer, reply in zip(answers, replies, strict=True) if reply.status_code == 201}
    assert {reply.status_code for reply in replies} <= {201, 409}
    assert events == {answer.json()["id"] for answer in answers} - back


async def test_a_process_that_dies_while_it_tells_has_told_nothing(stage: Stage, tmp_path: Path) -> None:
    clock.set(now() - timedelta(hours=1))  # for the other process, whose clock runs, the grace is long over
    work, version = await opened(stage)
    (tmp_path / "qc.grace.told").touch()
    async with stage.qc.in_a_process("services.qc.app:create_app", tmp_path, free_port()) as process:
        answer = await stage.decide(version, Gate.TECHNICAL)
        await asyncio.wait_for(process.wait(), 60)
    assert process.returncode == -9
    assert await stage.qc.recorded(DecisionRecorded) == []
    clock.move(GRACE)
    [event] = await told(stage, work, 1)
    assert str(event.decision.id) == answer.json()["id"]


async def test_two_replicas_tell_each_decision_once_and_in_order(stage: Stage, start: Start) -> None:
    second: Harness = await start(create_app, QcSettings, fresh=False)
    assert second.service is not stage.qc.service
    works = [await stage.publish_work(work_item()) for _ in range(6)]
    ids = dict[str, list[str]]()
    for work in works:
        version = await stage.measured(work)
        made = [(await stage.decide(version, gate)).json()["id"] for gate in list(Gate)]
        ids[str(work.id)] = made
    assert set(DECIDES) == set(Gate)
    clock.move(GRACE)
    await no_timer_is_due(stage)
    for work in works:
        events = await stage.qc.recorded(DecisionRecorded, work.id)
        assert [str(event.data.decision.id) for event in events] == ids[str(work.id)]
        assert [event.aggregateversion for event in events] == [1, 2, 3, 4]

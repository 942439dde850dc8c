"""Decisions through HTTP: by the right roles, complete, once, about what is at the gate, and never changed."""

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from chassis.ids import new_id
from contracts.qc import DecisionRecorded
from contracts.routing import WorkBlocked, WorkReturned, WorkUnblocked
from contracts.values import ComplexityClass, Gate, Role, WorkState
from tests.qc.stage import DECIDES, FLAGGED, Stage, measurement, work_item

SIZE = measurement("T04", "pass").model_copy(update={"detail": "400 × 200 px."})


def pointers(problem: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in problem["errors"]]


async def test_all_gates_in_order_by_their_roles_approve(stage: Stage) -> None:
    work = await stage.publish_work(work_item(complexity_class=ComplexityClass.C2))
    version = await stage.measured(work, [measurement("T01", "pass")])
    gates = list(Gate)
    for gate, following in zip(gates, [*gates[1:], None], strict=True):
        assert (await stage.packet(work.id))["open_gate"]["gate"] == gate
        answer = await stage.decide(version, gate)
        assert answer.status_code == 201, answer.text
        assert answer.json()["result"] == {"state": "passed", "next_gate": following, "returns_to": None}
        assert answer.json()["role"] == DECIDES[gate]
    packet = await stage.packet(work.id)
    assert (packet["state"], packet["open_gate"]) == ("passed", None)
    assert [decision["gate"] for decision in packet["decisions"]] == gates
    events = await stage.qc.recorded(DecisionRecorded, work.id)
    assert [event.aggregateversion for event in events] == [1, 2, 3, 4]
    assert [event.data.gate.next_gate for event in events] == [*gates[1:], None]
    assert not any(event.data.decision.automatic for event in events)


async def test_every_other_role_is_refused_at_every_gate(stage: Stage) -> None:
    for gate in Gate:
        work = await stage.publish_work(work_item())
        version = await stage.at_gate(work, gate)
        body = await stage.body(version, gate)
        for role in sorted(set(Role) - {DECIDES[gate]}):
            answer = await stage.qc.client.post("/v1/decisions", json=body, headers=stage.qc.bearer(role))
            assert answer.status_code == 403, (gate, role)
            assert answer.json()["allowed_roles"] == [DECIDES[gate]]
        assert (await stage.qc.client.post("/v1/decisions", json=body)).status_code == 401
        assert (await stage.decide(version, gate)).status_code == 201


async def test_gates_are_not_skipped(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item()))
    answer = await stage.decide(version, Gate.FINAL_QC)
    assert answer.status_code == 409
    assert answer.json()["open_gate"] == "technical"


async def test_a_fail_sends_the_work_back_and_the_next_round_starts_anew(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.at_gate(work, Gate.FINAL_QC)
    answer = await stage.decide(
        version, Gate.FINAL_QC, "fail", reasons=["file_naming", "colour_mismatch", "wrong_crop"], note="Too red."
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["result"] == {"state": "failed", "next_gate": None, "returns_to": "retouching"}
    [*_, event] = await stage.qc.recorded(DecisionRecorded, work.id)
    assert event.data.decision.reasons == ["file_naming", "colour_mismatch", "wrong_crop"]
    assert event.data.rework_facets == ["file naming", "colour mismatch", "wrong crop"]
    assert event.data.ai_facets == []
    assert event.data.escapes == ["wrong_crop"], "brand and merchandising let it through"
    late = await stage.decide(version, Gate.FINAL_QC)
    assert (late.status_code, late.json()["state"]) == (409, "failed")

    again = await stage.publish_work(work.model_copy(update={"round": 1}), 2, WorkReturned)
    second = await stage.measured(again, sha256="6c" * 32)
    packet = await stage.packet(work.id)
    assert (packet["version"]["round"], packet["open_gate"]["gate"]) == (1, "technical")
    stale = await stage.decide(version, Gate.TECHNICAL)
    assert stale.status_code == 409
    assert stale.json()["version_id"] == str(second.id)
    wrong_bytes = await stage.decide(second, Gate.TECHNICAL, sha256=version.sha256)
    assert (wrong_bytes.status_code, wrong_bytes.json()["sha256"]) == (409, second.sha256)
    assert (await stage.decide(second, Gate.TECHNICAL)).status_code == 201
    [*_, last] = await stage.qc.recorded(DecisionRecorded, work.id)
    assert (last.data.decision.round, last.aggregateversion) == (1, 5)


async def test_what_ai_made_goes_back_to_ai_and_counts_so(stage: Stage) -> None:
    work = await stage.publish_work(work_item(ai=True))
    version = await stage.measured(work, [measurement("T01", "pass")])
    assert await stage.qc.recorded(DecisionRecorded, work.id) == []  # C1, all passes, but a person signs off
    answer = await stage.decide(version, Gate.TECHNICAL, "fail", reasons=["texture_loss", "skin_hair_artifact"])
    assert answer.json()["result"]["returns_to"] == "ai_rerun"
    [event] = await stage.qc.recorded(DecisionRecorded, work.id)
    assert event.data.ai_facets == ["texture loss", "skin or hair artifact"]
    assert event.data.rework_facets == ["over-retouching", "AI artifact"]


async def test_two_different_people_pass_the_final_gate(stage: Stage) -> None:
    work = await stage.publish_work(
        work_item(complexity_class=ComplexityClass.C4, final_reviewers=2, zoom_required=True)
    )
    version = await stage.at_gate(work, Gate.FINAL_QC, measurements=[*FLAGGED, SIZE])
    unseen = await stage.decide(version, Gate.FINAL_QC, subject="quinn")
    assert (unseen.status_code, pointers(unseen.json())) == (422, ["/outcome"])
    for reviewer in ("quinn", "remy"):
        assert (await stage.look(version, [(0, 0), (1, 0)], by=reviewer, size=(400, 200))).status_code == 200
    first = await stage.decide(version, Gate.FINAL_QC, subject="quinn")
    assert first.json()["result"] == {"state": "open", "next_gate": None, "returns_to": None}
    gate = (await stage.packet(work.id))["open_gate"]
    assert (gate["gate"], gate["passes"], gate["passes_needed"]) == ("final_qc", 1, 2)
    same = await stage.decide(version, Gate.FINAL_QC, subject="quinn")
    assert (same.status_code, same.json()["type"]) == (403, "urn:packshot:problem:another-reviewer")
    second = await stage.decide(version, Gate.FINAL_QC, subject="remy")
    assert second.json()["result"]["state"] == "passed"
    assert (await stage.packet(work.id))["state"] == "passed"


async def test_the_second_reviewer_can_fail_what_the_first_passed(stage: Stage) -> None:
    work = await stage.publish_work(work_item(gates=[Gate.FINAL_QC], final_reviewers=2))
    version = await stage.measured(work)
    assert (await stage.decide(version, Gate.FINAL_QC, subject="quinn")).status_code == 201
    answer = await stage.decide(version, Gate.FINAL_QC, "fail", subject="remy", reasons=["over_retouching"])
    assert answer.json()["result"] == {"state": "failed", "next_gate": None, "returns_to": "retouching"}


async def test_nobody_decides_on_what_they_delivered(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item()), delivered_by="sam")
    for outcome in ("pass", "fail"):
        answer = await stage.decide(version, Gate.TECHNICAL, outcome, subject="sam")
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:packshot:problem:own-work")
    assert (await stage.decide(version, Gate.TECHNICAL, subject="kim")).status_code == 201


async def test_an_automatic_fail_stands_against_a_pass(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(
        work, [*FLAGGED, measurement("T04", "fail"), measurement("T17", "fail", Gate.BRAND_MERCH)]
    )
    assert (await stage.packet(work.id))["open_gate"]["blocked_by"] == ["T04"]
    answer = await stage.decide(version, Gate.TECHNICAL)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:packshot:problem:open-fails")
    [check] = answer.json()["checks"]
    assert (check["check"], check["detail"]) == ("T04", "Edges are 4.2 px wide.")
    assert (await stage.decide(version, Gate.TECHNICAL, "fail")).status_code == 201


async def test_a_technical_fail_of_a_variant_stands_against_its_first_gate(stage: Stage) -> None:
    """A variant has no technical gate: what fails there must not slip through."""
    work = await stage.publish_work(work_item(gates=[Gate.BRAND_MERCH, Gate.FINAL_QC]))
    version = await stage.measured(work, [measurement("T04", "fail")])
    answer = await stage.decide(version, Gate.BRAND_MERCH)
    assert (answer.status_code, answer.json()["checks"][0]["gate"]) == (409, "technical")


async def test_an_incomplete_decision_is_told_all_that_is_missing(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item()))
    complete = (await stage.body(version, Gate.TECHNICAL))["answers"]

    async def refused(outcome: str, **changes: Any) -> list[str]:
        answer = await stage.decide(version, Gate.TECHNICAL, outcome, **changes)
        assert answer.status_code == 422, answer.text
        return pointers(answer.json())

    assert await refused("pass", answers={}) == [f"/answers/{item}" for item in complete]
    assert await refused("pass", answers={**complete, "a/b": "pass"}) == ["/answers/a~1b"]
    assert await refused("pass", answers={**complete, "focus": "fail"}) == ["/answers/focus"]
    assert await refused("pass", reasons=["out_of_focus"]) == ["/reasons"]
    assert await refused("fail", reasons=[]) == ["/reasons"]
    assert await refused("fail", reasons=["out_of_focus", "too_ugly"]) == ["/reasons/1"]
    skipped = {**complete, "focus": "not_applicable"}
    for outcome in ("pass", "fail"):
        assert await refused(outcome, answers=skipped) == ["/causes/focus"]
    unsaid = {**complete, "focus": "fail", "a/b": "not_applicable"}
    assert await refused("fail", answers=unsaid) == ["/answers/a~1b"], "of a fail the reasons speak"
    causes = {"focus": "The pattern itself is blurred."}
    assert (await stage.decide(version, Gate.TECHNICAL, answers=skipped, causes=causes)).is_success


async def test_a_malformed_decision_is_refused(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item()))
    complete = await stage.body(version, Gate.TECHNICAL)
    malformed: list[dict[str, Any]] = [
        {"surprise": 1},
        {"gate": "fifth"},
        {"outcome": "maybe"},
        {"sha256": "AB"},
        {"work_item_id": "x"},
        {"checklist_version": 10**12},
        {"answers": {"focus": "perhaps"}},
        {"answers": []},
        {"reasons": ["x" * 61]},
        {"note": "x" * 2001},
        {"note": "nul \x00"},
        {"zoom_inspected": True},  # nobody says so: it is shown by cells
    ]
    for changes in malformed:
        answer = await stage.qc.client.post(
            "/v1/decisions", json={**complete, **changes}, headers=stage.qc.bearer("studio_manager")
        )
        assert answer.status_code == 422, (changes, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"], changes
    assert (await stage.packet(version.work_item_id))["decisions"] == []


async def test_blocked_work_is_not_decided(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work)
    await stage.publish_work(work.model_copy(update={"state": WorkState.BLOCKED}), 2, WorkBlocked)
    assert (await stage.decide(version, Gate.TECHNICAL)).status_code == 409
    await stage.publish_work(work, 3, WorkUnblocked)
    assert (await stage.decide(version, Gate.TECHNICAL)).status_code == 201


async def test_unknown_work_is_not_found(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item()))
    answer = await stage.decide(version, Gate.TECHNICAL, work_item_id=str(new_id()))
    assert answer.status_code == 404


async def test_of_two_reviewers_at_once_one_counts(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work)
    answers = await asyncio.gather(
        *(
            stage.decide(version, Gate.TECHNICAL, outcome, subject=f"{outcome}-{number}")
            for number in range(4)
            for outcome in ("pass", "fail")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(await stage.qc.recorded(DecisionRecorded, work.id)) == 1


async def test_the_same_key_never_decides_twice(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work)
    first = await stage.decide(version, Gate.TECHNICAL, key="k1")
    again = await stage.decide(version, Gate.TECHNICAL, key="k1")
    assert (again.status_code, again.json()) == (201, first.json())
    other = await stage.decide(version, Gate.TECHNICAL, "fail", key="k1")
    assert other.status_code == 422
    assert len(await stage.qc.recorded(DecisionRecorded, work.id)) == 1
    refused = await stage.decide(version, Gate.STYLING_FIT, key="k2", answers={})
    assert refused.status_code == 422  # a refusal leaves no trace of its key
    assert (await stage.decide(version, Gate.STYLING_FIT, key="k2")).status_code == 201


async def test_decisions_and_measurements_are_never_changed(stage: Stage) -> None:
    """Not by the service's own role either."""
    version = await stage.measured(await stage.publish_work(work_item()))
    assert (await stage.decide(version, Gate.TECHNICAL)).status_code == 201
    for change in (
        "UPDATE decision SET outcome = 'fail'",
        "DELETE FROM decision",
        "UPDATE measurement SET outcome = 'pass'",
        "DELETE FROM measurement",
        "UPDATE inspection SET outcome = 'pass'",
        "DELETE FROM inspection",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed or removed"):
            await stage.qc.fetch(change)
    [row] = await stage.qc.fetch("SELECT outcome FROM decision")
    assert row["outcome"] == "pass"


async def test_decisions_are_listed_newest_first_in_pages(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    await stage.at_gate(work, Gate.FINAL_QC)
    await stage.at_gate(await stage.publish_work(work_item()), Gate.STYLING_FIT)
    seen: list[str] = []
    params: dict[str, Any] = {"work_item_id": str(work.id), "limit": 2}
    while params.get("cursor", "first") is not None:
        page = await stage.qc.client.get("/v1/decisions", params=params, headers=stage.qc.bearer("vendor"))
        seen += [decision["gate"] for decision in page.json()["items"]]
        params["cursor"] = page.json()["next_cursor"]
    assert seen == ["brand_merch", "styling_fit", "technical"]
    everything = await stage.qc.client.get("/v1/decisions", headers=stage.qc.bearer("vendor"))
    assert len(everything.json()["items"]) == 4


async def test_what_can_not_be_stored_is_named(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item()), [measurement("T09", "flag"), SIZE])
    body = await stage.body(version, Gate.TECHNICAL, "fail", note="nul \x00")
    body["flags"] = {"T09": {"answer": "confirmed", "note": "\x00"}}
    body["causes"] = dict.fromkeys(body["answers"], "\x00 nul")
    body["answers"] = dict.fromkeys(body["answers"], "fail")
    answer = await stage.qc.client.post("/v1/decisions", json=body, headers=stage.qc.bearer("studio_manager"))
    assert answer.status_code == 422, answer.text
    causes = {f"/causes/{name}" for name in body["causes"]}
    assert set(pointers(answer.json())) == {"/note", "/flags/T09/note", *causes}
    assert all(error["remedy"] for error in answer.json()["errors"])
    answer = await stage.qc.client.get("/v1/reviews", params={"sku": "a\x00"}, headers=stage.qc.bearer("reviewer"))
    assert (answer.status_code, pointers(answer.json())) == (422, ["query/sku"])


async def test_a_fail_names_each_reason_once(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item()))
    twice = ["out_of_focus", "wrong_format", "out_of_focus", "out_of_focus"]
    answer = await stage.decide(version, Gate.TECHNICAL, "fail", reasons=twice)
    assert (answer.status_code, pointers(answer.json())) == (422, ["/reasons/2", "/reasons/3"])
    assert (await stage.decide(version, Gate.TECHNICAL, "fail", reasons=twice[:2])).status_code == 201


async def test_the_decision_of_the_tutorial_counts(stage: Stage) -> None:
    """What README.md makes of a packet, at a gate with a flag."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    [script] = [one for one in re.findall(r"python -c '\n(.*?)'", text, re.DOTALL) if "checklist_version" in one]
    version = await stage.measured(await stage.publish_work(work_item()))
    packet = await stage.packet(version.work_item_id)
    assert packet["open_gate"]["flags"]
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdin=-1, stdout=-1)
    made, _ = await process.communicate(json.dumps(packet).encode())
    headers = stage.qc.bearer(packet["open_gate"]["decided_by_role"])
    answer = await stage.qc.client.post("/v1/decisions", json=json.loads(made), headers=headers)
    assert answer.status_code == 201, answer.text

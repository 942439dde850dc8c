"""What reviewers read: the list, the packet, inspections, checklists and reasons; and cancelled work."""

from typing import Any

import pytest

from chassis.ids import new_id
from chassis.testkit.harness import Start
from contracts.qc import DecisionRecorded, InspectionCompleted
from contracts.routing import WorkAmended, WorkCancelled, WorkReady, WorkRedone, WorkRerouted
from contracts.values import ComplexityClass, Gate, Priority, Risk, WorkKind, WorkState
from services.qc.app import create_app
from services.qc.settings import QcSettings
from tests.qc.stage import FLAGGED, Stage, measurement, work_item


async def get(stage: Stage, path: str, **params: Any) -> Any:
    answer = await stage.qc.client.get(path, params=params, headers=stage.qc.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_plain_shot_whose_measurements_all_pass_needs_nobody_at_the_technical_gate(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work, [measurement("T01", "pass"), measurement("T17", "flag", Gate.BRAND_MERCH)])
    packet = await stage.packet(work.id)
    assert packet["open_gate"]["gate"] == "styling_fit"
    [decision] = packet["decisions"]
    assert (decision["automatic"], decision["decided_by"], decision["role"]) == (True, "measurement", None)
    [event] = await stage.qc.recorded(DecisionRecorded, work.id)
    assert event.data.gate.next_gate is Gate.STYLING_FIT
    [inspected] = await stage.qc.recorded(InspectionCompleted)
    assert (inspected.data.version_id, inspected.data.outcome) == (version.id, "flag")


async def test_a_variant_begins_at_its_own_first_gate(stage: Stage) -> None:
    work = await stage.publish_work(work_item(kind=WorkKind.VARIANT, gates=[Gate.FINAL_QC, Gate.BRAND_MERCH]))
    await stage.measured(work, [measurement("T01", "pass")])
    packet = await stage.packet(work.id)
    assert (packet["open_gate"]["gate"], packet["decisions"]) == ("brand_merch", [])


async def test_the_packet_has_what_a_decision_needs(stage: Stage) -> None:
    work = await stage.publish_work(work_item(zoom_required=True))
    version = await stage.measured(work)
    packet = await stage.packet(work.id)
    assert packet["work"]["sku"] == "SKU-1"
    assert packet["version"]["sha256"] == version.sha256
    assert [one["check"] for one in packet["measurements"]] == ["T01", "T09"]
    gate = packet["open_gate"]
    assert (gate["decided_by_role"], gate["zoom_required"], gate["checklist_version"]) == ("studio_manager", False, 1)
    assert gate["checklist"][0]["id"] == "focus"
    assert {reason["gate"] for reason in gate["reasons"]} == set(Gate)
    for passed in (Gate.TECHNICAL, Gate.STYLING_FIT, Gate.BRAND_MERCH):
        assert (await stage.decide(version, passed)).status_code == 201
    assert (await stage.packet(work.id))["open_gate"]["zoom_required"] is True


async def test_the_list_is_oldest_first_and_filtered(stage: Stage) -> None:
    shot = await stage.publish_work(work_item(risk=Risk.AT_RISK))
    await stage.at_gate(shot, Gate.FINAL_QC)
    variant = await stage.publish_work(work_item(kind=WorkKind.VARIANT, channel="pdp", sku="SKU-2"))
    await stage.measured(variant, [*FLAGGED, measurement("T04", "fail")])
    failed = await stage.publish_work(work_item(sku="SKU-3"))
    version = await stage.measured(failed)
    assert (await stage.decide(version, Gate.TECHNICAL, "fail")).status_code == 201

    async def listed(**params: Any) -> list[str]:
        return [item["work_item_id"] for item in (await get(stage, "/v1/reviews", **params))["items"]]

    ids = [str(shot.id), str(variant.id), str(failed.id)]
    assert await listed() == ids
    assert await listed(state="open") == ids[:2]
    assert await listed(gate="final_qc") == ids[:1]
    assert await listed(kind="variant") == ids[1:2]
    assert await listed(sku="SKU-3") == await listed(state="failed") == ids[2:]
    assert await listed(work_item_id=ids[0], kind="shot") == ids[:1]
    first = await get(stage, "/v1/reviews", limit=2)
    assert [item["measured"] for item in first["items"]] == ["flag", "fail"]
    assert first["items"][0]["risk"] == "at_risk"
    assert await listed(limit=2, cursor=first["next_cursor"]) == ids[2:]
    nul = await stage.qc.client.get("/v1/reviews?sku=%00", headers=stage.qc.bearer("reviewer"))
    assert nul.status_code == 422


async def test_rerouted_work_is_shown_as_it_goes_now(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work)
    await stage.publish_work(work.model_copy(update={"priority": Priority.URGENT}), 2, WorkRerouted)
    [listed] = (await get(stage, "/v1/reviews", work_item_id=str(work.id)))["items"]
    assert listed["priority"] == "urgent"
    assert (await stage.decide(version, Gate.TECHNICAL)).status_code == 201


async def test_cancelled_work_is_withdrawn_whichever_comes_first(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work)
    cancelled = work.model_copy(update={"state": WorkState.CANCELLED})
    await stage.publish_work(cancelled, 2, WorkCancelled)
    packet = await stage.packet(work.id)
    assert (packet["state"], packet["open_gate"]) == ("withdrawn", None)
    answer = await stage.decide(version, Gate.TECHNICAL)
    assert (answer.status_code, answer.json()["state"]) == (409, "withdrawn")

    gone = await stage.publish_work(work_item(state=WorkState.CANCELLED), 2, WorkCancelled)
    await stage.measured(gone, [measurement("T01", "pass")])
    assert (await stage.packet(gone.id))["state"] == "withdrawn"
    assert await stage.qc.recorded(DecisionRecorded) == []


async def test_a_round_that_an_amendment_ended_is_withdrawn_whichever_comes_first(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work)
    again = work.model_copy(update={"state": WorkState.READY, "round": 1})
    await stage.publish_work(again, 2, WorkRedone)
    packet = await stage.packet(work.id)
    assert (packet["state"], packet["open_gate"]) == ("withdrawn", None)
    assert (await stage.decide(version, Gate.TECHNICAL)).status_code == 409
    await stage.measured(again)
    assert (await stage.packet(work.id))["state"] == "open"
    changed = again.model_copy(update={"state": WorkState.IN_REVIEW, "approval_owner": "otto"})
    await stage.publish_work(changed, 3, WorkAmended)
    packet = await stage.packet(work.id)
    assert (packet["state"], packet["work"]["approval_owner"]) == ("open", "otto")

    late = await stage.publish_work(work_item(state=WorkState.READY, round=1), 2, WorkRedone)
    await stage.measured(late.model_copy(update={"round": 0}), [measurement("T01", "pass")])
    assert (await stage.packet(late.id))["state"] == "withdrawn"
    assert await stage.qc.recorded(DecisionRecorded) == []


async def test_an_older_state_of_work_changes_nothing(stage: Stage) -> None:
    work = await stage.publish_work(work_item(sku="new"), 5, WorkReady)
    await stage.qc.publish(
        WorkCancelled(work=work.model_copy(update={"state": WorkState.CANCELLED}), by="x"), work.id, 4
    )
    await stage.publish_work(work_item())  # the one before it has been handled by now
    await stage.measured(work)
    assert (await stage.packet(work.id))["state"] == "open"


async def test_inspections_are_read_by_version(stage: Stage) -> None:
    work = await stage.publish_work(work_item(complexity_class=ComplexityClass.C2))
    version = await stage.measured(work, [measurement("T09", "fail"), measurement("T01", "pass")])
    inspection = await get(stage, f"/v1/inspections/{version.id}")
    assert (inspection["outcome"], inspection["sha256"]) == ("fail", version.sha256)
    assert inspection["spec"] == work.spec.model_dump(mode="json")
    assert [one["check"] for one in inspection["measurements"]] == ["T01", "T09"]
    assert inspection["measurements"][1]["threshold"] == "≤ 3.5 px"


async def test_what_is_unknown_is_not_found_and_what_is_malformed_is_refused(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    reviewer = stage.qc.bearer("reviewer")
    for path, status in (
        (f"/v1/reviews/{new_id()}", 404),
        (f"/v1/reviews/{work.id}", 404),  # known, but nothing of it was measured
        (f"/v1/inspections/{new_id()}", 404),
        ("/v1/reviews/x", 422),
        ("/v1/inspections/%00", 422),
        ("/v1/reviews?gate=fifth", 422),
        ("/v1/reviews?cursor=x", 422),
        ("/v1/decisions?work_item_id=1", 422),
    ):
        assert (await stage.qc.client.get(path, headers=reviewer)).status_code == status, path


async def test_nobody_reads_without_a_token(stage: Stage) -> None:
    for path in ("/v1/reviews", f"/v1/reviews/{new_id()}", "/v1/decisions", f"/v1/inspections/{new_id()}",
                 "/v1/checklists", "/v1/reasons"):  # fmt: skip
        assert (await stage.qc.client.get(path)).status_code == 401


async def test_an_open_review_keeps_the_checklist_that_it_began_with(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work)
    lead = stage.qc.bearer("qc_lead") | {"If-Match": '"1"'}
    content = {"checklists": [{"gate": gate, "items": [{"id": "all", "text": "All right?"}]} for gate in Gate]}
    refused = await stage.qc.client.put(
        "/v1/checklists", json=content, headers=stage.qc.bearer("producer") | {"If-Match": '"1"'}
    )
    assert (refused.status_code, refused.json()["allowed_roles"]) == (403, ["qc_lead"])
    body = await stage.body(version, Gate.TECHNICAL)
    published = await stage.qc.client.put("/v1/checklists", json=content, headers=lead)
    assert (published.status_code, published.headers["ETag"]) == (200, '"2"')
    assert (await stage.qc.client.put("/v1/checklists", json=content, headers=lead)).status_code == 412

    other = await stage.decide(version, Gate.TECHNICAL, checklist_version=2)
    assert (other.status_code, other.json()["checklist_version"]) == (409, 1)
    manager = stage.qc.bearer("studio_manager")
    assert (await stage.qc.client.post("/v1/decisions", json=body, headers=manager)).status_code == 201
    later = await stage.publish_work(work_item())
    await stage.measured(later)
    gate = (await stage.packet(later.id))["open_gate"]
    assert (gate["checklist_version"], [item["id"] for item in gate["checklist"]]) == (2, ["all"])


async def test_reasons_are_edited_by_the_owner_of_pass_fail(stage: Stage) -> None:
    read = await stage.qc.client.get("/v1/reasons", headers=stage.qc.bearer("reviewer"))
    content = {name: read.json()[name] for name in ("furthest_back_first", "reasons")}
    content["reasons"] = [
        *content["reasons"],
        {"id": "wet", "gate": "technical", "text": "Wet.", "returns_to": "studio"},
    ]
    headers = {"If-Match": read.headers["ETag"]}
    for role, status in (("creative_ops_manager", 403), ("qc_lead", 200)):
        answer = await stage.qc.client.put("/v1/reasons", json=content, headers=stage.qc.bearer(role) | headers)
        assert answer.status_code == status, answer.text
    version = await stage.measured(await stage.publish_work(work_item()))
    assert (await stage.decide(version, Gate.TECHNICAL, "fail", reasons=["wet"])).status_code == 201


async def test_it_is_not_ready_and_decides_nothing_before_governance_was_heard(start: Start) -> None:
    stage = Stage(await start(create_app, QcSettings, decision_grace_seconds=0))
    ready = await stage.qc.client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["checks"]["reference data"] == "the decision domains have not arrived yet"
    version = await stage.measured(await stage.publish_work(work_item()))
    answer = await stage.decide(version, Gate.TECHNICAL)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    await stage.publish_domains()
    assert (await stage.decide(version, Gate.TECHNICAL)).status_code == 201


@pytest.mark.parametrize("path", ["/v1/checklists", "/v1/reasons"])
async def test_contradictory_packs_are_refused(stage: Stage, path: str) -> None:
    headers = stage.qc.bearer("qc_lead") | {"If-Match": '"1"'}
    contradictory: list[dict[str, Any]] = [
        {},
        {"checklists": []},
        {"furthest_back_first": [], "reasons": []},
        {"surprise": 1},
    ]
    for body in contradictory:
        answer = await stage.qc.client.put(path, json=body, headers=headers)
        assert answer.status_code == 422, answer.text


async def test_no_pass_by_measurement_buries_a_check_of_a_gate_that_the_work_has_not(stage: Stage) -> None:
    read = await stage.qc.client.get("/v1/gates", headers=stage.qc.bearer("reviewer"))
    content = {name: read.json()[name] for name in ("gates", "zoom_share")}
    content["gates"][2]["by_measurement"] = ["C1"]
    headers = stage.qc.bearer("qc_lead") | {"If-Match": read.headers["ETag"]}
    assert (await stage.qc.client.put("/v1/gates", json=content, headers=headers)).status_code == 200
    for outcome, open_gate in (("fail", Gate.BRAND_MERCH), ("pass", Gate.FINAL_QC)):
        gates = [Gate.BRAND_MERCH, Gate.FINAL_QC]
        work = await stage.publish_work(work_item(kind=WorkKind.VARIANT, channel="pdp", gates=gates))
        await stage.measured(work, [measurement("T14", outcome), measurement("T17", "pass", Gate.BRAND_MERCH)])
        packet = await stage.packet(work.id)
        assert packet["open_gate"]["gate"] == open_gate
        assert packet["open_gate"]["blocked_by"] == (["T14"] if outcome == "fail" else [])


async def test_a_shot_has_no_channel(stage: Stage) -> None:
    for kind, status in (("shot", 422), ("variant", 200)):
        params = {"kind": kind, "channel": "pdp"}
        answer = await stage.qc.client.get(
            "/v1/checklists:composed", params=params, headers=stage.qc.bearer("reviewer")
        )
        assert answer.status_code == status, answer.text
        if status == 422:
            assert answer.json()["errors"][0]["pointer"] == "query/channel"


async def test_contradictions_of_the_reasons_have_their_places(stage: Stage) -> None:
    read = await stage.qc.client.get("/v1/reasons", headers=stage.qc.bearer("reviewer"))
    content = {name: read.json()[name] for name in ("furthest_back_first", "reasons")}
    content["reasons"][0]["returns_to"] = "moon"
    content["furthest_back_first"].append(content["furthest_back_first"][0])
    headers = stage.qc.bearer("qc_lead") | {"If-Match": read.headers["ETag"]}
    answer = await stage.qc.client.put("/v1/reasons", json=content, headers=headers)
    assert answer.status_code == 422
    places = [f"/furthest_back_first/{len(content['furthest_back_first']) - 1}", "/reasons/0/returns_to"]
    assert [error["pointer"] for error in answer.json()["errors"]] == places

"""The figures: from events in any order, delivered any number of times; the summary and Prometheus say the same."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from contracts.envelope import EventData
from contracts.intake import RequestAmended
from contracts.qc import Decision, DecisionRecorded, GateResult
from contracts.routing import (
    WorkApproved,
    WorkAtRisk,
    WorkBreached,
    WorkCreated,
    WorkEscalated,
    WorkPlanned,
    WorkRedone,
    WorkRerouted,
    WorkReturned,
)
from contracts.values import (
    ComplexityClass,
    Gate,
    ImageSpec,
    Outcome,
    Priority,
    Risk,
    Role,
    WorkItem,
    WorkKind,
    WorkState,
)
from services.metrics.app import create_app
from services.metrics.settings import MetricsSettings
from tests.routing.others import brief

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUE = START + timedelta(hours=24)


def item(**changes: object) -> WorkItem:
    base = WorkItem(
        id=new_id(), kind=WorkKind.SHOT, request_id=new_id(), parent_id=None, sku="MB02", product_name="Backpack",
        category="bags", materials=[], colorway="gray", view="front", channel=None, spec=ImageSpec(),
        complexity_class=ComplexityClass.C2, track="catalog", queue="catalog", owner_role=Role.PRODUCER,
        priority=Priority.NORMAL, gates=list(Gate), final_reviewers=1, zoom_required=False, ai=False,
        state=WorkState.READY, round=0, returns_to=None, claimed_by=None, lease_until=None, due_at=DUE,
        risk=Risk.ON_TIME, approval_owner="ana", created_at=START, updated_at=START, approved_at=None,
    )  # fmt: skip
    return base.model_copy(update=changes)


def fail(work: WorkItem, gate: Gate, reason: str, rework: list[str], ai: list[str]) -> DecisionRecorded:
    decision = Decision(
        id=new_id(), work_item_id=work.id, version_id=new_id(), sha256="0" * 64, round=work.round, gate=gate,
        outcome=Outcome.FAIL, reasons=[reason], note="", automatic=False, decided_by="eve", role=Role.QC_LEAD,
        checklist_version=1, answers={}, decided_at=START,
    )  # fmt: skip
    result = GateResult(state="failed", next_gate=None, returns_to="retouching")
    return DecisionRecorded(decision=decision, gate=result, ai_facets=ai, rework_facets=rework)


def story() -> list[tuple[EventData, UUID, int]]:
    """Six work items: first pass in time; late; reworked AI work; at risk; breached; without an SLA."""
    told: list[tuple[EventData, UUID, int]] = []

    def tell(kind: type[EventData], work: WorkItem, version: int) -> None:
        told.append((kind(work=work, by="test"), work.id, version))  # type: ignore[call-arg]

    in_time, late = item(), item()
    planned = WorkPlanned(request_id=in_time.request_id, items=[in_time, late], by="test")
    told.append((planned, planned.request_id, 1))
    for work, at in ((in_time, DUE - timedelta(hours=1)), (late, DUE + timedelta(hours=1))):
        tell(WorkApproved, work.model_copy(update={"state": WorkState.APPROVED, "approved_at": at}), 2)
    ai = item(ai=True, track="ai_assisted")
    tell(WorkCreated, ai, 1)  # as event logs from before `WorkPlanned` say it
    rejection = fail(ai, Gate.FINAL_QC, "texture_loss", ["over-retouching"], ["texture loss"])
    rejection = rejection.model_copy(update={"escapes": ["texture_loss"]})
    told.append((rejection, rejection.decision.id, 1))
    tell(WorkReturned, ai.model_copy(update={"round": 1}), 2)
    done = {"round": 1, "state": WorkState.APPROVED, "approved_at": START}
    tell(WorkApproved, ai.model_copy(update=done), 3)
    tell(WorkAtRisk, item(risk=Risk.AT_RISK), 2)
    late_and_open = item(risk=Risk.BREACHED)
    tell(WorkBreached, late_and_open, 3)
    for version, (rung, role) in enumerate((("breach", "creative_ops_manager"), ("breach+8h", "approval_owner")), 4):
        said = WorkEscalated(work=late_and_open, by="escalate", rung=rung, to=Role(role))
        told.append((said, late_and_open.id, version))
    tell(WorkCreated, item(due_at=None, track="ai_experiment"), 1)
    return told


async def prometheus(harness: Harness, name: str, label: str = "") -> dict[str, float]:
    """One family, summed by a label; and its whole sum under ``."""
    text = (await harness.client.get("/metrics")).text
    found: dict[str, float] = {"": 0}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                found[""] += sample.value
                if label:
                    value = sample.labels[label]
                    found[value] = found.get(value, 0) + sample.value
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_the_same_figures_in_any_order_and_twice(start: Start, seed: int) -> None:
    metrics = await start(create_app, MetricsSettings)
    events = [(*one, uuid4()) for one in story()]
    deliveries = events * 2
    random.Random(seed).shuffle(deliveries)
    for data, aggregate, version, event_id in deliveries:
        await metrics.publish(data, aggregate, version, event_id=event_id)

    async def all_handled() -> bool:
        rows = await metrics.fetch("SELECT count(*) FROM inbox")
        return bool(rows[0][0] == len(events))

    await metrics.eventually(all_handled)
    summary = (await metrics.client.get("/v1/metrics/summary", headers=metrics.bearer("reviewer"))).json()
    assert summary["sla"] == {"hit": 2, "missed": 2, "at_risk": 1, "hit_rate": 0.5}
    assert summary["escalations"] == {"by_rung": {"breach": 1, "breach+8h": 1}, "by_track": {"catalog": 2}}
    assert summary["first_pass"] == {"approved": 3, "first_pass": 2, "rate": 0.6667}
    assert summary["rework"]["rounds"] == summary["rework"]["items"] == 1
    assert summary["rework"]["by_reason"] == {"texture_loss": 1}
    assert summary["rework"]["by_facet"] == {"over-retouching": 1}
    assert summary["rejections"]["by_gate"] == {"final_qc": 1}
    assert summary["ai_rejections"]["by_reason"] == {"texture loss": 1}
    assert summary["rework"]["escapes"] == {"texture_loss": 1}
    assert summary["by_track"]["ai_assisted"]["rework_rounds"] == 1

    sla = await prometheus(metrics, "packshot_sla_total", "result")
    assert (sla["hit"], sla["missed"]) == (2, 2)
    assert (await prometheus(metrics, "packshot_sla_at_risk"))[""] == 1
    escalations = await prometheus(metrics, "packshot_escalations_total", "role")
    assert (escalations[""], escalations["approval_owner"]) == (2, 1)
    assert (await prometheus(metrics, "packshot_approved_total"))[""] == 3
    assert (await prometheus(metrics, "packshot_first_pass_total"))[""] == 2
    assert (await prometheus(metrics, "packshot_rework_rounds_total"))[""] == 1
    assert (await prometheus(metrics, "packshot_rework_total", "cause"))["texture_loss"] == 1
    assert (await prometheus(metrics, "packshot_ai_rejections_total", "cause"))["texture loss"] == 1
    assert (await prometheus(metrics, "packshot_escapes_total", "cause"))["texture_loss"] == 1
    assert (await prometheus(metrics, "packshot_rejections_total"))[""] == 1


async def test_rerouted_work_counts_on_its_new_track(start: Start) -> None:
    """Whichever event comes first."""
    metrics = await start(create_app, MetricsSettings)
    for versions in ((1, 2), (2, 1)):
        work = item(risk=Risk.AT_RISK)
        moved = work.model_copy(update={"track": "hero", "risk": Risk.ON_TIME})
        said = {1: WorkAtRisk(work=work, by="at_risk"), 2: WorkRerouted(work=moved, by="pia", cause="x")}
        for version in versions:
            await metrics.publish(said[version], work.id, version)

    async def all_handled() -> bool:
        rows = await metrics.fetch("SELECT count(*) FROM inbox")
        return bool(rows[0][0] == 4)

    await metrics.eventually(all_handled)
    rows = await metrics.fetch("SELECT track, risk, version FROM work")
    assert [tuple(row) for row in rows] == [("hero", "on_time", 2)] * 2


async def test_a_round_that_an_amendment_began_is_no_rework(start: Start) -> None:
    """Redone before any fail: still first pass. Failed once besides: one round of rework."""
    metrics = await start(create_app, MetricsSettings)
    smooth, failed = item(), item()
    for work in (smooth, failed):
        await metrics.publish(WorkCreated(work=work, by="test"), work.id, 1)
        await metrics.publish(WorkRedone(work=work.model_copy(update={"round": 1}), by="test"), work.id, 2)
    await metrics.publish(WorkReturned(work=failed.model_copy(update={"round": 2}), by="test"), failed.id, 3)
    request = brief(sku="MB02", category="shoes", id=smooth.request_id)
    amended = RequestAmended(request=request, amendment_id=new_id(), cause="x", accepted_by="ana", amended_at=START)
    await metrics.publish(amended, request.id, 2)
    for work, round in ((smooth, 1), (failed, 2)):
        done = {"round": round, "state": WorkState.APPROVED, "approved_at": START}
        await metrics.publish(WorkApproved(work=work.model_copy(update=done), by="test"), work.id, 4)

    async def are_counted() -> bool:
        summary = (await metrics.client.get("/v1/metrics/summary", headers=metrics.bearer("reviewer"))).json()
        assert summary["first_pass"] == {"approved": 2, "first_pass": 1, "rate": 0.5}
        assert (summary["rework"]["rounds"], summary["rework"]["items"]) == (1, 1)
        return True

    await metrics.eventually(are_counted)
    [row] = await metrics.fetch("SELECT version, state, category FROM request")
    assert (row["version"], row["state"], row["category"]) == (2, "accepted", "shoes")


async def test_an_empty_system_has_figures_too(start: Start) -> None:
    metrics = await start(create_app, MetricsSettings)
    summary = (await metrics.client.get("/v1/metrics/summary", headers=metrics.bearer("reviewer"))).json()
    assert summary["first_pass"] == {"approved": 0, "first_pass": 0, "rate": None}
    assert (await metrics.client.get("/v1/metrics/summary")).status_code == 401
    assert (await prometheus(metrics, "packshot_request_returns_total"))[""] == 0

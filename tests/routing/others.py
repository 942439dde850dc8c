"""What the other services and people say to routing, and what routing answers."""

from datetime import UTC, datetime
from typing import Any

import httpx

from chassis.clock import now
from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.assets import Version, VersionStored
from contracts.intake import RequestAccepted, RequestCancelled
from contracts.qc import Decision, DecisionRecorded, GateResult
from contracts.values import (
    Gate,
    ImageSpec,
    Outcome,
    Priority,
    Request,
    Role,
    ShotPlan,
    VersionSource,
    WorkItem,
    Zone,
)

# A Monday, 09:00 in Berlin.
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)

Json = dict[str, Any]


def brief(views: tuple[str, ...] = ("front",), **changes: object) -> Request:
    """An accepted request for a basic white T-shirt."""
    request = Request(
        id=new_id(), sku="MT07", product_name="Argus Tee", category="apparel", category_version=1,
        materials=["cotton"], use="catalog", colorways=["white"],
        shots=[ShotPlan(colorway="white", view=view, spec=ImageSpec(white_background=True)) for view in views],
        waivers=[], channels=["pdp", "zalando"], attributes={"ghost_mannequin": False, "model_requirement": "none"},
        ai=None, references=["guide"], priority=Priority.NORMAL, deadline=None, approval_owner="mina",
        proposed_class=None, proposed_track=None, requested_by="ana", received_at=now(), accepted_at=now(),
    )  # fmt: skip
    return request.model_copy(update=changes)


async def accept(routing: Harness, request: Request, version: int = 1) -> list[Json]:
    """Publish an accepted request; its work, oldest first, as soon as it is there."""
    await routing.publish(RequestAccepted(request=request), request.id, version)
    return await routing.eventually(lambda: work_of(routing, request))


async def work_of(routing: Harness, request: Request) -> list[Json]:
    headers = routing.bearer("reviewer")
    answer = await routing.client.get("/v1/work", params={"request_id": str(request.id), "limit": 200}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    return found[::-1]


async def cancel(routing: Harness, request: Request, version: int = 2) -> None:
    said = RequestCancelled(id=request.id, cause="dropped from the range", cancelled_by="ana", cancelled_at=now())
    await routing.publish(said, request.id, version)


async def read(routing: Harness, work_id: str) -> Json:
    answer = await routing.client.get(f"/v1/work/{work_id}", headers=routing.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def in_state(routing: Harness, work_id: str, state: str, round: int = 0) -> Json:
    """The item, as soon as it is in this state and round."""

    async def arrived() -> Json:
        found = await read(routing, work_id)
        assert (found["state"], found["round"]) == (state, round), found
        return found

    return await routing.eventually(arrived)


async def do(routing: Harness, work: Json, action: str, role: str = Role.PRODUCER, **options: Any) -> httpx.Response:
    headers = routing.bearer(role, subject=options.pop("subject", None))
    return await routing.client.post(f"/v1/work/{work['id']}/{action}", headers=headers, **options)


def _contract(work: Json) -> WorkItem:
    return WorkItem.model_validate({name: work[name] for name in WorkItem.model_fields})


async def hand_in(routing: Harness, work: Json, round: int | None = None, **changes: object) -> Version:
    """Assets stored a version of it."""
    item = _contract(work)
    version = Version(
        id=new_id(), asset_id=new_id(), work_item_id=item.id, kind=item.kind, sku=item.sku, colorway=item.colorway,
        view=item.view, channel=item.channel, number=1, round=item.round if round is None else round,
        sha256="0" * 64, bytes=1, media_type="image/jpeg", filename="x.jpg", location="sha256/00/0", zone=Zone.WIP,
        source=VersionSource.UPLOAD, delivered_by="phil", channel_pack=None, master_id=None, stored_at=now(),
    )  # fmt: skip
    version = version.model_copy(update=changes)
    await routing.publish(VersionStored(version=version), version.asset_id)
    return version


async def decide(
    routing: Harness, work: Json, state: str = "passed", next_gate: Gate | None = None, round: int | None = None
) -> None:
    """QC decided at a gate of it."""
    item = _contract(work)
    decision = Decision(
        id=new_id(), work_item_id=item.id, version_id=new_id(), sha256="0" * 64,
        round=item.round if round is None else round, gate=Gate.FINAL_QC,
        outcome=Outcome.FAIL if state == "failed" else Outcome.PASS,
        reasons=["over_retouching"] if state == "failed" else [], note="", automatic=False, decided_by="quinn",
        role=Role.QC_LEAD, checklist_version=1, answers={}, decided_at=now(),
    )  # fmt: skip
    gate = GateResult(state=state, next_gate=next_gate, returns_to="retouching" if state == "failed" else None)
    said = DecisionRecorded(decision=decision, gate=gate, ai_facets=[], rework_facets=[])
    await routing.publish(said, decision.id)


async def drained(routing: Harness) -> None:
    """Everything that was published so far was handled, and nothing waits for another try."""
    await routing.until_answered("routing")


async def dead_letters(routing: Harness) -> int:
    """How many events were given up."""
    return int((await routing.service.bus.js.stream_info("DLQ")).state.messages)


async def told(routing: Harness, work_id: str) -> list[tuple[str, int]]:
    """Every event of a work item in the order of the log: what happened, and its version. That it was created, an event
    says of many at once."""
    planned = await routing.fetch(
        "SELECT 1 FROM event_log WHERE subject LIKE 'evt.routing.work.planned.%'"
        " AND payload::jsonb -> 'data' -> 'items' @> jsonb_build_array(jsonb_build_object('id', $1::text))",
        work_id,
    )
    rows = await routing.fetch(
        "SELECT subject, aggregate_version FROM event_log WHERE aggregate_id = $1 ORDER BY position", work_id
    )
    return [
        *[("created", 1)] * len(planned),
        *((row["subject"].split(".")[3], row["aggregate_version"]) for row in rows),
    ]

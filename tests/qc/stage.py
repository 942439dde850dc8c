"""What the qc tests play with: work items, versions, measurements, and a service that knows who decides what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from chassis.clock import now
from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.assets import Version, VersionStored
from contracts.envelope import Event
from contracts.governance import DecisionDomainsPublished, DomainOwner
from contracts.routing import WorkChanged, WorkPlanned
from contracts.values import (
    ComplexityClass,
    Domain,
    Gate,
    ImageSpec,
    Measurement,
    MeasurementOutcome,
    Priority,
    Risk,
    Role,
    VersionSource,
    WorkItem,
    WorkKind,
    WorkState,
    Zone,
)
from services.qc.inspections.service import Measured, complete_inspection
from services.qc.zoom.domain import SubjectCells

OWNERS = {
    Domain.CAPTURE: Role.STUDIO_MANAGER,
    Domain.FIT_REPRESENTATION: Role.MERCHANDISER,
    Domain.BRAND_LOOK: Role.CREATIVE_DIRECTOR,
    Domain.PASS_FAIL: Role.QC_LEAD,
}
DECIDES = {
    Gate.TECHNICAL: Role.STUDIO_MANAGER,
    Gate.STYLING_FIT: Role.MERCHANDISER,
    Gate.BRAND_MERCH: Role.CREATIVE_DIRECTOR,
    Gate.FINAL_QC: Role.QC_LEAD,
}
SHA = "5b" * 32


def work_item(**changes: Any) -> WorkItem:
    """A plain C1 shot in review, with all four gates."""
    content: dict[str, Any] = {
        "id": new_id(),
        "kind": WorkKind.SHOT,
        "request_id": new_id(),
        "parent_id": None,
        "sku": "SKU-1",
        "product_name": "Tee",
        "category": "apparel",
        "materials": ["cotton"],
        "colorway": "white",
        "view": "front",
        "channel": None,
        "spec": ImageSpec(),
        "complexity_class": ComplexityClass.C1,
        "track": "catalog",
        "queue": "catalog",
        "owner_role": Role.PRODUCER,
        "priority": Priority.NORMAL,
        "gates": list(Gate),
        "final_reviewers": 1,
        "zoom_required": False,
        "ai": False,
        "state": WorkState.IN_REVIEW,
        "round": 0,
        "returns_to": None,
        "claimed_by": None,
        "lease_until": None,
        "due_at": None,
        "risk": Risk.ON_TIME,
        "approval_owner": "ada",
        "created_at": now(),
        "updated_at": now(),
        "approved_at": None,
    }
    return WorkItem(**{**content, **changes})


def version_of(work: WorkItem, **changes: Any) -> Version:
    """The version of the work item's round, delivered by `photographer-1`."""
    content: dict[str, Any] = {
        "id": new_id(),
        "asset_id": new_id(),
        "work_item_id": work.id,
        "kind": work.kind,
        "sku": work.sku,
        "colorway": work.colorway,
        "view": work.view,
        "channel": work.channel,
        "number": work.round + 1,
        "round": work.round,
        "sha256": SHA,
        "bytes": 1000,
        "media_type": "image/jpeg",
        "filename": "tee.jpg",
        "location": f"sha256/5b/{SHA}",
        "zone": Zone.WIP,
        "source": VersionSource.UPLOAD,
        "delivered_by": "photographer-1",
        "channel_pack": None,
        "master_id": None,
        "stored_at": now(),
    }
    return Version(**{**content, **changes})


def measurement(check: str, outcome: str, gate: Gate = Gate.TECHNICAL) -> Measurement:
    return Measurement(
        check=check,
        name="focus",
        gate=gate,
        outcome=MeasurementOutcome(outcome),
        value=4.2,
        unit="px",
        threshold="≤ 3.5 px",
        detail="Edges are 4.2 px wide.",
        algorithm="focus/1",
    )


FLAGGED = (measurement("T01", "pass"), measurement("T09", "flag"))


@dataclass(frozen=True)
class Stage:
    """One qc API, and what the tests do with it."""

    qc: Harness

    async def publish_domains(self) -> None:
        owners = [
            DomainOwner(domain=domain, decides="x", owner_role=OWNERS.get(domain, Role.PRODUCER)) for domain in Domain
        ]
        await self.qc.publish(DecisionDomainsPublished(version=1, domains=owners), "decision_domains")

        async def is_ready() -> bool:
            return (await self.qc.client.get("/health/ready")).status_code == 200

        await self.qc.eventually(is_ready)

    async def publish_work(self, work: WorkItem, version: int = 1, event: type[WorkChanged] | None = None) -> WorkItem:
        """Say it as routing would (no event named: that it was made), and wait until it is known."""
        if event is None:
            planned = WorkPlanned(request_id=work.request_id, items=[work], by="routing")
            await self.qc.publish(planned, work.request_id)
        else:
            await self.qc.publish(event(work=work, by="routing"), work.id, version)

        async def is_known() -> bool:
            rows = await self.qc.fetch("SELECT 1 FROM work_item WHERE id = $1 AND version >= $2", work.id, version)
            return bool(rows)

        await self.qc.eventually(is_known)
        return work

    async def measured(
        self,
        work: WorkItem,
        measurements: Sequence[Measurement] = FLAGGED,
        cells: SubjectCells | None = None,
        **changes: Any,
    ) -> Version:
        """A version of it with these measurements, its review opened."""
        version = version_of(work, **changes)
        event = Event[VersionStored](
            id=new_id(),
            source="/assets",
            type=VersionStored.type,
            subject=str(version.id),
            time=now(),
            aggregateversion=1,
            correlationid=str(new_id()),
            data=VersionStored(version=version),
        )
        async with self.qc.service.database.transaction() as session:
            await complete_inspection(session, event, Measured(work.spec, list(measurements), cells=cells))
        return version

    async def at_gate(self, work: WorkItem, gate: Gate, **changes: Any) -> Version:
        """A version of it that stands at this gate, passed by the right people so far."""
        version = await self.measured(work, **changes)
        for passed in work.gates[: work.gates.index(gate)]:
            answer = await self.decide(version, passed)
            assert answer.status_code == 201, answer.text
        return version

    async def packet(self, work_item_id: UUID) -> dict[str, Any]:
        answer = await self.qc.client.get(f"/v1/reviews/{work_item_id}", headers=self.qc.bearer("reviewer"))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def inspection(self, version_id: UUID | str) -> dict[str, Any]:
        """Its only one, by the list."""
        answer = await self.qc.client.get(
            "/v1/inspections",
            params={"version_id": [str(version_id), str(new_id())]},
            headers=self.qc.bearer("reviewer"),
        )
        assert answer.status_code == 200, answer.text
        [found] = answer.json()["items"]
        return dict(found)

    async def body(self, version: Version, gate: Gate, outcome: str = "pass", **changes: Any) -> dict[str, Any]:
        """A complete decision."""
        content = {
            "work_item_id": str(version.work_item_id),
            "version_id": str(version.id),
            "sha256": version.sha256,
            "gate": gate,
            "outcome": outcome,
            "checklist_version": 1,
            "answers": {item["id"]: "pass" for item in await self.checklist(version, gate)},
            "reasons": [] if outcome == "pass" else ["out_of_focus"],
            "flags": {check: {"answer": "accepted"} for check in await self.open_flags(version, gate, outcome)},
        }
        return {**content, **changes}

    async def checklist(self, version: Version, gate: Gate) -> list[dict[str, Any]]:
        """What is asked of it at the open gate; at others what work like it would be asked there."""
        reader = self.qc.bearer("reviewer")
        answer = await self.qc.client.get(f"/v1/reviews/{version.work_item_id}", headers=reader)
        packet = answer.json() if answer.is_success else None
        if packet and packet["open_gate"] and packet["open_gate"]["gate"] == gate:
            return list(packet["open_gate"]["checklist"])
        work = packet["work"] if packet else work_item().model_dump(mode="json")
        named = ("category", "materials", "view", "channel", "use", "kind", "complexity_class", "track", "ai")
        params = {name: work[name] for name in named if work[name] is not None}
        composed = await self.qc.client.get("/v1/checklists:composed", params={"gate": gate, **params}, headers=reader)
        return list(composed.json()["checklists"][0]["items"])

    async def open_flags(self, version: Version, gate: Gate, outcome: str) -> list[str]:
        """What a pass of this gate accepts: the flags of its checks, and of gates before it that the work hasn't."""
        path = f"/v1/reviews/{version.work_item_id}"
        answer = await self.qc.client.get(path, headers=self.qc.bearer("reviewer"))
        if outcome == "fail" or not answer.is_success:
            return []
        order, gates = list(Gate), answer.json()["work"]["gates"]
        before = [order.index(one) + 1 for one in order[: order.index(gate)] if one in gates]
        asked = order[max(before, default=0) : order.index(gate) + 1]
        measured = answer.json()["measurements"]
        return [one["check"] for one in measured if one["outcome"] == "flag" and one["gate"] in asked]

    async def look(self, version: Version, cells: Any, *, by: str, size: tuple[int, int]) -> httpx.Response:
        """Send cells as seen at 100 % zoom, as the final reviewer `by`, of an image of this size."""
        return await self.qc.client.put(
            f"/v1/inspections/{version.work_item_id}/{version.id}",
            json={"width": size[0], "height": size[1], "cells": cells},
            headers=self.qc.bearer(Role.QC_LEAD, subject=by),
        )

    async def decide(
        self,
        version: Version,
        gate: Gate,
        outcome: str = "pass",
        *,
        role: str | None = None,
        subject: str | None = None,
        key: str | None = None,
        **changes: Any,
    ) -> httpx.Response:
        """Decide by the gate's own role, unless told otherwise."""
        headers = self.qc.bearer(role or DECIDES[gate], subject=subject) | ({"Idempotency-Key": key} if key else {})
        body = await self.body(version, gate, outcome, **changes)
        return await self.qc.client.post("/v1/decisions", json=body, headers=headers)

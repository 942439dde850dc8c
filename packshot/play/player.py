"""Plays one product through the public API: request, deliveries, decisions, rework, approval, variants."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis.ids import derived_id
from contracts.values import DigitalSourceType
from packshot.play.api import Api, ApiError, VendorApi, digest, poll
from packshot.play.cast import Cast, Person
from packshot.play.flaws import flawed
from packshot.play.plan import PhotoPlan, ProductPlan
from packshot.play.requests import complete_request, without_what_is_missing
from packshot.play.tally import Tally

Json = dict[str, Any]

# What a reviewer calls a failed measurement that the plan didn't foresee.
REASON_OF_CHECK = {
    "T01": "capture_defect",
    "T02": "wrong_format",
    "T04": "low_resolution",
    "T09": "out_of_focus",
    "T14": "inconsistent_background",
    "T17": "marketplace_noncompliance",
}
DELIVERY_TRIES = 30
CELL = 256  # px of what is seen at 100 % zoom
CHANNELS = ("pdp", "amazon", "zalando")


@dataclass(frozen=True)
class Stage:
    """What all products of a run share."""

    run: str
    cast: Cast
    vendor: VendorApi
    tally: Tally
    categories: dict[str, Json]
    ai_facets: dict[str, str | None]
    scratch: Path
    desks: asyncio.Semaphore  # variants that are looked at in the same moment: who waits, waits without asking

    def key(self, *parts: object) -> str:
        """The Idempotency-Key of one act of this run: done again, it gets the same answer."""
        return str(derived_id(self.run, *parts))


class Player:
    """One product's way through the system. `advance` is called for each work item that is through."""

    def __init__(self, stage: Stage, plan: ProductPlan, advance: Any) -> None:
        self._stage = stage
        self._plan = plan
        self._advance = advance
        self._request_id = ""

    async def play(self) -> None:
        await self._request()
        shots = await self._work("shot", len(self._plan.photos))
        slots = {(shot["colorway"], shot["view"]): shot for shot in shots}
        by_vendor = [plan for plan in self._plan.photos if plan.by_vendor]
        tasks = [self._by_upload(slots[plan.photo.slot[1:]], plan) for plan in self._plan.photos if not plan.by_vendor]
        if by_vendor:
            tasks.append(self._by_vendor([(slots[plan.photo.slot[1:]], plan) for plan in by_vendor]))
        await asyncio.gather(*tasks)
        variants = await self._work("variant", len(self._plan.photos) * len(CHANNELS))
        await asyncio.gather(*(self._review_at_a_desk(variant) for variant in variants))

    # Intake

    async def _request(self) -> None:
        producer = self._stage.cast.one("producer").api
        body = complete_request(self._plan, self._stage.categories[self._plan.product.category], list(CHANNELS))
        first = without_what_is_missing(body) if self._plan.incomplete_first else body
        made = await producer.create("/v1/requests", first, self._stage.key("request", self._plan.product.sku))
        self._request_id = made["id"]
        if self._plan.incomplete_first:
            made = await self._amended(producer, body)
            self._stage.tally.add("requests returned first")
        if made["state"] != "accepted":
            raise AssertionError(f"{self._plan.product.sku}: the request is {made['state']}: {made['problems']}")
        self._stage.tally.add("requests accepted")

    async def _amended(self, producer: Api, body: Json) -> Json:
        """Answer the clarification, unless an amendment whose answer got lost got through."""
        path = f"/v1/requests/{self._request_id}"
        answer = await producer.send("GET", path)
        found: Json = answer.json()
        if found["state"] == "returned":
            sent = await producer.send("PATCH", path, json=body, headers={"If-Match": answer.headers["ETag"]})
            found = sent.json() if sent.is_success else await producer.get(path)
        return found

    async def _work(self, kind: str, number: int) -> list[Json]:
        """The request's work items of a kind, once routing has made them all."""
        producer = self._stage.cast.one("producer").api

        async def found() -> list[Json] | None:
            items = await producer.all_items("/v1/work", request_id=self._request_id, kind=kind)
            return items if len(items) >= number else None

        return await poll(found, f"{number} {kind}s of {self._plan.product.sku}")

    # Production

    async def _by_upload(self, shot: Json, plan: PhotoPlan) -> None:
        maker = self._stage.cast.one("ai_workflow_owner" if shot["ai"] else "photographer")
        file = await self._first_file(plan)
        await self._upload(maker, shot, file, plan.photo.path.name)
        await self._review(shot, plan)

    async def _by_vendor(self, shots: list[tuple[Json, PhotoPlan]]) -> None:
        """All of a product's vendor files in one delivery; corrections come back one by one."""
        files = [(shot, plan.photo.path.name, await self._first_file(plan)) for shot, plan in shots]
        await self._deliver(files, 0)
        await asyncio.gather(*(self._review(shot, plan) for shot, plan in shots))

    async def _first_file(self, plan: PhotoPlan) -> Path:
        """What is delivered in the first round."""
        if plan.flaw is None:
            return plan.photo.path
        if plan.photo.defective is not None:
            return plan.photo.defective
        path = self._stage.scratch / plan.photo.path.name
        photo = await asyncio.to_thread(plan.photo.path.read_bytes)
        await asyncio.to_thread(path.write_bytes, await asyncio.to_thread(flawed, photo, plan.flaw))
        return path

    async def _upload(self, person: Person, item: Json, file: Path, filename: str) -> None:
        await person.api.post(f"/v1/work/{item['id']}/claim")
        sha256 = await asyncio.to_thread(digest, file)
        declared = _declared(item)

        async def taken() -> bool | None:
            answer = await person.api.upload(
                "/v1/versions", file, work_item_id=item["id"], filename=filename, **declared
            )
            if answer.is_success:
                return True
            problem = answer.json()
            if problem.get("sha256") == sha256:  # an upload whose answer got lost had got through
                return True
            if answer.status_code == 409:  # assets has not heard of the claim or of the new round yet
                return None
            raise ApiError(answer)

        await poll(taken, f"{filename} to be taken")
        self._stage.tally.add("files by upload")

    async def _deliver(self, files: list[tuple[Json, str, Path]], round_: int) -> None:
        """What is quarantined since assets has not heard of the work yet is delivered again, in a new message."""
        waiting = {}
        for shot, filename, file in files:
            named = {key: shot[key] for key in ("sku", "colorway", "view", "request_id")}
            sha256 = await self._stage.vendor.put_file(file)
            waiting[filename] = {**named, **_declared(shot), "filename": filename, "sha256": sha256}
        shots = [shot["id"] for shot, _, _ in files]
        for attempt in range(DELIVERY_TRIES):
            message = self._stage.key("delivery", round_, attempt, *shots)
            delivery = await self._stage.vendor.deliver(message, list(waiting.values()))
            for outcome in delivery["files"]:
                if outcome["accepted"]:
                    del waiting[outcome["filename"]]
                    self._stage.tally.add("files by vendors")
            if not waiting:
                return
            await asyncio.sleep(1)
        raise AssertionError(f"quarantined: {delivery['files']}")

    # Review

    async def _review_at_a_desk(self, variant: Json) -> None:
        async with self._stage.desks:
            await self._review(variant, None)

    async def _review(self, item: Json, plan: PhotoPlan | None) -> None:
        """Decide at every gate until the work item is approved."""
        round_ = 0
        while True:
            packet = await self._open_packet(item["id"], round_)
            if packet is None:
                break
            reasons = self._reasons(packet, plan if round_ == 0 else None)
            await self._decide(packet, reasons)
            if reasons:
                round_ += 1
                await self._correct(item, plan, round_)
        await self._count(item)
        self._advance()

    async def _open_packet(self, work_item_id: str, round_: int) -> Json | None:
        """The packet of the open gate of this round; None when the work is approved."""
        reader = self._stage.cast.one("qc_lead").api

        async def found() -> Json | bool | None:
            packet = await reader.find(f"/v1/reviews/{work_item_id}")
            if packet is None or packet["version"]["round"] < round_:
                return None
            if packet["state"] == "open":
                return packet
            return True if packet["state"] == "passed" else None

        packet = await poll(found, f"the review of {work_item_id}")
        return None if packet is True else packet  # type: ignore[return-value]

    def _reasons(self, packet: Json, plan: PhotoPlan | None) -> list[str]:
        """Why this reviewer fails it; empty: passes it."""
        gate = packet["open_gate"]["gate"]
        if plan is not None and plan.flaw is not None and plan.flaw.gate == gate:
            return [plan.flaw.reason]
        return sorted({REASON_OF_CHECK.get(check, "capture_defect") for check in packet["open_gate"]["blocked_by"]})

    async def _decide(self, packet: Json, reasons: list[str]) -> None:
        open_gate, work_item_id = packet["open_gate"], packet["work"]["id"]
        gate = open_gate["gate"]
        version_id = packet["version"]["id"]
        # Nobody sees who passed a gate that is still open: each reviewer knows their place.
        person = self._stage.cast.all_of(open_gate["decided_by_role"])[open_gate["passes"]]
        if open_gate["zoom"] is not None and not reasons:
            await self._look_at_all(person, packet)
        body = {
            "work_item_id": work_item_id,
            "version_id": version_id,
            "sha256": packet["version"]["sha256"],
            "gate": gate,
            "outcome": "fail" if reasons else "pass",
            "checklist_version": open_gate["checklist_version"],
            "answers": {one["id"]: "fail" if reasons else "pass" for one in open_gate["checklist"]},
            "reasons": reasons,
            "note": "Found by the reviewer." if reasons else "",
            "flags": {} if reasons else {check: {"answer": "accepted"} for check in open_gate["flags"]},
        }
        key = self._stage.key("decision", work_item_id, version_id, gate, person.name)
        answer = await person.api.send("POST", "/v1/decisions", json=body, headers={"Idempotency-Key": key})
        if answer.is_error:
            raise AssertionError(f"{person.name} can't decide {gate} of {work_item_id}: {answer.text}")
        for reason in reasons:
            self._stage.tally.add(f"sent back for: {reason}")
            facet = self._stage.ai_facets.get(reason)
            if packet["work"]["ai"] and facet:
                self._stage.tally.add(f"AI rejected for: {facet}")
        if reasons:
            self._stage.tally.add(f"rejected at: {gate}")
            self._stage.tally.add("rounds of rework")

    async def _look_at_all(self, person: Person, packet: Json) -> None:
        """Say that each part of the image was seen at 100 % zoom."""
        width, height = packet["width"], packet["height"]
        cells = [(column, row) for row in range(-(-height // CELL)) for column in range(-(-width // CELL))]
        seen = {"width": width, "height": height, "cells": cells}
        answer = await person.api.send("PUT", packet["open_gate"]["zoom"]["address"], json=seen)
        if answer.is_error:
            raise AssertionError(f"{person.name} can't look at {packet['version']['id']}: {answer.text}")

    async def _correct(self, item: Json, plan: PhotoPlan | None, round_: int) -> None:
        """The corrected file, by the way that the first one came."""
        producer = self._stage.cast.one("producer").api
        if plan is None:
            raise AssertionError(
                f"{item['sku']} {item['view']} {item['channel'] or ''}: nobody can correct this variant"
            )

        async def is_back() -> bool | None:
            work = await producer.get(f"/v1/work/{item['id']}")
            return True if work["round"] >= round_ and work["state"] != "in_review" else None

        await poll(is_back, f"{item['id']} to come back")
        if plan.by_vendor:
            await self._deliver([(item, plan.photo.path.name, plan.photo.path)], round_)
        else:
            await self._upload(self._stage.cast.one("retoucher"), item, plan.photo.path, plan.photo.path.name)

    async def _count(self, item: Json) -> None:
        """What the public API says of the finished work item."""
        reader = self._stage.cast.one("producer").api

        async def approved() -> Json | None:
            work = await reader.get(f"/v1/work/{item['id']}")
            return work if work["state"] == "approved" else None

        work = await poll(approved, f"{item['id']} to be approved")
        tally = self._stage.tally
        tally.add("shots approved" if work["kind"] == "shot" else "variants approved")
        if work["kind"] == "variant":
            tally.add("files rendered")
        if work["round"] == 0:
            tally.add("approved at the first pass")
        if work["due_at"] is not None:
            tally.add("SLA hit" if work["approved_at"] <= work["due_at"] else "SLA missed")
        decisions = await reader.all_items("/v1/decisions", work_item_id=item["id"])
        tally.add("gates passed by measurement", sum(one["automatic"] for one in decisions))


def _declared(item: Json) -> dict[str, str]:
    """What AI did to a file of this work: it makes backgrounds."""
    made = DigitalSourceType.COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA
    return {"digital_source_type": made.value} if item["ai"] else {}

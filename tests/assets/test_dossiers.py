"""Dossiers: what was told of a final is signed in one piece, and proves its file without any server."""

import base64
import io
import json
import secrets
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from rich.console import Console

from chassis.clock import now
from chassis.ids import new_id
from chassis.testkit.harness import Harness, Start
from contracts.assets import Version
from contracts.intake import RequestAccepted
from contracts.qc import Decision, DecisionRecorded, GateResult, InspectionCompleted
from contracts.values import (
    Gate,
    Measurement,
    MeasurementOutcome,
    Outcome,
    Priority,
    Request,
    Role,
    ShotPlan,
    VersionSource,
    WorkItem,
    WorkState,
    Zone,
)
from packshot.dossier import verify_dossier
from services.assets.app import create_app
from services.assets.dossiers.domain import faults_of, file_record
from services.assets.dossiers.schemas import Dossier
from services.assets.dossiers.signing import DossierKey
from services.assets.rights.schemas import RightsAnswer, RightsAsked
from services.assets.settings import AssetsSettings
from tests.assets.factory import PACKSHOT, approved, claimed, photo, shot, upload

GATES = list(Gate)


@pytest.fixture
async def assets(start: Start) -> Harness:
    return await start(create_app, AssetsSettings, claim_wait_seconds=0.2, dossier_key=secrets.token_urlsafe(32))


async def dossier(assets: Harness, version_id: UUID) -> httpx.Response:
    return await assets.client.get(f"/v1/finals/{version_id}/dossier", headers=assets.bearer("merchandiser"))


def request_of(item: WorkItem) -> Request:
    at = now()
    return Request(
        id=item.request_id, sku=item.sku, product_name=item.product_name, category=item.category, category_version=1,
        materials=item.materials, use="catalog", colorways=[item.colorway],
        shots=[ShotPlan(colorway=item.colorway, view=item.view, spec=PACKSHOT)], waivers=[], channels=[],
        attributes={}, ai=None, references=[], priority=Priority.NORMAL, deadline=None, approval_owner="owner-1",
        proposed_class=None, proposed_track=None, requested_by="merchandiser-1", received_at=at, accepted_at=at,
    )  # fmt: skip


def inspection_of(version: Version) -> InspectionCompleted:
    focus = Measurement(
        check="T09", name="focus", gate=Gate.TECHNICAL, outcome=MeasurementOutcome.PASS, value=2.2, unit="px",
        threshold="≤ 2.6 px", detail="Sharp.", algorithm="focus/2",
    )  # fmt: skip
    return InspectionCompleted(
        id=new_id(), version_id=version.id, work_item_id=version.work_item_id, sha256=version.sha256,
        outcome=MeasurementOutcome.PASS, measurements=[focus], completed_at=now(),
    )  # fmt: skip


def decision_of(version: Version, gate: Gate, **changes: Any) -> DecisionRecorded:
    """A pass that closed its gate, by a reviewer unless the changes say otherwise."""
    values: dict[str, Any] = {
        "id": new_id(), "work_item_id": version.work_item_id, "version_id": version.id, "sha256": version.sha256,
        "round": version.round, "gate": gate, "outcome": Outcome.PASS, "reasons": [], "note": "", "automatic": False,
        "decided_by": "rita", "role": Role.REVIEWER, "checklist_version": 3, "answers": {}, "decided_at": now(),
    }  # fmt: skip
    result = GateResult(state="passed", next_gate=None, returns_to=None)
    decision = Decision.model_validate(values | changes)
    return DecisionRecorded(decision=decision, gate=result, ai_facets=[], rework_facets=[])


async def tell_decision(assets: Harness, version: Version, gate: Gate, **changes: Any) -> UUID:
    event = decision_of(version, gate, **changes)
    await assets.publish(event, event.decision.id)
    return event.decision.id


async def heard(assets: Harness, number: int) -> None:
    async def all_of_it() -> bool:
        [row] = await assets.fetch("SELECT count(*) AS number FROM told")
        return bool(row["number"] >= number)

    await assets.eventually(all_of_it)


def verified(tmp_path: Path, content: bytes, signed: bytes, keys: bytes) -> tuple[int, str]:
    """What the command says, and its exit code."""
    for name, data in (("final.jpg", content), ("dossier.json", signed), ("keys.json", keys)):
        (tmp_path / name).write_bytes(data)
    out = io.StringIO()
    code = verify_dossier(
        tmp_path / "final.jpg", tmp_path / "dossier.json", tmp_path / "keys.json", Console(file=out, width=200)
    )
    return code, out.getvalue()


def payload_of(signed: httpx.Response) -> dict[str, Any]:
    payload = signed.json()["payload"]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


async def test_a_final_is_proved_by_its_file_and_its_dossier_alone(assets: Harness, tmp_path: Path) -> None:
    content = photo(1)
    item, stored = await approved(assets, content, gates=GATES)
    version = Version.model_validate(stored)
    missing = await dossier(assets, version.id)
    assert (missing.status_code, missing.headers["Retry-After"]) == (503, "5")
    for word in ("technical", "final_qc", "measurements", "request"):
        assert word in missing.json()["detail"]

    await assets.publish(RequestAccepted(request=request_of(item)), item.request_id)
    await assets.publish(inspection_of(version), version.id)
    for gate in GATES[:-1]:
        await tell_decision(assets, version, gate, automatic=gate is Gate.TECHNICAL)
    slip = await tell_decision(assets, version, Gate.FINAL_QC, decided_by="slip")
    await heard(assets, 7)
    answer = await dossier(assets, version.id)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jose+json")
    successor = await tell_decision(assets, version, Gate.FINAL_QC, supersedes=slip, decided_by="[b]vera")
    await heard(assets, 8)
    answer = await dossier(assets, version.id)
    told = payload_of(answer)
    by_id = {one["decision"]["id"]: one for one in told["final"]["decisions"]}
    assert (by_id[str(slip)]["superseded"], by_id[str(successor)]["superseded"]) == (True, False)
    assert [one["sha256"] for one in told["final"]["rounds"]] == [version.sha256]
    assert (told["request"]["id"], told["master"]) == (str(item.request_id), None)
    assert told["rights"]["allowed"] is True
    assert told["final"]["inspection"]["measurements"][0]["value"] == 2.2
    assert {one["decision"]["checklist_version"] for one in told["final"]["decisions"]} == {3}

    keys = (await assets.client.get("/v1/dossier-keys", headers=assets.bearer("reviewer"))).content
    code, said = verified(tmp_path, content, answer.content, keys)
    assert code == 0, said
    assert "[b]vera" in said
    assert "slip" not in said
    assert version.sha256 in said

    code, said = verified(tmp_path, photo(2), answer.content, keys)
    assert (code, "another file's" in said) == (1, True), said
    other = json.dumps(DossierKey(secrets.token_urlsafe(32)).public_keys()).encode()
    code, said = verified(tmp_path, content, answer.content, other)
    assert (code, "proves nothing" in said) == (1, True), said
    envelope = answer.json()
    changed = told | {"issued_at": "2020-01-01T00:00:00Z"}
    forged = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
    for bad in (json.dumps(envelope | {"payload": forged}).encode(), b"[]", b"{}", b"\xff", json.dumps(told).encode()):
        code, said = verified(tmp_path, content, bad, keys)
        assert (code, "proves nothing" in said) == (1, True), said
    for bad_keys in (b"[]", b"{}", b"nothing", b'{"keys": [{"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAA"}]}'):
        code, said = verified(tmp_path, content, answer.content, bad_keys)
        assert (code, "proves nothing" in said) == (1, True), said


async def test_only_finals_have_a_dossier_and_only_where_there_is_a_key(assets: Harness, start: Start) -> None:
    assert (await dossier(assets, new_id())).status_code == 404
    at_work = (await upload(assets, await claimed(assets), photo(3))).json()
    answer = await dossier(assets, at_work["id"])
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:packshot:problem:not-final")
    assert answer.json()["zone"] == at_work["zone"]
    assert (await assets.client.get("/v1/dossier-keys")).status_code == 401
    keyless = await start(create_app, AssetsSettings, fresh=False)
    for path in ("/v1/dossier-keys", f"/v1/finals/{new_id()}/dossier"):
        refused = await keyless.client.get(path, headers=keyless.bearer("reviewer"))
        assert (refused.status_code, "PACKSHOT_DOSSIER_KEY" in refused.json()["detail"]) == (503, True)


def test_a_dossier_that_leaves_out_what_matters_proves_nothing() -> None:
    """Though the right key has signed it."""
    item = shot(gates=GATES, state=WorkState.APPROVED, ai=True)
    version = Version(
        id=new_id(), asset_id=new_id(), work_item_id=item.id, kind=item.kind, sku=item.sku, colorway=item.colorway,
        view=item.view, channel=None, number=1, round=0, sha256="a" * 64, bytes=5, media_type="image/jpeg",
        filename="front.jpg", location="sha256/aa", zone=Zone.FINAL, source=VersionSource.UPLOAD, delivered_by="pia",
        channel_pack=None, master_id=None, stored_at=now(),
    )  # fmt: skip
    passes = [decision_of(version, gate) for gate in GATES]
    measured = inspection_of(version)

    asked = RightsAsked(channel=None, territories=[], use=None, on=None)
    rights = RightsAnswer(
        version_id=version.id, allowed=True, causes=[], warnings=[], credits=[], rights=[], until=None, asked=asked,
        pack_version=1,
    )  # fmt: skip

    def said(decisions: list[DecisionRecorded], inspection: InspectionCompleted = measured, **other: Any) -> list[str]:
        record, missing = file_record(version, item, [version], inspection, decisions)
        if record is None:
            return missing
        whole = Dossier(issued_at=now(), final=record, master=None, request=request_of(item), rights=rights)
        return faults_of(whole.model_copy(update=other), "a" * 64, 5)

    assert said(passes) == []
    assert said(passes[1:]) == ["the decision that passed the gate technical"]
    replaced = decision_of(version, GATES[3], outcome=Outcome.FAIL, supersedes=passes[3].decision.id)
    failed = replaced.model_copy(update={"gate": GateResult(state="failed", next_gate=None, returns_to="studio")})
    assert said([*passes, failed]) == ["the decision that passed the gate final_qc"]
    elsewhere = [decision_of(version, GATES[3], version_id=new_id())]
    assert said(passes[:3] + elsewhere) == ["the decision that passed the gate final_qc"]
    assert "was about other bytes" in said([*passes[:3], decision_of(version, GATES[3], sha256="b" * 64)])[0]
    assert "other bytes were measured" in said(passes, measured.model_copy(update={"sha256": "b" * 64}))[0]
    assert "no person has passed it" in said([decision_of(version, gate, automatic=True) for gate in GATES])[0]
    rendered = version.model_copy(update={"master_id": new_id()})
    record = file_record(rendered, item, [rendered], measured, passes)[0]
    assert "says nothing" in said(passes, final=record)[0]
    other_master = file_record(version, item, [version], measured, passes)[0]
    assert "not the one that it was rendered from" in said(passes, final=record, master=other_master)[0]


@pytest.mark.parametrize("secret", ["short", "ä" * 43, "A" * 44])
def test_what_is_no_key_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        DossierKey(secret)

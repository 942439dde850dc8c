"""Every pack of every service: what a `GET` gave can be sent back, and what contradicts itself is refused."""

from types import ModuleType
from typing import Any

import pytest

from chassis.settings import Settings
from chassis.testkit.harness import Harness, Start
from contracts.governance import DecisionDomainsPublished, DomainOwner
from contracts.values import Domain, Role
from services.assets import app as assets
from services.assets.settings import AssetsSettings
from services.governance import app as governance
from services.governance.settings import GovernanceSettings
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.qc import app as qc
from services.qc.settings import QcSettings
from services.routing import app as routing
from services.routing.settings import RoutingSettings

PACKS = {
    "assets": {"/v1/channel-packs/{channel}", "/v1/naming-packs/{channel}", "/v1/rights/pack"},
    "governance": {"/v1/ai-policy", "/v1/decision-domains"},
    "intake": {"/v1/categories/{name}", "/v1/categories/ai-shot", "/v1/clarification"},
    "qc": {"/v1/checklists", "/v1/gates", "/v1/reasons", "/v1/thresholds"},
    "routing": {
        "/v1/tracks", "/v1/tracks/classes", "/v1/tracks/calendar", "/v1/tracks/teams", "/v1/steps", "/v1/queues/pack",
        "/v1/forecast/capacity", "/v1/rates",
    },
}  # fmt: skip
NO_PACKS = {"/v1/people/{subject}", "/v1/rights/{right_id}"}


@pytest.mark.parametrize(
    ("module", "settings"),
    [
        (assets, AssetsSettings),
        (governance, GovernanceSettings),
        (intake, IntakeSettings),
        (qc, QcSettings),
        (routing, RoutingSettings),
    ],
    ids=sorted(PACKS),
)
async def test_what_was_read_can_be_sent_back(start: Start, module: ModuleType, settings: type[Settings]) -> None:
    service = await start(module.create_app, settings)
    edited = {
        path
        for path, methods in module.create_app(service.service.settings).openapi()["paths"].items()
        if any(one["name"].lower() == "if-match" for one in methods.get("put", {}).get("parameters", []))
    }
    assert edited - NO_PACKS == PACKS[module.__name__.split(".")[1]]
    await _tell_domains(service)
    for path in sorted(edited - NO_PACKS):
        await _goes_round(service, path.format(name="bags", channel="brand" if "naming" in path else "pdp"))


async def _goes_round(service: Harness, path: str) -> None:
    headers = service.bearer(Role.CREATIVE_OPS_MANAGER, *Role)
    read = await service.client.get(path, headers=headers)
    body, headers["If-Match"] = read.json(), read.headers["ETag"]
    assert body["version"] == 1, path
    wrong = {"version": 7} | {name: "shoes" for name in ("name", "channel") if name in body}
    refused = await service.client.put(path, json=body | wrong, headers=headers)
    assert refused.status_code == 422, (path, refused.text)
    assert {one["pointer"] for one in refused.json()["errors"]} == {f"/{name}" for name in wrong}
    assert all(one["remedy"] for one in refused.json()["errors"])
    edited = await service.client.put(path, json=body, headers=headers)
    assert (edited.status_code, edited.json()) == (200, body | {"version": 2}), (path, edited.text)
    again = await service.client.get(path, headers=headers)
    assert (again.json(), again.headers["ETag"]) == (body | {"version": 2}, '"2"')
    stored = await service.fetch("SELECT content FROM pack WHERE version = 2 ORDER BY published_at DESC LIMIT 1")
    assert '"version"' not in stored[0]["content"]


async def _tell_domains(service: Harness) -> None:
    """The first of all roles decides everything: who asks here has every role. Governance knows it by itself."""
    domains: list[Any] = [DomainOwner(domain=one, decides="x", owner_role=Role.PRODUCER) for one in Domain]
    await service.publish(DecisionDomainsPublished(version=1, domains=domains), "decision_domains")

    async def kept() -> bool:
        return bool(await service.fetch("SELECT 1 FROM pack WHERE name = 'decision_domains'"))

    await service.eventually(kept)

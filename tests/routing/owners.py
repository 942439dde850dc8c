"""Who decides what, as governance tells it, and edits of routing's packs by them."""

import httpx

from chassis.testkit.harness import Harness
from contracts.governance import DecisionDomainsPublished, DomainOwner
from contracts.values import Domain, Role
from tests.routing.others import Json

OWNERS = {
    Domain.SLA_AND_EXCEPTIONS: Role.CREATIVE_OPS_MANAGER,
    Domain.SCHEDULE_AND_VENDORS: Role.PRODUCER,
}

# Each pack's path, and the role that owns it.
PACKS = {
    "/v1/tracks": Role.CREATIVE_OPS_MANAGER,
    "/v1/tracks/classes": Role.CREATIVE_OPS_MANAGER,
    "/v1/tracks/calendar": Role.CREATIVE_OPS_MANAGER,
    "/v1/tracks/teams": Role.PRODUCER,
    "/v1/steps": Role.PRODUCER,
}


async def tell_domains(routing: Harness, version: int = 1, owners: dict[Domain, Role] = OWNERS) -> None:
    """Publish the decision domains, and wait until routing has them."""
    domains = [DomainOwner(domain=domain, decides="x", owner_role=role) for domain, role in owners.items()]
    await routing.publish(DecisionDomainsPublished(version=version, domains=domains), "decision_domains", version)

    async def arrived() -> bool:
        found = await routing.fetch("SELECT 1 FROM pack WHERE name = 'decision_domains' AND version = $1", version)
        return bool(found)

    await routing.eventually(arrived)


async def content(routing: Harness, path: str) -> Json:
    """A pack in force, as an edit sends it."""
    answer = await routing.client.get(path, headers=routing.bearer("reviewer"))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    del found["version"]
    return found


async def put(
    routing: Harness, path: str, body: object, version: int | None = 1, role: str | None = None
) -> httpx.Response:
    headers = routing.bearer(role or PACKS[path])
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    return await routing.client.put(path, json=body, headers=headers)

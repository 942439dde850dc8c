"""The people and queues of a house: what tests set up and call."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from chassis.packs import read_toml
from chassis.testkit.harness import Harness
from contracts.governance import DecisionDomainsPublished, DomainOwner
from contracts.values import ImageSpec, Request, Role, ShotPlan
from tests.routing.others import Json, accept, brief

OWNERS = Path(__file__).parents[2] / "services" / "governance" / "packs" / "decision_domains.toml"
DOMAINS = DecisionDomainsPublished(
    version=1, domains=[DomainOwner.model_validate(domain) for domain in read_toml(OWNERS)["domains"]]
)
PACK = "/v1/queues/pack"


async def tell_domains(routing: Harness) -> None:
    """Publish who decides what, and wait until routing has it."""
    await routing.publish(DOMAINS, "decision_domains")

    async def kept() -> bool:
        return bool(await routing.fetch("SELECT 1 FROM pack WHERE name = 'decision_domains'"))

    await routing.eventually(kept)


async def claim(
    routing: Harness, queue: str = "catalog", role: str = Role.PHOTOGRAPHER, *, key: str | None = None, **options: Any
) -> httpx.Response:
    headers = routing.bearer(role, subject=options.pop("subject", None))
    if key is not None:
        headers["Idempotency-Key"] = key
    return await routing.client.post(f"/v1/queues/{queue}/claim", headers=headers, **options)


async def held_by(routing: Harness, subject: str) -> list[Json]:
    headers = routing.bearer(Role.RETOUCHER, subject=subject)
    answer = await routing.client.get("/v1/work", params={"claimed_by": "me", "limit": 200}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    return found


async def queue(routing: Harness, name: str = "catalog") -> Json:
    answer = await routing.client.get(f"/v1/queues/{name}", headers=routing.bearer(Role.REVIEWER))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def put_person(routing: Harness, subject: str, version: int = 0, **content: object) -> httpx.Response:
    headers = routing.bearer(Role.PRODUCER) | {"If-Match": f'"{version}"'}
    body = {"name": subject, **content}
    return await routing.client.put(f"/v1/people/{subject}", json=body, headers=headers)


async def grant(routing: Harness, subject: str, ends_at: datetime, name: str = "hero") -> httpx.Response:
    body = {"queue": name, "cause": "The other one is ill.", "ends_at": ends_at.isoformat()}
    headers = routing.bearer(Role.CREATIVE_OPS_MANAGER, subject="olga")
    return await routing.client.post(f"/v1/people/{subject}/exceptions", json=body, headers=headers)


async def edit_queues(routing: Harness, change: Any, role: str = Role.PRODUCER) -> httpx.Response:
    """`change` edits the list of queues in place."""
    headers = routing.bearer(role)
    answer = await routing.client.get(PACK, headers=headers)
    body = answer.json()
    del body["version"]
    change(body["queues"])
    return await routing.client.put(PACK, json=body, headers=headers | {"If-Match": answer.headers["ETag"]})


async def limit(routing: Harness, name: str, wip_limit: int | None) -> None:
    def change(queues: list[Json]) -> None:
        next(one for one in queues if one["name"] == name)["wip_limit"] = wip_limit

    answer = await edit_queues(routing, change)
    assert answer.status_code == 200, answer.text


def shots(sku: str, count: int, **changes: Any) -> Request:
    """A request for so many shots without variants."""
    colorways = [str(number) for number in range(count)]
    plans = [ShotPlan(colorway=colorway, view="front", spec=ImageSpec()) for colorway in colorways]
    return brief(sku=sku, colorways=colorways, shots=plans, channels=[], **changes)


async def waiting(routing: Harness, count: int, sku: str = "MT07", **changes: Any) -> list[Json]:
    """So many shots in their queue, oldest first; for any team and any level."""
    made = await accept(routing, shots(sku, count, **changes))
    ids = [UUID(one["id"]) for one in made]
    await routing.fetch("UPDATE work_item SET team = NULL, level = NULL WHERE id = ANY($1)", ids)
    return made


async def mark(routing: Harness, work: Json, **columns: str | None) -> None:
    """Give an item a team or a level, as its router would have."""
    for column, value in columns.items():
        await routing.fetch(f"UPDATE work_item SET {column} = $2 WHERE id = $1", work["id"], value)

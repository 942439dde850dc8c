"""Work items, photos and signed messages for the tests of assets."""

import hashlib
import io
import json
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
import numpy as np
from PIL import Image
from standardwebhooks import Webhook

from chassis.clock import now
from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.governance import DecisionDomainsPublished, DomainOwner
from contracts.routing import WorkApproved, WorkChanged, WorkClaimed, WorkPlanned
from contracts.values import (
    ComplexityClass,
    Domain,
    Gate,
    ImageSpec,
    Priority,
    Risk,
    Role,
    WorkItem,
    WorkKind,
    WorkState,
)

HOLDER = "photographer-1"
PACKSHOT = ImageSpec(white_background=True)


def shot(**changes: Any) -> WorkItem:
    """A shot in its queue."""
    at = now()
    values: dict[str, Any] = {
        "id": new_id(), "kind": WorkKind.SHOT, "request_id": new_id(), "parent_id": None, "sku": "WJ01",
        "product_name": "Jacket", "category": "apparel", "materials": ["cotton"], "colorway": "blue", "view": "front",
        "channel": None, "spec": PACKSHOT, "complexity_class": ComplexityClass.C1, "track": "catalog",
        "queue": "catalog", "owner_role": Role.PRODUCER, "priority": Priority.NORMAL, "gates": list(Gate),
        "final_reviewers": 1, "zoom_required": False, "ai": False, "state": WorkState.READY, "round": 0,
        "returns_to": None, "claimed_by": None, "lease_until": None, "due_at": at + timedelta(days=3),
        "risk": Risk.ON_TIME, "approval_owner": "owner-1", "created_at": at, "updated_at": at, "approved_at": None,
    }  # fmt: skip
    return WorkItem.model_validate(values | changes)


def variant_of(master: WorkItem, channel: str, **changes: Any) -> WorkItem:
    """A shot's variant, waiting for it."""
    own = {
        "id": new_id(), "kind": WorkKind.VARIANT, "parent_id": master.id, "channel": channel, "track": "marketplace",
        "gates": [Gate.BRAND_MERCH, Gate.FINAL_QC], "state": WorkState.WAITING, "round": 0, "claimed_by": None,
    }  # fmt: skip
    return master.model_copy(update=own | changes)


def with_state(item: WorkItem, state: WorkState, **changes: Any) -> WorkItem:
    return item.model_copy(update={"state": state, **changes})


async def tell(
    assets: Harness, event: type[WorkChanged], item: WorkItem, version: int, cause: str | None = None
) -> None:
    """Speak as routing."""
    await assets.publish(event(work=item, by="routing", cause=cause), item.id, version)


async def plan(assets: Harness, *items: WorkItem) -> None:
    """Say as routing that these were made."""
    request_id = items[0].request_id
    await assets.publish(WorkPlanned(request_id=request_id, items=list(items), by="routing"), request_id)


async def known(assets: Harness, item: WorkItem, version: int) -> None:
    """Wait until assets' copy has this version of the item."""

    async def is_known() -> bool:
        return bool(await assets.fetch("SELECT 1 FROM work_item WHERE id = $1 AND version >= $2", item.id, version))

    await assets.eventually(is_known)


async def ready(assets: Harness, **changes: Any) -> WorkItem:
    """A shot that assets knows, in its queue."""
    item = shot(**changes)
    await plan(assets, item)
    await known(assets, item, 1)
    return item


async def claimed(assets: Harness, by: str = HOLDER, **changes: Any) -> WorkItem:
    """A shot that someone holds, and assets knows it."""
    item = shot(state=WorkState.CLAIMED, claimed_by=by, **changes)
    await tell(assets, WorkClaimed, item, 2)
    await known(assets, item, 2)
    return item


async def approved(assets: Harness, content: bytes, **changes: Any) -> tuple[WorkItem, dict[str, Any]]:
    """A shot with a final master of these bytes. Returns it and the version."""
    item = await claimed(assets, **changes)
    answer = await upload(assets, item, content)
    assert answer.status_code == 201, answer.text
    done = with_state(item, WorkState.APPROVED, claimed_by=None, approved_at=now())
    await tell(assets, WorkApproved, done, 9)
    await known(assets, done, 9)
    return done, answer.json()


async def upload(
    assets: Harness, item: WorkItem, content: Any, filename: str = "front.jpg", by: str = HOLDER, **headers: str
) -> httpx.Response:
    return await assets.client.post(
        "/v1/versions",
        params={"work_item_id": str(item.id), "filename": filename},
        content=content,
        headers=assets.bearer("photographer", subject=by) | headers,
    )


@cache
def photo(seed: int = 1, width: int = 60, height: int = 80, file_format: str = "JPEG") -> bytes:
    """A small coloured block on white. Another seed gives another file."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    noise = np.random.default_rng(seed).integers(20, 200, 3)
    pixels[height // 8 : -height // 8, width // 8 : -width // 8] = noise
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, file_format)
    return file.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def tell_domains(assets: Harness, owner: Role = Role.PRODUCER, version: int = 1) -> None:
    """Speak as governance. `owner`: who decides about vendors."""
    others = {Domain.SCHEDULE_AND_VENDORS: owner, Domain.CAPTURE: Role.STUDIO_MANAGER}
    owners = dict.fromkeys(Domain, Role.QC_LEAD) | others
    domains = [DomainOwner(domain=domain, decides="it", owner_role=role) for domain, role in owners.items()]
    await assets.publish(DecisionDomainsPublished(version=version, domains=domains), "decision_domains", version)

    async def is_known() -> bool:
        return bool(await assets.fetch("SELECT 1 FROM pack WHERE name = 'decision_domains' AND version = $1", version))

    await assets.eventually(is_known)


class Vendor:
    """A registered vendor that signs what it sends."""

    def __init__(self, assets: Harness, name: str, secret: str) -> None:
        self._assets, self.name, self.secret = assets, name, secret

    @classmethod
    async def registered(cls, assets: Harness, name: str = "studio-nord") -> "Vendor":
        """Tells the decision domains first."""
        await tell_domains(assets)
        answer = await assets.client.put(
            f"/v1/vendors/{name}", json={"name": name.title()}, headers=assets.bearer("producer")
        )
        assert answer.status_code == 201, answer.text
        return cls(assets, name, answer.json()["secret"])

    def signature(self, payload: str, message_id: str, *, age: float = 0) -> dict[str, str]:
        at = now() - timedelta(seconds=age)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message_id, at, payload),
        }

    async def put(self, content: Any, digest: str | None = None, **signing: Any) -> httpx.Response:
        digest = digest or sha256(content)
        headers = self.signature(digest, str(new_id()), **signing)
        return await self._assets.client.put(
            f"/webhooks/vendors/{self.name}/files/{digest}", content=content, headers=headers
        )

    async def deliver(
        self, *files: dict[str, Any], message_id: str | None = None, sequence: Any = None, **signing: Any
    ) -> httpx.Response:
        body = json.dumps({"files": files} | ({} if sequence is None else {"sequence": sequence}))
        headers = self.signature(body, message_id or str(new_id()), **signing)
        return await self.post(body, headers)

    def reading(self, message_id: str, **signing: Any) -> dict[str, str]:
        """The headers with which it reads what became of a delivery."""
        return self.signature(f"/webhooks/vendors/{self.name}/deliveries/{message_id}", str(new_id()), **signing)

    async def read(self, message_id: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self._assets.client.get(
            f"/webhooks/vendors/{self.name}/deliveries/{message_id}",
            headers=self.reading(message_id) if headers is None else headers,
        )

    async def post(self, body: str | bytes, headers: Mapping[str, Any]) -> httpx.Response:
        return await self._assets.client.post(f"/webhooks/vendors/{self.name}", content=body, headers=headers)


def named(item: WorkItem, content: bytes, filename: str = "front.jpg", **changes: Any) -> dict[str, Any]:
    """How a delivery names a file for a work item."""
    return {
        "sku": item.sku, "colorway": item.colorway, "view": item.view, "channel": item.channel, "filename": filename,
        "sha256": sha256(content), **changes,
    }  # fmt: skip

"""Versions and work items as assets holds them, for pure tests."""

from typing import Any

from chassis.clock import now
from chassis.ids import new_id
from contracts.assets import Version
from contracts.values import Gate, VersionSource, WorkKind, WorkState, Zone
from services.assets.work.domain import WorkCopy


def version(**changes: Any) -> Version:
    values: dict[str, Any] = {
        "id": new_id(), "asset_id": new_id(), "work_item_id": new_id(), "kind": WorkKind.SHOT, "sku": "WJ01",
        "colorway": "blue", "view": "front", "channel": None, "number": 1, "round": 0, "sha256": "0" * 64, "bytes": 1,
        "media_type": "image/jpeg", "filename": "front.jpg", "location": "sha256/00/0", "zone": Zone.WIP,
        "source": VersionSource.UPLOAD, "delivered_by": "ann", "channel_pack": None, "master_id": None,
        "stored_at": now(),
    }  # fmt: skip
    return Version.model_validate(values | changes)


def copy_of(**changes: Any) -> WorkCopy:
    """A shot as assets' read copy has it."""
    values: dict[str, Any] = {
        "id": new_id(), "version": 1, "kind": WorkKind.SHOT, "request_id": new_id(), "parent_id": None, "sku": "WJ01",
        "colorway": "blue", "view": "front", "channel": None, "gates": list(Gate), "state": WorkState.READY, "round": 0,
        "returns_to": None, "claimed_by": None, "cause": None, "created_at": now(), "approved_at": None,
        "use": None, "ai": None,
    }  # fmt: skip
    return WorkCopy(**(values | changes))

"""Work items as assets sees them, and whether one waits for a file."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.values import Gate, Step, WorkKind, WorkState

AWAITS_FILE = frozenset({WorkState.READY, WorkState.CLAIMED, WorkState.BLOCKED})
"""Routing takes a version in these; while it is blocked too, since a file that was accepted is never lost."""

SETTLED = frozenset({WorkState.APPROVED, WorkState.CANCELLED})
"""Nothing changes any more."""


@dataclass(frozen=True, order=True)
class Slot:
    """What a file shows, and for which channel; None: the master."""

    sku: str
    colorway: str
    view: str
    channel: str | None

    def __str__(self) -> str:
        variant = f", channel {self.channel}" if self.channel else ""
        return f"SKU {self.sku}, colorway {self.colorway}, view {self.view}{variant}"


@dataclass(frozen=True)
class WorkCopy:
    """One work item, as routing told it last."""

    id: UUID
    version: int
    kind: WorkKind
    request_id: UUID
    parent_id: UUID | None
    sku: str
    colorway: str
    view: str
    channel: str | None
    gates: list[Gate]
    state: WorkState
    round: int
    returns_to: str | None
    claimed_by: str | None
    cause: str | None
    created_at: datetime
    approved_at: datetime | None
    use: str | None
    """What it is made for; None: it was told before work items said so."""
    ai: bool | None
    step: Step | None = None
    """None: told before it was kept here."""

    @property
    def slot(self) -> Slot:
        return Slot(self.sku, self.colorway, self.view, self.channel)

    def open_gate(self, passed: frozenset[Gate]) -> Gate | None:
        """The gate that its version is at, when these have been passed in its round."""
        return next((gate for gate in self.gates if gate not in passed), None)


def why_not_open(item: WorkCopy) -> str:
    """What stands against a file for it from someone who doesn't hold it. For people to read."""
    because = f": {item.cause}" if item.cause else ""
    return {
        WorkState.WAITING: "it waits for its master's approval",
        WorkState.READY: "nobody has claimed it",
        WorkState.CLAIMED: "someone else holds it",
        WorkState.IN_REVIEW: f"a version of round {item.round} is at the gates",
        WorkState.BLOCKED: f"it is blocked{because}",
        WorkState.APPROVED: "it is approved already",
        WorkState.CANCELLED: f"it is cancelled{because}",
    }[item.state]

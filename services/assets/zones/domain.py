"""Zones (R64): which one a version's status gives it, and how a person may move it. Pure.

A zone is never set by itself. It follows from the work item's state and round, from the step that the file was made in,
and from what the owner of `files_and_rights` said of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from contracts.assets import Version
from contracts.values import Gate, Step, WorkKind, WorkState, Zone
from services.assets.work.domain import WorkCopy
from services.assets.zones.errors import IllegalMove


@dataclass(frozen=True)
class Held:
    """A version, with what decides its zone besides its work item. `change`: the version of its newest event."""

    version: Version
    change: int
    approved_at: datetime | None = None
    promoted_at: datetime | None = None
    archived_at: datetime | None = None
    archived_by: str | None = None
    archived_because: str | None = None

    def in_zone(self, zone: Zone) -> "Held":
        """The same there: one change further."""
        return replace(self, version=self.version.model_copy(update={"zone": zone}), change=self.change + 1)


class Move(StrEnum):
    """What a person may do with a version that was approved."""

    ARCHIVE = "archive"  # it is the final no more
    RESTORE = "restore"  # it is again what its status says
    PROMOTE = "promote"  # it takes the place of its slot's final


class Standing(StrEnum):
    """What a version has behind it."""

    AT_WORK = "at_work"  # its round isn't decided
    FINAL = "final"
    TAKEN_OUT = "taken_out"  # a person archived it
    OUTDATED = "outdated"  # it was approved, and its work has gone on
    TURNED_DOWN = "turned_down"  # its round failed or was cancelled


LEGAL: Mapping[Standing, tuple[Move, ...]] = {
    Standing.AT_WORK: (),
    Standing.FINAL: (Move.ARCHIVE, Move.PROMOTE),
    Standing.TAKEN_OUT: (Move.RESTORE, Move.PROMOTE),
    Standing.OUTDATED: (Move.PROMOTE,),
    Standing.TURNED_DOWN: (),
}

_WHY_NOT: Mapping[Standing, str] = {
    Standing.AT_WORK: "its work item is in work: what becomes of it is decided at its gates",
    Standing.FINAL: "it is a final",
    Standing.TAKEN_OUT: "it was archived by a person",
    Standing.OUTDATED: "it was approved once, and its work has gone on since",
    Standing.TURNED_DOWN: "it has never passed all of its gates",
}


def first_zone(item: WorkCopy) -> Zone:
    """Of a file that is handed in now."""
    return Zone.RAW if _is_capture(item.kind, item.step) else Zone.WIP


def zone_for(held: Held, item: WorkCopy, *, selected: bool) -> Zone:
    """Where a version belongs. `selected`: the first gate of its item's round is passed."""
    version = held.version
    if held.archived_by is not None:
        return Zone.ARCHIVE
    if held.promoted_at is not None:
        return Zone.FINAL
    if version.round < item.round or item.state is WorkState.CANCELLED:
        return Zone.ARCHIVE
    if item.state is WorkState.APPROVED:
        return Zone.FINAL
    if _is_capture(version.kind, version.step):
        return Zone.SELECTS if selected else Zone.RAW
    return Zone.WIP


def followed(held: Held, item: WorkCopy, *, selected: bool, redone: bool, at: datetime) -> Held:
    """The version after its work item has changed. A promotion ends when its work is redone (`redone`), or approved
    anew in a later round."""
    is_approved = item.state is WorkState.APPROVED
    approved_at = item.approved_at or at
    if is_approved and held.version.round == item.round:
        held = replace(held, approved_at=approved_at)
    if held.promoted_at is not None:
        is_outdone = is_approved and held.version.round < item.round and approved_at > held.promoted_at
        if redone or is_outdone:
            held = replace(held, promoted_at=None)
    zone = zone_for(held, item, selected=selected)
    return held if zone is held.version.zone else held.in_zone(zone)


def is_selected(item: WorkCopy, passed: frozenset[Gate]) -> bool:
    """Whether the first gate of its round is passed: the capture is one to go on with."""
    return bool(item.gates) and item.gates[0] in passed


def standing(held: Held) -> Standing:
    if held.archived_by is not None:
        return Standing.TAKEN_OUT
    if held.version.zone is Zone.FINAL:
        return Standing.FINAL
    if held.version.zone is not Zone.ARCHIVE:
        return Standing.AT_WORK
    return Standing.OUTDATED if held.approved_at else Standing.TURNED_DOWN


def archived(held: Held, by: str, at: datetime, reason: str) -> Held:
    """A final that is none any more. Raises `IllegalMove`."""
    _require(Move.ARCHIVE, held)
    taken_out = replace(held, archived_by=by, archived_at=at, archived_because=reason)
    return taken_out.in_zone(Zone.ARCHIVE)


def restored(held: Held, item: WorkCopy) -> Held:
    """What a person archived is a final again, with its old approval. Raises `IllegalMove`, also when its work has gone
    on since."""
    _require(Move.RESTORE, held)
    again = _put_back(held)
    if zone_for(again, item, selected=False) is not Zone.FINAL:
        raise IllegalMove(Move.RESTORE, "its work item has gone on since: promote it", [Move.PROMOTE])
    return again.in_zone(Zone.FINAL)


def promoted(held: Held, at: datetime) -> Held:
    """An approved version is the final from now on. Raises `IllegalMove`."""
    _require(Move.PROMOTE, held)
    return replace(_put_back(held), promoted_at=at).in_zone(Zone.FINAL)


def _put_back(held: Held) -> Held:
    return replace(held, archived_by=None, archived_at=None, archived_because=None)


def _require(move: Move, held: Held) -> None:
    now = standing(held)
    if move not in LEGAL[now]:
        raise IllegalMove(move, _WHY_NOT[now], LEGAL[now])


def _is_capture(kind: WorkKind, step: Step | None) -> bool:
    return kind is WorkKind.SHOT and step is Step.STUDIO

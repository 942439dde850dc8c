"""Saying exactly why a slot has no approved final."""

from collections.abc import Collection
from dataclasses import dataclass

from contracts.values import Gate, WorkState
from services.assets.finals.errors import NoFinal
from services.assets.work.domain import Slot, WorkCopy, why_not_open
from services.assets.zones.domain import Held


@dataclass(frozen=True)
class Standing:
    """How far a work item has come."""

    item: WorkCopy
    passed: frozenset[Gate]
    """Gates of its round."""
    master: tuple[WorkState, int] | None
    """State and round of the shot that a variant is made of."""
    failure: str | None
    """Why a variant could not be rendered in its round."""


def unknown_slot(wanted: Slot, known: Collection[Slot]) -> NoFinal:
    """Nobody ever asked for this. `known`: every slot of its SKU."""
    if not known:
        return NoFinal("unknown_sku", f"No request has ever named SKU {wanted.sku}.")
    colorways = sorted({slot.colorway for slot in known})
    if wanted.colorway not in colorways:
        named = ", ".join(colorways)
        return NoFinal("unknown_colorway", f"SKU {wanted.sku} has no colorway {wanted.colorway}, but: {named}.",
                       known=colorways)  # fmt: skip
    views = sorted({slot.view for slot in known if slot.colorway == wanted.colorway})
    if wanted.view not in views:
        what = f"SKU {wanted.sku} in {wanted.colorway}"
        return NoFinal("unknown_view", f"{what} has no view {wanted.view}, but: {', '.join(views)}.", known=views)
    channels = sorted(
        slot.channel
        for slot in known
        if (slot.colorway, slot.view) == (wanted.colorway, wanted.view) and slot.channel is not None
    )
    asked = ", ".join(channels) or "none"
    return NoFinal(
        "unknown_channel",
        f"No request asked for channel {wanted.channel} of this view; channels asked for: {asked}.",
        known=channels,
    )


def most_hopeful(items: Collection[WorkCopy]) -> WorkCopy:
    """Of a slot's work items the newest that is not cancelled, else the newest."""
    return max(items, key=lambda item: (item.state is not WorkState.CANCELLED, item.created_at, item.id))


def taken_out(held: Held) -> NoFinal:
    """It was approved, and a person archived it."""
    assert held.archived_at is not None
    when = held.archived_at.date().isoformat()
    return NoFinal(
        "archived",
        f"Its approved version {held.version.id} was archived by {held.archived_by} on {when}: {held.archived_because}",
        version_id=str(held.version.id),
        archived_by=held.archived_by,
        archived_at=held.archived_at.isoformat(),
        archived_because=held.archived_because,
    )


def unfinished(standing: Standing) -> NoFinal:
    """It was asked for, and is not approved."""
    item = standing.item
    said = {
        "work_item_id": str(item.id),
        "state": item.state,
        "round": item.round,
        "gate": item.open_gate(standing.passed) if item.state is WorkState.IN_REVIEW else None,
    }
    what = "The variant" if item.channel else "The shot"
    if item.state is WorkState.CANCELLED:
        because = f": {item.cause}" if item.cause else ""
        return NoFinal("cancelled", f"{what} was cancelled{because}. There is no other request for it.", **said)
    return NoFinal("not_approved", f"{what} is not approved yet: {_where(standing)}.", **said)


def _where(standing: Standing) -> str:
    item, failure = standing.item, standing.failure
    if item.state is WorkState.IN_REVIEW and (gate := item.open_gate(standing.passed)):
        return f"its version of round {item.round} is at the gate {gate}"
    if item.state is WorkState.WAITING and standing.master is not None:
        state, round_number = standing.master
        return f"it waits for its master, which is {state} in round {round_number}"
    if item.state is WorkState.READY and item.returns_to:
        return f"it was sent back to {item.returns_to} for round {item.round}"
    if item.state is WorkState.READY and item.channel and failure:
        return f"it can't be rendered ({failure}), so somebody has to claim it and upload it"
    if item.state is WorkState.READY and item.channel:
        return "its master is approved, and it is being rendered"
    if item.state is WorkState.CLAIMED:
        return f"{item.claimed_by} is working on round {item.round}"
    if item.state is WorkState.APPROVED:
        return "routing calls it approved, but its version is not here yet"
    return why_not_open(item)

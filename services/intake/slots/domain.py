"""Slots: SKU × colorway × view, each in work for one request at most. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.intake import FieldProblem
from contracts.values import Request

# Never published, so it can't be mistaken for the product's picture.
_WITHOUT_SLOTS = "experiment"


@dataclass(frozen=True, order=True)
class Slot:
    """One picture of one product."""

    sku: str
    colorway: str
    view: str


@dataclass(frozen=True)
class Held:
    """A slot, and the request that wants it or has it."""

    slot: Slot
    request_id: UUID


def slots_of(request: Request) -> list[Held]:
    """What an accepted request asks for; an experiment's pictures are nobody's slot."""
    if request.use == _WITHOUT_SLOTS:
        return []
    return [Held(Slot(request.sku, shot.colorway, shot.view), request.id) for shot in request.shots]


def slots_added(before: Request, after: Request) -> list[Held]:
    """Those that a request's new content asks for, and its old one doesn't."""
    had = {held.slot for held in slots_of(before)}
    return [held for held in slots_of(after) if held.slot not in had]


def only(request: Request, wanted: Sequence[Held]) -> Request:
    """The request with the shots of these slots alone."""
    slots = {(held.slot.colorway, held.slot.view) for held in wanted}
    return request.model_copy(update={"shots": [shot for shot in request.shots if (shot.colorway, shot.view) in slots]})


def duplicate_problems(request: Request, taken: Mapping[Slot, UUID]) -> list[FieldProblem]:
    """One problem for the SKU when none of its slots is free, else one a colorway. `taken`: by whom, out of its own."""
    wanted = [held.slot for held in slots_of(request)]
    if all(slot in taken for slot in wanted):
        return [_problem("/sku", f"All that is asked for of `{request.sku}`", taken, wanted, None)]
    found = []
    for number, colorway in enumerate(request.colorways):
        slots = [slot for slot in wanted if slot.colorway == colorway and slot in taken]
        if slots:
            views = ", ".join(slot.view for slot in slots)
            found.append(
                _problem(f"/colorways/{number}", f"`{request.sku}` in `{colorway}` ({views})", taken, slots, colorway)
            )
    return found


def _problem(
    pointer: str, what: str, taken: Mapping[Slot, UUID], slots: Sequence[Slot], colorway: str | None
) -> FieldProblem:
    others = list(dict.fromkeys(str(taken[slot]) for slot in slots))
    named = f"request {others[0]}" if len(others) == 1 else f"{len(others)} requests, the first is {others[0]}"
    leave_out = f", or leave `{colorway}` out here" if colorway else ""
    return FieldProblem(
        pointer=pointer,
        problem=f"{what} is in work already: {named}.",
        remedy=f"Amend or cancel that request{leave_out}. What is approved is free again: then send this once more.",
    )

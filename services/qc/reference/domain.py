"""What work is asked at its gates, composed from the checklists. Pure."""

from collections.abc import Mapping, Sequence

from contracts.values import Gate
from services.qc.reference.conditions import Facts
from services.qc.reference.schemas import ChecklistItem, Checklists, Question

Composition = Mapping[Gate, Sequence[str]]
"""Gate → the ids of the items that are asked there."""


def compose(checklists: Checklists, facts: Facts) -> Composition:
    """What work with these facts is asked, at every gate: re-routed work may have other gates than before."""
    return {
        checklist.gate: [item.id for item in checklist.items if is_asked(item, facts)]
        for checklist in checklists.checklists
    }


def is_asked(item: ChecklistItem, facts: Facts) -> bool:
    wanted = item.when is None or item.when.hold(facts)
    return wanted and (item.unless is None or not item.unless.hold(facts))


def questions(checklists: Checklists, gate: Gate, composition: Composition | None) -> list[Question]:
    """What is asked at a gate. Without a composition all of it."""
    asked = None if composition is None else set(composition[gate])
    return [Question(id=item.id, text=item.text) for item in checklists.at(gate) if asked is None or item.id in asked]

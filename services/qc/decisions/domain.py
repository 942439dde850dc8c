"""What makes a decision complete, and what follows from it. Pure rules."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis.problems import FieldError
from contracts.qc import ChecklistAnswer
from contracts.values import Outcome
from services.qc.decisions.schemas import NewDecision
from services.qc.reference.schemas import ChecklistItem, Reason, Reasons


def what_is_missing(
    body: NewDecision, items: Sequence[ChecklistItem], reasons: Collection[str], *, zoom_required: bool
) -> list[FieldError]:
    """Every field that keeps the decision from being complete; empty when it is."""
    errors = _unanswered(body.answers, items)
    known = {item.id for item in items}
    for name in sorted(body.answers.keys() - known):
        errors.append(_error(f"/answers/{_escaped(name)}", "not an item of this checklist", "Leave it out."))
    for position, name in enumerate(body.reasons):
        if name not in reasons:
            errors.append(_error(f"/reasons/{position}", "not a reason of the taxonomy", "See `GET /v1/reasons`."))
    if body.outcome is Outcome.FAIL and not body.reasons:
        errors.append(_error("/reasons", "a fail names at least one reason", "Say why, so that it can be put right."))
    if body.outcome is Outcome.PASS:
        errors += _contradictions(body)
        if zoom_required and not body.zoom_inspected:
            errors.append(
                _error("/zoom_inspected", "this pass needs it", "Inspect the image at 100 % zoom, and say so: `true`.")
            )
    return errors


def _unanswered(answers: Mapping[str, ChecklistAnswer], items: Sequence[ChecklistItem]) -> list[FieldError]:
    allowed = "`pass`, `fail` or `not_applicable`"
    return [
        _error(f"/answers/{item.id}", "not answered", f"{item.text} Answer {allowed}.")
        for item in items
        if item.id not in answers
    ]


def _contradictions(body: NewDecision) -> list[FieldError]:
    errors = [
        _error(f"/answers/{_escaped(name)}", "a pass has no failed item", "Fail the gate, or answer the item again.")
        for name, answer in body.answers.items()
        if answer is ChecklistAnswer.FAIL
    ]
    if body.reasons:
        errors.append(_error("/reasons", "a pass has no reasons", "Leave them out, or fail the gate."))
    return errors


@dataclass(frozen=True)
class Consequences:
    """What the reasons of a fail say."""

    returns_to: str | None
    ai_facets: list[str]
    rework_facets: list[str]


def consequences(named: Sequence[str], taxonomy: Reasons, *, ai: bool) -> Consequences:
    """Where the work goes (as far back as any reason asks), and the facets that are counted."""
    by_id = taxonomy.by_id()
    reasons: list[Reason] = [by_id[name] for name in named]
    targets = {reason.target(ai=ai) for reason in reasons}
    return Consequences(
        returns_to=next((target for target in taxonomy.furthest_back_first if target in targets), None),
        ai_facets=_distinct(reason.ai_facet for reason in reasons) if ai else [],
        rework_facets=_distinct(reason.rework_facet for reason in reasons),
    )


def _distinct(facets: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(facet for facet in facets if facet))


def _error(pointer: str, detail: str, remedy: str) -> FieldError:
    return FieldError(pointer=pointer, detail=detail, remedy=remedy)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")

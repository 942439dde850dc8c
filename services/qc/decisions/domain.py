"""What makes a decision complete, and what follows from it. Pure rules."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.problems import FieldError
from contracts.qc import ChecklistAnswer, FlagVerdict
from contracts.values import Gate, Measurement, Outcome
from services.qc.decisions.chain import MEASURED, digest_of
from services.qc.decisions.schemas import Basis, NewDecision
from services.qc.inspections.schemas import Inspection
from services.qc.reference.schemas import Question, Reason, Reasons
from services.qc.reviews.domain import PixelSize
from services.qc.zoom.domain import Coverage


@dataclass(frozen=True)
class AskedZoom:
    """A pass needs an inspection at 100 % zoom. `seen` None: the version's size isn't known."""

    address: str
    seen: Coverage | None


@dataclass(frozen=True)
class Asked:
    """What a decision at the open gate must answer, and what it may name."""

    items: Sequence[Question]
    reasons: Collection[str]
    flags: Sequence[Measurement]
    fails: Sequence[Measurement]
    size: PixelSize | None
    zoom: AskedZoom | None  # None: not asked for


def what_is_missing(body: NewDecision, asked: Asked) -> list[FieldError]:
    """Every field that keeps the decision from being complete; empty when it is. Automatic fails that nobody overrides
    are not a matter of completeness."""
    errors = _unanswered(body.answers, asked.items)
    known = {item.id for item in asked.items}
    for name in sorted(body.answers.keys() - known):
        errors.append(_error(f"/answers/{_escaped(name)}", "not an item of this checklist", "Leave it out."))
    for position, name in enumerate(body.reasons):
        if name not in asked.reasons:
            errors.append(_error(f"/reasons/{position}", "not a reason of the taxonomy", "See `GET /v1/reasons`."))
        elif name in body.reasons[:position]:
            errors.append(_error(f"/reasons/{position}", "named twice", "Name each reason once."))
    if body.outcome is Outcome.FAIL and not body.reasons:
        errors.append(_error("/reasons", "a fail names at least one reason", "Say why, so that it can be put right."))
    if body.outcome is Outcome.PASS:
        errors += _contradictions(body)
        errors += _unseen(asked.zoom)
    return [*errors, *_wrong_causes(body, known), *_wrong_flags(body, asked), *_wrong_marks(body, asked.size),
            *_wrong_overrides(body, asked)]  # fmt: skip


def _wrong_causes(body: NewDecision, known: Collection[str]) -> list[FieldError]:
    """Who leaves a question unanswered because it doesn't apply says why; of a fail the reasons speak."""
    said = body.causes or {}
    without_pass = {name for name, answer in body.answers.items() if answer is not ChecklistAnswer.PASS}
    unsaid = [
        _error(f"/causes/{name}", "missing", "Say why the item doesn't apply to this image, or answer it.")
        for name, answer in body.answers.items()
        if answer is ChecklistAnswer.NOT_APPLICABLE and name in known and name not in said
    ]
    needless = [
        _error(f"/causes/{_escaped(name)}", "the item is not answered `fail` or `not_applicable`", "Leave it out.")
        for name in said
        if name not in without_pass
    ]
    return [*unsaid, *needless]


def _wrong_flags(body: NewDecision, asked: Asked) -> list[FieldError]:
    """A pass accepts every open flag; a fail may answer them."""
    said = body.flags or {}
    errors = [
        _error(f"/flags/{name}", "not an open flag of this gate", "Leave it out.")
        for name in said.keys() - {flag.check for flag in asked.flags}
    ]
    if body.outcome is Outcome.PASS:
        for flag in asked.flags:
            if flag.check not in said:
                told = f"{flag.name}: {flag.detail} Answer `accepted`, or fail the gate."
                errors.append(_error(f"/flags/{flag.check}", "not answered", told))
            elif said[flag.check].answer is FlagVerdict.CONFIRMED:
                remedy = "Fail the gate, or accept the flag."
                errors.append(_error(f"/flags/{flag.check}", "a pass has no confirmed defect", remedy))
    return errors


def _wrong_marks(body: NewDecision, size: PixelSize | None) -> list[FieldError]:
    errors = list[FieldError]()
    for position, mark in enumerate(body.marks or []):
        at = f"/marks/{position}"
        if mark.reason not in body.reasons:
            errors.append(_error(f"{at}/reason", "not a reason of this decision", "Name it among its reasons."))
        if (mark.width is None) != (mark.height is None):
            missing = "width" if mark.width is None else "height"
            errors.append(_error(f"{at}/{missing}", "missing", "A region has both; a point neither."))
        elif size and (mark.x + (mark.width or 1) > size.width or mark.y + (mark.height or 1) > size.height):
            errors.append(_error(at, "outside of the image", f"It is {size.width} × {size.height} px."))
    return errors


def _wrong_overrides(body: NewDecision, asked: Asked) -> list[FieldError]:
    failed = {one.check for one in asked.fails} if body.outcome is Outcome.PASS else set()
    return [
        _error(f"/overrides/{name}", "no automatic fail stands against this pass there", "Leave it out.")
        for name in body.overrides or {}
        if name not in failed
    ]


def _unanswered(answers: Mapping[str, ChecklistAnswer], items: Sequence[Question]) -> list[FieldError]:
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


def _unseen(zoom: AskedZoom | None) -> list[FieldError]:
    if zoom is None or (zoom.seen is not None and zoom.seen.suffices):
        return []
    if zoom.seen is None:
        told = "this pass needs an inspection at 100 % zoom, and the file couldn't be decoded"
        return [_error("/outcome", told, "Fail the gate, so that a file comes that can be seen.")]
    seen = zoom.seen
    told = f"this pass needs an inspection at 100 % zoom: {len(seen.uncovered)} of the subject's {seen.cells} cells"
    told += f" are uncovered, at most {seen.cells - seen.needed} may be"
    return [_error("/outcome", told, f"Look at them, and say so: `PUT {zoom.address}`.")]


def basis_of(review_id: UUID, inspection: Inspection, number: int) -> Basis:
    """What the work item's next decision is made on."""
    measured = digest_of(inspection.model_dump(mode="json", include=set(MEASURED)))
    return Basis(review_id=review_id, inspection_id=inspection.id, measured=measured, number=number)


@dataclass(frozen=True)
class Consequences:
    """What the reasons of a fail say."""

    returns_to: str | None
    ai_facets: list[str]
    rework_facets: list[str]


def escapes(gate: Gate, named: Sequence[str], taxonomy: Reasons, order: Sequence[Gate]) -> list[str]:
    """The reasons that an earlier gate should have found. What is found before its gate is only early."""
    by_id = taxonomy.by_id()
    return [name for name in _distinct(named) if order.index(by_id[name].gate) < order.index(gate)]


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

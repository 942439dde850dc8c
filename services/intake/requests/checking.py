"""What a brief makes of its request: accepted, returned with what is missing, or refused. Pure."""

from dataclasses import replace
from datetime import datetime

from contracts.intake import FieldProblem
from contracts.values import AiUse, ComplexityClass, Priority, Request, Waiver
from services.intake.categories.domain import implied_materials
from services.intake.categories.schemas import CategoryPack
from services.intake.reference import Reference
from services.intake.requests.ai_policy import FORBIDDEN, AiCase, Ruling, rule_on
from services.intake.requests.completeness import find_problems
from services.intake.requests.domain import planned_shots
from services.intake.requests.errors import AiUseForbidden
from services.intake.requests.repository import StoredRequest
from services.intake.requests.schemas import AiRuling, Brief, RequestState


def checked(stored: StoredRequest, reference: Reference, at: datetime) -> StoredRequest:
    """The request in the state that its brief gives it. Raises `AiUseForbidden`."""
    brief = stored.brief
    pack, version = reference.categories.get(brief.category or "", (None, 0))
    case, ruling = ruled(brief, pack, reference)
    if ruling and ruling.verdict == FORBIDDEN:
        raise refusal(ruling)
    problems = find_problems(brief, case, ruling, reference, at)
    if problems or pack is None:
        return returned(stored, problems)
    return replace(
        stored,
        state=RequestState.ACCEPTED,
        problems=[],
        accepted=as_accepted(stored, pack, version, at),
        ai_ruling=shown(ruling),
    )


def judged(stored: StoredRequest, reference: Reference, at: datetime) -> StoredRequest | AiUseForbidden:
    """The same for one of many, whose refusal ends nothing."""
    try:
        return checked(stored, reference, at)
    except AiUseForbidden as forbidden:
        return forbidden


def returned(stored: StoredRequest, problems: list[FieldProblem]) -> StoredRequest:
    """With its requester since its newest change."""
    return replace(
        stored,
        state=RequestState.RETURNED,
        problems=problems,
        returned_at=stored.updated_at,
        returned_version=stored.version,
    )


def as_accepted(stored: StoredRequest, pack: CategoryPack, version: int, at: datetime) -> Request:
    """What production is told. Called for a complete brief only."""
    brief = stored.brief
    ai = brief.ai
    return Request(
        id=stored.id,
        sku=brief.sku or "",
        product_name=(brief.product_name or "").strip(),
        category=pack.name,
        category_version=version,
        materials=_materials(brief, pack),
        use=brief.use or "",
        colorways=brief.colorways or [],
        shots=planned_shots(pack, brief),
        waivers=[
            Waiver(view=waiver.view or "", colorway=waiver.colorway, cause=waiver.cause or "")
            for waiver in brief.waivers or ()
        ],
        channels=brief.channels or [],
        attributes=brief.attributes or {},
        ai=AiUse.model_validate(ai.model_dump()) if ai else None,
        references=brief.references or [],
        priority=Priority(brief.priority or ""),
        deadline=brief.deadline,
        approval_owner=(brief.approval_owner or "").strip(),
        proposed_class=ComplexityClass(brief.proposed_class) if brief.proposed_class else None,
        proposed_track=brief.proposed_track,
        requested_by=stored.requested_by,
        received_at=stored.received_at,
        accepted_at=at,
    )


def ruled(brief: Brief, pack: CategoryPack | None, reference: Reference) -> tuple[AiCase | None, Ruling | None]:
    """The brief's use of AI, if it asks for one, and what the policy says of it."""
    if brief.ai is None:
        return None, None
    materials = frozenset(_materials(brief, pack))
    case = AiCase(brief.ai.use, brief.ai.human_review, brief.category, materials, brief.use)
    return case, rule_on(case, reference.ai_policy)


def refusal(ruling: Ruling) -> AiUseForbidden:
    """Of a use that the policy forbids."""
    return AiUseForbidden(ruling.rules[0], ruling.text, ruling.policy_version)


def shown(ruling: Ruling | None) -> AiRuling | None:
    """As the request keeps it, and shows it."""
    if ruling is None:
        return None
    return AiRuling(
        verdict=ruling.verdict,
        rules=list(ruling.rules),
        conditions=list(ruling.conditions),
        raises_class_to=ruling.raises_class_to,
        policy_version=ruling.policy_version,
    )


def _materials(brief: Brief, pack: CategoryPack | None) -> list[str]:
    """Those that were named, and those that the attributes bring with them."""
    implied = implied_materials(pack, brief.attributes or {}) if pack else set()
    return list(dict.fromkeys([*(brief.materials or ()), *sorted(implied)]))

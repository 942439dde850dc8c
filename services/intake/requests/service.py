"""Use cases of requests. Each changes one request, under its lock, and records what became of it."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.etags import check_version
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.packs import load_pack
from chassis.pagination import Page, PageRequest, next_cursor
from contracts.intake import RequestAccepted, RequestCancelled, RequestReturned
from contracts.values import AiUse, ComplexityClass, Priority, Request, Waiver
from services.intake.categories.domain import implied_materials
from services.intake.categories.schemas import CategoryPack
from services.intake.reference import CATEGORY, Reference, load_reference
from services.intake.requests import repository
from services.intake.requests.ai_policy import FORBIDDEN, AiCase, Ruling, rule_on
from services.intake.requests.completeness import find_problems
from services.intake.requests.domain import Action, amended, planned_shots, require_legal
from services.intake.requests.errors import AiUseForbidden, UnknownRequest
from services.intake.requests.repository import StoredRequest
from services.intake.requests.schemas import AiRuling, Brief, RequestState, RequestSummary, RequestView


async def create(session: AsyncSession, brief: Brief, caller: Caller) -> RequestView:
    """Accepted when complete, else returned with what is missing. Raises `AiUseForbidden`."""
    at = now()
    blank = StoredRequest(
        id=new_id(),
        version=1,
        state=RequestState.RETURNED,
        brief=brief,
        problems=[],
        accepted=None,
        ai_ruling=None,
        requested_by=caller.subject,
        received_at=at,
        updated_at=at,
    )
    checked = _checked(blank, await load_reference(session), at)
    await repository.add(session, checked)
    await _record_outcome(session, checked)
    return _view(checked)


async def amend(session: AsyncSession, request_id: UUID, changes: Brief, expected: int) -> RequestView:
    """Replaces the top-level fields that were sent in a returned request, and checks it anew."""
    stored = await _locked(session, request_id)
    require_legal(stored.state, Action.AMENDED)
    check_version(expected, stored.version)
    at = now()
    changed = replace(stored, version=stored.version + 1, brief=amended(stored.brief, changes), updated_at=at)
    checked = _checked(changed, await load_reference(session), at)
    await repository.replace(session, checked)
    await _record_outcome(session, checked)
    return _view(checked)


async def cancel(session: AsyncSession, request_id: UUID, cause: str, caller: Caller) -> RequestView:
    stored = await _locked(session, request_id)
    require_legal(stored.state, Action.CANCELLED)
    at = now()
    cancelled = replace(
        stored,
        version=stored.version + 1,
        state=RequestState.CANCELLED,
        updated_at=at,
        cancelled_at=at,
        cancel_cause=cause,
    )
    await repository.replace(session, cancelled)
    said = RequestCancelled(id=stored.id, cause=cause, cancelled_by=caller.subject, cancelled_at=at)
    await record(session, Happened(said, stored.id, cancelled.version))
    return _view(cancelled)


async def read(session: AsyncSession, request_id: UUID) -> RequestView:
    stored = await repository.find(session, request_id)
    if stored is None:
        raise UnknownRequest(request_id)
    return _view(stored)


async def listed(
    session: AsyncSession, page: PageRequest, state: RequestState | None, sku: str | None, category: str | None
) -> Page[RequestSummary]:
    found = await repository.newest(session, page, state=state, sku=sku, category=category)
    return Page[RequestSummary](
        items=found[: page.limit],
        next_cursor=next_cursor([one.id for one in found], page.limit),
    )


async def check_amended(session: AsyncSession, stored: StoredRequest, brief: Brief, at: datetime) -> StoredRequest:
    """An accepted request as it would be with another brief; what is wrong with that is in its problems. Unless the
    category changes, it is checked by the version of its pack that the request was accepted under."""
    reference, accepted = await load_reference(session), stored.accepted
    if accepted is not None and brief.category == accepted.category:
        kept = await load_pack(session, CATEGORY + accepted.category, CategoryPack, accepted.category_version)
        if kept is not None:
            reference = replace(reference, categories={**reference.categories, accepted.category: kept})
    return _checked(replace(stored, brief=brief, problems=[]), reference, at)


async def _locked(session: AsyncSession, request_id: UUID) -> StoredRequest:
    stored = await repository.find(session, request_id, lock=True)
    if stored is None:
        raise UnknownRequest(request_id)
    return stored


def _checked(stored: StoredRequest, reference: Reference, at: datetime) -> StoredRequest:
    """The request in the state that its brief gives it. Raises `AiUseForbidden`."""
    brief = stored.brief
    pack, version = reference.categories.get(brief.category or "", (None, 0))
    materials = _materials(brief, pack)
    case = _ai_case(brief, materials)
    ruling = rule_on(case, reference.ai_policy) if case else None
    if ruling and ruling.verdict == FORBIDDEN:
        raise AiUseForbidden(ruling.rules[0], ruling.text, ruling.policy_version)
    problems = find_problems(brief, case, ruling, reference, at)
    if problems or pack is None:
        return replace(stored, problems=problems)
    return replace(
        stored,
        state=RequestState.ACCEPTED,
        problems=[],
        accepted=_accepted(stored, pack, version, materials, at),
        ai_ruling=_kept(ruling),
    )


def _materials(brief: Brief, pack: CategoryPack | None) -> list[str]:
    """Those that were named, and those that the attributes bring with them."""
    implied = implied_materials(pack, brief.attributes or {}) if pack else set()
    return list(dict.fromkeys([*(brief.materials or ()), *sorted(implied)]))


def _ai_case(brief: Brief, materials: list[str]) -> AiCase | None:
    if brief.ai is None:
        return None
    return AiCase(brief.ai.use, brief.ai.human_review, brief.category, frozenset(materials), brief.use)


def _kept(ruling: Ruling | None) -> AiRuling | None:
    if ruling is None:
        return None
    return AiRuling(
        verdict=ruling.verdict,
        rules=list(ruling.rules),
        conditions=list(ruling.conditions),
        raises_class_to=ruling.raises_class_to,
        policy_version=ruling.policy_version,
    )


def _accepted(stored: StoredRequest, pack: CategoryPack, version: int, materials: list[str], at: datetime) -> Request:
    """What production is told. Called for a complete brief only."""
    brief = stored.brief
    ai = brief.ai
    return Request(
        id=stored.id,
        sku=brief.sku or "",
        product_name=(brief.product_name or "").strip(),
        category=pack.name,
        category_version=version,
        materials=materials,
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


async def _record_outcome(session: AsyncSession, stored: StoredRequest) -> None:
    if stored.accepted is not None:
        await record(session, Happened(RequestAccepted(request=stored.accepted), stored.id, stored.version))
        return
    said = RequestReturned(
        id=stored.id,
        sku=stored.brief.sku,
        category=stored.brief.category,
        requested_by=stored.requested_by,
        problems=stored.problems,
        returned_at=stored.updated_at,
    )
    await record(session, Happened(said, stored.id, stored.version))


def _view(stored: StoredRequest) -> RequestView:
    accepted = stored.accepted
    return RequestView(
        **dict(stored.brief),
        id=stored.id,
        version=stored.version,
        state=stored.state,
        problems=stored.problems,
        category_version=accepted.category_version if accepted else None,
        shots=accepted.shots if accepted else [],
        ai_ruling=stored.ai_ruling,
        requested_by=stored.requested_by,
        received_at=stored.received_at,
        updated_at=stored.updated_at,
        accepted_at=accepted.accepted_at if accepted else None,
        cancelled_at=stored.cancelled_at,
        cancel_cause=stored.cancel_cause,
    )

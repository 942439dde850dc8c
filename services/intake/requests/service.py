"""Use cases of requests. Each changes one request, under its lock, and records what became of it."""

from collections.abc import Sequence
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
from contracts.intake import FieldProblem, RequestAccepted, RequestCancelled, RequestReturned
from services.intake.categories.schemas import CategoryPack
from services.intake.clarification import thread
from services.intake.reference import CATEGORY, Reference, load_reference
from services.intake.requests import checking, repository
from services.intake.requests.ai_policy import FORBIDDEN
from services.intake.requests.completeness import MAX_SHOTS, find_problems
from services.intake.requests.domain import Action, amended, planned_shots, require_legal
from services.intake.requests.errors import AiUseForbidden, UnknownRequest
from services.intake.requests.repository import StoredRequest
from services.intake.requests.schemas import (
    WAITING_FOR,
    Brief,
    RequestState,
    RequestSummary,
    RequestView,
    Validation,
    Verdict,
    WaitingFor,
)
from services.intake.slots import service as slots


async def create(session: AsyncSession, brief: Brief, caller: Caller) -> RequestView:
    """Accepted when complete, else returned with what is missing. Raises `AiUseForbidden`."""
    [made] = await create_many(session, [brief], caller.subject, await load_reference(session))
    if isinstance(made, AiUseForbidden):
        raise made
    return view_of(made)


async def create_many(
    session: AsyncSession, briefs: Sequence[Brief], requested_by: str, reference: Reference
) -> list[StoredRequest | AiUseForbidden]:
    """What becomes of each brief; of one that is forbidden nothing is stored."""
    at = now()
    made = [checking.judged(_blank(brief, requested_by, at), reference, at) for brief in briefs]
    stored = await _with_slots(session, [one for one in made if isinstance(one, StoredRequest)])
    await repository.add(session, stored)
    await _record_outcomes(session, stored)
    by_id = {one.id: one for one in stored}
    return [by_id[one.id] if isinstance(one, StoredRequest) else one for one in made]


def _blank(brief: Brief, requested_by: str, at: datetime) -> StoredRequest:
    return StoredRequest(
        id=new_id(),
        version=1,
        state=RequestState.RETURNED,
        brief=brief,
        problems=[],
        accepted=None,
        ai_ruling=None,
        requested_by=requested_by,
        received_at=at,
        updated_at=at,
    )


async def _with_slots(session: AsyncSession, checked: Sequence[StoredRequest]) -> list[StoredRequest]:
    """Those that are to be accepted have their slots now; one that asks for what is in work already is returned."""
    problems = await slots.take(session, [one.accepted for one in checked if one.accepted])
    return [
        checking.returned(replace(one, accepted=None, ai_ruling=None), problems[one.id]) if one.id in problems else one
        for one in checked
    ]


async def validate(session: AsyncSession, brief: Brief) -> Validation:
    """What would become of a brief that was sent now. Stores nothing, records nothing."""
    reference, at = await load_reference(session), now()
    pack, version = reference.categories.get(brief.category or "", (None, None))
    case, ruling = checking.ruled(brief, pack, reference)
    problems = find_problems(brief, case, ruling, reference, at)
    if not problems and pack and version:
        wanted = checking.as_accepted(_blank(brief, "", at), pack, version, at)
        problems = await slots.in_the_way(session, wanted)
    verdict = Verdict.RETURNED if problems else Verdict.ACCEPTED
    if ruling and ruling.verdict == FORBIDDEN:
        verdict, [refused] = Verdict.REFUSED, checking.refusal(ruling).errors
        problems.insert(0, FieldProblem(pointer=refused.pointer, problem=refused.detail, remedy=refused.remedy or ""))
    return Validation(
        state=verdict,
        problems=problems,
        category_version=version,
        shots=planned_shots(pack, brief)[:MAX_SHOTS] if pack else [],
        ai_ruling=checking.shown(ruling),
    )


async def amend(session: AsyncSession, request_id: UUID, changes: Brief, expected: int, amended_by: str) -> RequestView:
    """Replaces the top-level fields that were sent in an incomplete request, and checks it anew."""
    stored = await locked(session, request_id)
    require_legal(stored.state, Action.AMENDED, was_accepted=stored.was_accepted)
    check_version(expected, stored.version)
    checked = await _checked_anew(session, stored, amended(stored.brief, changes), await load_reference(session))
    await _keep_checked(session, stored, checked, amended_by)
    return view_of(checked)


async def revise(
    session: AsyncSession, stored: StoredRequest, brief: Brief, revised_by: str, reference: Reference
) -> StoredRequest:
    """An incomplete request, which is locked, as this brief makes it by what holds now. Where neither the brief nor
    what is wrong with it changes, nothing is stored and nobody is told. Raises `AiUseForbidden`."""
    checked = await _checked_anew(session, stored, brief, reference)
    if checked.accepted is None and brief == stored.brief and _wrong_in(checked) == _wrong_in(stored):
        return stored
    await _keep_checked(session, stored, checked, revised_by)
    return checked


def _wrong_in(stored: StoredRequest) -> list[tuple[str, str]]:
    """Without the remedies: that of a time names the time."""
    return [(one.pointer, one.problem) for one in stored.problems]


async def _checked_anew(
    session: AsyncSession, stored: StoredRequest, brief: Brief, reference: Reference
) -> StoredRequest:
    at = now()
    changed = replace(stored, version=stored.version + 1, brief=brief, updated_at=at)
    [checked] = await _with_slots(session, [checking.checked(changed, reference, at)])
    return checked


async def _keep_checked(session: AsyncSession, before: StoredRequest, checked: StoredRequest, by: str) -> None:
    await repository.replace(session, checked)
    await thread.stop_reminders(session, before)
    await _record_outcomes(session, [checked], by)


async def cancel(session: AsyncSession, request_id: UUID, cause: str, caller: Caller) -> RequestView:
    stored = await locked(session, request_id)
    require_legal(stored.state, Action.CANCELLED, was_accepted=stored.was_accepted)
    return view_of(await ended(session, stored, cause, caller.subject, now()))


async def ended(session: AsyncSession, stored: StoredRequest, cause: str, by: str, at: datetime) -> StoredRequest:
    """The request, which is locked, is cancelled: nobody waits for anything, and its slots are free."""
    cancelled = replace(
        stored,
        version=stored.version + 1,
        state=RequestState.CANCELLED,
        updated_at=at,
        cancelled_at=at,
        cancel_cause=cause,
        questions=[],
    )
    await repository.replace(session, cancelled)
    await thread.stop_reminders(session, stored)
    await thread.tell_cancelled(session, cancelled, by)
    await slots.free(session, stored.id)
    said = RequestCancelled(id=stored.id, cause=cause, cancelled_by=by, cancelled_at=at)
    await record(session, Happened(said, stored.id, cancelled.version))
    return cancelled


async def read(session: AsyncSession, request_id: UUID) -> RequestView:
    stored = await repository.find(session, request_id)
    if stored is None:
        raise UnknownRequest(request_id)
    return view_of(stored)


async def listed(
    session: AsyncSession,
    page: PageRequest,
    state: RequestState | None,
    waiting_for: WaitingFor | None,
    sku: str | None,
    category: str | None,
) -> Page[RequestSummary]:
    states: set[RequestState] | None = None
    if waiting_for is not None:
        states = {one for one, whom in WAITING_FOR.items() if whom is waiting_for}
    if state is not None:
        states = {state} if states is None else states & {state}
    found = await repository.newest(session, page, states=states, sku=sku, category=category)
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
    return checking.checked(replace(stored, brief=brief, problems=[]), reference, at)


async def locked(session: AsyncSession, request_id: UUID) -> StoredRequest:
    stored = await repository.find(session, request_id, lock=True)
    if stored is None:
        raise UnknownRequest(request_id)
    return stored


async def _record_outcomes(
    session: AsyncSession, stored: Sequence[StoredRequest], amended_by: str | None = None
) -> None:
    await thread.tell_checked(session, stored, amended_by)
    await record(session, *(Happened(_outcome(one), one.id, one.version) for one in stored))


def _outcome(stored: StoredRequest) -> RequestAccepted | RequestReturned:
    if stored.accepted is not None:
        return RequestAccepted(request=stored.accepted)
    return RequestReturned(
        id=stored.id,
        sku=stored.brief.sku,
        category=stored.brief.category,
        requested_by=stored.requested_by,
        problems=stored.problems,
        returned_at=stored.updated_at,
    )


def view_of(stored: StoredRequest) -> RequestView:
    accepted = stored.accepted
    return RequestView(
        **dict(stored.brief),
        id=stored.id,
        version=stored.version,
        state=stored.state,
        waiting_for=WAITING_FOR.get(stored.state),
        problems=stored.problems,
        questions=stored.questions,
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

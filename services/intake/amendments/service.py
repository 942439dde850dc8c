"""Use cases of amendments. Whoever needs the request's lock takes it before the amendment's."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.etags import check_version
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.pagination import Page, PageRequest, next_cursor
from chassis.problems import FieldError, Invalid
from chassis.timers import drop_timers, set_timer
from contracts.amendments import AmendmentAccepted, AmendmentClosed, AmendmentProposed
from contracts.intake import FieldProblem
from services.intake.amendments import repository
from services.intake.amendments.domain import (
    Action,
    changed_fields,
    next_state,
    require_acknowledgement,
    require_owner,
)
from services.intake.amendments.errors import (
    AddsWhatIsInWork,
    AnotherIsOpen,
    NotAmendable,
    QuoteIsOld,
    UnknownAmendment,
)
from services.intake.amendments.repository import StoredAmendment
from services.intake.amendments.schemas import AmendmentProposal, AmendmentState, AmendmentView
from services.intake.requests import repository as requests
from services.intake.requests.domain import amended
from services.intake.requests.errors import UnknownRequest
from services.intake.requests.repository import StoredRequest
from services.intake.requests.schemas import Brief, RequestState
from services.intake.requests.service import check_amended
from services.intake.requests.service import locked as locked_request
from services.intake.slots import service as slots

TIMER = "amendment_expires"
# A proposal that nobody quotes ends as well: routing may be away, but not for ever.
PROPOSAL_LASTS = timedelta(days=30)


async def propose(session: AsyncSession, request_id: UUID, body: AmendmentProposal, caller: Caller) -> AmendmentView:
    """Stores it and asks routing what it would do. Nothing changes yet."""
    if body.cancel == (body.changes is not None):
        both = FieldError(pointer="/changes", detail="not one of the two", remedy="Send `changes`, or `cancel: true`.")
        raise Invalid("An amendment either changes fields or cancels the request.", errors=[both])
    request = await locked_request(session, request_id)
    await _require_amendable(session, request, cancels=body.cancel)
    at = now()
    fresh = _blank(request_id, body.cause, caller, at)
    if body.changes is not None:
        fresh = await _with_changes(session, fresh, request, body.changes, at)
    return await _propose(session, replace(fresh, keep_begun_work=body.keep_begun_work))


async def propose_cancellation(
    session: AsyncSession, request_id: UUID, cause: str, caller: Caller
) -> AmendmentView | None:
    """Of a request in production, be it with its requester: its cancellation is quoted first. None for every other,
    which holds up no work."""
    request = await locked_request(session, request_id)
    if not _is_in_production(request):
        return None
    await _require_amendable(session, request, cancels=True)
    return await _propose(session, _blank(request_id, cause, caller, now()))


async def accept(
    session: AsyncSession, amendment_id: UUID, expected: int, acknowledge_losses: bool, caller: Caller
) -> AmendmentView:
    """Its owner accepts the quote of this version. Routing applies it, or quotes it anew."""
    request, stored = await _locked(session, amendment_id)
    require_owner(caller, request)
    state = next_state(stored.state, Action.ACCEPT)
    check_version(expected, stored.version)
    at = now()
    assert stored.quote is not None  # by its state
    assert request.accepted is not None
    if stored.expires_at is not None and stored.expires_at <= at:
        raise QuoteIsOld("The quote was good until", stored.expires_at)
    if stored.content is not None and stored.content.deadline is not None and stored.content.deadline <= at:
        raise QuoteIsOld("The deadline that it asks for passed at", stored.content.deadline)
    require_acknowledgement(stored.quote, acknowledge_losses)
    if stored.content is not None:
        in_the_way = await slots.take_added(session, request.accepted, stored.content)
        if in_the_way:
            raise AddsWhatIsInWork(_of_changes(in_the_way))
    accepted = replace(
        stored,
        version=stored.version + 1,
        state=state,
        accepted_by=caller.subject,
        accepted_at=at,
        updated_at=at,
        expires_at=None,
    )
    await repository.replace(session, accepted)
    await drop_timers(session, [(TIMER, str(stored.id))])
    said = AmendmentAccepted(
        id=stored.id,
        request_id=stored.request_id,
        request=stored.content,
        cause=stored.cause,
        fingerprint=stored.quote.fingerprint,
        accepted_by=caller.subject,
        accepted_at=at,
    )
    await record(session, Happened(said, stored.id, accepted.version))
    return view(accepted)


async def reject(
    session: AsyncSession, amendment_id: UUID, expected: int, cause: str | None, caller: Caller
) -> AmendmentView:
    """Its owner doesn't want it."""
    request, stored = await _locked(session, amendment_id)
    require_owner(caller, request)
    return await _close(session, stored, Action.REJECT, expected, caller.subject, cause)


async def withdraw(
    session: AsyncSession, amendment_id: UUID, expected: int, cause: str | None, caller: Caller
) -> AmendmentView:
    """Who proposed it, or its owner, takes it back."""
    request, stored = await _locked(session, amendment_id)
    require_owner(caller, request, stored.proposed_by)
    return await _close(session, stored, Action.WITHDRAW, expected, caller.subject, cause)


async def read(session: AsyncSession, amendment_id: UUID) -> AmendmentView:
    stored = await repository.find(session, amendment_id)
    if stored is None:
        raise UnknownAmendment(amendment_id)
    return view(stored)


async def listed(
    session: AsyncSession, page: PageRequest, state: AmendmentState | None, request_id: UUID | None
) -> Page[AmendmentView]:
    found = await repository.newest(session, page, state=state, request_id=request_id)
    return Page[AmendmentView](
        items=[view(one) for one in found[: page.limit]],
        next_cursor=next_cursor([one.id for one in found], page.limit),
    )


async def listed_of_request(session: AsyncSession, page: PageRequest, request_id: UUID) -> Page[AmendmentView]:
    if await requests.find(session, request_id) is None:
        raise UnknownRequest(request_id)
    return await listed(session, page, None, request_id)


async def close(session: AsyncSession, stored: StoredAmendment, action: Action, by: str, cause: str | None) -> None:
    """It will not take effect. The amendment is locked already."""
    at = now()
    closed = replace(
        stored,
        version=stored.version + 1,
        state=next_state(stored.state, action),
        closed_by=by,
        closed_cause=cause,
        updated_at=at,
        expires_at=None,
    )
    await repository.replace(session, closed)
    said = AmendmentClosed(
        id=stored.id, request_id=stored.request_id, state=closed.state, closed_by=by, cause=cause, closed_at=at
    )
    await record(session, Happened(said, stored.id, closed.version))


def view(stored: StoredAmendment) -> AmendmentView:
    """As the API shows it."""
    shown = {name: getattr(stored, name) for name in AmendmentView.model_fields if hasattr(stored, name)}
    version = stored.content.category_version if stored.content else None
    return AmendmentView(**shown, cancel=stored.content is None, category_version=version)


def _blank(request_id: UUID, cause: str, caller: Caller, at: datetime) -> StoredAmendment:
    """A cancellation, as long as nothing else is said."""
    return StoredAmendment(
        id=new_id(),
        request_id=request_id,
        version=1,
        state=AmendmentState.PROPOSED,
        brief=None,
        content=None,
        ai_ruling=None,
        changed=[],
        keep_begun_work=False,
        cause=cause,
        proposed_by=caller.subject,
        proposed_at=at,
        updated_at=at,
        expires_at=at + PROPOSAL_LASTS,
    )


async def _with_changes(
    session: AsyncSession, fresh: StoredAmendment, request: StoredRequest, changes: Brief, at: datetime
) -> StoredAmendment:
    """With the content that the changes lead to, checked like any brief. Raises `Invalid`, `AiUseForbidden`."""
    brief = amended(request.brief, changes)
    changed = changed_fields(request.brief, brief)
    if not changed:
        nothing = FieldError(pointer="/changes", detail="nothing differs", remedy="Send the fields that are to change.")
        raise Invalid("This would change nothing.", errors=[nothing])
    errors = []
    if "sku" in changed:
        remedy = "Cancel this request and make a new one: another product is other work."
        errors.append(FieldError(pointer="/changes/sku", detail="A request keeps its product.", remedy=remedy))
    checked = await check_amended(session, request, brief, at)
    errors += _of_changes(checked.problems)
    if errors or checked.accepted is None or request.accepted is None:
        raise Invalid("The changed brief is not complete; `errors` names each field.", errors=errors[:100])
    content = checked.accepted.model_copy(update={"accepted_at": request.accepted.accepted_at})
    in_the_way = await slots.added_in_the_way(session, request.accepted, content)
    if in_the_way:
        raise Invalid("What it adds is in work already; `errors` names it.", errors=_of_changes(in_the_way))
    return replace(fresh, brief=brief, content=content, ai_ruling=checked.ai_ruling, changed=changed)


def _of_changes(problems: Iterable[FieldProblem]) -> list[FieldError]:
    return [
        FieldError(pointer=f"/changes{problem.pointer}", detail=problem.problem, remedy=problem.remedy)
        for problem in problems
    ]


async def _propose(session: AsyncSession, fresh: StoredAmendment) -> AmendmentView:
    await repository.add(session, fresh)
    if fresh.expires_at is not None:
        await set_timer(session, TIMER, fresh.id, fresh.expires_at)
    said = AmendmentProposed(
        id=fresh.id,
        request_id=fresh.request_id,
        request=fresh.content,
        keep_begun_work=fresh.keep_begun_work,
        cause=fresh.cause,
        proposed_by=fresh.proposed_by,
        proposed_at=fresh.proposed_at,
    )
    await record(session, Happened(said, fresh.id, fresh.version))
    return view(fresh)


async def _close(
    session: AsyncSession, stored: StoredAmendment, action: Action, expected: int, by: str, cause: str | None
) -> AmendmentView:
    next_state(stored.state, action)
    check_version(expected, stored.version)
    await close(session, stored, action, by, cause)
    await drop_timers(session, [(TIMER, str(stored.id))])
    return await read(session, stored.id)


def _is_in_production(request: StoredRequest) -> bool:
    return request.was_accepted and request.state is not RequestState.CANCELLED


async def _require_amendable(session: AsyncSession, request: StoredRequest, *, cancels: bool) -> None:
    """Content that is asked about is not changed at the same time; but it may be cancelled."""
    if not (_is_in_production(request) if cancels else request.state is RequestState.ACCEPTED):
        raise NotAmendable(request.state, was_accepted=request.was_accepted)
    if (other := await repository.open_one(session, request.id)) is not None:
        raise AnotherIsOpen(other.id, other.state)


async def _locked(session: AsyncSession, amendment_id: UUID) -> tuple[StoredRequest, StoredAmendment]:
    found = await repository.find(session, amendment_id)
    if found is None:
        raise UnknownAmendment(amendment_id)
    request = await locked_request(session, found.request_id)
    locked = await repository.lock(session, amendment_id)
    assert locked is not None  # rows are never deleted
    return request, locked

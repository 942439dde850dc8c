"""Use cases of amendments in routing: quote them, and apply what was accepted exactly as it was quoted."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.events import Happened, record
from chassis.handlers import NotYet
from chassis.packs import load_pack, publish_default, publish_pack, read_toml
from chassis.pagination import PageRequest
from chassis.problems import NotFound, Unavailable
from contracts.amendments import (
    AmendmentAccepted,
    AmendmentApplied,
    AmendmentClosed,
    AmendmentProposed,
    AmendmentQuoted,
    AmendmentRefused,
    Quote,
    QuoteLine,
)
from contracts.envelope import Event
from contracts.values import Domain
from services.routing.amendments import repository
from services.routing.amendments.applying import steps
from services.routing.amendments.domain import Difference, Proposal, differences
from services.routing.amendments.quoting import Basis, moved_on, quoted
from services.routing.amendments.repository import StoredAmendment, TakenRequest
from services.routing.amendments.schemas import PublishedRates, QuoteItem, QuoteState, QuoteView, RatesPack
from services.routing.clarification.reactions import paused
from services.routing.reference import require_owner
from services.routing.sla.clocks import Clock, clock_of
from services.routing.sla.service import usual_durations
from services.routing.steps.service import current_steps
from services.routing.tracks.service import current_packs, packs_by_versions
from services.routing.work import repository as work_repository
from services.routing.work.changes import save
from services.routing.work.domain import Tracked

RATES = "rates"
MOST_ITEMS = 1_000_000  # all of a request: its size is bounded where it is accepted


async def publish_default_rates(session: AsyncSession, folder: Path) -> None:
    """Version 1, on the first start."""
    await publish_default(session, RATES, RatesPack.model_validate(read_toml(folder / f"{RATES}.toml")))


async def proposed(session: AsyncSession, event: Event[AmendmentProposed]) -> None:
    """Quotes it. One that was closed before this arrived is not quoted any more."""
    said, at = event.data, now()
    if await repository.find(session, said.id, lock=True):
        return
    request = await _request(session, said.request_id)
    fresh = StoredAmendment(
        id=said.id,
        version=0,
        request_id=said.request_id,
        state=QuoteState.QUOTED,
        content=said.request,
        keep_begun_work=said.keep_begun_work,
        cause=said.cause,
        quote=None,
        reason=None,
        updated_at=at,
    )
    await repository.add(session, fresh)
    if request.cancelled:
        await _refuse(session, fresh, "The request is cancelled.", at)
        return
    items = await work_repository.list_items(session, {"request_id": said.request_id}, None, MOST_ITEMS)
    _, quote, lines = await _quote(session, fresh, request, items, at)
    await _tell_quote(session, fresh, quote, lines, None)


async def accepted(session: AsyncSession, event: Event[AmendmentAccepted]) -> None:
    """Applies it, if it would still do what its quote says; else it is quoted anew and nothing is applied."""
    said, at = event.data, now()
    stored = await repository.find(session, said.id, lock=True)
    if stored is None:
        raise NotYet(f"the amendment {said.id} is not quoted yet")
    if stored.state is not QuoteState.QUOTED:
        return
    # The items' locks: from here on no gate passes and nobody claims until this is committed. The request's comes
    # first: a return that waits for it pauses what is made here too.
    request = await _request(session, said.request_id, lock=True)
    items = await work_repository.lock_items_of_request(session, said.request_id)
    if request.cancelled:
        await _refuse(session, stored, "The request was cancelled before it could be applied.", at)
        return
    found, quote, lines = await _quote(session, stored, request, items, at)
    if quote.fingerprint != said.fingerprint:
        reason = moved_on(await repository.lines_of(session, stored.id), lines)
        await _tell_quote(session, stored, quote, lines, reason)
        return
    taken = steps(found, said.accepted_by, at, f"amendment {said.id}: {said.cause}")
    await save(session, await paused(session, said.request_id, taken))
    await repository.change_request(session, said.request_id, stored.content)
    applied = replace(stored, version=stored.version + 1, state=QuoteState.APPLIED, updated_at=at)
    await repository.replace(session, applied)
    told = AmendmentApplied(
        id=said.id,
        request_id=said.request_id,
        fingerprint=quote.fingerprint,
        counts=quote.counts,
        applied_at=at,
    )
    await record(session, Happened(told, said.id, applied.version))


async def closed(session: AsyncSession, event: Event[AmendmentClosed]) -> None:
    """It will not take effect."""
    said, at = event.data, now()
    stored = await repository.find(session, said.id, lock=True)
    if stored is None:
        raise NotYet(f"the amendment {said.id} is not quoted yet")
    if stored.state is QuoteState.QUOTED:
        closing = replace(stored, state=QuoteState.CLOSED, reason=f"{said.state} by {said.closed_by}", updated_at=at)
        await repository.replace(session, closing)


async def read_quote(session: AsyncSession, amendment_id: UUID) -> QuoteView:
    stored = await _found(session, amendment_id)
    return QuoteView(
        amendment_id=stored.id,
        request_id=stored.request_id,
        state=stored.state,
        quote=stored.quote,
        reason=stored.reason,
        updated_at=stored.updated_at,
    )


async def read_items(
    session: AsyncSession, amendment_id: UUID, where: dict[str, Any], page: PageRequest
) -> list[QuoteItem]:
    """One more than the page holds, if there is one."""
    await _found(session, amendment_id)
    return await repository.page_of_lines(session, amendment_id, where, page.after, page.limit + 1)


async def current_rates(session: AsyncSession) -> PublishedRates:
    found = await load_pack(session, RATES, RatesPack)
    if found is None:
        raise Unavailable(f"The pack `{RATES}` is not loaded yet.")
    return PublishedRates(version=found[1], **dict(found[0]))


async def publish_rates(session: AsyncSession, pack: RatesPack, caller: Caller, expected: int) -> PublishedRates:
    """The next version, by the owner of `sla_and_exceptions`."""
    await require_owner(session, caller, Domain.SLA_AND_EXCEPTIONS)
    version = await publish_pack(session, RATES, pack, by=caller.subject, expected=expected)
    return PublishedRates(version=version, **dict(pack))


async def _quote(
    session: AsyncSession, stored: StoredAmendment, request: TakenRequest, items: Sequence[Tracked], at: datetime
) -> tuple[list[Difference], Quote, list[QuoteLine]]:
    current = await current_packs(session)
    packs = await packs_by_versions(session, {item.packs for item in items}) | {current.versions: current}
    proposal = Proposal(request.content, request.deadline, stored.content, stored.keep_begun_work)
    clocks: dict[UUID, Clock | None] = {}
    if stored.content is not None and stored.content.deadline != request.deadline:
        told = await repository.clock_steps(session, stored.request_id)
        clocks = {one.work.id: clock_of(one, told.get(one.work.id, ()), packs[one.packs].calendar) for one in items}
    standings = await repository.standings(session, stored.request_id, items, clocks)
    # In a thread: a request may have 15,000 items, and the process answers others meanwhile.
    usual = await usual_durations(session)
    found = await asyncio.to_thread(differences, proposal, standings, packs.__getitem__, current, at, usual)
    number = stored.quote.number + 1 if stored.quote else 1
    basis = Basis(await current_steps(session), await current_rates(session))
    quote, lines = await asyncio.to_thread(quoted, found, basis, current.versions, number, at)
    return found, quote, lines


async def _tell_quote(
    session: AsyncSession, stored: StoredAmendment, quote: Quote, lines: Sequence[QuoteLine], reason: str | None
) -> None:
    new = replace(stored, version=stored.version + 1, quote=quote, reason=reason, updated_at=quote.computed_at)
    await repository.replace(session, new)
    await repository.replace_lines(session, new.id, lines)
    told = AmendmentQuoted(id=new.id, request_id=new.request_id, quote=quote, reason=reason)
    await record(session, Happened(told, new.id, new.version))


async def _refuse(session: AsyncSession, stored: StoredAmendment, cause: str, at: datetime) -> None:
    refused = replace(stored, version=stored.version + 1, state=QuoteState.REFUSED, reason=cause, updated_at=at)
    await repository.replace(session, refused)
    told = AmendmentRefused(id=stored.id, request_id=stored.request_id, cause=cause, refused_at=at)
    await record(session, Happened(told, stored.id, refused.version))


async def _request(session: AsyncSession, request_id: UUID, *, lock: bool = False) -> TakenRequest:
    request = await repository.taken_request(session, request_id, lock=lock)
    if request is None:
        raise NotYet(f"the request {request_id} has not arrived yet")
    return request


async def _found(session: AsyncSession, amendment_id: UUID) -> StoredAmendment:
    stored = await repository.find(session, amendment_id)
    if stored is None:
        raise NotFound(f"Nothing was quoted for an amendment {amendment_id} yet.")
    return stored

"""What the conversation about a request does to its work: while it is with its requester, no SLA clock runs (R19).

A return pauses all unfinished work of the request, an answer lets it go on. Between the events of a request's
conversation its version decides: an older one that comes late changes nothing. A pause counts from the moment of the
return to the moment of the answer, however late the two arrive here.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.handlers import NotYet
from contracts.envelope import Event
from contracts.intake import RequestAnswered, RequestClarified, RequestReturned
from services.routing.clarification import domain, repository
from services.routing.clarification.repository import Clarification
from services.routing.sla.service import due_now
from services.routing.tracks.service import packs_by_versions
from services.routing.work.changes import save
from services.routing.work.domain import RUNNING, Change, Tracked
from services.routing.work.planning import lease_of
from services.routing.work.repository import last_steps_of, lock_items_of_request

ANSWERED = "its requester has answered"
_MOST_CAUSE = 500


async def request_returned(session: AsyncSession, event: Event[RequestReturned]) -> None:
    """Pauses its work. One that was never accepted, which has no questions, has none."""
    said = event.data
    if not said.questions:
        return
    before = await _known(session, said.id)
    if event.aggregateversion <= before.version:
        return
    cause = f"with its requester: {said.questions[0].text}"
    if len(said.questions) > 1:
        cause = f"with its requester: {len(said.questions)} questions, first: {said.questions[0].text}"
    cause = cause if len(cause) <= _MOST_CAUSE else f"{cause[: _MOST_CAUSE - 1]}…"
    await repository.keep(session, said.id, Clarification(event.aggregateversion, True, said.returned_at, cause))
    by = said.returned_by or event.source
    items = await lock_items_of_request(session, said.id)
    await save(session, await _pauses(session, items, by, said.returned_at, cause))


async def request_answered(session: AsyncSession, event: Event[RequestAnswered]) -> None:
    said = event.data
    await _with_us(session, said.id, event.aggregateversion, said.returned_at, said.answered_at, said.answered_by)


async def request_clarified(session: AsyncSession, event: Event[RequestClarified]) -> None:
    """Its answer comes first and lets the work go on; this does, where it overtakes the answer."""
    said = event.data
    await _with_us(session, said.id, event.aggregateversion, said.returned_at, said.answered_at, said.clarified_by)


async def paused(session: AsyncSession, request_id: UUID, steps: Sequence[Change]) -> list[Change]:
    """The steps, and a pause behind them for all that they set going while its request is with its requester.

    Whoever calls this holds the items' locks; a return that comes later pauses what it finds.
    """
    cause = await repository.waits_because(session, request_id)
    if cause is None or not steps:
        return list(steps)
    newest = {step.after.work.id: step.after for step in steps}
    return [*steps, *await _pauses(session, newest.values(), steps[-1].by, now(), cause)]


async def _with_us(
    session: AsyncSession, request_id: UUID, version: int, returned_at: datetime, answered_at: datetime, by: str
) -> None:
    before = await _known(session, request_id)
    if version <= before.version:
        return
    counted = before.returned_at
    await repository.keep(session, request_id, Clarification(version, False, max(returned_at, counted or returned_at)))
    if not before.with_requester and counted is not None and returned_at <= counted:
        return
    items, steps = await lock_items_of_request(session, request_id), list[Change]()
    if not before.with_requester:  # the answer has overtaken the return: the pause is over, but it counts
        running = [item for item in items if item.work.state in RUNNING]
        steps = await _pauses(session, running, by, returned_at, "with its requester")
        items = list({step.after.work.id: step.after for step in steps}.values())
    await save(session, [*steps, *await _going_on(session, items, by, answered_at)])


async def _going_on(session: AsyncSession, items: Sequence[Tracked], by: str, answered_at: datetime) -> list[Change]:
    at, steps = now(), list[Change]()
    packs = await packs_by_versions(session, {item.packs for item in items})
    for item in items:
        kept = packs[item.packs]
        step = domain.go_on(item, by, at, answered_at, kept.calendar, lease_of(kept), ANSWERED)
        if step is not None:
            steps.append(step)
    return steps


async def _pauses(
    session: AsyncSession, items: Iterable[Tracked], by: str, since: datetime, cause: str
) -> list[Change]:
    """A pause moves what is still to come, not what came before it: that is told first. It begins no earlier than its
    item's last step, so that no time is paused twice; but what the SLA clock said meanwhile is no step."""
    at, steps, found = now(), list[Change](), list(items)
    touched = [item.work.id for item in found if item.work.updated_at > since]
    last_steps = await last_steps_of(session, touched) if touched else {}
    for item in found:
        begins = max(since, last_steps.get(item.work.id, since))
        if item.work.state in RUNNING:
            steps += (due := await due_now(session, item, begins))
            item = due[-1].after if due else item
        if (step := domain.pause(item, by, at, begins, cause)) is not None:
            steps.append(step)
    return steps


async def _known(session: AsyncSession, request_id: UUID) -> Clarification:
    found = await repository.lock(session, request_id)
    if found is None:
        raise NotYet(f"request {request_id} has not arrived yet")
    return found

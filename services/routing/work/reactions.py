"""What the events of other services do to work."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.handlers import NotYet
from chassis.logs import get_logger
from contracts.assets import VersionStored
from contracts.envelope import Event
from contracts.intake import RequestAccepted, RequestCancelled
from contracts.qc import DecisionRecorded
from contracts.values import WorkKind, WorkState
from services.routing.amendments.repository import keep_content, keep_passed
from services.routing.clarification.reactions import paused
from services.routing.sla.service import usual_durations
from services.routing.tracks.service import current_packs, packs_by_versions, packs_of
from services.routing.work import domain, repository
from services.routing.work.changes import save
from services.routing.work.domain import Change, Hold, Tracked
from services.routing.work.planning import due_for, lease_of, plan_work

log = get_logger(__name__)


async def requests_accepted(session: AsyncSession, accepted: list[Event[RequestAccepted]]) -> None:
    """Makes their work, once. A request that was cancelled before this arrived makes none."""
    taken = await repository.take_requests(session, accepted)
    packs, usual, at = await current_packs(session), await usual_durations(session), now()
    answers = {event.data.request.id: event for event in accepted if event.data.request.id in taken}
    if known := sorted(str(one.data.request.id) for one in accepted if one.data.request.id not in taken):
        log.info("requests that were taken or cancelled before make no work", request_ids=known)
    await keep_content(session, [event.data.request for event in answers.values()])
    made = [
        domain.create(item, event.data.request.requested_by)
        for event in answers.values()
        for item in plan_work(event.data.request, packs, at, usual)
    ]
    await save(session, made, answers)


async def request_cancelled(session: AsyncSession, event: Event[RequestCancelled]) -> None:
    """Stops what is not approved."""
    said, at = event.data, now()
    await repository.cancel_request(session, said.id, event.aggregateversion)
    items = await repository.lock_items_of_request(session, said.id)
    open_items = [item for item in items if not item.is_final]
    await save(session, [domain.cancel(item, said.cancelled_by, at, said.cause) for item in open_items])


async def version_stored(session: AsyncSession, event: Event[VersionStored]) -> None:
    """A file that assets accepted wins over a lease, and shows that blocked work goes on."""
    version = event.data.version
    item = await _locked(session, version.work_item_id)
    if item.is_final or version.round < item.work.round:
        return
    if version.round > item.work.round or item.work.state is WorkState.WAITING:
        raise NotYet(f"work item {item.work.id} is {item.work.state} in round {item.work.round}")
    if item.place is WorkState.IN_REVIEW:
        return
    steps = await _unblocked(session, item, version.delivered_by, "a version was delivered")
    item = steps[-1].after if steps else item
    steps.append(domain.hand_in(item, version.delivered_by, now()))
    await save(session, await paused(session, item.work.request_id, steps))


async def decision_recorded(session: AsyncSession, event: Event[DecisionRecorded]) -> None:
    """A failed gate sends work back; the last passed gate approves it. Other decisions change nothing here."""
    decision, gate = event.data.decision, event.data.gate
    has_failed = gate.state == "failed"
    if gate.state == "passed":
        await repository.lock_item(session, decision.work_item_id)
        await keep_passed(session, decision.work_item_id, decision.round, decision.gate)
    if not has_failed and (gate.state != "passed" or gate.next_gate is not None):
        return
    item = await _locked(session, decision.work_item_id)
    if item.is_final or decision.round < item.work.round:
        return
    if decision.round > item.work.round or item.place is not WorkState.IN_REVIEW:
        raise NotYet(f"work item {item.work.id} is {item.work.state} in round {item.work.round}")
    at, by = now(), decision.decided_by
    steps = await _unblocked(session, item, by, "a gate was decided")
    item = steps[-1].after if steps else item
    if has_failed:
        cause = f"{decision.gate}: {', '.join(decision.reasons)}"
        steps.append(domain.send_back(item, by, at, gate.returns_to, cause))
    else:
        steps.append(domain.approve(item, by, at, decision.decided_at))
        steps += await _variants_made_ready(session, item, by)
    await save(session, await paused(session, item.work.request_id, steps))


async def _variants_made_ready(session: AsyncSession, shot: Tracked, by: str) -> list[Change]:
    """An approved master starts the clocks of its variants."""
    if shot.work.kind is not WorkKind.SHOT:
        return []
    variants = await repository.lock_variants(session, shot.work.id)
    waiting = [variant for variant in variants if variant.place is WorkState.WAITING]
    if not waiting:
        return []
    at, deadline = now(), await repository.deadline_of(session, shot.work.request_id)
    by_versions = await packs_by_versions(session, {one.packs for one in waiting})
    ready = list[Change]()
    for variant in waiting:  # one of them may have been re-routed: each by its own track and packs
        packs = by_versions[variant.packs]
        complexity, track = packs.classes.entry(variant.work.complexity_class), packs.tracks.track(variant.work.track)
        steps = await _unblocked(session, variant, by, "its master is approved")
        due = due_for(at, track, complexity, deadline, packs)
        steps.append(domain.make_ready(steps[-1].after if steps else variant, by, at, due))
        if Hold.PERSON in variant.blocked_for:  # blocked when an amendment redid it: its clock has begun, and stands
            still = "it is still blocked by hand"
            steps.append(domain.hold(steps[-1].after, Hold.PERSON, by, at, at, still))
        ready += steps
    return ready


async def _unblocked(session: AsyncSession, item: Tracked, by: str, cause: str) -> list[Change]:
    if item.work.state is not WorkState.BLOCKED:
        return []
    packs = await packs_of(session, item.packs)
    return [domain.unblock(item, by, now(), packs.calendar, lease_of(packs), cause)]


async def _locked(session: AsyncSession, work_id: UUID) -> Tracked:
    item = await repository.lock_item(session, work_id)
    if item is None:
        raise NotYet(f"work item {work_id} is not made yet")
    return item

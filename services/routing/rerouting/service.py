"""Another way for work, by a person who may decide it."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.clock import now
from chassis.etags import check_version
from chassis.problems import FieldError, Forbidden, Invalid
from contracts.values import Domain, WorkState
from services.routing.reference import require_owner
from services.routing.rerouting import domain
from services.routing.rerouting.domain import Way
from services.routing.rerouting.schemas import RerouteRequest
from services.routing.sla.clocks import clock_of, later_by
from services.routing.tracks.service import Packs, current_packs, packs_of
from services.routing.work import repository
from services.routing.work.changes import save
from services.routing.work.domain import Due, Tracked, expire
from services.routing.work.errors import NoSuchWork
from services.routing.work.planning import due_for


async def reroute_work(
    session: AsyncSession, work_id: UUID, body: RerouteRequest, caller: Caller, expected: int
) -> Tracked:
    """By the item's owner, or by who owns `schedule_and_vendors`. It is a new decision: by the packs in force."""
    item, at = await repository.lock_item(session, work_id), now()
    if item is None:
        raise NoSuchWork(f"There is no work item {work_id}.")
    await _require_rerouter(session, caller, item)
    check_version(expected, item.version)
    changes = []
    # A lease that ran out holds nothing, even when its timer has not rung yet.
    if item.work.state is WorkState.CLAIMED and item.work.lease_until and item.work.lease_until <= at:
        changes.append(expire(item, at))
        item = changes[-1].after
    newest, kept = await current_packs(session), await packs_of(session, item.packs)
    asked = {way: getattr(body, way) for way in Way if way in body.model_fields_set}
    wanted = domain.wanted_of(item, asked, newest.tracks)
    domain.require_changeable(item, wanted or asked)
    if not wanted:
        raise Invalid("Nothing would change: it is on this way already.", errors=[_nothing()])
    if faults := domain.faults(item, wanted, newest.tracks, newest.teams):
        raise Invalid(f"It can't go this way; `errors` names each cause ({len(faults)}).", errors=faults)
    versions = item.packs
    if Way.TEAM in wanted:
        versions = versions.model_copy(update={"teams": newest.versions.teams})
    if (name := wanted.get(Way.TRACK)) is None:
        changes.append(domain.reroute(item, wanted, caller.subject, body.cause, at, versions))
    else:
        versions = versions.model_copy(update={"tracks": newest.versions.tracks})
        track, complexity = newest.tracks.track(name), kept.classes.entry(item.work.complexity_class)
        due = await _due_on(session, item, name, replace(kept, tracks=newest.tracks))
        changes.append(domain.reroute(item, wanted, caller.subject, body.cause, at, versions, track, complexity, due))
    await save(session, changes)
    return changes[-1].after


async def _require_rerouter(session: AsyncSession, caller: Caller, item: Tracked) -> None:
    """Raises `Forbidden`, naming all who may."""
    owner = item.work.owner_role
    if caller.has(owner):
        return
    try:
        await require_owner(session, caller, Domain.SCHEDULE_AND_VENDORS)
    except Forbidden as refused:
        require_role(caller, owner, *refused.extensions["allowed_roles"])


async def _due_on(session: AsyncSession, item: Tracked, name: str, packs: Packs) -> Due | None:
    """When it is due on another track: its SLA counts from when the item's clock began, so that what has passed counts,
    and its pauses stay out."""
    clock = clock_of(item, await repository.list_history(session, item.work.id), packs.calendar)
    if clock is None:
        return None
    complexity = packs.classes.entry(item.work.complexity_class)
    deadline = await repository.deadline_of(session, item.work.request_id)
    due = due_for(clock.started_at, packs.tracks.track(name), complexity, deadline, packs)
    return later_by(due, clock.paused, packs.calendar)


def _nothing() -> FieldError:
    return FieldError(pointer="", detail="nothing is different", remedy="Name a track, queue, team, level or priority.")

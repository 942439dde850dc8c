"""What the SLA clock does to work, and what is kept of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.ids import new_id
from chassis.pagination import Page, PageRequest, next_cursor
from contracts.routing import WorkEscalated, WorkRedone
from contracts.values import Risk, Role
from services.routing.handoffs.service import PacksFor
from services.routing.sla import repository
from services.routing.sla.domain import Usual, climb, fits_until, needs_fitting, time_to_go, usual_of
from services.routing.sla.schemas import Escalation
from services.routing.steps.service import current_steps
from services.routing.tracks.service import packs_of, published_classes
from services.routing.work import repository as work_items
from services.routing.work.domain import Change, TimerKind, Tracked, timers_of
from services.routing.work.schemas import Work

# Medians of the newest handoffs; with fewer than the least, the pack of steps counts.
USUAL_OF_LAST, USUAL_LEAST = 100, 20
USUAL_FRESH = timedelta(minutes=10)

# One a process and database: an estimate may be some minutes old, and making work must not wait for it.
_usual: WeakKeyDictionary[object, tuple[datetime, Usual]] = WeakKeyDictionary()


async def usual_durations(session: AsyncSession) -> Usual:
    """How long each step usually takes, by track and class: as measured, or as the pack of steps says."""
    engine, at = session.get_bind(), now()
    known = _usual.get(engine)
    if known is None or abs(at - known[0]) >= USUAL_FRESH:
        steps, classes = await current_steps(session), await published_classes(session)
        measured = await repository.measure_usual(session, USUAL_OF_LAST, USUAL_LEAST)
        known = at, usual_of(steps, classes, measured)
        _usual[engine] = known
    return known[1]


async def due_now(session: AsyncSession, item: Tracked, at: datetime) -> list[Change]:
    """What the SLA clock has to say of an item by now; its row is locked."""
    timers = timers_of(item)
    if not any(moment <= at for kind, moment in timers.items() if kind is not TimerKind.LEASE):
        return []
    packs = await packs_of(session, item.packs)
    return climb(item, at, packs.tracks.track(item.work.track), packs.calendar)


async def refit(
    session: AsyncSession, changes: Sequence[Change], newest: dict[UUID, Tracked], packs_for: PacksFor
) -> None:
    """Say anew until when the steps to go fit, where they or the time for them have changed. New work brings it along
    from its planning."""
    oldest = {change.after.work.id: change.before for change in reversed(changes)}
    for key, item in newest.items():
        before = oldest[key]
        if before is None or item.is_final or not needs_fitting(before, item):
            continue
        fits: datetime | None = None
        if item.work.due_at is not None:
            packs, work = await packs_for(item), item.work
            track, complexity = packs.tracks.track(work.track), packs.classes.entry(work.complexity_class)
            to_go = time_to_go(work.kind, work.step, track, complexity, await usual_durations(session))
            fits = fits_until(work.updated_at, work.due_at, to_go, packs.calendar)
        newest[key] = replace(item, fits_until=fits)


async def keep_escalations(session: AsyncSession, changes: Sequence[Change], newest: dict[UUID, Tracked]) -> None:
    """Note whom these changes tell, and close what was told of work that is over."""
    rows = [
        {
            "id": new_id(),
            "work_item_id": change.after.work.id,
            "version": change.after.version,
            "rung": change.says["rung"],
            "role": change.says["to"],
            "at": change.after.work.updated_at,
        }
        for change in changes
        if change.event is WorkEscalated
    ]
    if rows:
        await repository.add(session, rows)
    over = {key for key, item in newest.items() if item.is_final and item.work.risk is not Risk.ON_TIME}
    # Its clock is a new one, and what was told of the one before is past.
    over |= {change.after.work.id for change in changes if change.event is WorkRedone}
    if over:
        await repository.close(session, over, now())


async def list_escalations(
    session: AsyncSession, caller: Caller, role: Role | None, page: PageRequest
) -> Page[Escalation]:
    """Those of one role; without one, those of the caller's own."""
    found = await repository.list_open(session, [role] if role else caller.roles, page)
    shown = found[: page.limit]
    items = {item.work.id: item for item in await work_items.find_items(session, {row.work_item_id for row in shown})}
    return Page[Escalation](
        items=[
            Escalation(id=row.id, rung=row.rung, role=Role(row.role), at=row.at, work=Work.of(items[row.work_item_id]))
            for row in shown
        ],
        next_cursor=next_cursor([row.id for row in found], page.limit),
    )

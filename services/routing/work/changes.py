"""Storing steps: rows, history, events and timers of any number of work items, in one statement."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.events import Happened, recorded
from chassis.timers import Timer, timers_dropped, timers_set
from chassis.writes import Write, write
from contracts.envelope import Event
from contracts.routing import MOST_PLANNED, WorkPlanned
from services.routing.handoffs.service import PacksFor, note_handoffs
from services.routing.sla.service import keep_escalations, refit
from services.routing.tracks.schemas import PackVersions
from services.routing.tracks.service import Packs, packs_of
from services.routing.work import repository
from services.routing.work.domain import Change, Tracked, timers_of


async def save(session: AsyncSession, changes: Sequence[Change], answers: Mapping[UUID, Event[Any]] = {}) -> None:
    """Store steps in their order; an item may take several. Call it once a transaction and item, with its lock held.

    `answers`: request → the event that its new work answers, where several events are handled at once.
    """
    if not changes:
        return
    made = {change.after.work.id for change in changes if change.before is None}
    newest = {change.after.work.id: change.after for change in changes}
    packs_for = _read_once(session)
    await refit(session, changes, newest, packs_for)
    writes = list[Write]()
    if made:
        writes.append(repository.items_made(item for key, item in newest.items() if key in made))
    if made != newest.keys():
        writes.append(repository.items_changed(item for key, item in newest.items() if key not in made))
    steps = [_told(change) for change in changes if change.before is not None]
    writes += [repository.history_of(changes), recorded(session, *_planned(changes, answers), *steps)]
    writes += _timers(changes, newest)
    await write(session, *writes)
    await note_handoffs(session, changes, packs_for)
    await keep_escalations(session, changes, newest)


def _planned(changes: Sequence[Change], answers: Mapping[UUID, Event[Any]]) -> Iterator[Happened]:
    """What was made, told by request: one event for many items costs everyone a fraction of one for each."""
    made = [change for change in changes if change.before is None]

    def told_of(change: Change) -> tuple[UUID, str, str | None]:
        return change.after.work.request_id, change.by, change.cause

    for (request_id, by, cause), of_request in groupby(made, key=told_of):
        items = [change.after.work for change in of_request]
        for number, at in enumerate(range(0, len(items), MOST_PLANNED), start=1):
            part = items[at : at + MOST_PLANNED]
            said = WorkPlanned(request_id=request_id, items=part, by=by, cause=cause)
            yield Happened(said, request_id, number, answers.get(request_id))


def _told(change: Change) -> Happened:
    work = change.after.work
    event = change.event(work=work, by=change.by, cause=change.cause, **change.says)
    return Happened(event, work.id, change.after.version)


def _read_once(session: AsyncSession) -> PacksFor:
    """The packs that an item keeps; those of one version are read once a call of `save`, and only if someone asks."""
    known: dict[PackVersions, Packs] = {}

    async def packs_for(item: Tracked) -> Packs:
        if item.packs not in known:
            known[item.packs] = await packs_of(session, item.packs)
        return known[item.packs]

    return packs_for


def _timers(changes: Sequence[Change], newest: dict[UUID, Tracked]) -> Iterator[Write]:
    oldest = {change.after.work.id: change.before for change in reversed(changes)}
    to_set, to_drop = list[Timer](), list[tuple[str, str]]()
    for key, after in newest.items():
        before = oldest[key]
        had, has = timers_of(before) if before else {}, timers_of(after)
        to_set += [Timer(kind, str(key), at) for kind, at in has.items() if had.get(kind) != at]
        to_drop += [(kind, str(key)) for kind in had if kind not in has]
    if to_set:
        yield timers_set(to_set)
    if to_drop:
        yield timers_dropped(to_drop)

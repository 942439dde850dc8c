"""Storing steps: rows, history, events and timers of any number of work items, in a handful of statements."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.events import Happened, record
from chassis.timers import Timer, drop_timers, set_timers
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
    if made:
        await repository.insert_items(session, [item for key, item in newest.items() if key in made])
    if changed := [item for key, item in newest.items() if key not in made]:
        await repository.update_items(session, changed)
    await repository.add_history(session, changes)
    await note_handoffs(session, changes, packs_for)
    await keep_escalations(session, changes, newest)
    steps = [_told(change) for change in changes if change.before is not None]
    await record(session, *_planned(changes, answers), *steps)
    await _bring_timers(session, changes, newest)


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


async def _bring_timers(session: AsyncSession, changes: Sequence[Change], newest: dict[UUID, Tracked]) -> None:
    oldest = {change.after.work.id: change.before for change in reversed(changes)}
    to_set, to_drop = list[Timer](), list[tuple[str, str]]()
    for key, after in newest.items():
        before = oldest[key]
        had, has = timers_of(before) if before else {}, timers_of(after)
        to_set += [Timer(kind, str(key), at) for kind, at in has.items() if had.get(kind) != at]
        to_drop += [(kind, str(key)) for kind in had if kind not in has]
    if to_set:
        await set_timers(session, to_set)
    if to_drop:
        await drop_timers(session, to_drop)

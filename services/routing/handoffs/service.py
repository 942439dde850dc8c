"""Handing over, and keeping who had what for how long."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.problems import FieldError, Invalid
from contracts.values import Step
from services.routing.handoffs import repository
from services.routing.handoffs.domain import stint
from services.routing.handoffs.repository import Period
from services.routing.handoffs.schemas import (
    CurrentStep,
    Handoff,
    Handoffs,
    HandoffSummary,
    Spread,
    StepSummary,
    hours_of,
)
from services.routing.tracks.service import Packs
from services.routing.work.domain import Change, Tracked

PacksFor = Callable[[Tracked], Awaitable[Packs]]

LONGEST_PERIOD = timedelta(days=366)
USUAL_PERIOD = timedelta(days=30)


async def note_handoffs(session: AsyncSession, changes: Sequence[Change], packs_for: PacksFor) -> None:
    """A row for each change of step. Its time is read from the history, so nothing has to be kept while work is in a
    step; call it when the history of these changes is written."""
    moved = [change for change in changes if change.before and change.before.work.step is not change.after.work.step]
    if not moved:
        return
    moments = await repository.moments_of(session, {change.after.work.id for change in moved})
    entered: dict[UUID, int] = {}
    rows = []
    for change in moved:
        item, version = change.after, change.after.version
        since = entered.get(item.work.id, 0)
        spent = [moment for moment in moments.get(item.work.id, []) if since <= moment.version < version]
        took = stint(spent, item.work.updated_at, (await packs_for(item)).calendar)
        entered[item.work.id] = version
        rows.append({**_told(change), "held_by": took.held_by, "since": took.since} | {
            f"{name}{clock}_hours": hours_of(getattr(span, of))
            for name, span in (("waiting", took.waiting), ("working", took.working))
            for clock, of in (("", "business"), ("_wall", "wall"))
        })  # fmt: skip
    await repository.add(session, rows)


async def handoffs_of(session: AsyncSession, item: Tracked, packs: Packs) -> Handoffs:
    rows = await repository.list_of_item(session, item.work.id)
    current = None
    if not item.is_final:
        moments = (await repository.moments_of(session, [item.work.id])).get(item.work.id, [])
        current = CurrentStep.of(item.work.step, stint(moments, now(), packs.calendar))
    return Handoffs(handoffs=[Handoff.of(row) for row in rows], current=current)


async def summary(
    session: AsyncSession, since: datetime | None, until: datetime | None, track: str | None, step: Step | None
) -> HandoffSummary:
    """Without a period: the last 30 days."""
    end = until or now()
    begin = since or end - USUAL_PERIOD
    if not timedelta(0) < end - begin <= LONGEST_PERIOD:
        raise Invalid(
            "The period is not one.",
            errors=[
                FieldError(
                    pointer="query/since",
                    detail=f"from {begin.isoformat()} to {end.isoformat()}",
                    remedy=f"`since` comes before `until`, by at most {LONGEST_PERIOD.days} days.",
                )
            ],
        )
    rows = await repository.summarize(session, Period(begin, end, track, step))
    steps = [
        StepSummary(
            track=row.track,
            step=Step(row.step),
            items=row.items,
            waiting=Spread.of(row.waiting),
            working=Spread.of(row.working),
            whole=Spread.of(row.whole),
        )
        for row in rows
    ]
    return HandoffSummary(since=begin, until=end, steps=steps)


def _told(change: Change) -> dict[str, Any]:
    assert change.before is not None
    before, after = change.before.work, change.after.work
    return {
        "work_item_id": after.id,
        "version": change.after.version,
        "kind": after.kind,
        "track": before.track,
        "complexity_class": before.complexity_class,
        "round": before.round,
        "from_step": before.step,
        "to_step": after.step,
        "at": after.updated_at,
        "by": change.by,
        "note": change.cause,
    }

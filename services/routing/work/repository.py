"""All SQL of work items. Many rows go in one statement, as one JSON value that PostgreSQL spreads over the columns."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import Row, Select, TextClause, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.writes import Write
from contracts.envelope import Event
from contracts.intake import RequestAccepted
from contracts.values import WorkItem, WorkState
from services.routing.tracks.domain import Choice
from services.routing.tracks.schemas import PackVersions
from services.routing.work import models
from services.routing.work.domain import Change, Hold, Tracked

_TABLE = models.work_item
_WORK_FIELDS = tuple(WorkItem.model_fields)

_INSERT = """
    made AS (
        INSERT INTO work_item SELECT * FROM jsonb_populate_recordset(NULL::work_item, CAST(:made_rows AS jsonb))
    )
"""

# What steps change; the rest stays as it was made.
_CHANGING = (
    "version", "state", "round", "returns_to", "claimed_by", "lease_until", "due_at", "risk", "updated_at",
    "approved_at", "at_risk_at", "blocked_in", "blocked_at", "chosen_by", "step", "team", "level", "track", "queue",
    "owner_role", "priority", "blocked_for", "fits_until", "rungs", "next_rung_at", "gates", "final_reviewers", "packs",
    "ready_at",
    # An amendment changes these.
    "category", "materials", "product_name", "spec", "complexity_class", "zoom_required", "ai", "approval_owner",
    "use",
)  # fmt: skip
_UPDATE = f"""
    changed AS (
        UPDATE work_item SET {", ".join(f"{name} = new.{name}" for name in _CHANGING)}
        FROM jsonb_populate_recordset(NULL::work_item, CAST(:changed_rows AS jsonb)) AS new WHERE work_item.id = new.id
    )
"""  # noqa: S608, our own names
_ADD_HISTORY = """
    history_new AS (
        INSERT INTO history SELECT * FROM jsonb_populate_recordset(NULL::history, CAST(:history_rows AS jsonb))
    )
"""


def items_made(items: Iterable[Tracked]) -> Write:
    return Write(_INSERT, {"made_rows": _json(_rows(items))})


def items_changed(items: Iterable[Tracked]) -> Write:
    """Whoever writes this holds the rows' locks."""
    return Write(_UPDATE, {"changed_rows": _json(_rows(items))})


def history_of(changes: Iterable[Change]) -> Write:
    rows = [
        {
            "work_item_id": change.after.work.id,
            "version": change.after.version,
            "at": change.after.work.updated_at,
            "what": change.event.type.split(".")[2],
            "by": change.by,
            "cause": change.cause,
            "state": change.after.work.state,
            "changes": change.changes,
            "paused_seconds": change.paused.total_seconds() if change.paused is not None else None,
        }
        for change in changes
    ]
    return Write(_ADD_HISTORY, {"history_rows": _json(rows)})


async def find_item(session: AsyncSession, work_id: UUID) -> Tracked | None:
    return await _one(session, select(_TABLE).where(_TABLE.c.id == work_id))


async def find_items(session: AsyncSession, work_ids: Iterable[UUID]) -> list[Tracked]:
    return await _all(session, select(_TABLE).where(_TABLE.c.id.in_(list(work_ids))))


async def lock_item(session: AsyncSession, work_id: UUID) -> Tracked | None:
    """Waits until nobody else changes it."""
    return await _one(session, select(_TABLE).where(_TABLE.c.id == work_id).with_for_update())


async def lock_item_if_free(session: AsyncSession, work_id: UUID) -> Tracked | None:
    """None when someone is changing it at this moment."""
    return await _one(session, select(_TABLE).where(_TABLE.c.id == work_id).with_for_update(skip_locked=True))


async def lock_items_of_request(session: AsyncSession, request_id: UUID) -> list[Tracked]:
    return await _all(session, select(_TABLE).where(_TABLE.c.request_id == request_id).order_by(_TABLE.c.id), lock=True)


async def lock_variants(session: AsyncSession, shot_id: UUID) -> list[Tracked]:
    return await _all(session, select(_TABLE).where(_TABLE.c.parent_id == shot_id).order_by(_TABLE.c.id), lock=True)


async def list_items(session: AsyncSession, where: dict[str, Any], after: UUID | None, limit: int) -> list[Tracked]:
    """Newest first; `where` is column → value."""
    query = select(_TABLE).order_by(_TABLE.c.id.desc()).limit(limit)
    for column, value in where.items():
        query = query.where(_TABLE.c[column] == value)
    if after is not None:
        query = query.where(_TABLE.c.id < after)
    return await _all(session, query)


async def read_items(session: AsyncSession, statement: TextClause, values: dict[str, Any]) -> list[Tracked]:
    """What a statement of another feature finds: whole rows of this table."""
    return [_item(row) for row in await session.execute(statement, values)]


async def list_history(session: AsyncSession, work_id: UUID) -> Sequence[Row[Any]]:
    """Oldest first."""
    steps = models.history
    found = await session.execute(select(steps).where(steps.c.work_item_id == work_id).order_by(steps.c.version))
    return found.all()


async def last_steps_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each took its last step. What the SLA clock says of an item is none."""
    steps = models.history
    is_step = steps.c.what.not_in(("at_risk", "breached", "escalated"))
    query = select(steps.c.work_item_id, func.max(steps.c.at)).where(steps.c.work_item_id.in_(ids), is_step)
    found = await session.execute(query.group_by(steps.c.work_item_id))
    return {row[0]: row[1] for row in found}


async def take_requests(session: AsyncSession, accepted: Sequence[Event[RequestAccepted]]) -> set[UUID]:
    """Note accepted requests. Those that weren't known yet: one that is may be a cancelled one."""
    rows = {
        event.data.request.id: {
            "id": event.data.request.id,
            "version": event.aggregateversion,
            "cancelled": False,
            "deadline": event.data.request.deadline,
        }
        for event in reversed(accepted)
    }
    new = insert(models.request).values(list(rows.values())).on_conflict_do_nothing().returning(models.request.c.id)
    return set((await session.execute(new)).scalars())


async def cancel_request(session: AsyncSession, request_id: UUID, version: int) -> None:
    """Note a cancelled request, whether it was accepted before or not."""
    new = insert(models.request).values(id=request_id, version=version, cancelled=True)
    changes = {"version": new.excluded.version, "cancelled": True}
    await session.execute(new.on_conflict_do_update(index_elements=["id"], set_=changes))


async def deadline_of(session: AsyncSession, request_id: UUID) -> datetime | None:
    return (await session.execute(select(models.request.c.deadline).where(models.request.c.id == request_id))).scalar()


async def _one(session: AsyncSession, query: Select[Any]) -> Tracked | None:
    row = (await session.execute(query)).first()
    return _item(row) if row else None


async def _all(session: AsyncSession, query: Select[Any], *, lock: bool = False) -> list[Tracked]:
    """Locks are taken in the order of the ids, so that two who lock the same items never wait for each other."""
    return [_item(row) for row in await session.execute(query.with_for_update() if lock else query)]


def _json(rows: Iterable[dict[str, Any]]) -> str:
    return orjson.dumps(list(rows), default=str).decode()  # asyncpg's UUIDs are a class of their own


def _rows(items: Iterable[Tracked]) -> Iterator[dict[str, Any]]:
    """What many items share (the choices of their request, their packs' versions) is put into JSON's types once."""
    known: dict[int, Any] = {}

    def once(value: BaseModel, *, brief: bool = False) -> Any:
        found = known.get(id(value))
        if found is None:
            found = known[id(value)] = value.model_dump(exclude_defaults=brief)
        return found

    for item in items:
        yield {
            **item.work.model_dump(),
            "version": item.version,
            "packs": once(item.packs),
            "chosen_by": [once(choice, brief=True) for choice in item.chosen_by],
            "at_risk_at": item.at_risk_at,
            "blocked_in": item.blocked_in,
            "blocked_at": item.blocked_at,
            "blocked_for": item.blocked_for,
            "fits_until": item.fits_until,
            "rungs": item.rungs,
            "next_rung_at": item.next_rung_at,
            "ready_at": item.ready_at,
        }


def _item(row: Row[Any]) -> Tracked:
    values = row._mapping
    return Tracked(
        work=WorkItem.model_validate({name: values[name] for name in _WORK_FIELDS}),
        version=values["version"],
        packs=PackVersions.model_validate(values["packs"]),
        chosen_by=tuple(Choice.model_validate(choice) for choice in values["chosen_by"]),
        at_risk_at=values["at_risk_at"],
        blocked_in=WorkState(values["blocked_in"]) if values["blocked_in"] else None,
        blocked_at=values["blocked_at"],
        blocked_for=tuple(Hold(hold) for hold in values["blocked_for"]),
        fits_until=values["fits_until"],
        rungs=values["rungs"],
        next_rung_at=values["next_rung_at"],
        ready_at=values["ready_at"],
    )

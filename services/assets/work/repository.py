"""SQL of the work items' read copy."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.routing import WorkChanged
from contracts.values import Gate, Step, WorkItem, WorkKind, WorkState
from services.assets.work.domain import Slot, WorkCopy
from services.assets.work.models import passed_gate, work_item

_OF_SLOTS = text(
    """
    SELECT w.id FROM work_item w
    JOIN unnest(CAST(:skus AS text[]), CAST(:colorways AS text[]), CAST(:views AS text[]), CAST(:channels AS text[]))
        AS slot (sku, colorway, view, channel)
      ON w.sku = slot.sku AND w.colorway = slot.colorway AND w.view = slot.view
     AND w.channel IS NOT DISTINCT FROM slot.channel
    """
)
_COLUMNS = work_item.c.keys()
_INSERT_NEW = text(
    "INSERT INTO work_item SELECT * FROM json_populate_recordset(NULL::work_item, CAST(:rows AS json))"
    " ON CONFLICT DO NOTHING"
)


def copy_of(row: Row[*tuple[Any, ...]]) -> WorkCopy:
    """Out of a row that has at least its columns."""
    values = {name: row._mapping[name] for name in _COLUMNS}
    values["kind"] = WorkKind(row.kind)
    values["state"] = WorkState(row.state)
    values["step"] = Step(row.step) if row.step else None
    values["gates"] = [Gate(gate) for gate in row.gates]
    return WorkCopy(**values)


def _row(work: WorkItem, version: int, cause: str | None) -> dict[str, Any]:
    return {
        "id": work.id,
        "version": version,
        "kind": work.kind,
        "request_id": work.request_id,
        "parent_id": work.parent_id,
        "sku": work.sku,
        "colorway": work.colorway,
        "view": work.view,
        "channel": work.channel,
        "gates": [gate.value for gate in work.gates],
        "state": work.state,
        "round": work.round,
        "returns_to": work.returns_to,
        "claimed_by": work.claimed_by,
        "step": work.step,
        "cause": cause,
        "created_at": work.created_at,
        "approved_at": work.approved_at,
        "use": work.use,
        "ai": work.ai,
    }


async def keep_new(session: AsyncSession, items: Sequence[WorkItem]) -> None:
    """Store items that were just made: any state that is there already is as new or newer."""
    rows = orjson.dumps([_row(work, 1, None) for work in items], default=str).decode()
    await session.execute(_INSERT_NEW, {"rows": rows})


async def keep_newest(session: AsyncSession, changed: WorkChanged, version: int) -> bool:
    """Store a state, unless a newer one of it is there. False when there is."""
    row = _row(changed.work, version, changed.cause)
    new = insert(work_item).values(row)
    kept = await session.execute(
        new.on_conflict_do_update(
            index_elements=[work_item.c.id],
            set_={name: new.excluded[name] for name in row if name != "id"},
            where=work_item.c.version < new.excluded.version,
        ).returning(work_item.c.id)
    )
    return kept.first() is not None


async def find(session: AsyncSession, item_id: UUID, *, lock: bool = False) -> WorkCopy | None:
    query = select(work_item).where(work_item.c.id == item_id)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    return copy_of(row) if row else None


async def of_slots(session: AsyncSession, slots: Collection[Slot], *, lock: bool = False) -> list[WorkCopy]:
    """All items of these slots. Locked in the order of their ids, so that two who lock the same ones take turns."""
    ordered = sorted(slots, key=str)
    values = {
        "skus": [slot.sku for slot in ordered],
        "colorways": [slot.colorway for slot in ordered],
        "views": [slot.view for slot in ordered],
        "channels": [slot.channel for slot in ordered],
    }
    ids = (await session.execute(_OF_SLOTS, values)).scalars().all()
    query = select(work_item).where(work_item.c.id.in_(ids)).order_by(work_item.c.id)
    return [copy_of(row) for row in await session.execute(query.with_for_update() if lock else query)]


async def slots_of(session: AsyncSession, sku: str) -> list[Slot]:
    """Everything that was ever asked for of a SKU."""
    table = work_item.c
    rows = await session.execute(
        select(table.sku, table.colorway, table.view, table.channel).where(table.sku == sku).distinct()
    )
    return [Slot(row.sku, row.colorway, row.view, row.channel) for row in rows]


async def keep_passed(session: AsyncSession, item_id: UUID, round_number: int, gate: Gate) -> None:
    row = {"work_item_id": item_id, "round": round_number, "gate": gate}
    await session.execute(insert(passed_gate).values(row).on_conflict_do_nothing())


async def passed_gates(session: AsyncSession, item: WorkCopy) -> frozenset[Gate]:
    """Those that the item has passed in its round."""
    rows: Sequence[str] = (
        await session.execute(
            select(passed_gate.c.gate).where(passed_gate.c.work_item_id == item.id, passed_gate.c.round == item.round)
        )
    ).scalars().all()  # fmt: skip
    return frozenset(Gate(gate) for gate in rows)

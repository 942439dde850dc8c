"""All SQL of slots."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.slots.domain import Held, Slot
from services.intake.slots.schemas import SlotView

MOST_SHOWN = 2_000

# Sorted, so that two that take the same slots at the same moment take turns instead of blocking each other. Who comes
# second waits for the first one's commit, and gets what the first one didn't take.
_TAKE = text(
    """
    INSERT INTO slot (sku, colorway, view, request_id)
    SELECT * FROM jsonb_to_recordset(CAST(:slots AS jsonb)) AS s (sku text, colorway text, view text, request_id uuid)
    ORDER BY sku, colorway, view
    ON CONFLICT DO NOTHING
    RETURNING sku, colorway, view
    """
)
_HOLDERS = text(
    """
    SELECT slot.sku, slot.colorway, slot.view, slot.request_id FROM slot
    JOIN jsonb_to_recordset(CAST(:slots AS jsonb)) AS s (sku text, colorway text, view text) USING (sku, colorway, view)
    """
)
_KEEP_ONLY = text(
    """
    DELETE FROM slot WHERE request_id = :id AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(CAST(:slots AS jsonb)) AS s (sku text, colorway text, view text)
        WHERE (s.sku, s.colorway, s.view) = (slot.sku, slot.colorway, slot.view)
    )
    """
)


def _json(held: Iterable[Held]) -> str:
    rows = [
        {"sku": one.slot.sku, "colorway": one.slot.colorway, "view": one.slot.view, "request_id": str(one.request_id)}
        for one in held
    ]
    return orjson.dumps(rows).decode()


async def take(session: AsyncSession, wanted: Sequence[Held]) -> set[Slot]:
    """Those that were free, and are taken now."""
    rows = await session.execute(_TAKE, {"slots": _json(wanted)})
    return {Slot(row.sku, row.colorway, row.view) for row in rows}


async def holders(session: AsyncSession, wanted: Sequence[Held]) -> dict[Slot, UUID]:
    """Slot → the request that has it; free ones are missing."""
    rows = await session.execute(_HOLDERS, {"slots": _json(wanted)})
    return {Slot(row.sku, row.colorway, row.view): row.request_id for row in rows}


async def of_sku(session: AsyncSession, sku: str) -> list[SlotView]:
    """Those of one product, at most as many as one page shows."""
    rows = await session.execute(
        text("SELECT colorway, view, request_id FROM slot WHERE sku = :sku ORDER BY colorway, view LIMIT :most"),
        {"sku": sku, "most": MOST_SHOWN},
    )
    return [SlotView(colorway=row.colorway, view=row.view, request_id=row.request_id) for row in rows]


async def keep_only(session: AsyncSession, request_id: UUID, held: Sequence[Held]) -> None:
    """Frees all of a request's slots but these."""
    await session.execute(_KEEP_ONLY, {"id": request_id, "slots": _json(held)})


async def free_request(session: AsyncSession, request_id: UUID) -> None:
    await session.execute(text("DELETE FROM slot WHERE request_id = :id"), {"id": request_id})


async def free(session: AsyncSession, held: Held) -> None:
    """One slot, if it is this request's: a late event about earlier work changes nothing."""
    await session.execute(
        text(
            "DELETE FROM slot WHERE sku = :sku AND colorway = :colorway AND view = :view AND request_id = :request_id"
        ),
        {
            "sku": held.slot.sku,
            "colorway": held.slot.colorway,
            "view": held.slot.view,
            "request_id": held.request_id,
        },
    )

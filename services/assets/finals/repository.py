"""SQL of the one call for the approved final: all that its answer rests on in one statement, all that says why there is
none in another.

A PIM asks it for every picture that it shows. Each statement more is another way to PostgreSQL and back, which takes
longer than the statement itself.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.values import Gate, WorkState
from services.assets.finals.domain import Standing
from services.assets.rights.domain import Attached, Picture
from services.assets.rights.pack import PACK
from services.assets.rights.pictures import ATTACHED, PICTURE, picture_of
from services.assets.rights.schemas import RightsPack
from services.assets.versions.repository import LAST_FIRST, version_of
from services.assets.work.domain import Slot
from services.assets.work.repository import copy_of


@dataclass(frozen=True)
class Final:
    """An approved version, what is attached to it, and the pack that says what it needs."""

    version: Version
    picture: Picture
    attached: list[Attached]
    pack: RightsPack


_FIELDS = ", ".join(f"final.{name}" for name in Version.model_fields)


def _final_where(channel: str) -> str:
    return f"""
        WITH final AS (
            SELECT * FROM version
            WHERE sku = :sku AND colorway = :colorway AND view = :view AND {channel} AND zone = 'final'
            ORDER BY {LAST_FIRST} LIMIT 1
        ),
        asked AS (SELECT id FROM final), {ATTACHED}
        SELECT {_FIELDS}, {PICTURE}, pack.version AS pack_version, pack.content AS pack
        FROM final JOIN picture p ON p.id = final.id CROSS JOIN pack
        WHERE pack.name = '{PACK}' ORDER BY pack.version DESC LIMIT 1
    """  # noqa: S608, ours


def _standings_where(channel: str) -> str:
    return f"""
        SELECT w.*, m.state AS master_state, m.round AS master_round, f.cause AS failure,
               ARRAY(SELECT gate FROM passed_gate p WHERE p.work_item_id = w.id AND p.round = w.round) AS passed
        FROM work_item w
        LEFT JOIN work_item m ON m.id = w.parent_id
        LEFT JOIN render_failure f ON f.work_item_id = w.id AND f.round = w.round
        WHERE w.sku = :sku AND w.colorway = :colorway AND w.view = :view AND w.{channel}
    """  # noqa: S608, ours


# Two of each, for an index doesn't know `IS NOT DISTINCT FROM`.
_MASTERS, _MASTERS_STAND = text(_final_where("channel IS NULL")), text(_standings_where("channel IS NULL"))
_VARIANTS, _VARIANTS_STAND = text(_final_where("channel = :channel")), text(_standings_where("channel = :channel"))


async def standings_of_slot(session: AsyncSession, slot: Slot) -> list[Standing]:
    """How far each of its work items has come: all that says why it has no final, but for what was taken out."""
    statement = _MASTERS_STAND if slot.channel is None else _VARIANTS_STAND
    return [
        Standing(
            copy_of(row),
            frozenset(Gate(gate) for gate in row.passed),
            (WorkState(row.master_state), row.master_round) if row.master_state else None,
            row.failure,
        )
        for row in await session.execute(statement, _wanted(slot))
    ]


async def final_of_slot(session: AsyncSession, slot: Slot) -> Final | None:
    statement = _MASTERS if slot.channel is None else _VARIANTS
    row = (await session.execute(statement, _wanted(slot))).first()
    if row is None:
        return None
    version = version_of(row)
    return Final(version, *picture_of(version, row), RightsPack(version=row.pack_version, **row.pack))


def _wanted(slot: Slot) -> dict[str, str]:
    wanted = {"sku": slot.sku, "colorway": slot.colorway, "view": slot.view}
    return wanted if slot.channel is None else wanted | {"channel": slot.channel}

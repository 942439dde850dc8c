"""SQL of the one call for the approved final: all that its answer rests on, in one statement.

A PIM asks it for every picture that it shows. Each statement more is another way to PostgreSQL and back, which takes
longer than the statement itself.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from services.assets.rights.domain import Attached, Picture
from services.assets.rights.pack import PACK
from services.assets.rights.pictures import ATTACHED, PICTURE, picture_of
from services.assets.rights.schemas import RightsPack
from services.assets.versions.repository import version_of
from services.assets.work.domain import Slot


@dataclass(frozen=True)
class Final:
    """An approved version, what is attached to it, and the pack that says what it needs."""

    version: Version
    picture: Picture
    attached: list[Attached]
    pack: RightsPack


_FIELDS = ", ".join(f"final.{name}" for name in Version.model_fields)


def _final_where(channel: str) -> str:
    """Of several, the one that was approved or promoted last, as in `versions.repository`."""
    return f"""
        WITH final AS (
            SELECT * FROM version
            WHERE sku = :sku AND colorway = :colorway AND view = :view AND {channel} AND zone = 'final'
            ORDER BY coalesce(promoted_at, approved_at) DESC NULLS LAST, id DESC LIMIT 1
        ),
        asked AS (SELECT id FROM final), {ATTACHED}
        SELECT {_FIELDS}, {PICTURE}, pack.version AS pack_version, pack.content AS pack
        FROM final JOIN picture p ON p.id = final.id CROSS JOIN pack
        WHERE pack.name = '{PACK}' ORDER BY pack.version DESC LIMIT 1
    """  # noqa: S608, ours


# Two, for an index doesn't know `IS NOT DISTINCT FROM`.
_MASTERS = text(_final_where("channel IS NULL"))
_VARIANTS = text(_final_where("channel = :channel"))


async def final_of_slot(session: AsyncSession, slot: Slot) -> Final | None:
    wanted = {"sku": slot.sku, "colorway": slot.colorway, "view": slot.view}
    if slot.channel is None:
        row = (await session.execute(_MASTERS, wanted)).first()
    else:
        row = (await session.execute(_VARIANTS, wanted | {"channel": slot.channel})).first()
    if row is None:
        return None
    version = version_of(row)
    return Final(version, *picture_of(version, row), RightsPack(version=row.pack_version, **row.pack))

"""SQL of what has been rendered."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from contracts.assets import ChannelPack
from services.assets.store.store import StoredFile
from services.assets.upkeep.ledger import hold
from services.assets.variants.models import render_failure, rendition


@dataclass(frozen=True)
class Rendition:
    """A finished render in the store. `c2pa_manifest`: None where it is unsigned."""

    stored: StoredFile
    c2pa_manifest: str | None


async def find(session: AsyncSession, question: str) -> Rendition | None:
    row = (await session.execute(select(rendition).where(rendition.c.question == question))).first()
    if row is None:
        return None
    return Rendition(StoredFile(row.location, row.sha256, row.bytes, row.media_type), row.c2pa_manifest)


async def keep_failure(session: AsyncSession, work_item_id: UUID, round_number: int, cause: str) -> None:
    row = {"work_item_id": work_item_id, "round": round_number, "cause": cause, "failed_at": now()}
    new = insert(render_failure).values(row)
    key = [render_failure.c.work_item_id, render_failure.c.round]
    await session.execute(new.on_conflict_do_update(index_elements=key, set_={"cause": cause, "failed_at": now()}))


async def keep(
    session: AsyncSession,
    question: str,
    master_id: UUID,
    pack: ChannelPack,
    made: Rendition,
    *,
    lost: Rendition | None,
) -> Rendition:
    """The one that counts: this one, or the one that another worker kept before. `lost`: one whose file is gone."""
    stored = made.stored
    await hold(session, stored)
    if lost is not None:
        gone = (rendition.c.question == question) & (rendition.c.sha256 == lost.stored.sha256)
        await session.execute(delete(rendition).where(gone))
    row = {
        "question": question,
        "master_id": master_id,
        "channel": pack.channel,
        "channel_pack": pack.version,
        "sha256": stored.sha256,
        "bytes": stored.bytes,
        "media_type": stored.media_type,
        "location": stored.location,
        "c2pa_manifest": made.c2pa_manifest,
        "made_at": now(),
    }
    await session.execute(insert(rendition).values(row).on_conflict_do_nothing())
    kept = await find(session, question)
    assert kept is not None
    return kept

"""SQL of links. Only `key` reads the key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.assets.links.models import link, link_key
from services.assets.links.schemas import Link

_SHOWN = [link.c[name] for name in Link.model_fields]


async def key(session: AsyncSession, new: bytes, at: datetime) -> bytes:
    """The one that signs; `new` where there is none yet."""
    query = select(link_key.c.key)
    found: bytes | None = (await session.execute(query)).scalar()
    if found is None:
        row = {"single": True, "key": new, "made_at": at}
        await session.execute(insert(link_key).values(row).on_conflict_do_nothing())
        found = (await session.execute(query)).scalar_one()
    return found


async def add(session: AsyncSession, new: Link) -> None:
    await session.execute(insert(link).values(new.model_dump()))


async def find(session: AsyncSession, link_id: UUID) -> Link | None:
    row = (await session.execute(select(*_SHOWN).where(link.c.id == link_id))).first()
    return Link(**row._mapping) if row else None


async def page(session: AsyncSession, version_id: UUID, after: UUID | None, limit: int) -> list[Link]:
    """Newest first; `after`: those older than that one."""
    query = select(*_SHOWN).where(link.c.version_id == version_id).order_by(link.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(link.c.id < after)
    return [Link(**row._mapping) for row in await session.execute(query)]


async def revoke(session: AsyncSession, version_id: UUID, link_id: UUID, by: str, at: datetime) -> bool:
    """Once; who was first stays. False when the version has no such link."""
    mine = (link.c.id == link_id, link.c.version_id == version_id)
    await session.execute(update(link).where(*mine, link.c.revoked_at.is_(None)).values(revoked_by=by, revoked_at=at))
    return (await session.execute(select(link.c.id).where(*mine))).first() is not None

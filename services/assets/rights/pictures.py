"""SQL of pictures as rights see them: what is attached to a version, which targets there are, what a right covers."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.rights import Right
from contracts.values import VersionSource
from services.assets.rights.domain import Attached, Picture
from services.assets.vendors.models import vendor
from services.assets.versions.models import version
from services.assets.work.models import work_item

# What is attached to each picture of `asked`: to its asset or its master's, or to its product, request or vendors. Its
# files are its own and its master's, of earlier rounds as well: what a retoucher uploads is still the picture of who
# took it.
ATTACHED = """
    picture AS (
        SELECT v.id, v.work_item_id, v.sku, v.colorway, w.parent_id, w.request_id, w.use
        FROM asked JOIN version v ON v.id = asked.id JOIN work_item w ON w.id = v.work_item_id
    ),
    file AS (
        SELECT p.id, v.asset_id, v.source, v.delivered_by FROM picture p JOIN version v USING (work_item_id)
        UNION
        SELECT p.id, v.asset_id, v.source, v.delivered_by FROM picture p JOIN version v ON v.work_item_id = p.parent_id
    ),
    target AS (
        SELECT id, 'asset_id:' || asset_id AS key, true AS own FROM file
        UNION SELECT id, 'vendor:' || delivered_by, false FROM file WHERE source = 'vendor'
        UNION SELECT id, 'request_id:' || request_id, false FROM picture
        UNION SELECT id, 'product:' || sku || '/' || colorway, false FROM picture
    ),
    attached AS (
        SELECT target.id, t.right_id, bool_or(target.own) AS own
        FROM target JOIN usage_right_target t ON t.key = target.key AND t.detached_at IS NULL
        GROUP BY target.id, t.right_id
    )
"""
PICTURE = """
    p.use,
    (SELECT jsonb_agg(jsonb_build_array(f.source, f.delivered_by)) FROM file f WHERE f.id = p.id) AS files,
    (
        SELECT jsonb_agg(jsonb_build_array(a.own, r.content) ORDER BY r.id)
        FROM attached a JOIN usage_right r ON r.id = a.right_id WHERE a.id = p.id
    ) AS rights
"""
_THESE = f"WITH asked AS (SELECT unnest(CAST(:ids AS uuid[])) AS id), {ATTACHED}"
_LOCK = text(
    f"{_THESE} SELECT id FROM usage_right WHERE id IN (SELECT right_id FROM attached) ORDER BY id FOR SHARE"  # noqa: S608, ours
)
_READ = text(f"{_THESE} SELECT p.id, {PICTURE} FROM picture p")  # noqa: S608, ours
_COVERED = text(
    """
    WITH target AS (SELECT * FROM usage_right_target WHERE right_id = :right_id AND detached_at IS NULL),
    made AS (
        SELECT v.work_item_id FROM target t
        JOIN version v ON v.delivered_by = t.vendor AND v.source = 'vendor'
    ),
    covered AS (
        SELECT work_item_id AS id FROM target WHERE work_item_id IS NOT NULL
        UNION SELECT w.id FROM target t JOIN work_item w ON w.parent_id = t.work_item_id
        UNION SELECT w.id FROM target t JOIN work_item w ON w.request_id = t.request_id
        UNION SELECT w.id FROM target t JOIN work_item w ON w.sku = t.sku AND w.colorway = t.colorway
        UNION SELECT work_item_id FROM made
        UNION SELECT w.id FROM made m JOIN work_item w ON w.parent_id = m.work_item_id
    )
    SELECT v.id FROM covered JOIN version v ON v.work_item_id = covered.id
    WHERE (v.zone = 'final' OR EXISTS (
        SELECT 1 FROM publication p WHERE p.version_id = v.id AND p.state IN ('waiting', 'sent', 'live', 'failed')
    )) AND (CAST(:after AS uuid) IS NULL OR v.id < CAST(:after AS uuid))
    ORDER BY v.id DESC LIMIT :limit
    """
)


async def with_rights(
    session: AsyncSession, versions: Sequence[Version], *, lock: bool = False
) -> list[tuple[Picture, list[Attached]]]:
    """Each version, and the rights that are attached to it in any way. `lock`: none of these rights changes, nor is
    detached, until the transaction ends."""
    ids = [one.id for one in versions]
    if lock:
        # First alone, as whoever changes or detaches one does; what they are by then is read after that.
        await session.execute(_LOCK, {"ids": ids})
    rows = {row.id: row for row in await session.execute(_READ, {"ids": ids})}
    return [picture_of(one, rows[one.id]) for one in versions]


def picture_of(one: Version, row: Row[*tuple[Any, ...]]) -> tuple[Picture, list[Attached]]:
    """Out of the columns of `PICTURE`."""
    picture = Picture(
        view=one.view,
        channel=one.channel,
        use=row.use,
        sources=frozenset(VersionSource(source) for source, _ in row.files),
        vendors=frozenset(who for source, who in row.files if source == VersionSource.VENDOR),
    )
    return picture, [Attached(Right.model_validate(content), own) for own, content in row.rights or ()]


async def items_of_assets(session: AsyncSession, assets: Collection[UUID]) -> dict[UUID, UUID]:
    """Asset → its work item, of those that there are."""
    query = select(version.c.asset_id, version.c.work_item_id).where(version.c.asset_id.in_(assets)).distinct()
    return {row.asset_id: row.work_item_id for row in await session.execute(query)}


async def known_products(session: AsyncSession, products: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those that a request has named."""
    table = work_item.c
    query = select(table.sku, table.colorway).where(tuple_(table.sku, table.colorway).in_(products)).distinct()
    return {(row.sku, row.colorway) for row in await session.execute(query)}


async def known_requests(session: AsyncSession, requests: Collection[UUID]) -> set[UUID]:
    """Those that work was made of."""
    query = select(work_item.c.request_id).where(work_item.c.request_id.in_(requests)).distinct()
    return set((await session.execute(query)).scalars())


async def known_vendors(session: AsyncSession, names: Collection[str]) -> set[str]:
    """Those in the registry."""
    return set((await session.execute(select(vendor.c.id).where(vendor.c.id.in_(names)))).scalars())


async def covered(session: AsyncSession, right_id: UUID, after: UUID | None, limit: int) -> list[Version]:
    """What a right is attached to in any way, of the approved finals and of what is at a destination and is no final
    any more; newest first."""
    values = {"right_id": right_id, "after": after, "limit": limit}
    ids = (await session.execute(_COVERED, values)).scalars().all()
    fields = [version.c[name] for name in Version.model_fields]
    rows = await session.execute(select(*fields).where(version.c.id.in_(ids)).order_by(version.c.id.desc()))
    return [Version(**row._mapping) for row in rows]

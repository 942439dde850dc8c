"""SQL of pictures as rights see them: what is known of a version, which targets there are, and whom a right covers."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.rights import RightTarget
from contracts.values import VersionSource
from services.assets.rights.domain import Picture
from services.assets.vendors.models import vendor
from services.assets.versions.domain import asset_of
from services.assets.versions.models import version
from services.assets.work.models import work_item

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
    SELECT v.id FROM covered JOIN version v ON v.work_item_id = covered.id AND v.zone = 'final'
    WHERE CAST(:after AS uuid) IS NULL OR v.id < CAST(:after AS uuid)
    ORDER BY v.id DESC LIMIT :limit
    """
)


async def pictures_of(session: AsyncSession, versions: Sequence[Version]) -> list[Picture]:
    """In the order of the versions."""
    items = {one.work_item_id for one in versions}
    work = select(work_item.c.id, work_item.c.use, work_item.c.request_id, work_item.c.parent_id)
    rows = {row.id: row for row in await session.execute(work.where(work_item.c.id.in_(items)))}
    ways = await _ways(session, items | {row.parent_id for row in rows.values() if row.parent_id})
    found = []
    for one in versions:
        row = rows[one.work_item_id]
        made = ways[one.work_item_id] | (ways[row.parent_id] if row.parent_id else set())
        vendors = frozenset(who for source, who in made if source == VersionSource.VENDOR)
        own = [one.asset_id] + ([asset_of(row.parent_id)] if row.parent_id else [])
        wide = [
            RightTarget(sku=one.sku, colorway=one.colorway),
            RightTarget(request_id=row.request_id),
            *(RightTarget(vendor=name) for name in vendors),
        ]
        found.append(
            Picture(
                version_id=one.id,
                view=one.view,
                channel=one.channel,
                use=row.use,
                sources=frozenset(VersionSource(source) for source, _ in made),
                vendors=vendors,
                own_keys=frozenset(RightTarget(asset_id=asset).key for asset in own),
                wide_keys=frozenset(target.key for target in wide),
            )
        )
    return found


async def _ways(session: AsyncSession, items: Collection[UUID]) -> dict[UUID, set[tuple[str, str]]]:
    """Work item → how its files came, and by whom: those of earlier rounds as well, for what a retoucher uploads is
    still the picture of who took it."""
    table = version.c
    query = select(table.work_item_id, table.source, table.delivered_by).where(table.work_item_id.in_(items))
    found: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
    for row in await session.execute(query):
        found[row.work_item_id].add((row.source, row.delivered_by))
    return found


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


async def covered_finals(session: AsyncSession, right_id: UUID, after: UUID | None, limit: int) -> list[Version]:
    """The approved finals that a right is attached to in any way, newest first."""
    values = {"right_id": right_id, "after": after, "limit": limit}
    ids = (await session.execute(_COVERED, values)).scalars().all()
    fields = [version.c[name] for name in Version.model_fields]
    rows = await session.execute(select(*fields).where(version.c.id.in_(ids)).order_by(version.c.id.desc()))
    return [Version(**row._mapping) for row in rows]

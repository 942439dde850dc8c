"""All SQL of categories: which versions there are. The rest of packs is the chassis'."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.categories.schemas import CategoryVersion


async def versions(session: AsyncSession, pack: str, *, below: int | None, limit: int) -> list[CategoryVersion]:
    """Newest first; `below`: only those before that version."""
    rows = await session.execute(
        text(
            "SELECT version, published_by, published_at FROM pack"
            " WHERE name = :pack AND (CAST(:below AS int) IS NULL OR version < :below)"
            " ORDER BY version DESC LIMIT :limit"
        ),
        {"pack": pack, "below": below, "limit": limit},
    )
    return [CategoryVersion.model_validate(dict(row)) for row in rows.mappings()]

"""SQL of images: which hashes may be shown, and where their files are."""

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.assets.colour_references.models import colour_reference
from services.assets.versions.models import version


async def find_location(session: AsyncSession, sha256: str) -> str | None:
    """Of the file that a version or a colour reference has; None when none of them has this hash."""
    either = union_all(
        *(select(table.c.location).where(table.c.sha256 == sha256).limit(1) for table in (version, colour_reference))
    )
    return (await session.execute(either.limit(1))).scalar_one_or_none()

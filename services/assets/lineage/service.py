"""What a version was made from, and what was made from it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.assets.lineage import repository
from services.assets.lineage.schemas import Lineage
from services.assets.versions.service import get_version

FURTHEST = 20
MOST = 200


async def lineage_of(session: AsyncSession, version_id: UUID) -> Lineage:
    """Raises `NotFound`."""
    version = await get_version(session, version_id)
    ancestors, more_before = await repository.relatives(session, version_id, "ancestors", FURTHEST, MOST)
    descendants, more_after = await repository.relatives(session, version_id, "descendants", FURTHEST, MOST)
    return Lineage(version=version, ancestors=ancestors, descendants=descendants, truncated=more_before or more_after)

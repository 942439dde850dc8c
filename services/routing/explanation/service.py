"""Reads what explains a work item."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.routing.explanation.domain import explain
from services.routing.explanation.schemas import Explanation
from services.routing.tracks.service import packs_of
from services.routing.work import repository
from services.routing.work.errors import NoSuchWork


async def explain_work(session: AsyncSession, work_id: UUID) -> Explanation:
    """Raises `NoSuchWork`."""
    item = await repository.find_item(session, work_id)
    if item is None:
        raise NoSuchWork(f"There is no work item {work_id}.")
    decided = explain(item, await packs_of(session, item.packs))
    return Explanation(work_id=work_id, version=item.version, decided=decided)

"""What a new version is made from."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.problems import FieldError, Invalid
from services.assets.lineage import repository
from services.assets.versions import repository as versions
from services.assets.work.domain import WorkCopy


async def require_known(session: AsyncSession, declared: Sequence[UUID]) -> None:
    """Raises `Invalid` where a declared parent is no version."""
    found = await repository.known(session, list(declared)) if declared else set()
    if unknown := [one for one in declared if one not in found]:
        errors = [
            FieldError(
                pointer="query/parents",
                detail=f"there is no version {one}",
                remedy="Send ids of versions that are stored, or leave it out.",
            )
            for one in unknown
        ]
        raise Invalid("Some parents are no versions; `errors` names each.", errors=errors)


async def parents_of(
    session: AsyncSession, item: WorkCopy, master_id: UUID | None, declared: Sequence[UUID]
) -> list[UUID]:
    """Of the file that is handed in now: the version before it in its work item, a variant's master, and what was
    declared; each once."""
    before = await versions.newest_of_work(session, item.id)
    if master_id is None and item.parent_id is not None:
        master = await versions.final_of_work(session, item.parent_id)
        master_id = master.id if master else None
    inherent = [before.id] if before else []
    if master_id is not None:
        inherent.append(master_id)
    return list(dict.fromkeys([*inherent, *declared]))

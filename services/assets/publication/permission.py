"""Whether a version may be at a destination at this moment: asked at every try, in the transaction that sends it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.assets.outbound.domain import Go
from services.assets.publication import repository
from services.assets.publication.destinations import get as get_destination
from services.assets.publication.domain import OUT_THERE, Happens, may
from services.assets.publication.errors import NotPublishable
from services.assets.publication.repository import Kept
from services.assets.publication.schemas import Destination
from services.assets.publication.service import require_final, slot_of
from services.assets.publication.steps import refuse
from services.assets.rights.errors import MayNotPublish
from services.assets.rights.schemas import RightsAnswer
from services.assets.rights.service import check_may_publish
from services.assets.versions.service import get_version


async def check_may_be_there(session: AsyncSession, kept: Kept, destination: Destination) -> RightsAnswer:
    """No right of it is changed until the transaction ends. Raises `NotPublishable`, `MayNotPublish`."""
    version = await get_version(session, kept.publication.version_id)
    await require_final(session, version)
    return await check_may_publish(session, version, version.channel, destination.territories)


def causes_of(problem: NotPublishable | MayNotPublish) -> list[str]:
    """In words."""
    if isinstance(problem, MayNotPublish):
        return [str(one["detail"]) for one in problem.extensions["causes"]]
    return [problem.detail]


async def may_go_out(session: AsyncSession, message_id: UUID, key: str) -> Go:
    """Whether the message that publishes it may be sent: asked before each of its tries, for days may lie between them.
    What may not is refused with this. `key`: of the publication's timer."""
    found = await repository.find(session, UUID(key.partition("/")[2]))
    if found is None:
        return Go.NEVER
    destination = await get_destination(session, found.publication.destination, stays=True)
    await repository.lock_slot(session, destination.id, slot_of(found.publication))
    kept = await repository.find(session, found.publication.id, lock=True)
    if kept is None or kept.message_id != message_id or kept.publication.state not in OUT_THERE:
        return Go.NEVER  # it is taken back, or another message publishes it by now
    if not destination.active:
        return Go.LATER
    try:
        await check_may_be_there(session, kept, destination)
    except (NotPublishable, MayNotPublish) as problem:
        if may(kept.publication.state, Happens.REFUSED):
            await refuse(session, kept, destination.id, problem.detail, causes_of(problem))
        return Go.NEVER
    return Go.NOW

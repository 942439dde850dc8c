"""The thresholds as they are published: read for measuring and by everyone, edited by the owner of `pass_fail`."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.packs import latest_version, load_pack, publish_pack
from chassis.problems import NotFound, Unavailable
from contracts.values import Domain
from services.qc.reference.service import THRESHOLDS, owner_of_domain
from services.qc.thresholds.schemas import PublishedThresholds, StoredThresholds, ThresholdsPack


async def current_thresholds(session: AsyncSession) -> PublishedThresholds:
    """What is measured against from now on."""
    found = await load_pack(session, THRESHOLDS, StoredThresholds)
    if found is None:
        raise Unavailable("The thresholds are not loaded yet.")
    return found[0].published(found[1])


async def thresholds_of(session: AsyncSession, version: int) -> PublishedThresholds:
    """One version, whether it is still in force or not."""
    found = await load_pack(session, THRESHOLDS, StoredThresholds, version)
    if found is None:
        newest = await latest_version(session, THRESHOLDS)
        raise NotFound(f"There is no version {version} of the thresholds; there are 1 to {newest}.")
    return found[0].published(version)


async def publish_thresholds(
    session: AsyncSession, content: ThresholdsPack, caller: Caller, expected: int
) -> PublishedThresholds:
    """The next version, by the owner of `pass_fail`; what was measured keeps what it was measured against."""
    require_role(caller, await owner_of_domain(session, Domain.PASS_FAIL))
    version = await publish_pack(session, THRESHOLDS, content, by=caller.subject, expected=expected)
    return PublishedThresholds.model_construct(version=version, **dict(content))

"""The pack that says which rights which pictures need: versions that the owner of `files_and_rights` publishes."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.packs import load_pack, publish_default, publish_pack, read_toml
from chassis.problems import Invalid, NotFound, Unavailable
from chassis.timers import Timer, set_timers
from contracts.values import Domain
from services.assets.channels.service import channel_packs
from services.assets.reference import require_owner
from services.assets.rights import repository
from services.assets.rights.faults import faults_of_pack
from services.assets.rights.schemas import RightsPack, RightsPackContent

PACK = "rights"
TIMER = "right"
"""One a right whose term ends: when to look at it again."""

DEFAULT = Path(__file__).parent.parent / "packs" / "rights.toml"


def default_rights_pack() -> RightsPackContent:
    return RightsPackContent.model_validate(read_toml(DEFAULT))


async def publish_default_rights_pack(session: AsyncSession) -> None:
    """Version 1, on the first start."""
    await publish_default(session, PACK, default_rights_pack())


async def current_pack(session: AsyncSession) -> RightsPack:
    """Raises `Unavailable` before the first start is done."""
    found = await load_pack(session, PACK, RightsPackContent)
    if found is None:
        raise Unavailable("The pack of rights is not here yet.")
    return RightsPack(version=found[1], **dict(found[0]))


async def get_pack(session: AsyncSession, version: int | None) -> RightsPack:
    """The newest unless told otherwise. Raises `NotFound`."""
    if version is None:
        return await current_pack(session)
    found = await load_pack(session, PACK, RightsPackContent, version)
    if found is None:
        newest = await current_pack(session)
        raise NotFound(f"There is no version {version} of the pack; there are 1 to {newest.version}.")
    return RightsPack(version=version, **dict(found[0]))


async def publish_rights_pack(
    session: AsyncSession, content: RightsPackContent, caller: Caller, expected: int
) -> RightsPack:
    """The next version, by the owner of `files_and_rights`. Every right whose end is still to come is looked at again,
    for its warnings may have moved. Raises `Invalid` with everything that is wrong."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    channels = {pack.channel for pack in await channel_packs(session)}
    if faults := faults_of_pack(content, channels):
        raise Invalid("This pack can't be published; `errors` names each cause.", errors=faults)
    version = await publish_pack(session, PACK, content, by=caller.subject, expected=expected)
    await set_timers(session, [Timer(TIMER, str(one), now()) for one in await repository.with_an_end(session)])
    return RightsPack(version=version, **dict(content))

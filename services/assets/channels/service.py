"""Channel packs: versions that the owner of `files_and_rights` publishes, read by the worker and by everyone."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.packs import load_pack, load_packs, publish_default, publish_pack
from chassis.problems import Invalid, NotFound
from contracts.assets import ChannelPack, ChannelPackPublished
from contracts.values import Domain
from services.assets.channels.domain import faults_of
from services.assets.channels.schemas import ChannelPackContent, StoredPack
from services.assets.reference import require_owner
from services.assets.rendering.channels import default_channel_packs
from services.assets.versions import repository as versions_repository

PREFIX = "channel/"


async def publish_default_packs(session: AsyncSession) -> None:
    """Version 1 of each channel that has none."""
    for channel, pack in default_channel_packs().items():
        await publish_default(session, PREFIX + channel, StoredPack.model_validate(pack.model_dump()), _told)


async def publish_channel_pack(
    session: AsyncSession, channel: str, content: ChannelPackContent, caller: Caller, expected: int
) -> ChannelPack:
    """The next version, by the owner of `files_and_rights`; `expected` 0 makes a new channel. Variants that have begun
    keep theirs. Raises `Invalid` with everything that is wrong with it."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    if faults := faults_of(content):
        count = f"{len(faults)} things keep" if len(faults) > 1 else "1 thing keeps"
        raise Invalid(f"{count} this pack from being published; `errors` names each.", errors=faults)
    pack = StoredPack(channel=channel, **dict(content))
    version = await publish_pack(session, PREFIX + channel, pack, by=caller.subject, expected=expected, event=_told)
    return pack.published(version)


async def channel_packs(session: AsyncSession) -> list[ChannelPack]:
    """The newest version of every pack, by name."""
    return [pack.published(version) for pack, version in await load_packs(session, PREFIX, StoredPack)]


async def find_channel_pack(session: AsyncSession, channel: str, version: int | None = None) -> ChannelPack | None:
    """A version of a channel's pack, the newest unless told otherwise."""
    found = await load_pack(session, PREFIX + channel, StoredPack, version)
    return found[0].published(found[1]) if found else None


async def get_channel_pack(session: AsyncSession, channel: str, version: int | None = None) -> ChannelPack:
    """Raises `NotFound`, naming the channels that there are."""
    pack = await find_channel_pack(session, channel, version)
    if pack is None:
        known = [one.channel for one in await channel_packs(session)]
        what = "channel" if version is None else f"version {version} of the channel"
        raise NotFound(f"There is no {what} {channel}. Channels are: {', '.join(known)}.", known=known)
    return pack


async def pack_of_variant(session: AsyncSession, work_item_id: UUID, channel: str) -> ChannelPack | None:
    """What a variant's next file must meet: the pack as it was when its first file came; for that one, the newest."""
    begun = await versions_repository.first_channel_pack(session, work_item_id)
    return await find_channel_pack(session, channel, begun)


def _told(pack: StoredPack, version: int) -> ChannelPackPublished:
    return ChannelPackPublished(pack=pack.published(version))

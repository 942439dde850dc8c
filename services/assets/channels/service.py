"""Channel packs: published at the first start, read by the worker and by everyone."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.packs import load_pack, load_packs, publish_default
from chassis.problems import NotFound
from contracts.assets import ChannelPack, ChannelPackPublished
from services.assets.rendering.channels import default_channel_packs

PREFIX = "channel/"


def _published(pack: ChannelPack, version: int) -> ChannelPackPublished:
    return ChannelPackPublished(pack=pack.model_copy(update={"version": version}))


async def publish_default_channels(session: AsyncSession) -> None:
    """Version 1 of each channel that has none."""
    for channel, pack in default_channel_packs().items():
        await publish_default(session, PREFIX + channel, pack, _published)


async def channels(session: AsyncSession) -> list[ChannelPack]:
    """The newest version of every pack, by name."""
    return [pack.model_copy(update={"version": version})
            for pack, version in await load_packs(session, PREFIX, ChannelPack)]  # fmt: skip


async def find_channel(session: AsyncSession, channel: str, version: int | None = None) -> ChannelPack | None:
    """A version of a channel's pack, the newest unless told otherwise."""
    found = await load_pack(session, PREFIX + channel, ChannelPack, version)
    return found[0].model_copy(update={"version": found[1]}) if found else None


async def get_channel(session: AsyncSession, channel: str, version: int | None = None) -> ChannelPack:
    """Raises `NotFound`, naming the channels that there are."""
    pack = await find_channel(session, channel, version)
    if pack is None:
        known = [one.channel for one in await channels(session)]
        what = "channel" if version is None else f"version {version} of the channel"
        raise NotFound(f"There is no {what} {channel}. Channels are: {', '.join(known)}.", known=known)
    return pack

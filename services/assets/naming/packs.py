"""Naming packs: versions that the owner of `files_and_rights` publishes."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.packs import load_pack, load_packs, publish_default, publish_pack, read_toml
from chassis.problems import Invalid, NotFound, Unavailable
from contracts.assets import ChannelPack, NamingPack, NamingPackPublished
from contracts.values import Domain
from services.assets.channels.service import find_channel_pack, get_channel_pack
from services.assets.naming.domain import Rule
from services.assets.naming.faults import faults_of
from services.assets.naming.schemas import NamingContent, StoredNaming
from services.assets.reference import require_owner

BRAND = "brand"
DEFAULT = Path(__file__).parent.parent / "packs" / "naming" / "brand.toml"
PREFIX = "naming/"


async def publish_default_naming(session: AsyncSession) -> None:
    """Version 1 of the brand's pack. Channels have none by default: their own pattern is in their channel packs."""
    await publish_default(session, PREFIX + BRAND, StoredNaming.model_validate(read_toml(DEFAULT)), _told)


async def naming_packs(session: AsyncSession) -> list[NamingPack]:
    return [pack.published(version) for pack, version in await load_packs(session, PREFIX, StoredNaming)]


async def get_naming_pack(session: AsyncSession, name: str, version: int | None) -> NamingPack:
    """Raises `NotFound`, naming those that there are."""
    found = await load_pack(session, PREFIX + name, StoredNaming, version)
    if found is None:
        known = [one.channel or BRAND for one in await naming_packs(session)]
        what = "naming pack" if version is None else f"version {version} of the naming pack"
        raise NotFound(f"There is no {what} {name}. There are: {', '.join(known)}.", known=known)
    return found[0].published(found[1])


async def publish_naming_pack(
    session: AsyncSession, name: str, content: NamingContent, caller: Caller, expected: int
) -> NamingPack:
    """The next version; `expected` 0 gives a channel its own. Files that are there keep their names. Raises `Invalid`
    with everything that is wrong with it, and `NotFound` where there is no such channel."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    if name != BRAND:
        await get_channel_pack(session, name)
    if faults := faults_of(content):
        count = f"{len(faults)} things keep" if len(faults) > 1 else "1 thing keeps"
        raise Invalid(f"{count} this pack from being published; `errors` names each.", errors=faults)
    pack = StoredNaming(channel=None if name == BRAND else name, **dict(content))
    version = await publish_pack(session, PREFIX + name, pack, by=caller.subject, expected=expected, event=_told)
    return pack.published(version)


async def rule_for(session: AsyncSession, channel: str | None, channel_pack: ChannelPack | None = None) -> Rule:
    """What names masters (`channel` None), or a channel's variants: its own naming pack, else the pattern of its
    channel pack (the newest unless told otherwise) in the brand's manner."""
    own = await load_pack(session, PREFIX + channel, StoredNaming) if channel not in (None, BRAND) else None
    found = own or await load_pack(session, PREFIX + BRAND, StoredNaming)
    if found is None:
        raise Unavailable("The naming packs are not here yet.")
    pack, version = found
    pattern = pack.pattern
    if channel is not None and own is None:
        channel_pack = channel_pack or await find_channel_pack(session, channel)
        pattern = channel_pack.naming if channel_pack else pattern
    return Rule(pattern, pack, pack.channel or BRAND, version, channel or "")


def _told(pack: StoredNaming, version: int) -> NamingPackPublished:
    return NamingPackPublished(pack=pack.published(version))

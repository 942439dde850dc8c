"""Whether a version may be used: asked by people, before a delivery, and before a publication."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.problems import Invalid
from contracts.assets import Version
from services.assets.channels.service import channel_packs
from services.assets.finals.errors import NoFinal
from services.assets.publication import repository as publications
from services.assets.rights import pictures
from services.assets.rights.domain import Asked, Attached, Picture, Verdict, judge, needs_of, rests_on
from services.assets.rights.errors import MayNotPublish, causes_of, in_words
from services.assets.rights.faults import wrong_channels, wrong_territories
from services.assets.rights.pack import current_pack
from services.assets.rights.recording import get_right
from services.assets.rights.schemas import Affected, RightsAnswer, RightsAsked, RightsPack


def check_may_deliver(
    version: Version, picture: Picture, attached: Sequence[Attached], pack: RightsPack, territory: str | None
) -> None:
    """Whether an approved final may be handed out for its channel, at this moment. Raises `NoFinal` with each cause."""
    territories = (territory,) if territory else ()
    asked = Asked(version.channel, territories, picture.use, now())
    verdict = judge(needs_of(pack.needs, picture, asked), attached, asked)
    if not verdict.allowed:
        answer = _shown(version, verdict, asked, None, pack.version)
        raise NoFinal("rights", f"It is approved, but may not be delivered. {in_words(answer)}", **causes_of(answer))


async def deliverable(session: AsyncSession, versions: Sequence[Version], territory: str | None) -> list[bool]:
    """Of each of these finals, whether it may be handed out for its own channel, at this moment."""
    territories = (territory,) if territory else ()
    needs, at = (await current_pack(session)).needs, now()
    found = []
    for version, (picture, attached) in zip(versions, await pictures.with_rights(session, versions), strict=True):
        asked = Asked(version.channel, territories, picture.use, at)
        found.append(judge(needs_of(needs, picture, asked), attached, asked).allowed)
    return found


async def check_may_publish(
    session: AsyncSession, version: Version, channel: str | None, territories: Collection[str], on: date | None = None
) -> RightsAnswer:
    """Whether a version may be published to a channel in these territories: at this moment, or on a day. Raises
    `MayNotPublish` with each cause, `Invalid`.

    No right of it is changed, revoked or detached until the transaction ends: who revokes one then finds what was
    published.
    """
    check_territories("/territories", list(territories))
    answer = await _answer(session, version, channel, tuple(territories), None, on, lock=True)
    if not answer.allowed:
        raise MayNotPublish(answer)
    return answer


async def ask(
    session: AsyncSession,
    version: Version,
    channel: str | None = None,
    territories: Sequence[str] = (),
    use: str | None = None,
    on: date | None = None,
) -> RightsAnswer:
    """What a person asks: the channel is the version's own unless told otherwise. Raises `Invalid`."""
    check_territories("query/territory", territories)
    if channel is not None:
        known = {pack.channel for pack in await channel_packs(session)}
        if wrong := wrong_channels("query/channel", [channel], known):
            raise Invalid("The channel is not known.", errors=wrong)
    return await _answer(session, version, channel or version.channel, tuple(territories), use, on)


async def affected(
    session: AsyncSession, right_id: UUID, after: UUID | None, limit: int
) -> tuple[list[Affected], UUID | None]:
    """The approved finals, and what else is at a destination, for which no other right takes this one's place in all of
    its territories, newest first, out of a page of those that it is attached to; and the last of that page when there
    is more.

    With where each of them is live or on its way.
    """
    right = (await get_right(session, right_id)).right
    versions = await pictures.covered(session, right_id, after, limit + 1)
    page, at = versions[:limit], now()
    needs = (await current_pack(session)).needs
    standings = await publications.standings(session, [version.id for version in page])
    found = []
    for version, (picture, attached) in zip(page, await pictures.with_rights(session, page), strict=True):
        asked = Asked(picture.channel, tuple(right.territories), picture.use, at)
        needed = needs_of(needs, picture, asked)
        if rests_on(right_id, needed, attached, asked):
            fields = version.model_dump(include=set(Affected.model_fields))
            allowed = judge(needed, attached, replace(asked, territories=())).allowed
            there = standings.get(version.id, [])
            found.append(Affected(version_id=version.id, allowed=allowed, publications=there, **fields))
    return found, page[-1].id if len(versions) > limit else None


async def _answer(
    session: AsyncSession,
    version: Version,
    channel: str | None,
    territories: tuple[str, ...],
    use: str | None,
    on: date | None,
    *,
    lock: bool = False,
) -> RightsAnswer:
    ((picture, attached),) = await pictures.with_rights(session, [version], lock=lock)
    pack = await current_pack(session)
    asked = Asked(channel, territories, use or picture.use, on or now())
    verdict = judge(needs_of(pack.needs, picture, asked), attached, asked)
    return _shown(version, verdict, asked, on, pack.version)


def check_territories(pointer: str, territories: Sequence[str]) -> None:
    """Raises `Invalid`."""
    if wrong := wrong_territories(pointer, territories):
        raise Invalid("Some territories are not known; `errors` names each.", errors=wrong)


def _shown(version: Version, verdict: Verdict, asked: Asked, on: date | None, pack_version: int) -> RightsAnswer:
    return RightsAnswer(
        version_id=version.id,
        allowed=verdict.allowed,
        causes=verdict.causes,
        warnings=verdict.warnings,
        credits=sorted({right.credit for right in verdict.permitting if right.credit}),
        rights=[right.id for right in verdict.permitting],
        until=verdict.until,
        asked=RightsAsked(channel=asked.channel, territories=list(asked.territories), use=asked.use, on=on),
        pack_version=pack_version,
    )

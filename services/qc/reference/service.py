"""Own packs (gates, checklists, reasons, and the thresholds' default), and copies of what others publish (decision
domains, channel and naming packs)."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.packs import keep_pack, latest_version, load_pack, publish_default, publish_pack, read_toml
from chassis.problems import Unavailable
from contracts.assets import ChannelPack, ChannelPackPublished, NamingPack, NamingPackPublished
from contracts.envelope import Event
from contracts.governance import DecisionDomainsPublished
from contracts.values import Domain, Gate, Role
from services.qc.reference.conditions import Facts
from services.qc.reference.domain import compose, questions
from services.qc.reference.schemas import (
    Checklists,
    ComposedChecklist,
    ComposedChecklists,
    Gates,
    PublishedChecklists,
    PublishedGates,
    PublishedReasons,
    Reasons,
)
from services.qc.thresholds.domain import DEFAULT
from services.qc.thresholds.schemas import ThresholdsPack

P = TypeVar("P", bound=BaseModel)

PACKS = Path(__file__).parent.parent / "packs"
GATES, CHECKLISTS, REASONS, THRESHOLDS = "gates", "checklists", "reasons", "thresholds"
DOMAINS = "decision_domains"


async def publish_default_packs(session: AsyncSession) -> None:
    """Version 1 of each own pack, on the first start."""
    for name, model in ((GATES, Gates), (CHECKLISTS, Checklists), (REASONS, Reasons)):
        await publish_default(session, name, model.model_validate(read_toml(PACKS / f"{name}.toml")))
    await publish_default(session, THRESHOLDS, ThresholdsPack(bounds=DEFAULT))


async def what_is_missing(session: AsyncSession) -> str | None:
    """None when everything is there that decisions need."""
    return None if await latest_version(session, DOMAINS) else "the decision domains have not arrived yet"


async def domains_published(session: AsyncSession, event: Event[DecisionDomainsPublished]) -> None:
    await keep_pack(session, DOMAINS, event.data.version, event.data, "governance")


async def channel_pack_published(session: AsyncSession, event: Event[ChannelPackPublished]) -> None:
    pack = event.data.pack
    await keep_pack(session, _channel(pack.channel), pack.version, pack, "assets")


async def channel_pack(session: AsyncSession, channel: str, version: int | None) -> ChannelPack | None:
    """The copy of one version (None: of the newest); None when it has not arrived."""
    found = await load_pack(session, _channel(channel), ChannelPack, version)
    return found[0] if found else None


async def naming_pack_published(session: AsyncSession, event: Event[NamingPackPublished]) -> None:
    pack = event.data.pack
    await keep_pack(session, _naming(pack.channel), pack.version, pack, "assets")


async def naming_pack(session: AsyncSession, channel: str | None) -> NamingPack | None:
    """The copy of the newest that names a channel's variants, or masters (None): the channel's own, else the brand's.
    None when none has arrived."""
    own = await load_pack(session, _naming(channel), NamingPack) if channel else None
    found = own or await load_pack(session, _naming(None), NamingPack)
    return found[0] if found else None


async def current_gates(session: AsyncSession) -> Gates:
    return (await _load(session, GATES, Gates))[0]


async def published_gates(session: AsyncSession) -> PublishedGates:
    content, version = await _load(session, GATES, Gates)
    return PublishedGates(version=version, **dict(content))


async def current_checklists(session: AsyncSession) -> PublishedChecklists:
    content, version = await _load(session, CHECKLISTS, Checklists)
    return PublishedChecklists(version=version, checklists=content.checklists)


async def checklists_of(session: AsyncSession, version: int) -> Checklists:
    """The checklists that a review began with."""
    return (await _load(session, CHECKLISTS, Checklists, version))[0]


async def composed_checklists(session: AsyncSession, facts: Facts, gate: Gate | None) -> ComposedChecklists:
    """What work with these facts would be asked from now on, at one gate or at all."""
    current = await current_checklists(session)
    composition = compose(current, facts)
    return ComposedChecklists(
        version=current.version,
        checklists=[
            ComposedChecklist(gate=one, items=questions(current, one, composition))
            for one in Gate
            if gate in (None, one)
        ],
    )


async def current_reasons(session: AsyncSession) -> PublishedReasons:
    content, version = await _load(session, REASONS, Reasons)
    return PublishedReasons(version=version, **dict(content))


async def owner_of_domain(session: AsyncSession, domain: Domain) -> Role:
    """The one role that decides in a domain. Raises `Unavailable` before governance was heard."""
    published, _ = await _load(session, DOMAINS, DecisionDomainsPublished)
    return next(owner.owner_role for owner in published.domains if owner.domain == domain)


async def owner_of_gate(session: AsyncSession, gate: Gate) -> Role:
    """The one role that decides at a gate."""
    return await owner_of_domain(session, (await current_gates(session)).rule(gate).domain)


async def owners_of_gates(session: AsyncSession) -> dict[Gate, Role]:
    """The one role that decides at each gate."""
    rules = (await current_gates(session)).gates
    return {rule.gate: await owner_of_domain(session, rule.domain) for rule in rules}


async def publish_gates(session: AsyncSession, content: Gates, caller: Caller, expected: int) -> int:
    """The next version, by the owner of `pass_fail`; it counts at once, for open reviews too. Returns its number."""
    require_role(caller, await owner_of_domain(session, Domain.PASS_FAIL))
    return await publish_pack(session, GATES, content, by=caller.subject, expected=expected)


async def publish_checklists(session: AsyncSession, content: Checklists, caller: Caller, expected: int) -> int:
    """The next version, by the owner of `pass_fail`; open reviews keep theirs. Returns its number."""
    require_role(caller, await owner_of_domain(session, Domain.PASS_FAIL))
    return await publish_pack(session, CHECKLISTS, content, by=caller.subject, expected=expected)


async def publish_reasons(session: AsyncSession, content: Reasons, caller: Caller, expected: int) -> int:
    """The next version, by the owner of `pass_fail`. Returns its number."""
    require_role(caller, await owner_of_domain(session, Domain.PASS_FAIL))
    return await publish_pack(session, REASONS, content, by=caller.subject, expected=expected)


async def _load(session: AsyncSession, name: str, model: type[P], version: int | None = None) -> tuple[P, int]:
    if (found := await load_pack(session, name, model, version)) is None:
        raise Unavailable(f"The {name.replace('_', ' ')} have not arrived yet.")
    return found


def _channel(name: str) -> str:
    return f"channel/{name}"


def _naming(channel: str | None) -> str:
    """The brand's has no channel."""
    return f"naming/{channel}" if channel else "naming"

"""Reference data that requests are checked against: the own packs, and copies of other services'."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.packs import keep_pack, load_pack, load_packs
from chassis.problems import Unavailable
from contracts.assets import ChannelPackPublished
from contracts.envelope import Event
from contracts.governance import AiPolicyPublished, DecisionDomainsPublished
from contracts.values import Domain
from services.intake.categories.schemas import AiShotPack, CategoryPack

CATEGORY = "category/"
CHANNEL = "channel/"
AI_SHOT = "ai_shot"
AI_POLICY = "ai_policy"
DOMAINS = "decision_domains"
CLARIFICATION = "clarification"
# Files among the default packs that are no categories.
OTHER_PACKS = frozenset({AI_SHOT, CLARIFICATION})


@dataclass(frozen=True)
class Reference:
    """Everything that decides about a brief, as it stands now. `categories`: name → pack and its version."""

    categories: dict[str, tuple[CategoryPack, int]]
    ai_shot: AiShotPack
    ai_policy: AiPolicyPublished
    channels: frozenset[str]


async def load_reference(session: AsyncSession) -> Reference:
    """Raises `Unavailable`, naming what has not arrived yet."""
    categories = await load_packs(session, CATEGORY, CategoryPack)
    ai_shot = await load_pack(session, AI_SHOT, AiShotPack)
    ai_policy = await load_pack(session, AI_POLICY, AiPolicyPublished)
    channels = await _channel_names(session)
    if not (categories and ai_shot and ai_policy and channels):
        raise Unavailable(f"Requests can't be checked yet: {await missing_reference(session)}.")
    return Reference(
        {pack.name: (pack, version) for pack, version in categories}, ai_shot[0], ai_policy[0], frozenset(channels)
    )


async def _channel_names(session: AsyncSession) -> list[str]:
    rows = await session.execute(
        text("SELECT DISTINCT substr(name, length(:prefix) + 1) FROM pack WHERE starts_with(name, :prefix)"),
        {"prefix": CHANNEL},
    )
    return list(rows.scalars())


async def missing_reference(session: AsyncSession) -> str | None:
    """What other services have not told yet, in words; None when all is there. The readiness check."""
    kept = await session.execute(text("SELECT DISTINCT split_part(name, '/', 1) FROM pack"))
    found = set(kept.scalars())
    wanted = {
        AI_POLICY: "the AI policy (from governance)",
        DOMAINS: "the decision domains (from governance)",
        CHANNEL.rstrip("/"): "the channel packs (from assets)",
    }
    missing = [words for name, words in wanted.items() if name not in found]
    return f"waiting for {', '.join(missing)}" if missing else None


async def require_owner(session: AsyncSession, caller: Caller, domain: Domain) -> None:
    """Raises `Forbidden` unless the caller has the role that owns the domain."""
    found = await load_pack(session, DOMAINS, DecisionDomainsPublished)
    if found is None:
        raise Unavailable("The decision domains have not arrived from governance yet.")
    require_role(caller, *(owner.owner_role for owner in found[0].domains if owner.domain == domain))


async def keep_channel(session: AsyncSession, event: Event[ChannelPackPublished]) -> None:
    pack = event.data.pack
    await keep_pack(session, f"{CHANNEL}{pack.channel}", pack.version, event.data, event.source)


async def keep_ai_policy(session: AsyncSession, event: Event[AiPolicyPublished]) -> None:
    await keep_pack(session, AI_POLICY, event.data.version, event.data, event.source)


async def keep_domains(session: AsyncSession, event: Event[DecisionDomainsPublished]) -> None:
    await keep_pack(session, DOMAINS, event.data.version, event.data, event.source)

"""The AI usage policy: read and publish. Intake applies it, from its copy of what is published here."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.packs import load_pack, publish_default, publish_pack, read_toml
from chassis.problems import Unavailable
from contracts.governance import AiPolicyPublished, AiRule
from contracts.values import Domain
from services.governance.ai_policy.schemas import AiPolicy, PublishedPolicy
from services.governance.decision_domains.service import require_owner

PACK = "ai_policy"


def _published(content: AiPolicy, version: int) -> AiPolicyPublished:
    return AiPolicyPublished(version=version, rules=[AiRule(**rule.model_dump()) for rule in content.rules])


async def publish_default_policy(session: AsyncSession, path: Path) -> None:
    await publish_default(session, PACK, AiPolicy.model_validate(read_toml(path)), _published)


async def current_policy(session: AsyncSession) -> PublishedPolicy:
    found = await load_pack(session, PACK, AiPolicy)
    if found is None:
        raise Unavailable("The AI policy is not loaded yet.")
    content, version = found
    return PublishedPolicy(version=version, rules=content.rules)


async def publish_policy(session: AsyncSession, content: AiPolicy, caller: Caller, expected: int) -> int:
    """The next version, by the owner of `ai_use`. Returns its number."""
    await require_owner(session, caller, Domain.AI_USE)
    return await publish_pack(session, PACK, content, by=caller.subject, expected=expected, event=_published)

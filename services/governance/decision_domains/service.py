"""Decision domains: read, publish, and enforce their own ownership."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.packs import load_pack, publish_default, publish_pack, read_toml
from chassis.problems import Unavailable
from contracts.governance import DecisionDomainsPublished, DomainOwner
from contracts.values import Domain
from services.governance.decision_domains.schemas import DecisionDomains, PublishedDomains

PACK = "decision_domains"


def _published(content: DecisionDomains, version: int) -> DecisionDomainsPublished:
    owners = [DomainOwner(**entry.model_dump()) for entry in content.domains]
    return DecisionDomainsPublished(version=version, domains=owners)


async def publish_default_domains(session: AsyncSession, path: Path) -> None:
    await publish_default(session, PACK, DecisionDomains.model_validate(read_toml(path)), _published)


async def current_domains(session: AsyncSession) -> PublishedDomains:
    found = await load_pack(session, PACK, DecisionDomains)
    if found is None:
        raise Unavailable("The decision domains are not loaded yet.")
    content, version = found
    return PublishedDomains(version=version, domains=content.domains)


async def publish_domains(session: AsyncSession, content: DecisionDomains, caller: Caller, expected: int) -> int:
    """The next version, by the owner of `sla_and_exceptions`. Returns its number."""
    await require_owner(session, caller, Domain.SLA_AND_EXCEPTIONS)
    return await publish_pack(session, PACK, content, by=caller.subject, expected=expected, event=_published)


async def require_owner(session: AsyncSession, caller: Caller, domain: Domain) -> None:
    """Raises `Forbidden` unless the caller has the role that owns the domain."""
    domains = await current_domains(session)
    require_role(caller, *(entry.owner_role for entry in domains.domains if entry.domain == domain))

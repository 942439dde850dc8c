"""Who decides what, as governance has told it: a copy of its decision domains."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.packs import keep_pack, latest_version, load_pack
from chassis.problems import Unavailable
from contracts.envelope import Event
from contracts.governance import DecisionDomainsPublished
from contracts.values import Domain, Role

DOMAINS = "decision_domains"


async def keep_domains(session: AsyncSession, event: Event[DecisionDomainsPublished]) -> None:
    await keep_pack(session, DOMAINS, event.data.version, event.data, by="governance")


async def domains_missing(session: AsyncSession) -> str | None:
    """What is not there yet; None when nothing is missing."""
    found = await latest_version(session, DOMAINS)
    return None if found else "governance has not told the decision domains yet"


async def require_owner(session: AsyncSession, caller: Caller, domain: Domain) -> Role:
    """The role that owns the domain, in which the caller acts. Raises `Forbidden` unless it is one of theirs."""
    found = await load_pack(session, DOMAINS, DecisionDomainsPublished)
    if found is None:
        raise Unavailable("The decision domains are not here yet.")
    owner = next(entry.owner_role for entry in found[0].domains if entry.domain is domain)
    require_role(caller, owner)
    return owner

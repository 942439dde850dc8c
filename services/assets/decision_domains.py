"""The copy of who decides what, which governance publishes."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.packs import keep_pack, load_pack
from chassis.problems import Unavailable
from contracts.envelope import Event
from contracts.governance import DecisionDomainsPublished
from contracts.values import Domain, Role

DOMAINS = "decision_domains"


async def keep_domains(session: AsyncSession, event: Event[DecisionDomainsPublished]) -> None:
    await keep_pack(session, DOMAINS, event.data.version, event.data, by="governance")


async def domains_missing(session: AsyncSession) -> str | None:
    """What is not there yet; None when nothing is missing."""
    found = await load_pack(session, DOMAINS, DecisionDomainsPublished)
    return None if found else "governance has not told the decision domains yet"


async def owner_of_domain(session: AsyncSession, domain: Domain) -> Role:
    """The one role that decides in a domain. Raises `Unavailable` before governance was heard."""
    found = await load_pack(session, DOMAINS, DecisionDomainsPublished)
    if found is None:
        raise Unavailable("The decision domains are not here yet.")
    return next(entry.owner_role for entry in found[0].domains if entry.domain is domain)

"""Read copies of what other services decide."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.packs import keep_pack, load_pack
from chassis.problems import Unavailable
from contracts.envelope import Event
from contracts.governance import DecisionDomainsPublished
from contracts.values import Domain

DOMAINS = "decision_domains"


async def require_owner(session: AsyncSession, caller: Caller, domain: Domain) -> None:
    """Raises `Forbidden` unless the caller has the role that owns the domain."""
    found = await load_pack(session, DOMAINS, DecisionDomainsPublished)
    if found is None:
        raise Unavailable("The decision domains have not arrived from governance yet.")
    require_role(caller, *(owner.owner_role for owner in found[0].domains if owner.domain == domain))


async def keep_domains(session: AsyncSession, event: Event[DecisionDomainsPublished]) -> None:
    await keep_pack(session, DOMAINS, event.data.version, event.data, event.source)

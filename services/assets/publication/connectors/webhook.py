"""A shop or PIM that is told by a signed webhook, with a link to the bytes. Outbound sends, tries again, and says how
the endpoint does."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from services.assets.links import service as links
from services.assets.outbound import service as outbound
from services.assets.publication.connectors.connector import Begun, Outgoing
from services.assets.publication.connectors.contents import description
from services.assets.publication.domain import link_expires_at

PUBLISHED, WITHDRAWN, REPLACED = "publication.published", "publication.withdrawn", "publication.replaced"


def owner_of_endpoint(destination: str) -> str:
    """Under which a destination's endpoint is registered."""
    return f"destination/{destination}"


class WebhookConnector:
    """Everything is written in one transaction, as messages; what became of them is heard from outbound."""

    waits = True

    async def begin_publish(self, session: AsyncSession, out: Outgoing, wakes: tuple[str, str]) -> Begun:
        expires_at = link_expires_at(now(), out.rights.until if out.rights else None)
        purpose = f"Publication at {out.destination.id}"
        link = await links.issue(session, out.version.id, purpose, expires_at, out.publication.asked_by, "publication")
        said = {**description(out), "link": link.url, "link_expires_at": expires_at.isoformat()}
        message_id = await self._send(session, out, PUBLISHED, said, wakes)
        return Begun(message_id, link.id)

    async def begin_withdraw(self, session: AsyncSession, out: Outgoing) -> None:
        publication = out.publication
        replaced_by = str(publication.replaced_by) if publication.replaced_by else None
        cause = publication.withdrawn_because or " ".join(publication.causes)
        said = {**description(out), "cause": cause, "replaced_by": replaced_by}
        await self._send(session, out, REPLACED if replaced_by else WITHDRAWN, said, None)

    async def _send(
        self, session: AsyncSession, out: Outgoing, kind: str, said: dict[str, Any], wakes: tuple[str, str] | None
    ) -> Any:
        owner, subject = owner_of_endpoint(out.destination.id), str(out.publication.id)
        return await outbound.send(session, owner, kind, subject, said, wakes=wakes)

    async def publish(self, out: Outgoing) -> None:
        """The message does it."""

    async def withdraw(self, out: Outgoing) -> None:
        """The message does it."""

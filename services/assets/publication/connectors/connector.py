"""What each kind of destination can do. One file a kind; `Publishing` knows them by name."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.publication import Publication
from services.assets.publication.schemas import Destination
from services.assets.rights.schemas import RightsAnswer


@dataclass(frozen=True)
class Outgoing:
    """A publication on its way, or on its way back."""

    publication: Publication
    destination: Destination
    version: Version
    turn: int
    """Counts what the destination is told of this publication: the highest counts."""
    rights: RightsAnswer | None = None
    """None: it is taken back, which no right stands against."""
    replaces: tuple[UUID, ...] = ()
    """Versions of its slot that the destination has, and is to show no more."""


@dataclass(frozen=True)
class Begun:
    """What was written for a publication in the transaction that allowed it."""

    message_id: UUID | None = None
    link_id: UUID | None = None


class Connector(Protocol):
    """A way to a destination. Each call may come twice, and does the same then."""

    waits: bool
    """Whether it hears later what became of it, by the message that it began: then nothing is carried out."""

    async def begin_publish(self, session: AsyncSession, out: Outgoing, wakes: tuple[str, str]) -> Begun:
        """In the transaction in which its rights are locked. `wakes`: the timer to set with its outcome."""
        ...

    async def begin_withdraw(self, session: AsyncSession, out: Outgoing) -> None:
        """In a transaction of its own."""
        ...

    async def publish(self, out: Outgoing) -> None:
        """With no transaction open. The file is whole there afterwards. Raises `NotReached`."""
        ...

    async def withdraw(self, out: Outgoing) -> None:
        """With no transaction open. The file is there no more; another version's that has its name stays. Raises
        `NotReached`."""
        ...

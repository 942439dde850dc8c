"""The errand that publishes and takes back: one transaction allows it, the work is done with none open, one settles it.

A process that dies between any two of them leaves `busy_until` and its timer's lease: when both are over another one
does the same again, which ends alike.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.crash import crash_point
from contracts.publication import PublicationState
from services.assets.dependencies import Transactions
from services.assets.outbound import repository as outbound
from services.assets.outbound.domain import RETRY_AFTER, MessageState, next_try
from services.assets.publication import repository
from services.assets.publication.connectors.connector import Connector, Outgoing
from services.assets.publication.destinations import get as get_destination
from services.assets.publication.domain import Chore, Happens
from services.assets.publication.errors import NotPublishable, NotReached
from services.assets.publication.permission import causes_of, check_may_be_there
from services.assets.publication.repository import Kept
from services.assets.publication.schemas import Destination, DestinationKind
from services.assets.publication.service import slot_of
from services.assets.publication.steps import (
    PUBLISH,
    drop_due,
    refuse,
    replace_others,
    set_due,
    step,
    taken,
    timer_key,
    withdraw,
)
from services.assets.rights.errors import MayNotPublish
from services.assets.versions.service import get_version

CARRY_SECONDS = 300
LEASE = timedelta(seconds=CARRY_SECONDS + 60)
BUSY_FOR = timedelta(seconds=CARRY_SECONDS + 30)
LOOK_AGAIN = timedelta(seconds=1)


class Publishing:
    """Everything that is due, by each kind's connector."""

    def __init__(self, transactions: Transactions, connectors: Mapping[DestinationKind, Connector]) -> None:
        self._transactions = transactions
        self._connectors = connectors

    async def run(self, key: str) -> None:
        publication_id = UUID(key.partition("/")[2])
        async with self._transactions.begin() as session:
            out = await self._begin(session, publication_id)
        if out is None:
            return
        crash_point("publication.begun")
        try:
            error = await self._carry_out(out)
        except BaseException:
            await self._let_go(publication_id)
            raise
        crash_point("publication.carried")
        async with self._transactions.begin() as session:
            await self._settle(session, out, error)

    async def _begin(self, session: AsyncSession, publication_id: UUID) -> Outgoing | None:
        """What is to be carried out; None when there is nothing, or it is on its way already."""
        found = await repository.find(session, publication_id)
        if found is None:
            return None
        destination = await get_destination(session, found.publication.destination, stays=True)
        await repository.lock_slot(session, found.publication.destination, slot_of(found.publication))
        kept = await repository.find(session, publication_id, lock=True)
        assert kept is not None
        if kept.message_id is not None:
            kept = await _hear(session, kept, kept.message_id)
        others = await repository.others_of_slot(session, kept.publication)
        if any(one.busy_until and one.busy_until > now() for one in [kept, *others]):
            await set_due(session, kept.publication, now() + LOOK_AGAIN)
            return None
        if kept.chore is Chore.PUBLISH:
            return await self._begin_publish(session, kept, others, destination)
        if kept.chore is Chore.WITHDRAW:
            return await self._begin_withdraw(session, kept, destination)
        await drop_due(session, kept.publication)
        return None

    async def _begin_publish(
        self, session: AsyncSession, kept: Kept, others: list[Kept], destination: Destination
    ) -> Outgoing | None:
        publication, connector = kept.publication, self._connectors[destination.kind]
        if not destination.active:
            await drop_due(session, publication)  # who switches it on sets it
            return None
        try:
            rights = await check_may_be_there(session, kept, destination)
        except (NotPublishable, MayNotPublish) as problem:
            if publication.state is PublicationState.WAITING:
                await refuse(session, kept, destination.id, problem.detail, causes_of(problem))
            else:
                await repository.change(session, publication.id, {"chore": None})
                await drop_due(session, publication)
            return None
        unsent = (PublicationState.WAITING, PublicationState.FAILED)
        await replace_others(session, publication, publication.asked_by, unsent)
        there = (PublicationState.SENT, PublicationState.LIVE)
        replaces = tuple(one.publication.version_id for one in others if one.publication.state in there)
        version = await get_version(session, publication.version_id)
        out = Outgoing(publication, destination, version, kept.turn, rights, replaces)
        if not connector.waits:
            await repository.change(session, publication.id, {"busy_until": now() + BUSY_FOR})
            return out
        await drop_due(session, publication)
        begun = await connector.begin_publish(session, out, (PUBLISH, timer_key(publication)))
        row = {"chore": None, "message_id": begun.message_id, "link_id": begun.link_id}
        await repository.change(session, publication.id, row)
        return None

    async def _begin_withdraw(self, session: AsyncSession, kept: Kept, destination: Destination) -> Outgoing | None:
        publication, connector = kept.publication, self._connectors[destination.kind]
        version = await get_version(session, publication.version_id)
        out = Outgoing(publication, destination, version, kept.turn)
        if not connector.waits:
            await repository.change(session, publication.id, {"busy_until": now() + BUSY_FOR})
            return out
        await connector.begin_withdraw(session, out)
        await repository.change(session, publication.id, {"chore": None})
        await drop_due(session, publication)
        return None

    async def _carry_out(self, out: Outgoing) -> str | None:
        """What stood against it this time; None: it is done."""
        connector = self._connectors[out.destination.kind]
        try:
            async with asyncio.timeout(CARRY_SECONDS):
                if out.rights is None:
                    await connector.withdraw(out)
                else:
                    await connector.publish(out)
        except NotReached as problem:
            return str(problem)
        except TimeoutError:
            return f"It took longer than {CARRY_SECONDS} s."
        return None

    async def _settle(self, session: AsyncSession, out: Outgoing, error: str | None) -> None:
        """Nothing but letting go when something else is wanted of it meanwhile."""
        await repository.lock_slot(session, out.destination.id, slot_of(out.publication))
        kept = await repository.find(session, out.publication.id, lock=True)
        assert kept is not None
        if kept.busy_until is None:
            return  # another process has settled it: this one was too slow
        await repository.change(session, kept.publication.id, {"busy_until": None})
        if kept.turn != out.turn:
            await set_due(session, kept.publication, now())
            return
        if error is not None:
            await _failed(session, kept, error)
            return
        await drop_due(session, kept.publication)
        if kept.chore is Chore.PUBLISH and kept.publication.state is PublicationState.WAITING:
            if await self._is_taken_back(session, kept):
                return
            await taken(session, kept, out.destination.id)
        await repository.change(session, kept.publication.id, {"chore": None, "error": None})

    async def _is_taken_back(self, session: AsyncSession, kept: Kept) -> bool:
        """Minutes may lie between the transaction that allowed it and the one that settles it: what may not be there
        any more is not left there, and what had its name is gone."""
        publication = kept.publication
        destination = await get_destination(session, publication.destination)
        try:
            await check_may_be_there(session, kept, destination)
        except (NotPublishable, MayNotPublish) as problem:
            for other in await repository.others_of_slot(session, publication):
                has_had_it = other.publication.state in (PublicationState.SENT, PublicationState.LIVE)
                if has_had_it and other.publication.export_name == publication.export_name:
                    why = f"Version {publication.version_id} was written over it."
                    await withdraw(session, other, destination.id, why, replaced_by=publication.version_id)
            await refuse(session, kept, destination.id, problem.detail, causes_of(problem))
            return True
        return False

    async def _let_go(self, publication_id: UUID) -> None:
        """Another process goes on at once, unless the database is away too; then when it is free."""
        async with self._transactions.begin() as session:
            await repository.change(session, publication_id, {"busy_until": None})


async def _hear(session: AsyncSession, kept: Kept, message_id: UUID) -> Kept:
    """What became of the message that publishes it."""
    found = await outbound.find_message(session, message_id)
    state, publication = found[0].state if found else None, kept.publication
    tries = {"attempts": found[0].attempts if found else 0}
    waits = publication.state is PublicationState.WAITING
    if state is MessageState.DELIVERED and (waits or publication.state is PublicationState.FAILED):
        await repository.change(session, publication.id, tries)
        return await taken(session, kept, publication.destination)
    if state is MessageState.FAILED and waits:
        why = publication.error
        return await step(session, kept, Happens.GIVEN_UP, publication.destination, why, error=why, **tries)
    return kept


async def _failed(session: AsyncSession, kept: Kept, error: str) -> None:
    """It is tried again as webhooks are; to take something back for ever."""
    publication, at = kept.publication, now()
    attempts = publication.attempts + 1
    row = {"attempts": attempts, "error": error}
    again = next_try(attempts, at)
    if kept.chore is Chore.WITHDRAW:
        again = again or at + RETRY_AFTER[-1]
    await repository.change(session, publication.id, row)
    if again is not None:
        await set_due(session, publication, again)
        return
    await drop_due(session, publication)
    if publication.state is PublicationState.WAITING:
        await step(session, kept, Happens.GIVEN_UP, publication.destination, error, chore=None, **row)

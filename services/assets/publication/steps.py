"""A publication's steps: each one changes its row, is told as an event, and stands in its version's history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.events import Happened, record
from chassis.timers import drop_timers, set_timer
from contracts.publication import (
    Publication,
    PublicationFailed,
    PublicationLive,
    PublicationRefused,
    PublicationSent,
    PublicationState,
    PublicationWithdrawn,
)
from services.assets.history import repository as history
from services.assets.links import repository as links
from services.assets.outbound import service as outbound
from services.assets.publication import repository
from services.assets.publication.domain import Chore, Happens, after, may
from services.assets.publication.repository import Kept

PUBLISH = "publish"
"""The kind of the timers; their keys are `<destination>/<publication>`."""

_EVENTS: Mapping[
    PublicationState,
    type[PublicationSent | PublicationLive | PublicationWithdrawn | PublicationRefused | PublicationFailed],
] = {
    PublicationState.SENT: PublicationSent,
    PublicationState.LIVE: PublicationLive,
    PublicationState.WITHDRAWN: PublicationWithdrawn,
    PublicationState.REFUSED: PublicationRefused,
    PublicationState.FAILED: PublicationFailed,
}


def timer_key(publication: Publication) -> str:
    return f"{publication.destination}/{publication.id}"


async def set_due(session: AsyncSession, publication: Publication, at: datetime) -> None:
    await set_timer(session, PUBLISH, timer_key(publication), at)


async def drop_due(session: AsyncSession, publication: Publication) -> None:
    await drop_timers(session, [(PUBLISH, timer_key(publication))])


async def step(
    session: AsyncSession, kept: Kept, what: Happens, by: str, reason: str | None = None, **row: Any
) -> Kept:
    """The publication is locked by the caller. `row`: what changes besides. Raises `IllegalStep`."""
    state = after(kept.publication.state, what)
    told = 0 if state is PublicationState.WAITING else 1
    await repository.change(session, kept.publication.id, {"state": state, "change": kept.change + told, **row})
    changed = await repository.find(session, kept.publication.id)
    assert changed is not None
    if told:
        publication = changed.publication
        event = _EVENTS[state](publication=publication, by=by)
        await record(session, Happened(event, publication.id, changed.change))
        details = {"destination": publication.destination, "publication_id": str(publication.id)}
        await history.note(session, publication.version_id, state, by=by, reason=reason, details=details)
    return changed


async def taken(session: AsyncSession, kept: Kept, by: str) -> Kept:
    """The destination has it: what it had of the slot before is replaced. The slot is locked."""
    changed = await step(session, kept, Happens.TAKEN, by, sent_at=now(), chore=None, error=None)
    await replace_others(session, changed.publication, by, (PublicationState.SENT, PublicationState.LIVE))
    return changed


async def replace_others(
    session: AsyncSession, newer: Publication, by: str, states: tuple[PublicationState, ...]
) -> None:
    """Take back the slot's other versions there that are in one of these states. The slot is locked."""
    for other in await repository.others_of_slot(session, newer):
        if other.publication.state in states:
            why = f"Version {newer.version_id} took its place."
            await withdraw(session, other, by, why, replaced_by=newer.version_id)


async def withdraw(session: AsyncSession, kept: Kept, by: str, why: str, replaced_by: UUID | None = None) -> Kept:
    """Its link is dead from now on, and the destination is told, where it has it or may have it. Raises `IllegalStep`.
    The publication is locked by the caller."""
    row = {"withdrawn_at": now(), "withdrawn_because": why, "replaced_by": replaced_by}
    return await _take_back(session, kept, Happens.WITHDRAWN, by, why, row)


async def refuse(session: AsyncSession, kept: Kept, by: str, why: str | None, causes: Sequence[str]) -> Kept:
    """It may not go out. As when it is withdrawn, the destination is told where it may have it: the answer to a try may
    have been lost. Raises `IllegalStep`. The publication is locked by the caller."""
    return await _take_back(session, kept, Happens.REFUSED, by, why, {"causes": [*causes]})


async def _take_back(
    session: AsyncSession, kept: Kept, what: Happens, by: str, why: str | None, row: Mapping[str, Any]
) -> Kept:
    publication, at = kept.publication, now()
    begun = publication.sent_at or kept.message_id or publication.attempts or kept.busy_until
    back: dict[str, Any] = {
        "turn": kept.turn + 1, "chore": Chore.WITHDRAW if begun else None, "attempts": 0, "error": None
    }  # fmt: skip
    changed = await step(session, kept, what, by, why, **row, **back)
    if kept.link_id is not None:
        await links.revoke(session, publication.version_id, kept.link_id, by, at)
    if kept.message_id is not None:
        await outbound.give_up(session, kept.message_id)
    if begun:
        await set_due(session, publication, at)
    else:
        await drop_due(session, publication)
    return changed


async def live(session: AsyncSession, kept: Kept, by: str, url: str | None, at: datetime) -> Kept:
    """Once; who reports it again changes nothing. The slot is locked. Raises `IllegalStep`."""
    if kept.publication.state is PublicationState.LIVE:
        return kept
    row: dict[str, Any] = {"live_at": at, "live_url": url, "sent_at": kept.publication.sent_at or at}
    if kept.message_id is not None:  # of a folder the export goes on
        row |= {"chore": None}
    changed = await step(session, kept, Happens.LIVE, by, **row)
    await replace_others(session, changed.publication, by, (PublicationState.SENT, PublicationState.LIVE))
    return changed


def may_be_asked_again(kept: Kept) -> bool:
    return may(kept.publication.state, Happens.AGAIN)

"""SQL of destinations and publications."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.publication import Publication, PublicationState
from services.assets.outbound.domain import Answer
from services.assets.outbound.models import attempt, message
from services.assets.publication.domain import OUT_THERE, Chore
from services.assets.publication.models import destination, publication
from services.assets.publication.schemas import Destination, Standing
from services.assets.versions.models import version
from services.assets.work.domain import Slot


@dataclass(frozen=True)
class Kept:
    """A publication, with what only this service knows of it."""

    publication: Publication
    chore: Chore | None
    change: int
    turn: int
    busy_until: datetime | None
    message_id: UUID | None
    link_id: UUID | None


_OWN = [publication.c[one.name] for one in fields(Kept) if one.name != "publication"]
_TOLD = [publication.c[name] for name in Publication.model_fields if name != "sha256"]
_TRIED = [
    message.c.attempts.label("tried"), attempt.c.status.label("last_status"), attempt.c.error.label("last_error")
]  # fmt: skip
_KEPT = (
    select(*_TOLD, version.c.sha256, *_OWN, *_TRIED)
    .join(version, version.c.id == publication.c.version_id)
    .outerjoin(message, message.c.id == publication.c.message_id)
    .outerjoin(attempt, and_(attempt.c.message_id == message.c.id, attempt.c.number == message.c.attempts))
)
_DESTINATION = [destination.c[name] for name in Destination.model_fields]


def _kept(row: Row[*tuple[Any, ...]]) -> Kept:
    values = dict(row._mapping)
    own = {column.name: values.pop(column.name) for column in _OWN}
    own["chore"] = Chore(own["chore"]) if own["chore"] else None
    attempts, status, error = [values.pop(column.name) for column in _TRIED]
    if attempts and values["state"] in (PublicationState.WAITING, PublicationState.FAILED):
        # Its message knows of each try; the row only of the last one.
        values |= {"attempts": attempts, "error": Answer(status, error, 0).problem}
    return Kept(Publication(**values), **own)


async def keep_destination(session: AsyncSession, entry: Destination) -> bool:
    """True when it is new. A channel and kind that it has stay."""
    values = entry.model_dump()
    added = await session.execute(
        insert(destination).values(values).on_conflict_do_nothing(index_elements=["id"]).returning(destination.c.id)
    )
    if added.first() is not None:
        return True
    await session.execute(update(destination).where(destination.c.id == entry.id).values(values))
    return False


async def find_destination(
    session: AsyncSession, name: str, *, lock: bool = False, stays: bool = False
) -> Destination | None:
    """`stays`: nobody changes it until the transaction ends. Before any slot of it is locked."""
    query = select(*_DESTINATION).where(destination.c.id == name)
    row = (await session.execute(query.with_for_update(read=stays) if lock or stays else query)).first()
    return Destination(**row._mapping) if row else None


async def every_destination(session: AsyncSession) -> list[Destination]:
    rows = await session.execute(select(*_DESTINATION).order_by(destination.c.id))
    return [Destination(**row._mapping) for row in rows]


async def lock_folders(session: AsyncSession) -> None:
    """One destination at a time gets a folder. Before any row of it is locked."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('export folders'))"))


async def automatic_destinations(session: AsyncSession, channel: str | None) -> list[Destination]:
    of_channel = destination.c.channel.is_not_distinct_from(channel)
    query = select(*_DESTINATION).where(of_channel, destination.c.automatic, destination.c.active)
    return [Destination(**row._mapping) for row in await session.execute(query.order_by(destination.c.id))]


async def lock_slot(session: AsyncSession, name: str, slot: Slot) -> None:
    """One transaction at a time is at this slot of a destination. Before any row of it is locked."""
    key = f"publish {name}/{slot.sku}/{slot.colorway}/{slot.view}/{slot.channel}"
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


async def add(session: AsyncSession, row: Mapping[str, Any]) -> bool:
    """False when the version has been meant for the destination before."""
    new = insert(publication).values(row).on_conflict_do_nothing(constraint="publication_once")
    return (await session.execute(new.returning(publication.c.id))).first() is not None


async def change(session: AsyncSession, publication_id: UUID, values: Mapping[str, Any]) -> None:
    await session.execute(update(publication).where(publication.c.id == publication_id).values(values))


async def find(session: AsyncSession, publication_id: UUID, *, lock: bool = False) -> Kept | None:
    query = _KEPT.where(publication.c.id == publication_id)
    row = (await session.execute(query.with_for_update(of=publication) if lock else query)).first()
    return _kept(row) if row else None


async def find_of_version(session: AsyncSession, name: str, version_id: UUID) -> Kept | None:
    """Locked."""
    query = _KEPT.where(publication.c.destination == name, publication.c.version_id == version_id)
    row = (await session.execute(query.with_for_update(of=publication))).first()
    return _kept(row) if row else None


async def others_of_slot(session: AsyncSession, one: Publication) -> list[Kept]:
    """The other versions of its slot at its destination, locked, in one order."""
    table = publication.c
    query = _KEPT.where(
        table.destination == one.destination,
        table.sku == one.sku,
        table.colorway == one.colorway,
        table.view == one.view,
        table.channel.is_not_distinct_from(one.channel),
        table.id != one.id,
    )
    rows = await session.execute(query.order_by(table.id).with_for_update(of=publication))
    return [_kept(row) for row in rows]


async def waiting_at(session: AsyncSession, name: str) -> list[Publication]:
    """What has yet to be sent there; what a message tells waits in outbound."""
    query = _KEPT.where(publication.c.destination == name, publication.c.chore == Chore.PUBLISH)
    return [_kept(row).publication for row in await session.execute(query.order_by(publication.c.id))]


async def of_version(session: AsyncSession, version_id: UUID) -> list[UUID]:
    """Where the version is, or may be soon."""
    query = select(publication.c.id).where(publication.c.version_id == version_id, publication.c.state.in_(OUT_THERE))
    return list((await session.execute(query.order_by(publication.c.destination))).scalars())


async def standings(session: AsyncSession, version_ids: Collection[UUID]) -> dict[UUID, list[Standing]]:
    """Where each of these versions is, or may be soon."""
    table = publication.c
    query = (
        select(table.version_id, table.id.label("publication_id"), table.destination, table.state, table.live_at,
               table.live_url)
        .where(table.version_id.in_(version_ids), table.state.in_(OUT_THERE))
        .order_by(table.id)
    )  # fmt: skip
    found: dict[UUID, list[Standing]] = {}
    for row in await session.execute(query):
        values = dict(row._mapping)
        found.setdefault(values.pop("version_id"), []).append(Standing(**values))
    return found


@dataclass(frozen=True)
class Filter:
    state: PublicationState | None = None
    channel: str | None = None
    sku: str | None = None
    destination: str | None = None
    version_id: UUID | None = None


async def page(session: AsyncSession, wanted: Filter, after: UUID | None, limit: int) -> list[Publication]:
    """Newest first; `after`: those older than that one."""
    query = _KEPT.order_by(publication.c.id.desc()).limit(limit)
    for one in fields(wanted):
        if (value := getattr(wanted, one.name)) is not None:
            query = query.where(publication.c[one.name] == value)
    if after is not None:
        query = query.where(publication.c.id < after)
    return [_kept(row).publication for row in await session.execute(query)]

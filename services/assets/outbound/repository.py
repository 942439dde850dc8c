"""SQL of endpoints, messages and attempts. Only `due_message` reads a URL or secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from yarl import URL

from chassis.clock import now
from services.assets.outbound.domain import Answer, MessageState
from services.assets.outbound.models import attempt, endpoint, message
from services.assets.outbound.schemas import Attempt, Endpoint, Message

_ENDPOINT = [endpoint.c[name] for name in Endpoint.model_fields if name != "host"]
_MESSAGE = [message.c[name] for name in Message.model_fields]
_ATTEMPT = [attempt.c[name] for name in Attempt.model_fields]


@dataclass(frozen=True)
class DueMessage:
    """A message that waits, and all that is needed to send it."""

    id: UUID
    endpoint_id: UUID
    body: str
    attempts: int
    url: str
    secrets: list[str]


def _endpoint(row: Row[*tuple[Any, ...]]) -> Endpoint:
    values = dict(row._mapping)
    url = values.pop("url")
    return Endpoint(**values, host=URL(url).host or "")


async def add_endpoint(session: AsyncSession, row: Mapping[str, Any]) -> bool:
    """False when its owner has one."""
    added = await session.execute(upsert(endpoint).values(row).on_conflict_do_nothing().returning(endpoint.c.id))
    return added.first() is not None


async def change_endpoint(session: AsyncSession, endpoint_id: UUID, values: Mapping[str, Any]) -> None:
    await session.execute(update(endpoint).where(endpoint.c.id == endpoint_id).values(values))


async def find_endpoint(session: AsyncSession, endpoint_id: UUID, *, lock: bool = False) -> Endpoint | None:
    query = select(*_ENDPOINT, endpoint.c.url).where(endpoint.c.id == endpoint_id)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    return _endpoint(row) if row else None


async def endpoint_of(session: AsyncSession, owner: str, *, lock: bool = False) -> Endpoint | None:
    query = select(*_ENDPOINT, endpoint.c.url).where(endpoint.c.owner == owner)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    return _endpoint(row) if row else None


async def every_endpoint(session: AsyncSession) -> list[Endpoint]:
    rows = await session.execute(select(*_ENDPOINT, endpoint.c.url).order_by(endpoint.c.owner))
    return [_endpoint(row) for row in rows]


async def current_secret(session: AsyncSession, endpoint_id: UUID) -> str:
    """To keep it as the old one."""
    secret: str = (await session.execute(select(endpoint.c.secret).where(endpoint.c.id == endpoint_id))).scalar_one()
    return secret


async def times_disabled(session: AsyncSession, endpoint_id: UUID) -> int:
    query = select(endpoint.c.times_disabled).where(endpoint.c.id == endpoint_id)
    return int((await session.execute(query)).scalar_one())


async def secrets_of(session: AsyncSession, owner: str) -> list[str]:
    """Those that count now; none where it has no endpoint."""
    query = select(endpoint.c.secret, endpoint.c.old_secret, endpoint.c.old_secret_until)
    row = (await session.execute(query.where(endpoint.c.owner == owner))).first()
    if row is None:
        return []
    return [row.secret, row.old_secret] if row.old_secret is not None and row.old_secret_until > now() else [row.secret]


async def add_message(session: AsyncSession, new: Message, body: str, wakes: tuple[str, str] | None) -> None:
    """`wakes`: kind and key of the timer that its outcome sets."""
    kind, key = wakes or (None, None)
    own = {"body": body, "tries": 0, "wakes_kind": kind, "wakes_key": key}
    await session.execute(insert(message).values(new.model_dump() | own))


async def wakes(session: AsyncSession, message_id: UUID) -> tuple[str, str] | None:
    """Kind and key of the timer that its outcome sets."""
    query = select(message.c.wakes_kind, message.c.wakes_key).where(message.c.id == message_id)
    row = (await session.execute(query)).one()
    return (row.wakes_kind, row.wakes_key) if row.wakes_kind else None


async def find_message(session: AsyncSession, message_id: UUID, *, lock: bool = False) -> tuple[Message, int] | None:
    """With its tries since it was last sent by hand."""
    query = select(*_MESSAGE, message.c.tries).where(message.c.id == message_id)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        return None
    values = dict(row._mapping)
    tries = values.pop("tries")
    return Message(**values), tries


async def change_message(session: AsyncSession, message_id: UUID, values: Mapping[str, Any]) -> None:
    await session.execute(update(message).where(message.c.id == message_id).values(values))


async def due_message(session: AsyncSession, message_id: UUID) -> DueMessage | None:
    """None when it doesn't wait any more, or its endpoint takes nothing. Nobody changes that until the transaction
    ends: a timer that is dropped for it is set by who enables the endpoint afterwards."""
    query = (
        select(
            message.c.id, message.c.endpoint_id, message.c.body, message.c.attempts, endpoint.c.url,
            endpoint.c.secret, endpoint.c.old_secret, endpoint.c.old_secret_until,
        )
        .join(endpoint, endpoint.c.id == message.c.endpoint_id)
        .where(
            message.c.id == message_id,
            message.c.state == MessageState.WAITING,
            endpoint.c.active,
            endpoint.c.disabled_at.is_(None),
        )
        .with_for_update(read=True, of=endpoint)
    )  # fmt: skip
    row = (await session.execute(query)).first()
    if row is None:
        return None
    secrets = [row.secret]
    if row.old_secret is not None and row.old_secret_until > now():
        secrets.append(row.old_secret)
    return DueMessage(row.id, row.endpoint_id, row.body, row.attempts, row.url, secrets)


async def waiting_messages(session: AsyncSession, endpoint_id: UUID) -> list[UUID]:
    query = select(message.c.id).where(message.c.endpoint_id == endpoint_id, message.c.state == MessageState.WAITING)
    return list((await session.execute(query)).scalars())


async def add_attempt(session: AsyncSession, message_id: UUID, number: int, at: datetime, answer: Answer) -> None:
    row = {"message_id": message_id, "number": number, "at": at, "status": answer.status, "error": answer.error,
           "seconds": round(answer.seconds, 3)}  # fmt: skip
    await session.execute(insert(attempt).values(row))


async def attempts_of(session: AsyncSession, message_id: UUID) -> list[Attempt]:
    query = select(*_ATTEMPT).where(attempt.c.message_id == message_id).order_by(attempt.c.number)
    return [Attempt(**row._mapping) for row in await session.execute(query)]


@dataclass(frozen=True)
class Filter:
    endpoint_id: UUID | None = None
    state: MessageState | None = None
    subject: str | None = None


async def page(session: AsyncSession, wanted: Filter, after: UUID | None, limit: int) -> list[Message]:
    """Newest first; `after`: those older than that one."""
    query = select(*_MESSAGE).order_by(message.c.id.desc()).limit(limit)
    if wanted.endpoint_id is not None:
        query = query.where(message.c.endpoint_id == wanted.endpoint_id)
    if wanted.state is not None:
        query = query.where(message.c.state == wanted.state)
    if wanted.subject is not None:
        query = query.where(message.c.subject == wanted.subject)
    if after is not None:
        query = query.where(message.c.id < after)
    return [Message(**row._mapping) for row in await session.execute(query)]

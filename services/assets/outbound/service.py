"""Signed webhooks that go out: whom to, what, and what became of it. Whoever owns an endpoint's domain keeps it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.timers import Timer, drop_timers, set_timer, set_timers
from contracts.assets import OutboundEndpointDisabled
from contracts.values import Domain
from services.assets.outbound import repository
from services.assets.outbound.domain import Answer, MessageState, next_try, why_disabled
from services.assets.outbound.errors import EndpointOff, UnknownEndpoint, UnknownMessage
from services.assets.outbound.schemas import Endpoint, EndpointEntry, EndpointWithSecret, Message, MessageWithAttempts
from services.assets.outbound.secrets import new_secret
from services.assets.reference import require_owner

SEND = "send message"
"""The kind of the timers; their keys are `<endpoint>/<message>`."""

_WELL: dict[str, Any] = {"failures": 0, "failing_since": None, "disabled_at": None, "disabled_because": None}


async def keep_endpoint(
    session: AsyncSession, owner: str, domain: Domain, entry: EndpointEntry, caller: Caller, *, sends: bool = True
) -> tuple[EndpointWithSecret, bool]:
    """A new endpoint with its secret, and True; or the known one with what was changed, enabled again, and False.
    `sends`: False leaves what waits where it is, and a disabled one disabled."""
    await require_owner(session, caller, domain)
    secret, at = new_secret(), now()
    row = {"id": new_id(), "owner": owner, "domain": domain, "secret": secret, "secret_made_at": at,
           "registered_by": caller.subject, "registered_at": at, "times_disabled": 0, **_WELL,
           **entry.model_dump()}  # fmt: skip
    is_new = await repository.add_endpoint(session, row)
    kept = await _owned(session, owner)
    if not is_new:
        await repository.change_endpoint(session, kept.id, (_WELL if sends else {}) | entry.model_dump())
        if sends:
            await _send_waiting(session, kept.id)
        kept = await _owned(session, owner)
    return EndpointWithSecret(**kept.model_dump(), secret=secret if is_new else None), is_new


async def renew_secret(
    session: AsyncSession, owner: str, domain: Domain, overlap: timedelta, caller: Caller
) -> EndpointWithSecret:
    """A new secret; the old one signs too during the overlap. Raises `UnknownEndpoint`."""
    await require_owner(session, caller, domain)
    kept = await _owned(session, owner)
    secret, at = new_secret(), now()
    old = await repository.current_secret(session, kept.id) if overlap else None
    values = {"secret": secret, "secret_made_at": at, "old_secret": old,
              "old_secret_until": at + overlap if overlap else None}  # fmt: skip
    await repository.change_endpoint(session, kept.id, values)
    kept = await _owned(session, owner)
    return EndpointWithSecret(**kept.model_dump(), secret=secret)


async def get_endpoint_of(session: AsyncSession, owner: str) -> Endpoint:
    """Raises `UnknownEndpoint`."""
    found = await repository.endpoint_of(session, owner)
    if found is None:
        raise UnknownEndpoint(f"No endpoint is registered for {owner}.")
    return found


async def _owned(session: AsyncSession, owner: str) -> Endpoint:
    """Locked. Raises `UnknownEndpoint`."""
    found = await repository.endpoint_of(session, owner, lock=True)
    if found is None:
        raise UnknownEndpoint(f"No endpoint is registered for {owner}.")
    return found


async def enable(session: AsyncSession, endpoint_id: UUID, caller: Caller) -> Endpoint:
    """What waits is sent. Raises `UnknownEndpoint`."""
    found = await _locked(session, endpoint_id)
    await require_owner(session, caller, found.domain)
    await repository.change_endpoint(session, endpoint_id, _WELL)
    await _send_waiting(session, endpoint_id)
    return await _locked(session, endpoint_id)


async def _locked(session: AsyncSession, endpoint_id: UUID) -> Endpoint:
    found = await repository.find_endpoint(session, endpoint_id, lock=True)
    if found is None:
        raise UnknownEndpoint("There is no endpoint with this id.")
    return found


async def _send_waiting(session: AsyncSession, endpoint_id: UUID) -> None:
    at = now()
    waiting = await repository.waiting_messages(session, endpoint_id)
    await set_timers(session, [Timer(SEND, _key(endpoint_id, message_id), at) for message_id in waiting])


def _key(endpoint_id: UUID, message_id: UUID) -> str:
    return f"{endpoint_id}/{message_id}"


async def send(
    session: AsyncSession,
    owner: str,
    message_type: str,
    subject: str,
    data: Mapping[str, Any],
    *,
    wakes: tuple[str, str] | None = None,
) -> UUID | None:
    """Tell the owner's endpoint, soon and until it has heard: the message's id; nothing and None where it has none, or
    wants nothing.

    `data`: what JSON can say, and UUIDs and times. `wakes`: kind and key of a timer that is set each time the message
    is delivered or given up, for who wants to know.
    """
    found = await repository.endpoint_of(session, owner)
    if found is None or not found.active:
        return None
    at = now()
    message = Message(id=new_id(), endpoint_id=found.id, type=message_type, subject=subject,
                      state=MessageState.WAITING, attempts=0, created_at=at, next_try_at=at,
                      delivered_at=None)  # fmt: skip
    body = orjson.dumps({"type": message_type, "timestamp": at, "data": data}).decode()
    await repository.add_message(session, message, body, wakes)
    await set_timer(session, SEND, _key(found.id, message.id), at)  # where it is disabled, it is enabled first
    return message.id


async def give_up(session: AsyncSession, message_id: UUID) -> None:
    """What it tells is over: it is tried no more, where it still waits. What was delivered once stays so."""
    found = await repository.find_message(session, message_id, lock=True)
    if found is not None and found[0].state is MessageState.WAITING:
        state = MessageState.DELIVERED if found[0].delivered_at else MessageState.VOID
        await repository.change_message(session, message_id, {"state": state, "next_try_at": None})
        await drop_timers(session, [(SEND, _key(found[0].endpoint_id, message_id))])


async def answered(session: AsyncSession, sent: repository.DueMessage, answer: Answer) -> None:
    """Remember a try, and when the next one is. Nothing when another process has answered for this try already."""
    endpoint = await _locked(session, sent.endpoint_id)
    found = await repository.find_message(session, sent.id, lock=True)
    if found is None or found[0].attempts != sent.attempts or found[0].state is not MessageState.WAITING:
        return
    at, number, tries = now(), sent.attempts + 1, found[1] + 1
    await repository.add_attempt(session, sent.id, number, at, answer)
    tried: dict[str, Any] = {"attempts": number, "tries": tries}
    if answer.is_success:
        await repository.change_message(
            session, sent.id, tried | {"state": MessageState.DELIVERED, "next_try_at": None, "delivered_at": at}
        )
        await repository.change_endpoint(session, sent.endpoint_id, {"failures": 0, "failing_since": None})
        await drop_timers(session, [(SEND, _key(sent.endpoint_id, sent.id))])
        await _wake(session, sent.id)
        return
    again = next_try(tries, at)
    state = MessageState.FAILED if again is None else MessageState.WAITING
    await repository.change_message(session, sent.id, tried | {"state": state, "next_try_at": again})
    if again is None:
        await drop_timers(session, [(SEND, _key(sent.endpoint_id, sent.id))])
        await _wake(session, sent.id)
    else:
        await set_timer(session, SEND, _key(sent.endpoint_id, sent.id), again)
    await _failed(session, endpoint, answer)


async def _wake(session: AsyncSession, message_id: UUID) -> None:
    if timer := await repository.wakes(session, message_id):
        await set_timer(session, *timer, now())


async def _failed(session: AsyncSession, endpoint: Endpoint, answer: Answer) -> None:
    """One failure more; perhaps the one after which nothing more is sent."""
    at = now()
    since = endpoint.failing_since or at
    failing = {"failures": endpoint.failures + 1, "failing_since": since}
    await repository.change_endpoint(session, endpoint.id, failing)
    why = None if endpoint.disabled_at else why_disabled(answer, since, at)
    if why is None:
        return
    times = await repository.times_disabled(session, endpoint.id) + 1
    await repository.change_endpoint(
        session, endpoint.id, {"disabled_at": at, "disabled_because": why, "times_disabled": times}
    )
    waiting = await repository.waiting_messages(session, endpoint.id)
    await drop_timers(session, [(SEND, _key(endpoint.id, message_id)) for message_id in waiting])
    told = OutboundEndpointDisabled(
        id=endpoint.id, owner=endpoint.owner, because=why, failing_since=since, disabled_at=at, waiting=len(waiting)
    )
    await record(session, Happened(told, endpoint.id, times))


async def redeliver(session: AsyncSession, message_id: UUID, caller: Caller) -> Message:
    """Send it now, whatever became of it before, with all tries anew. Raises `UnknownMessage`, `EndpointOff`."""
    message, _ = await _message(session, message_id)
    endpoint = await _locked(session, message.endpoint_id)
    await require_owner(session, caller, endpoint.domain)
    if not endpoint.active or endpoint.disabled_at is not None:
        raise EndpointOff(f"Its endpoint gets nothing: {endpoint.disabled_because or 'it is not active'}.")
    at = now()
    again: dict[str, Any] = {"state": MessageState.WAITING, "tries": 0, "next_try_at": at}
    await repository.change_message(session, message_id, again)
    await set_timer(session, SEND, _key(endpoint.id, message_id), at)
    return (await _message(session, message_id))[0]


async def read_message(session: AsyncSession, message_id: UUID) -> MessageWithAttempts:
    """Raises `UnknownMessage`."""
    message, _ = await _message(session, message_id)
    return MessageWithAttempts(**message.model_dump(), tried=await repository.attempts_of(session, message_id))


async def _message(session: AsyncSession, message_id: UUID) -> tuple[Message, int]:
    found = await repository.find_message(session, message_id)
    if found is None:
        raise UnknownMessage("There is no message with this id.")
    return found

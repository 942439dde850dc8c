"""Sending one message: signed, once a try, with no connection to the database held meanwhile."""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook

from chassis.clock import now
from chassis.crash import crash_point
from chassis.timers import drop_timers
from services.assets.dependencies import Transactions
from services.assets.outbound import repository, service
from services.assets.outbound.client import Outside
from services.assets.outbound.domain import Answer, Go, MessageState
from services.assets.outbound.errors import NoAnswer, NotAllowed

SEND_SECONDS = 20
LEASE = timedelta(seconds=60)

SENT = Counter("packshot_outbound_attempts_total", "Tries to send signed webhooks.", ["result"])


MayGoOut = Callable[[AsyncSession, UUID, str], Awaitable[Go]]
"""Asked before each try, in the transaction that takes the message: with its id, and the key of the timer that it
wakes."""


class Sending:
    """The errand that sends messages."""

    def __init__(self, transactions: Transactions, outside: Outside, owners: Mapping[str, MayGoOut]) -> None:
        """`owners`: by the kind of the timer that a message wakes, who says whether it may still go out. A message that
        wakes none may."""
        self._transactions = transactions
        self._outside = outside
        self._owners = owners

    async def run(self, key: str) -> None:
        message_id = UUID(key.partition("/")[2])
        async with self._transactions.begin() as session:
            due = await self._take(session, message_id)
            if due is None:
                await drop_timers(session, [(service.SEND, key)])
                return
        answer = await self._try(due)
        SENT.labels("delivered" if answer.is_success else "failed").inc()
        crash_point("message.sent")
        async with self._transactions.begin() as session:
            await service.answered(session, due, answer)

    async def _take(self, session: AsyncSession, message_id: UUID) -> repository.DueMessage | None:
        """None when it is not to be sent, or not now. Its owner is asked first: it locks what is its own before the
        endpoint is locked."""
        found = await repository.find_message(session, message_id)
        if found is None or found[0].state is not MessageState.WAITING:
            return None
        wakes = await repository.wakes(session, message_id)
        owner = self._owners.get(wakes[0]) if wakes else None
        go = await owner(session, message_id, wakes[1]) if owner and wakes else Go.NOW
        if go is Go.NEVER:
            await service.give_up(session, message_id)
        return await repository.due_message(session, message_id) if go is Go.NOW else None

    async def _try(self, due: repository.DueMessage) -> Answer:
        at, message_id = now(), str(due.id)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, due.body) for secret in due.secrets),
        }
        began = time.perf_counter()
        try:
            status = await self._outside.post(due.url, due.body.encode(), headers, seconds=SEND_SECONDS)
        except (NotAllowed, NoAnswer) as problem:
            return Answer(None, str(problem), time.perf_counter() - began)
        return Answer(status, None, time.perf_counter() - began)

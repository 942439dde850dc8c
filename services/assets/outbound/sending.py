"""Sending one message: signed, once a try, with no connection to the database held meanwhile."""

import time
from datetime import timedelta
from uuid import UUID

from prometheus_client import Counter
from standardwebhooks import Webhook

from chassis.clock import now
from chassis.crash import crash_point
from chassis.timers import drop_timers
from services.assets.dependencies import Transactions
from services.assets.outbound import repository, service
from services.assets.outbound.client import Outside
from services.assets.outbound.domain import Answer
from services.assets.outbound.errors import NoAnswer, NotAllowed

SEND_SECONDS = 20
LEASE = timedelta(seconds=60)

SENT = Counter("packshot_outbound_attempts_total", "Tries to send signed webhooks.", ["result"])


class Sending:
    """The errand that sends messages."""

    def __init__(self, transactions: Transactions, outside: Outside) -> None:
        self._transactions = transactions
        self._outside = outside

    async def run(self, key: str) -> None:
        message_id = UUID(key.partition("/")[2])
        async with self._transactions.begin() as session:
            due = await repository.due_message(session, message_id)
            if due is None:
                await drop_timers(session, [(service.SEND, key)])
                return
        answer = await self._try(due)
        SENT.labels("delivered" if answer.is_success else "failed").inc()
        crash_point("message.sent")
        async with self._transactions.begin() as session:
            await service.answered(session, due, answer)

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

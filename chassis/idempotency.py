"""Idempotency-Key: a creation that is sent again gets the first answer again.

The key is taken in the transaction of the work itself: a second request with the same key waits for the first one's
commit, then finds its answer; if the first failed, there is no trace of it and the second one works.
"""

import hashlib
from datetime import timedelta
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy import text

from chassis.auth import AnyCaller
from chassis.clock import now
from chassis.database import Database, Session
from chassis.problems import Invalid

KEPT = timedelta(days=7)


class StoredAnswer(Exception):
    """The answer was given before: give it again."""

    def __init__(self, response: Response) -> None:
        self.response = response


class Idempotency:
    """What an endpoint uses to keep its answer."""

    def __init__(self, session: Session, caller: str, key: str | None) -> None:
        self._session, self._caller, self._key = session, caller, key

    async def answer(self, status: int, body: BaseModel, headers: dict[str, str] | None = None) -> Response:
        """The endpoint's answer, kept under the key if there is one."""
        content = body.model_dump_json()
        if self._key is not None:
            await self._session.execute(
                text(
                    "UPDATE idempotency SET status = :status, answer = CAST(:answer AS json),"
                    " headers = CAST(:headers AS json) WHERE caller = :caller AND key = :key"
                ),
                {
                    "status": status,
                    "answer": content,
                    "headers": orjson.dumps(headers or {}).decode(),
                    "caller": self._caller,
                    "key": self._key,
                },
            )
        return Response(content, status, headers, media_type="application/json")


async def _idempotency(
    request: Request,
    session: Session,
    caller: AnyCaller,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=200, description="Chosen by you; the same key never creates twice."),
    ] = None,
) -> Idempotency:
    if idempotency_key is None:
        return Idempotency(session, caller.subject, None)
    query = f"?{request.url.query}" if request.url.query else ""
    asked = f"{request.method} {request.url.path}{query}\n".encode() + await request.body()
    digest = hashlib.sha256(asked).hexdigest()
    taken: Any = await session.execute(
        text(
            "INSERT INTO idempotency (caller, key, fingerprint, created_at) VALUES (:caller, :key, :print, :now)"
            " ON CONFLICT DO NOTHING"
        ),
        {"caller": caller.subject, "key": idempotency_key, "print": digest, "now": now()},
    )
    if taken.rowcount == 0:
        row = (
            await session.execute(
                text(
                    "SELECT fingerprint, status, answer, headers FROM idempotency WHERE caller = :caller AND key = :key"
                ),
                {"caller": caller.subject, "key": idempotency_key},
            )
        ).one()
        if row.fingerprint != digest:
            raise Invalid("This Idempotency-Key was used for another request. Use a new key for a new request.")
        raise StoredAnswer(
            JSONResponse(row.answer, row.status, {**(row.headers or {}), "Idempotency-Replayed": "true"})
        )
    return Idempotency(session, caller.subject, idempotency_key)


async def forget_answers(database: Database) -> None:
    """Those that were kept for long enough; their keys are new again."""
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM idempotency WHERE created_at < :old"), {"old": now() - KEPT})


Idempotent = Annotated[Idempotency, Depends(_idempotency)]


def install_idempotency(app: FastAPI) -> None:
    @app.exception_handler(StoredAnswer)
    async def on_stored(request: Request, stored: StoredAnswer) -> Response:
        return stored.response

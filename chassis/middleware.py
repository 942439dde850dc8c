"""Pure ASGI middleware: correlation ids, request figures, the body limit."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

from chassis.context import accepted_correlation_id, caused_by
from chassis.logs import get_logger
from chassis.metrics import REQUESTS
from chassis.problems import TooLarge, internal_error, problem_response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = get_logger(__name__)
QUIET = ("/health/", "/metrics")


class BodyTooLarge(HTTPException):
    """More bytes came than a JSON body may have. An HTTPException, since FastAPI hides all others in a 400."""

    def __init__(self, limit: int) -> None:
        super().__init__(TooLarge.status, f"A body here has at most {limit} bytes.")


class RequestContext:
    """Gives every request its id, its log line and its place in the figures, and stops bodies that are too large.

    Paths in `streaming` take bodies of any size: they never hold them in memory, and have limits of their own.
    """

    def __init__(self, app: App, *, service: str, max_body_bytes: int, streaming: tuple[str, ...] = ()) -> None:
        self._app = app
        self._service = service
        self._limit = max_body_bytes
        self._streaming = streaming

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        correlation = accepted_correlation_id(headers.get(b"x-request-id", b"").decode("latin-1"))
        with caused_by(correlation):
            await self._answer(scope, headers, correlation, receive, send)

    async def _answer(
        self, scope: Scope, headers: dict[bytes, bytes], correlation: str, receive: Receive, send: Send
    ) -> None:
        started, status, answering = time.perf_counter(), 500, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, answering
            if message["type"] == "http.response.start":
                status, answering = message["status"], True
                message["headers"] = [*message.get("headers", []), (b"x-request-id", correlation.encode())]
            await send(message)

        path: str = scope["path"]
        limited = receive if path.startswith(self._streaming) and self._streaming else self._limit_body(receive)
        try:
            declared = headers.get(b"content-length", b"0")
            if limited is not receive and declared.isdigit() and int(declared) > self._limit:
                raise BodyTooLarge(self._limit)
            await self._app(scope, limited, send_with_id)
        except BodyTooLarge as error:
            await problem_response(TooLarge(error.detail), path)(scope, receive, send_with_id)
        except Exception as error:  # here, not in Starlette's outermost middleware: there the request's id is gone
            if answering:
                raise
            await problem_response(internal_error(error), path)(scope, receive, send_with_id)
        finally:
            took = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unknown")
            REQUESTS.labels(self._service, scope["method"], route, str(status)).observe(took)
            if not path.startswith(QUIET):
                log.info("answered", method=scope["method"], path=path, status=status, ms=round(took * 1000, 1))

    def _limit_body(self, receive: Receive) -> Receive:
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise BodyTooLarge(self._limit)
            return message

        return limited

"""Asks a service, and hands its answer on, both as streams."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from yarl import URL

from chassis.logs import get_logger
from chassis.middleware import Scope
from chassis.problems import TooLarge, Unavailable
from gateway.errors import BadRequest, BodyBroken, ClientTooSlow, ServiceFailed, ServiceTooSlow
from gateway.exchange import Exchange, Stop, Stopped
from gateway.headers import Head, answer_headers
from gateway.routes import Route
from gateway.settings import GatewaySettings

CLIENT_GONE = 499
"""In the figures: the client went away before its answer."""
CUT_OFF = 599
"""In the figures: the answer had begun and could not be finished, so the connection was broken off."""
_NO_CONTENT_TYPE = ("Content-Type",)

log = get_logger(__name__)


class ClientGone(Exception):
    """There is nobody left to answer."""


class _Request(ClientRequest):
    """Asks for nothing that the client didn't ask for, such as a compressed answer."""

    DEFAULT_HEADERS: dict[Any, str] = {}  # noqa: RUF012, as the base class has it


class _LostOnTheWay(Exception):
    """A request that must not be sent twice lost its connection."""


async def _send_once(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
    """aiohttp sends GET, PUT and DELETE again when a kept connection turns out dead. A PUT may have been done by then,
    and its second answer be another one; so only what changes nothing is sent again."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _LostOnTheWay from error


_ONCE = (_send_once,)


def _said(error: BaseException) -> str:
    """For the log, without the address that was asked: a link's has its signature in it."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{type(error).__name__}(status={error.status}, message={error.message!r})"
    return repr(error)


async def _first_piece(answer: ClientResponse) -> bytes:
    try:
        return await answer.content.readany()
    except BaseException:
        answer.close()
        raise


class Upstream:
    """The connections to all services, between `open` and `close`."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("The server that runs the gateway does not call its lifespan.")
        return self._session

    def open(self) -> None:
        settings = self._settings
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                limit_per_host=settings.upstream_connections,
                keepalive_timeout=settings.upstream_keepalive_seconds,
            ),
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=settings.connect_seconds,
                sock_connect=settings.connect_seconds,
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=_Request,
            max_field_size=settings.max_header_bytes,
        )

    async def close(self) -> None:
        await self.session.close()

    async def ask(self, scope: Scope, exchange: Exchange, route: Route, head: Head) -> tuple[ClientResponse, bytes]:
        """The service's answer and the first piece of its body, as soon as both are there: granian keeps the head until
        then, so that a service that breaks off before is no answer yet. Raises a `Problem`, or `ClientGone`."""
        method: str = scope["method"]
        target = route.base_url + scope["raw_path"].decode("ascii")
        if query := scope["query_string"]:
            target += "?" + query.decode("latin-1")
        try:
            data = await self._body(exchange, head)
            answer = await self.session.request(
                method,
                URL(target, encoded=True),
                headers=head.headers,
                data=data,
                skip_auto_headers=None if data is None or "content-type" in head.headers else _NO_CONTENT_TYPE,
                allow_redirects=False,
                middlewares=_ONCE if method in ("PUT", "DELETE") else None,
            )
            return answer, await _first_piece(answer)
        except asyncio.CancelledError as error:
            if not exchange.took_back_cancellation():
                raise
            raise self._why(error, exchange, route, head) from error
        except (aiohttp.ClientError, OSError, ValueError, Stopped, _LostOnTheWay) as error:
            raise self._why(error, exchange, route, head) from error

    async def _body(self, exchange: Exchange, head: Head) -> bytes | AsyncIterator[bytes] | None:
        """The request's body: as bytes when it came in one piece, else as a stream."""
        if not head.has_body:
            exchange.body_done = True
            return None
        limit = head.body_limit(self._settings)
        first = await exchange.piece()
        if exchange.body_done and len(first) <= limit:
            return first or None
        if head.content_length is not None:
            head.headers.add("Content-Length", str(head.content_length))
        return exchange.body(first, length=head.content_length, limit=limit)

    def _why(self, error: BaseException, exchange: Exchange, route: Route, head: Head) -> Exception:
        """What went wrong, as the client is to hear it."""
        service = route.service
        if exchange.stop is Stop.CLIENT_GONE:
            return ClientGone()
        if exchange.stop is Stop.BODY_BROKEN:
            return BodyBroken()
        if exchange.stop is Stop.CLIENT_SLOW:
            return ClientTooSlow(f"Nothing came for {self._settings.idle_seconds:g} s.")
        if exchange.stop is Stop.TOO_LARGE:
            return TooLarge(f"A body here has at most {head.body_limit(self._settings)} bytes.")
        if isinstance(error, ValueError) and not isinstance(error, aiohttp.ClientError):
            return BadRequest("A header has characters that can't be passed on.")
        log.warning("a service did not answer", to=service, request_id=head.request_id, error=_said(error))
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return Unavailable(f"The {service} service can't be reached; nothing was changed. Try again.")
        if isinstance(error, TimeoutError) or exchange.stop is Stop.SERVICE_SLOW:
            return ServiceTooSlow(f"The {service} service is still silent. Whether it does the request is unknown.")
        return ServiceFailed(f"The {service} service broke off. Whether it did the request is unknown.")

    @staticmethod
    async def relay(answer: ClientResponse, first: bytes, exchange: Exchange, route: Route, head: Head) -> int:
        """Hand the answer on. Returns its status, or what the figures call an answer that could not be finished."""
        content = answer.content
        piece, why = first, ""
        try:
            await exchange.begin(answer.status, answer_headers(answer.raw_headers, head.request_id, route.base_url))
            while True:
                is_last = content.at_eof()
                await exchange.answer(piece, is_last=is_last)
                if is_last:
                    return answer.status
                if exchange.stop is not None:
                    break
                piece = await content.readany()
        except asyncio.CancelledError:
            if not exchange.took_back_cancellation():
                raise
        except (aiohttp.ClientError, OSError) as error:
            why = _said(error)
        finally:
            if not answer.closed:
                answer.close()
        if exchange.stop in (Stop.CLIENT_GONE, Stop.BODY_BROKEN):
            return CLIENT_GONE
        log.warning("an answer was cut off", to=route.service, request_id=head.request_id, why=why or exchange.stop)
        return CUT_OFF

"""The data plane: plain ASGI, from a request at the door to its answer. Nothing is ever in memory as a whole."""

import time

from prometheus_client import Histogram

from chassis.auth import Verifier
from chassis.context import caused_by
from chassis.metrics import REQUESTS
from chassis.middleware import Receive, Scope, Send
from chassis.problems import Problem, Unauthenticated, internal_error, problem_response
from gateway.exchange import Exchange, Watchman
from gateway.headers import Head, offered_request_id
from gateway.limits import RateLimit
from gateway.routes import Route, Routes, check_path
from gateway.settings import GatewaySettings
from gateway.tracing import Tracing
from gateway.upstream import CLIENT_GONE, CUT_OFF, ClientGone, Upstream

SIGNERS_AN_ADDRESS = 4
"""As many vendors may deliver from one address at full rate, or links be opened."""
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class Proxy:
    """Takes a request in, checks who sends it and how often, and passes it on to its service."""

    def __init__(
        self,
        settings: GatewaySettings,
        routes: Routes,
        verifier: Verifier,
        upstream: Upstream,
        watchman: Watchman,
    ) -> None:
        self._settings = settings
        self._routes = routes
        self._verifier = verifier
        self._upstream = upstream
        self._watchman = watchman
        rate, burst, callers = settings.rate_limit, settings.rate_burst, settings.rate_limited_callers
        self._callers = RateLimit(rate, burst, callers)
        self._signers = RateLimit(rate, burst, callers)
        # Who makes up a new name of a vendor or link for each request is still one address.
        self._addresses = RateLimit(rate * SIGNERS_AN_ADDRESS, burst * SIGNERS_AN_ADDRESS, callers)
        self._tracing = Tracing(collected=bool(settings.otlp_endpoint))
        self._figures: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        exchange = Exchange(receive, send, self._watchman)
        prefix, status, request_id = "unknown", 500, ""
        try:
            check_path(scope["raw_path"])
            route = self._routes.match(scope["raw_path"])
            prefix = route.prefix
            head = Head(scope, self._settings)
            request_id = head.request_id
            await self._admit(scope, route, head)
            status = await self._pass_on(scope, exchange, route, head)
        except ClientGone:
            status = CLIENT_GONE
        except Exception as error:
            status = await _refuse(scope, receive, send, error, exchange, request_id)
        finally:
            self._figure(scope["method"], prefix, status).observe(time.perf_counter() - started)
        if not exchange.body_done and status != CLIENT_GONE:
            await _linger(scope, exchange)

    async def _admit(self, scope: Scope, route: Route, head: Head) -> None:
        """Only callers that we know, and not too often; a signature is for the service to check."""
        if scope["method"] == "OPTIONS" and route.answers_preflights:
            self._addresses.take(head.address)
            return
        if not route.is_signed:
            if not head.token:
                raise Unauthenticated(
                    "Send a token: `Authorization: Bearer …`.", headers={"WWW-Authenticate": "Bearer"}
                )
            caller = await self._verifier.verify(head.token)
            self._callers.take(caller.subject)
            return
        signer = scope["raw_path"][len(route.prefix) + 1 :].partition(b"/")[0][:100].decode()
        if not signer:
            raise self._routes.unknown(scope["raw_path"])
        self._signers.take(f"{signer} {head.address}")
        self._addresses.take(head.address)

    async def _pass_on(self, scope: Scope, exchange: Exchange, route: Route, head: Head) -> int:
        """Returns the status that was answered. Raises a `Problem` or `ClientGone` as long as nothing was."""
        span = self._tracing.begin(scope["method"], route, head)
        status = 500
        exchange.open()
        try:
            answer, first = await self._upstream.ask(scope, exchange, route, head)
            status = await self._upstream.relay(answer, first, exchange, route, head)
        except Problem as problem:
            status = problem.status
            raise
        finally:
            exchange.close()
            self._tracing.end(span, status)
        return status

    def _figure(self, method: str, prefix: str, status: int) -> Histogram:
        known = method if method in _METHODS else "other"
        figure = self._figures.get((known, prefix, status))
        if figure is None:
            figure = REQUESTS.labels(self._settings.service, known, prefix, str(status))
            self._figures[known, prefix, status] = figure
        return figure


async def _refuse(
    scope: Scope, receive: Receive, send: Send, error: Exception, exchange: Exchange, request_id: str
) -> int:
    """Answer with a problem, under the id that the service was told, if one was. Returns the status."""
    request_id = request_id or offered_request_id(scope["headers"])
    with caused_by(request_id):
        problem = error if isinstance(error, Problem) else internal_error(error)
        if exchange.is_begun:
            return CUT_OFF
        problem.headers |= {"X-Request-ID": request_id, "X-Content-Type-Options": "nosniff"}
        answer = problem_response(problem, scope["raw_path"][:500].decode("ascii", "replace"))
    await answer(scope, receive, send)
    return problem.status


async def _linger(scope: Scope, exchange: Exchange) -> None:
    """Unless there is no body, or it waits for a `100 Continue` that will not come."""
    names = {name for name, _ in scope["headers"]}
    has_body = b"content-length" in names or b"transfer-encoding" in names or scope["http_version"] == "2"
    if has_body and b"expect" not in names:
        await exchange.linger()

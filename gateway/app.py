"""The one public door. Served by `granian --interface asgi --factory gateway.app:create_app`.

What belongs to a service goes through the proxy; FastAPI answers only the gateway's own paths.
"""

from chassis.auth import Verifier
from chassis.logs import configure_logs
from chassis.middleware import App, Receive, RequestContext, Scope, Send
from chassis.telemetry import configure_telemetry
from gateway.exchange import Watchman
from gateway.operations import ReadinessChecks, create_operations
from gateway.proxy import Proxy
from gateway.routes import OWN_PATHS, Documents, Routes, load_documents
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream

_OWN = frozenset(path.encode() for path in OWN_PATHS)
_OWN_FOLDER = b"/docs/"


class Gateway:
    """The ASGI app: decides between the proxy and the gateway's own endpoints."""

    def __init__(self, settings: GatewaySettings, documents: Documents) -> None:
        verifier = Verifier(settings)
        self._upstream = Upstream(settings)
        self._watchman = Watchman(settings)
        routes = Routes(documents, settings.upstreams)
        self._proxy: App = Proxy(settings, routes, verifier, self._upstream, self._watchman)
        self._operations: App = RequestContext(
            create_operations(documents, ReadinessChecks(settings, verifier, self._upstream)),
            service=settings.service,
            max_body_bytes=settings.max_body_bytes,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: bytes = scope["raw_path"]
            app = self._operations if path in _OWN or path.startswith(_OWN_FOLDER) else self._proxy
            await app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._upstream.open()
        self._watchman.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._watchman.stop()
        await self._upstream.close()
        await send({"type": "lifespan.shutdown.complete"})


def create_app(settings: GatewaySettings | None = None) -> Gateway:
    """Raises ValueError when the services' documents and PACKSHOT_UPSTREAMS don't fit together."""
    settings = settings or GatewaySettings()
    configure_logs(settings)
    configure_telemetry(settings)
    return Gateway(settings, load_documents(settings.openapi_dir))

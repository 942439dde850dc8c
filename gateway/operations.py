"""The gateway's own endpoints: health, figures, the API's description and its page."""

import asyncio
import importlib.resources
import time
from typing import Any

import aiohttp
import orjson
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from pydantic import BaseModel, Field

from chassis.auth import Verifier
from chassis.problems import NotFound, ProblemDetails, Unavailable, install_problem_handlers
from gateway.openapi import join
from gateway.routes import Documents
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream

READY_FRESH_SECONDS = 0.5
"""One answer about readiness serves all who ask meanwhile, so that asking is no way to burden the services."""
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
_PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {"model": ProblemDetails, "content": {"application/problem+json": {}}, "description": "Any error."}
}


class Index(BaseModel):
    """Where to look."""

    name: str = "Packshot"
    docs: str = "/docs"
    openapi: str = "/openapi.json"
    ready: str = "/health/ready"
    metrics: str = "/metrics"


class Live(BaseModel):
    status: str = "live"


class Readiness(BaseModel):
    status: str = Field(description="`ready` or `not ready`.")
    checks: dict[str, str] = Field(description="The token keys and every service → `ok`, or what is wrong.")


class ReadinessChecks:
    """Asks the token issuer and every service, all at once, each within a time limit."""

    def __init__(self, settings: GatewaySettings, verifier: Verifier, upstream: Upstream) -> None:
        self._settings = settings
        self._verifier = verifier
        self._upstream = upstream
        self._asking: asyncio.Task[dict[str, str]] | None = None
        self._asked_at = 0.0

    async def checks(self) -> dict[str, str]:
        if self._asking is None or (self._asking.done() and time.monotonic() - self._asked_at > READY_FRESH_SECONDS):
            self._asking, self._asked_at = asyncio.create_task(self._ask_all()), time.monotonic()
        return await asyncio.shield(self._asking)

    async def _ask_all(self) -> dict[str, str]:
        names = list(self._settings.upstreams)
        keys, *answers = await asyncio.gather(self._ask_keys(), *(self._ask(name) for name in names))
        return {"token keys": keys, **dict(zip(names, answers, strict=True))}

    async def _ask_keys(self) -> str:
        try:
            await self._verifier.load_keys()
        except Unavailable as problem:
            return problem.detail
        return "ok"

    async def _ask(self, service: str) -> str:
        url = f"{self._settings.upstreams[service]}/health/ready"
        limit = aiohttp.ClientTimeout(total=self._settings.ready_seconds)
        try:
            async with self._upstream.session.get(url, timeout=limit, allow_redirects=False) as answer:
                return "ok" if answer.status == 200 else f"not ready{_failing(await answer.content.read(65536))}"
        except TimeoutError:
            return f"no answer within {self._settings.ready_seconds:g} s"
        except (aiohttp.ClientError, OSError):
            return "can't be reached"


def _failing(body: bytes) -> str:
    """The names of a service's checks that fail, as `: nats, database`."""
    try:
        checks = orjson.loads(body)["checks"]
        names = [str(name) for name, value in checks.items() if value != "ok"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return f": {', '.join(names)}" if names else ""


def create_operations(documents: Documents, readiness: ReadinessChecks) -> FastAPI:
    """The FastAPI app beside the data plane."""
    app = FastAPI(
        title="Packshot",
        description="Creative operations for ecommerce brands, behind one door.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses=_PROBLEM,
        telemetry={"tracing": False},  # whoever asks after our health is no part of a trace
        generate_unique_id_function=lambda route: route.name,
    )
    install_problem_handlers(app)
    _add_health(app, readiness)

    @app.get("/")
    async def index() -> Index:
        """Where to look."""
        return Index()

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Prometheus figures of the gateway itself."""
        return PlainTextResponse(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    # What this app says of itself is one part of the joined document.
    document = orjson.dumps(join(documents, app.openapi()))
    _add_pages(app, document)
    return app


def _add_health(app: FastAPI, readiness: ReadinessChecks) -> None:
    @app.get("/health/live")
    async def live() -> Live:
        """The process runs."""
        return Live()

    @app.get("/health/ready", responses={503: {"model": Readiness, "description": "Something is away."}})
    async def ready() -> Readiness:
        """Everything that a request may need is there: the token issuer's keys, and every service."""
        checks = await readiness.checks()
        if all(value == "ok" for value in checks.values()):
            return Readiness(status="ready", checks=checks)
        body = Readiness(status="not ready", checks=checks).model_dump()
        return JSONResponse(body, 503, {"Retry-After": "1"})  # type: ignore[return-value]


def _add_pages(app: FastAPI, document: bytes) -> None:
    """The joined document, and Swagger UI from the `fastapi-offline` package: no CDN is asked."""
    static = importlib.resources.files("fastapi_offline") / "static"
    assets = {name: (static / name).read_bytes() for name in _ASSETS}
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Packshot API",
        swagger_js_url="/docs/swagger-ui-bundle.js",
        swagger_css_url="/docs/swagger-ui.css",
        swagger_favicon_url="/docs/favicon.png",
        swagger_ui_parameters={"persistAuthorization": True, "docExpansion": "none", "filter": True},
    )

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(document, media_type="application/json")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(page.body, headers={"Content-Security-Policy": _PAGE_POLICY})

    @app.get("/docs/{name}", include_in_schema=False)
    async def asset(name: str) -> Response:
        if name not in assets:
            raise NotFound("The page has no such part.")
        return Response(assets[name], media_type=_ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})

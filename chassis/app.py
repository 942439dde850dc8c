"""The FastAPI factory: every process of every service is made here, so they all behave alike."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.garbage import collect_rarely
from chassis.idempotency import install_idempotency
from chassis.logs import configure_logs
from chassis.middleware import QUIET, RequestContext, Scope
from chassis.problems import ProblemDetails, install_problem_handlers
from chassis.service import Service
from chassis.telemetry import configure_telemetry

StoredFigures = Callable[[AsyncSession], Awaitable[Iterable[Metric]]]

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemDetails, "content": {"application/problem+json": {}}, "description": description}
    for status, description in {
        401: "No token, or one that is refused.",
        403: "The token's roles may not do this.",
        422: "Some fields are wrong; `errors` names each.",
        503: "Something is away; try again after `Retry-After` seconds.",
    }.items()
}


def create_service_app(
    service: Service,
    *,
    title: str,
    description: str,
    routers: Sequence[APIRouter] = (),
    streaming: tuple[str, ...] = (),
    figures: StoredFigures | None = None,
) -> FastAPI:
    """An app with health, metrics, problems, correlation ids and traces, and the routers of the service.

    `streaming`: path prefixes whose bodies are streamed, without the limit of JSON bodies. `figures`: Prometheus
    families read from the service's store at each scrape.
    """
    settings = service.settings
    configure_logs(settings)
    configure_telemetry(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        collect_rarely()
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"metrics": False, "logs": False, "operation_spans": False, "exclude": _is_quiet},
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.service = service
    install_problem_handlers(app)
    install_idempotency(app)
    app.include_router(_operations(service, figures))
    for router in routers:
        app.include_router(router, responses=_PROBLEMS)
    app.add_middleware(
        RequestContext,
        service=settings.service,
        max_body_bytes=settings.max_body_bytes,
        streaming=streaming,
    )
    return app


def _is_quiet(scope: Scope) -> bool:
    """Health checks and scrapes are neither traced nor logged."""
    path: str = scope.get("path", "")
    return path.startswith(QUIET)


class _Families:
    """Hands families that were read beforehand to the text format."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _operations(service: Service, figures: StoredFigures | None) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live() -> Response:
        return JSONResponse({"status": "live"})

    @router.get("/health/ready")
    async def ready(request: Request) -> Response:
        checks = await service.readiness()
        is_ready = all(value == "ok" for value in checks.values())
        return JSONResponse(
            {"status": "ready" if is_ready else "not ready", "checks": checks},
            200 if is_ready else 503,
            None if is_ready else {"Retry-After": "1"},
        )

    @router.get("/metrics")
    async def metrics() -> Response:
        text = generate_latest(REGISTRY)
        if figures is not None:
            async with service.database.transaction() as session:
                families = _Families(await figures(session))
            registry = CollectorRegistry()
            registry.register(families)
            text += generate_latest(registry)
        return PlainTextResponse(text, media_type=CONTENT_TYPE_LATEST)

    return router

"""Metrics: read models over the event stream, and the figures read from them. This file is the service's index."""

from fastapi import FastAPI

from chassis.app import create_service_app
from chassis.service import Service
from services.metrics.consumers import HANDLERS
from services.metrics.figures import figures
from services.metrics.settings import MetricsSettings
from services.metrics.summary import endpoints


def create_app(settings: MetricsSettings | None = None) -> FastAPI:
    service = Service(settings or MetricsSettings())
    service.consume("metrics", HANDLERS, batch=200)
    return create_service_app(
        service,
        title="Metrics",
        description="SLA, first pass, rework and rejection, counted from what happened.",
        routers=[endpoints.router],
        figures=figures,
    )

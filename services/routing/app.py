"""Routing: turns accepted requests into tracked work. This file is the service's index."""

from pathlib import Path

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.app import create_service_app
from chassis.service import Service
from services.routing.amendments import endpoints as amendments_endpoints
from services.routing.amendments.service import publish_default_rates
from services.routing.consumers import HANDLERS
from services.routing.explanation import endpoints as explanation_endpoints
from services.routing.forecast import endpoints as forecast_endpoints
from services.routing.forecast.service import publish_default_capacity
from services.routing.handoffs import endpoints as handoffs_endpoints
from services.routing.people import endpoints as people_endpoints
from services.routing.queues import endpoints as queues_endpoints
from services.routing.queues.service import publish_default_queues
from services.routing.rerouting import endpoints as rerouting_endpoints
from services.routing.settings import RoutingSettings
from services.routing.sla import endpoints as sla_endpoints
from services.routing.steps import endpoints as steps_endpoints
from services.routing.steps.service import publish_default_steps
from services.routing.tracks import endpoints as tracks_endpoints
from services.routing.tracks.service import publish_default_packs
from services.routing.work import endpoints as work_endpoints
from services.routing.work import timers

PACKS = Path(__file__).parent / "packs"


async def publish_packs(session: AsyncSession) -> None:
    """Version 1 of each pack, on the first start."""
    await publish_default_packs(session, PACKS)
    await publish_default_queues(session, PACKS / "queues.toml")
    await publish_default_steps(session, PACKS / "steps.toml")
    await publish_default_capacity(session, PACKS / "capacity.toml")
    await publish_default_rates(session, PACKS)


def create_app(settings: RoutingSettings | None = None) -> FastAPI:
    # A return that waited in the stream stops clocks: their timers would ring before it.
    service = Service(
        settings or RoutingSettings(), on_start=publish_packs, timers=timers.HANDLERS, timers_after_events=True
    )
    service.consume("routing", HANDLERS)
    return create_service_app(
        service,
        title="Routing",
        description="Work: shots and variants with class, track, queue, owner and due date; claims, rounds and SLA.",
        routers=[
            work_endpoints.router,
            explanation_endpoints.router,
            rerouting_endpoints.router,
            handoffs_endpoints.router,
            sla_endpoints.router,
            queues_endpoints.router,
            people_endpoints.router,
            steps_endpoints.router,
            forecast_endpoints.router,
            tracks_endpoints.router,
            amendments_endpoints.router,
        ],
    )

"""Routing: turns accepted requests into tracked work. This file is the service's index."""

from pathlib import Path

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.app import create_service_app
from chassis.service import Service
from services.routing.amendments import endpoints as amendments_endpoints
from services.routing.amendments.service import publish_default_rates
from services.routing.consumers import HANDLERS
from services.routing.settings import RoutingSettings
from services.routing.tracks import endpoints as tracks_endpoints
from services.routing.tracks.service import publish_default_packs
from services.routing.work import endpoints as work_endpoints
from services.routing.work import timers

PACKS = Path(__file__).parent / "packs"


async def publish_packs(session: AsyncSession) -> None:
    """Version 1 of each pack, on the first start."""
    await publish_default_packs(session, PACKS)
    await publish_default_rates(session, PACKS)


def create_app(settings: RoutingSettings | None = None) -> FastAPI:
    service = Service(settings or RoutingSettings(), on_start=publish_packs, timers=timers.HANDLERS)
    service.consume("routing", HANDLERS)
    return create_service_app(
        service,
        title="Routing",
        description="Work: shots and variants with class, track, queue, owner and due date; claims, rounds and SLA.",
        routers=[work_endpoints.router, tracks_endpoints.router, amendments_endpoints.router],
    )

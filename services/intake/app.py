"""Intake: turns whatever arrives into complete requests. This file is the service's index."""

from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.app import create_service_app
from chassis.service import Service
from services.intake.amendments import endpoints as amendments_endpoints
from services.intake.amendments import reactions as amendments
from services.intake.categories import endpoints as categories_endpoints
from services.intake.categories import service as categories
from services.intake.consumers import handlers
from services.intake.reference import missing_reference
from services.intake.requests import endpoints as requests_endpoints
from services.intake.settings import IntakeSettings

PACKS = Path(__file__).parent / "packs"


async def publish_default_packs(session: AsyncSession) -> None:
    """Version 1 of each pack, on the first start."""
    await categories.publish_default_packs(session, PACKS)


def create_app(settings: IntakeSettings | None = None) -> FastAPI:
    settings = settings or IntakeSettings()
    service = Service(
        settings, on_start=publish_default_packs, ready_check=missing_reference, timers={**amendments.TIMERS}
    )
    service.consume("intake", handlers(timedelta(days=settings.quote_days)))
    return create_service_app(
        service,
        title="Intake",
        description="Creative requests, checked against their category's pack and the AI policy.",
        routers=[requests_endpoints.router, categories_endpoints.router, amendments_endpoints.router],
    )

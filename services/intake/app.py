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
from services.intake.clarification import endpoints as clarification_endpoints
from services.intake.clarification import service as clarification
from services.intake.clarification import timers
from services.intake.consumers import handlers
from services.intake.imports import endpoints as imports_endpoints
from services.intake.imports.reading import Reading
from services.intake.imports.rows import ROWS_TIMER, work_off
from services.intake.reference import missing_reference
from services.intake.requests import endpoints as requests_endpoints
from services.intake.settings import IntakeSettings
from services.intake.slots import endpoints as slots_endpoints

PACKS = Path(__file__).parent / "packs"


async def publish_default_packs(session: AsyncSession) -> None:
    """Version 1 of each pack, on the first start."""
    await categories.publish_default_packs(session, PACKS)
    await clarification.publish_default_pack(session, PACKS)


class Intake(Service):
    """The service, with the processes that read imported files beside it."""

    def __init__(self, settings: IntakeSettings) -> None:
        super().__init__(
            settings,
            on_start=publish_default_packs,
            ready_check=missing_reference,
            timers={ROWS_TIMER: work_off, **timers.HANDLERS, **amendments.TIMERS},
        )
        self.reading = Reading(settings.turn_seconds, settings.read_seconds)

    async def stop(self) -> None:
        await super().stop()
        self.reading.close()


def create_app(settings: IntakeSettings | None = None) -> FastAPI:
    settings = settings or IntakeSettings()
    service = Intake(settings)
    service.consume("intake", handlers(timedelta(days=settings.quote_days)))
    app = create_service_app(
        service,
        title="Intake",
        description="Creative requests, checked against their category's pack and the AI policy.",
        routers=[
            requests_endpoints.router,
            amendments_endpoints.router,
            clarification_endpoints.router,
            categories_endpoints.router,
            imports_endpoints.router,
            slots_endpoints.router,
        ],
        streaming=(imports_endpoints.PREFIX,),
    )
    app.state.reading = service.reading
    return app

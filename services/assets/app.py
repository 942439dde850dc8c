"""Assets: the one source of truth for files. This file is the service's index."""

from datetime import timedelta

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.app import create_service_app
from chassis.clock import now
from chassis.service import Service
from services.assets.channels import endpoints as channels_endpoints
from services.assets.channels.service import publish_default_packs
from services.assets.colour_references import endpoints as colour_references_endpoints
from services.assets.consumers import HANDLERS
from services.assets.deliveries import endpoints as deliveries_endpoints
from services.assets.finals import endpoints as finals_endpoints
from services.assets.links import endpoints as links_endpoints
from services.assets.reference import domains_missing
from services.assets.settings import AssetsSettings
from services.assets.upkeep import endpoints as upkeep_endpoints
from services.assets.upkeep.chores import Chore, Chores
from services.assets.upkeep.collecting import Collector
from services.assets.upkeep.domain import shelf_at
from services.assets.upkeep.figures import figures
from services.assets.upkeep.scrubbing import Scrubber
from services.assets.upkeep.store import open_store
from services.assets.vendors import endpoints as vendors_endpoints
from services.assets.versions import endpoints as versions_endpoints

SWEEP_EVERY = timedelta(hours=6)
TIDY_EVERY = timedelta(minutes=5)
"""A shelf at a time: all 256 have their turn within a day."""
SCRUB_EVERY = timedelta(minutes=1)


class Api(Service):
    """A service process that looks after the store beside its other work."""

    def __init__(self, settings: AssetsSettings) -> None:
        self.chores = Chores(
            [
                Chore("sweep store", SWEEP_EVERY, lambda: self.store.sweep()),
                Chore("tidy store", TIDY_EVERY, lambda: self.collector.tidy(shelf_at(now(), TIDY_EVERY))),
                Chore("scrub store", SCRUB_EVERY, lambda: self._scrubber.scrub(SCRUB_EVERY.total_seconds())),
            ]
        )
        super().__init__(settings, on_start=self._begin, ready_check=domains_missing, timers=self.chores.timers)
        self.store = open_store(settings, self.database)
        self.collector = Collector(self.database, self.store, settings.orphan_grace)
        self._scrubber = Scrubber(
            self.database,
            self.store,
            every=settings.check_every,
            bytes_per_second=settings.check_bytes_per_second,
        )
        self.consume("assets", HANDLERS)

    async def _begin(self, session: AsyncSession) -> None:
        self.store.open()
        await publish_default_packs(session)
        await self.chores.set_timers(session)

    async def stop(self) -> None:
        await self.chores.stop()
        await super().stop()


def create_app(settings: AssetsSettings | None = None) -> FastAPI:
    service = Api(settings or AssetsSettings())
    app = create_service_app(
        service,
        title="Assets",
        description="Versions of files, approved finals, vendors' deliveries, channel packs, colour references.",
        routers=[
            versions_endpoints.router,
            finals_endpoints.router,
            vendors_endpoints.router,
            deliveries_endpoints.router,
            deliveries_endpoints.webhooks,
            channels_endpoints.router,
            colour_references_endpoints.router,
            upkeep_endpoints.router,
            links_endpoints.router,
            links_endpoints.public,
        ],
        streaming=("/v1/versions", "/v1/colour-references", "/v1/store/damaged", "/webhooks/vendors/"),
        figures=figures,
    )
    app.state.store = service.store
    app.state.collector = service.collector
    return app

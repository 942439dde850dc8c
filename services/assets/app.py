"""Assets: the one source of truth for files. This file is the service's index."""

from datetime import timedelta

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.app import create_service_app
from chassis.clock import now
from chassis.service import Service
from chassis.timers import Timer, set_timer
from services.assets.channels import endpoints as channels_endpoints
from services.assets.channels.service import publish_default_packs
from services.assets.colour_references import endpoints as colour_references_endpoints
from services.assets.consumers import HANDLERS
from services.assets.deliveries import endpoints as deliveries_endpoints
from services.assets.errands import run_errands
from services.assets.finals import endpoints as finals_endpoints
from services.assets.outbound import endpoints as outbound_endpoints
from services.assets.outbound.client import Outside
from services.assets.reconciliation import endpoints as reconciliation_endpoints
from services.assets.reference import domains_missing
from services.assets.settings import AssetsSettings
from services.assets.store.store import Store
from services.assets.vendors import endpoints as vendors_endpoints
from services.assets.versions import endpoints as versions_endpoints

SWEEP = "sweep store"
SWEEP_EVERY = timedelta(hours=6)


def create_app(settings: AssetsSettings | None = None) -> FastAPI:
    settings = settings or AssetsSettings()
    store = Store(settings.store_url)

    async def on_start(session: AsyncSession) -> None:
        store.open()
        await publish_default_packs(session)
        await set_timer(session, SWEEP, "incoming", now())

    async def sweep(session: AsyncSession, timer: Timer) -> None:
        await store.sweep()
        await set_timer(session, timer.kind, timer.key, now() + SWEEP_EVERY)

    outside = Outside(private_networks=settings.private_networks, plain_http=settings.plain_http)
    service = Service(settings, on_start=on_start, ready_check=domains_missing, timers={SWEEP: sweep})
    service.consume("assets", HANDLERS)
    run_errands(service, settings, store, outside)
    app = create_service_app(
        service,
        title="Assets",
        description="Versions of files, approved finals, vendors' deliveries, channel packs, colour references.",
        routers=[
            versions_endpoints.router,
            finals_endpoints.router,
            vendors_endpoints.router,
            reconciliation_endpoints.router,
            deliveries_endpoints.router,
            deliveries_endpoints.webhooks,
            outbound_endpoints.router,
            channels_endpoints.router,
            colour_references_endpoints.router,
        ],
        streaming=("/v1/versions", "/v1/colour-references", "/webhooks/vendors/"),
    )
    app.state.store = store
    app.state.outside = outside
    return app

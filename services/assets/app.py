"""Assets: the one source of truth for files. This file is the service's index."""

from datetime import timedelta
from typing import Any

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
from services.assets.dossiers import endpoints as dossiers_endpoints
from services.assets.dossiers.consumer import HANDLERS as DOSSIER_HANDLERS
from services.assets.dossiers.signing import DossierKey
from services.assets.finals import endpoints as finals_endpoints
from services.assets.history import endpoints as history_endpoints
from services.assets.iiif import endpoints as iiif_endpoints
from services.assets.iiif.service import Images
from services.assets.lineage import endpoints as lineage_endpoints
from services.assets.naming import endpoints as naming_endpoints
from services.assets.naming.packs import publish_default_naming
from services.assets.reference import domains_missing
from services.assets.rights import endpoints as rights_endpoints
from services.assets.rights.pack import publish_default_rights_pack
from services.assets.rights.timers import HANDLERS as RIGHTS_TIMERS
from services.assets.settings import AssetsSettings
from services.assets.store.store import Store
from services.assets.uploads import endpoints as uploads_endpoints
from services.assets.uploads import service as uploads
from services.assets.uploads.middleware import Tus
from services.assets.vendors import endpoints as vendors_endpoints
from services.assets.versions import endpoints as versions_endpoints
from services.assets.zones import endpoints as zones_endpoints

SWEEP = "sweep store"
SWEEP_EVERY = timedelta(hours=6)


class Api(Service):
    """The service's API, with a process beside it where images are made ready that nobody has made ready before."""

    def __init__(self, settings: AssetsSettings, store: Store, **hooks: Any) -> None:
        super().__init__(settings, **hooks)
        self.images = Images(store, settings)

    async def stop(self) -> None:
        await super().stop()
        await self.images.close()


def create_app(settings: AssetsSettings | None = None) -> FastAPI:
    settings = settings or AssetsSettings()
    store = Store(settings.store_url)

    async def on_start(session: AsyncSession) -> None:
        store.open()
        await publish_default_packs(session)
        await publish_default_rights_pack(session)
        await publish_default_naming(session)
        await set_timer(session, SWEEP, "incoming", now())

    async def sweep(session: AsyncSession, timer: Timer) -> None:
        await store.sweep()
        await set_timer(session, timer.kind, timer.key, now() + SWEEP_EVERY)

    async def expire_upload(session: AsyncSession, timer: Timer) -> None:
        await uploads.expire(session, timer, store)

    timers = {SWEEP: sweep, uploads.EXPIRY: expire_upload, **RIGHTS_TIMERS}
    service = Api(settings, store, on_start=on_start, ready_check=domains_missing, timers=timers)
    service.consume("assets", HANDLERS)
    service.consume("assets-dossiers", DOSSIER_HANDLERS)
    app = create_service_app(
        service,
        title="Assets",
        description="Versions of files, images, finals with dossiers, rights, vendors' deliveries, channel packs.",
        routers=[
            versions_endpoints.router,
            uploads_endpoints.router,
            zones_endpoints.router,
            lineage_endpoints.router,
            history_endpoints.router,
            finals_endpoints.router,
            dossiers_endpoints.router,
            vendors_endpoints.router,
            deliveries_endpoints.router,
            deliveries_endpoints.webhooks,
            channels_endpoints.router,
            naming_endpoints.router,
            naming_endpoints.names,
            colour_references_endpoints.router,
            rights_endpoints.router,
            rights_endpoints.of_versions,
            iiif_endpoints.router,
        ],
        streaming=("/v1/versions", "/v1/uploads", "/v1/colour-references", "/webhooks/vendors/"),
    )
    app.add_middleware(Tus)
    app.state.store = store
    secret = settings.dossier_key.get_secret_value()
    app.state.dossier_key = DossierKey(secret) if secret else None
    app.state.images = service.images
    return app

"""The worker of assets: renders variants, and makes the tiles that viewers show. Workers share its consumers; add
processes to scale."""

from fastapi import FastAPI

from chassis.app import create_service_app
from chassis.handlers import Handlers
from chassis.service import Service
from contracts.assets import ColourReferenceStored, VersionStored
from contracts.routing import WorkReady
from services.assets.iiif.keeping import Pyramids
from services.assets.iiif.preparing import Preparing
from services.assets.labels.credentials import load_credentials
from services.assets.settings import AssetsSettings
from services.assets.upkeep.store import open_store
from services.assets.variants.pool import RenderPool
from services.assets.variants.service import Variants


class Worker(Service):
    """A service process with rendering processes beside it."""

    def __init__(self, settings: AssetsSettings) -> None:
        super().__init__(settings)
        self._pool = RenderPool(settings.render_processes)
        self.store = open_store(settings, self.database)
        credentials = load_credentials(settings.c2pa_certificates, settings.c2pa_key)
        variants = Variants(self.database, self.store, self._pool, credentials)
        self.consume("assets-render", {WorkReady: variants.job()}, batch=1, parallel=settings.render_processes)
        pyramids = Preparing(Pyramids(self.store), self._pool.run).job()
        stored: Handlers = {VersionStored: pyramids, ColourReferenceStored: pyramids}
        self.consume("assets-pyramids", stored, batch=1, parallel=settings.render_processes)

    async def stop(self) -> None:
        """Finishes what was begun."""
        await super().stop()
        self._pool.close()


def create_app(settings: AssetsSettings | None = None) -> FastAPI:
    return create_service_app(
        Worker(settings or AssetsSettings(process="worker")),
        title="Assets worker",
        description="Renders channel variants from approved masters, and makes tiles of every file.",
    )

"""The worker of assets: renders variants. Workers share one consumer; add processes to scale."""

from fastapi import FastAPI

from chassis.app import create_service_app
from chassis.service import Service
from contracts.routing import WorkReady
from services.assets.labels.credentials import load_credentials
from services.assets.settings import AssetsSettings
from services.assets.store.store import Store
from services.assets.variants.pool import RenderPool
from services.assets.variants.service import Variants


class Worker(Service):
    """A service process with rendering processes beside it."""

    def __init__(self, settings: AssetsSettings) -> None:
        super().__init__(settings)
        self._pool = RenderPool(settings.render_processes)
        self.store = Store(settings.store_url)
        credentials = load_credentials(settings.c2pa_certificates, settings.c2pa_key)
        variants = Variants(self.database, self.store, self._pool, credentials)
        self.consume("assets-render", {WorkReady: variants.job()}, batch=1, parallel=settings.render_processes)

    async def stop(self) -> None:
        """Finishes the renders that were begun."""
        await super().stop()
        self._pool.close()


def create_app(settings: AssetsSettings | None = None) -> FastAPI:
    return create_service_app(
        Worker(settings or AssetsSettings(process="worker")),
        title="Assets worker",
        description="Renders channel variants from approved masters.",
    )

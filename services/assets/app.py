"""Assets: the one source of truth for files. This file is the service's index."""

from fastapi import FastAPI

from chassis.app import create_service_app
from services.assets.api import Api
from services.assets.channels import endpoints as channels_endpoints
from services.assets.colour_references import endpoints as colour_references_endpoints
from services.assets.deliveries import endpoints as deliveries_endpoints
from services.assets.dossiers import endpoints as dossiers_endpoints
from services.assets.dossiers.signing import DossierKey
from services.assets.finals import endpoints as finals_endpoints
from services.assets.history import endpoints as history_endpoints
from services.assets.iiif import endpoints as iiif_endpoints
from services.assets.lineage import endpoints as lineage_endpoints
from services.assets.links import endpoints as links_endpoints
from services.assets.naming import endpoints as naming_endpoints
from services.assets.outbound import endpoints as outbound_endpoints
from services.assets.publication import endpoints as publication_endpoints
from services.assets.reconciliation import endpoints as reconciliation_endpoints
from services.assets.rights import endpoints as rights_endpoints
from services.assets.settings import AssetsSettings
from services.assets.upkeep import endpoints as upkeep_endpoints
from services.assets.upkeep.figures import figures
from services.assets.uploads import endpoints as uploads_endpoints
from services.assets.uploads.middleware import Tus
from services.assets.vendors import endpoints as vendors_endpoints
from services.assets.versions import endpoints as versions_endpoints
from services.assets.zones import endpoints as zones_endpoints


def create_app(settings: AssetsSettings | None = None) -> FastAPI:
    settings = settings or AssetsSettings()
    service = Api(settings)
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
            reconciliation_endpoints.router,
            deliveries_endpoints.router,
            deliveries_endpoints.webhooks,
            outbound_endpoints.router,
            channels_endpoints.router,
            naming_endpoints.router,
            naming_endpoints.names,
            colour_references_endpoints.router,
            rights_endpoints.router,
            rights_endpoints.of_versions,
            iiif_endpoints.router,
            upkeep_endpoints.router,
            links_endpoints.router,
            links_endpoints.public,
            publication_endpoints.router,
            publication_endpoints.publications,
            publication_endpoints.webhooks,
        ],
        streaming=("/v1/versions", "/v1/uploads", "/v1/colour-references", "/v1/store/damaged", "/webhooks/vendors/"),
        figures=figures,
    )
    app.add_middleware(Tus)
    secret = settings.dossier_key.get_secret_value()
    app.state.dossier_key = DossierKey(secret) if secret else None
    app.state.store = service.store
    app.state.collector = service.collector
    app.state.images = service.images
    app.state.outside = service.outside
    return app

"""qc: reviews at the gates, decisions, inspections. This file is the index of its API; `worker.py` measures."""

from fastapi import FastAPI

from chassis.app import create_service_app
from chassis.service import Service
from services.qc.colour_references import endpoints as colour_references_endpoints
from services.qc.consumers import HANDLERS
from services.qc.decisions import endpoints as decisions_endpoints
from services.qc.decisions import grace
from services.qc.evidence import endpoints as evidence_endpoints
from services.qc.inspections import endpoints as inspections_endpoints
from services.qc.inspections.files import Files
from services.qc.leases import endpoints as leases_endpoints
from services.qc.reference import endpoints as reference_endpoints
from services.qc.reference.service import publish_default_packs, what_is_missing
from services.qc.reviews import endpoints as reviews_endpoints
from services.qc.settings import QcSettings
from services.qc.thresholds import endpoints as thresholds_endpoints
from services.qc.zoom import endpoints as zoom_endpoints


def create_app(settings: QcSettings | None = None) -> FastAPI:
    service = Service(
        settings or QcSettings(), on_start=publish_default_packs, ready_check=what_is_missing, timers=grace.TIMERS
    )
    service.consume("qc", HANDLERS)
    app = create_service_app(
        service,
        title="QC",
        description="What was measured, what is at the gates, and every decision there.",
        routers=[
            reviews_endpoints.router,
            leases_endpoints.router,
            decisions_endpoints.router,
            inspections_endpoints.router,
            colour_references_endpoints.router,
            evidence_endpoints.router,
            zoom_endpoints.router,
            reference_endpoints.router,
            thresholds_endpoints.router,
        ],
    )
    app.state.files = Files(service.settings.store_url)
    return app

"""Which event feeds which projection."""

from chassis.handlers import Handlers, Together
from contracts import publication, routing
from contracts.assets import DeliveryReceived, VersionStored
from contracts.intake import (
    RequestAccepted,
    RequestAmended,
    RequestAnswered,
    RequestCancelled,
    RequestClarified,
    RequestReturned,
)
from contracts.qc import DecisionRecorded
from services.metrics.projections import service

HANDLERS: Handlers = {
    RequestAccepted: service.request_accepted,
    RequestAmended: service.request_amended,
    RequestReturned: service.request_returned,
    RequestAnswered: service.request_answered,
    RequestClarified: service.request_clarified,
    RequestCancelled: service.request_cancelled,
    routing.WorkPlanned: Together(service.work_planned),
    **dict.fromkeys(routing.WORK_CHANGES, service.work_changed),
    routing.WorkEscalated: service.work_escalated,
    VersionStored: service.version_stored,
    DeliveryReceived: service.delivery_received,
    DecisionRecorded: service.decision_recorded,
    **dict.fromkeys(publication.EVENTS, service.publication_changed),
}

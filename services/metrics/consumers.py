"""Which event feeds which projection."""

from collections.abc import Mapping

from chassis.consumer import Handler
from contracts import routing
from contracts.assets import DeliveryReceived, VersionStored
from contracts.envelope import EventData
from contracts.intake import RequestAccepted, RequestAmended, RequestCancelled, RequestReturned
from contracts.qc import DecisionRecorded
from services.metrics.projections import service

HANDLERS: Mapping[type[EventData], Handler] = {
    RequestAccepted: service.request_accepted,
    RequestAmended: service.request_accepted,
    RequestReturned: service.request_returned,
    RequestCancelled: service.request_cancelled,
    **dict.fromkeys(routing.EVENTS, service.work_changed),
    VersionStored: service.version_stored,
    DeliveryReceived: service.delivery_received,
    DecisionRecorded: service.decision_recorded,
}

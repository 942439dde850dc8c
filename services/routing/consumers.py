"""Which event does what to work."""

from collections.abc import Mapping

from chassis.consumer import Handler
from contracts.amendments import AmendmentAccepted, AmendmentClosed, AmendmentProposed
from contracts.assets import VersionStored
from contracts.envelope import EventData
from contracts.governance import DecisionDomainsPublished
from contracts.intake import RequestAccepted, RequestCancelled
from contracts.qc import DecisionRecorded
from services.routing import reference
from services.routing.amendments import service as amendments
from services.routing.work import reactions

HANDLERS: Mapping[type[EventData], Handler] = {
    RequestAccepted: reactions.request_accepted,
    RequestCancelled: reactions.request_cancelled,
    VersionStored: reactions.version_stored,
    DecisionRecorded: reactions.decision_recorded,
    AmendmentProposed: amendments.proposed,
    AmendmentAccepted: amendments.accepted,
    AmendmentClosed: amendments.closed,
    DecisionDomainsPublished: reference.keep_domains,
}

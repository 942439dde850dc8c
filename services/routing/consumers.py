"""Which event does what to work."""

from chassis.handlers import Handlers, Together
from contracts.amendments import AmendmentAccepted, AmendmentClosed, AmendmentProposed
from contracts.assets import VersionStored
from contracts.governance import DecisionDomainsPublished
from contracts.intake import RequestAccepted, RequestAnswered, RequestCancelled, RequestClarified, RequestReturned
from contracts.qc import DecisionRecorded
from services.routing import reference
from services.routing.amendments import service as amendments
from services.routing.clarification import reactions as clarification
from services.routing.work import reactions

HANDLERS: Handlers = {
    RequestAccepted: Together(reactions.requests_accepted),
    RequestCancelled: reactions.request_cancelled,
    RequestReturned: clarification.request_returned,
    RequestAnswered: clarification.request_answered,
    RequestClarified: clarification.request_clarified,
    VersionStored: reactions.version_stored,
    DecisionRecorded: reactions.decision_recorded,
    AmendmentProposed: amendments.proposed,
    AmendmentAccepted: amendments.accepted,
    AmendmentClosed: amendments.closed,
    DecisionDomainsPublished: reference.keep_domains,
}

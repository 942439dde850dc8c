"""Which event does what to work."""

from chassis.consumer import Handlers, Together
from contracts.assets import VersionStored
from contracts.intake import RequestAccepted, RequestCancelled
from contracts.qc import DecisionRecorded
from services.routing.work import reactions

HANDLERS: Handlers = {
    RequestAccepted: Together(reactions.requests_accepted),
    RequestCancelled: reactions.request_cancelled,
    VersionStored: reactions.version_stored,
    DecisionRecorded: reactions.decision_recorded,
}

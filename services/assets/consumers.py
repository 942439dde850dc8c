"""Which event does what: in the API's process, and in the worker's."""

from collections.abc import Mapping

from chassis.consumer import Handler
from contracts import routing
from contracts.envelope import EventData
from contracts.governance import DecisionDomainsPublished
from contracts.qc import DecisionRecorded
from services.assets.vendors.service import keep_domains
from services.assets.work.service import decision_recorded, work_changed

HANDLERS: Mapping[type[EventData], Handler] = {
    **dict.fromkeys(routing.EVENTS, work_changed),
    DecisionRecorded: decision_recorded,
    DecisionDomainsPublished: keep_domains,
}

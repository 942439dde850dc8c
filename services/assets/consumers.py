"""Which event does what: in the API's process, and in the worker's."""

from chassis.handlers import Handlers, Together
from contracts import routing
from contracts.governance import DecisionDomainsPublished
from contracts.qc import DecisionRecorded
from services.assets.reference import keep_domains
from services.assets.work.service import decision_recorded, work_changed, work_planned

HANDLERS: Handlers = {
    routing.WorkPlanned: Together(work_planned),
    **dict.fromkeys(routing.WORK_CHANGES, work_changed),
    DecisionRecorded: decision_recorded,
    DecisionDomainsPublished: keep_domains,
}

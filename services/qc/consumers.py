"""Which event feeds which copy. What is measured is in `worker.py`."""

from chassis.handlers import Handlers, Together
from contracts import routing
from contracts.assets import ChannelPackPublished, NamingPackPublished
from contracts.governance import DecisionDomainsPublished
from services.qc.reference import service as reference
from services.qc.work import service as work

HANDLERS: Handlers = {
    routing.WorkPlanned: Together(work.work_planned),
    **dict.fromkeys(routing.WORK_CHANGES, Together(work.work_changed)),
    DecisionDomainsPublished: reference.domains_published,
    ChannelPackPublished: reference.channel_pack_published,
    NamingPackPublished: reference.naming_pack_published,
}

"""Which event updates which copy, and which ends what is in work."""

from collections.abc import Mapping
from datetime import timedelta

from chassis.handlers import Handler
from contracts.amendments import AmendmentApplied, AmendmentQuoted, AmendmentRefused
from contracts.assets import ChannelPackPublished
from contracts.envelope import EventData
from contracts.governance import AiPolicyPublished, DecisionDomainsPublished
from contracts.routing import WorkApproved, WorkCancelled
from services.intake import reference
from services.intake.amendments import reactions as amendments
from services.intake.slots import service as slots

HANDLERS: Mapping[type[EventData], Handler] = {
    ChannelPackPublished: reference.keep_channel,
    AiPolicyPublished: reference.keep_ai_policy,
    DecisionDomainsPublished: reference.keep_domains,
    WorkApproved: slots.work_ended,
    WorkCancelled: slots.work_ended,
}


def handlers(quotes_last: timedelta) -> Mapping[type[EventData], Handler]:
    """All of them. A quote is good for `quotes_last`."""
    return {
        **HANDLERS,
        AmendmentQuoted: amendments.on_quoted(quotes_last),
        AmendmentApplied: amendments.applied,
        AmendmentRefused: amendments.refused,
    }

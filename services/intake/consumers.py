"""Which event updates which copy."""

from collections.abc import Mapping

from chassis.consumer import Handler
from contracts.assets import ChannelPackPublished
from contracts.envelope import EventData
from contracts.governance import AiPolicyPublished, DecisionDomainsPublished
from services.intake import reference

HANDLERS: Mapping[type[EventData], Handler] = {
    ChannelPackPublished: reference.keep_channel,
    AiPolicyPublished: reference.keep_ai_policy,
    DecisionDomainsPublished: reference.keep_domains,
}

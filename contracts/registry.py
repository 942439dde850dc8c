"""All events, by type."""

from contracts import assets, governance, intake, qc, routing
from contracts.envelope import EventData

BY_PRODUCER: dict[str, tuple[type[EventData], ...]] = {
    "assets": assets.EVENTS,
    "governance": governance.EVENTS,
    "intake": intake.EVENTS,
    "qc": qc.EVENTS,
    "routing": routing.EVENTS,
}

BY_TYPE: dict[str, type[EventData]] = {event.type: event for events in BY_PRODUCER.values() for event in events}

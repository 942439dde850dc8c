"""All events, by type."""

from contracts import amendments, assets, governance, intake, publication, qc, rights, routing
from contracts.envelope import EventData

BY_PRODUCER: dict[str, tuple[type[EventData], ...]] = {
    "assets": (*assets.EVENTS, *rights.EVENTS, *publication.EVENTS),
    "governance": governance.EVENTS,
    "intake": (*intake.EVENTS, *amendments.OF_INTAKE),
    "qc": qc.EVENTS,
    "routing": (*routing.EVENTS, *amendments.OF_ROUTING),
}

BY_TYPE: dict[str, type[EventData]] = {event.type: event for events in BY_PRODUCER.values() for event in events}

"""Recording events: appended to the event log in the transaction of their cause, and marked as unsent."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis import context
from chassis.clock import now
from chassis.ids import new_id
from chassis.writes import Write, write
from contracts.envelope import Event, EventData

_RECORD = """
    event_new AS (
        INSERT INTO event_log (event_id, subject, aggregate_id, aggregate_version, payload, recorded_at)
        SELECT * FROM unnest(
            CAST(:event_ids AS uuid[]), CAST(:event_subjects AS text[]), CAST(:event_aggregates AS text[]),
            CAST(:event_versions AS int[]), CAST(:event_payloads AS json[]), CAST(:event_times AS timestamptz[])
        )
        RETURNING position
    ),
    event_unsent AS (INSERT INTO unsent SELECT position FROM event_new)
"""


RECORDED = "recorded"
"""In the `info` of a session that has something for the relay."""


@dataclass(frozen=True)
class Happened:
    """One event to record. Lock or update the aggregate's row first: that is what keeps its events in order."""

    data: EventData
    aggregate_id: UUID | str
    version: int
    answers: Event[Any] | None = None
    """The event that this one answers. None: the one that is being handled, if any."""


async def record(session: AsyncSession, *happened: Happened) -> None:
    """Append events to the service's log, in this order."""
    if happened:
        await write(session, recorded(session, *happened))


def recorded(session: AsyncSession, *happened: Happened) -> Write:
    """The same, to be written together with what they tell."""
    session.info[RECORDED] = True
    at, trace = now(), context.traceparent()
    correlation = context.correlation_id.get() or str(new_id())
    events: list[Event[Any]] = [
        Event[Any](
            id=new_id(),
            source=f"/{session.info['service']}",
            type=one.data.type,
            subject=str(one.aggregate_id),
            time=at,
            aggregateversion=one.version,
            correlationid=one.answers.correlationid if one.answers else correlation,
            causationid=one.answers.id if one.answers else context.causation_id.get(),
            traceparent=one.answers.traceparent if one.answers else trace,
            data=one.data,
        )
        for one in happened
    ]
    return Write(
        _RECORD,
        {
            "event_ids": [event.id for event in events],
            "event_subjects": [event.nats_subject() for event in events],
            "event_aggregates": [event.subject for event in events],
            "event_versions": [event.aggregateversion for event in events],
            "event_payloads": [event.model_dump_json(exclude_none=False) for event in events],
            "event_times": [at] * len(events),
        },
    )

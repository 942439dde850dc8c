"""Noticing that the stream is not the one that it was: deleted and made anew, or put back to an older copy.

JetStream can lose acknowledged messages (Jepsen's analysis of NATS 2.12.1). So the relay and every consumer remember
one message that they are sure of, by sequence and event id, and look whether the stream still holds it.
"""

from dataclasses import dataclass

import asyncpg

from chassis.bus import Bus, StreamState


@dataclass(frozen=True)
class Remembered:
    created: str
    sequence: int
    event_id: str


async def recall(connection: asyncpg.Connection, reader: str) -> Remembered | None:
    row = await connection.fetchrow(
        "SELECT stream_created, sequence, event_id FROM stream_memory WHERE reader = $1", reader
    )
    return Remembered(row["stream_created"], row["sequence"], row["event_id"]) if row else None


REMEMBER_NAMED = """
    INSERT INTO stream_memory (reader, stream_created, sequence, event_id)
    VALUES (:reader, :created, :sequence, :event_id)
    ON CONFLICT (reader) DO UPDATE SET
        stream_created = excluded.stream_created, sequence = excluded.sequence, event_id = excluded.event_id
"""
# The same for asyncpg, which numbers its parameters.
REMEMBER = (
    REMEMBER_NAMED.replace(":reader", "$1")
    .replace(":created", "$2")
    .replace(":sequence", "$3")
    .replace(":event_id", "$4")
)


async def is_lost(bus: Bus, remembered: Remembered | None, state: StreamState) -> bool:
    """Whether the stream no longer holds what was remembered of it."""
    if remembered is None:
        return False
    if remembered.created != state.created or remembered.sequence > state.last:
        return True
    if remembered.sequence < max(state.first, 1):  # aged out, as it should
        return False
    return await bus.event_id_at(remembered.sequence) != remembered.event_id

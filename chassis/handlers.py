"""What a service gives its consumer: a handler for each type of event, and what it raises when it can't handle one.

A handler raises `NotYet` when the event depends on another that has not arrived, and `Reject` when it can never be
handled. Every other error counts as one that may pass.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.envelope import Event, EventData

Handler = Callable[[AsyncSession, Any], Awaitable[None]]
Prepare = Callable[[Any], Awaitable[Any]]
BatchHandler = Callable[[AsyncSession, list[Event[Any]]], Awaitable[None]]
PreparedHandler = Callable[[AsyncSession, Any, Any], Awaitable[None]]


class NotYet(Exception):
    """The event can't be handled before another one has arrived."""


class Reject(Exception):
    """The event can never be handled: it goes to the dead letters."""


@dataclass(frozen=True)
class Job:
    """Long work: `prepare(event)` runs outside a transaction, `apply(session, event, prepared)` inside one."""

    prepare: Prepare
    apply: PreparedHandler


@dataclass(frozen=True)
class Together:
    """Takes all events of its type that stand side by side in a batch at once: `apply(session, events)`. What it
    records says itself which event it answers (`Happened.answers`)."""

    apply: BatchHandler


AnyHandler = Handler | Job | Together
Handlers = Mapping[type[EventData], AnyHandler]

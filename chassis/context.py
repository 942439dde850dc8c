"""What a request or message was caused by, carried along to every log line and every event."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

import structlog
from opentelemetry import propagate
from uuid_utils import uuid7

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
causation_id: ContextVar[UUID | None] = ContextVar("causation_id", default=None)

_SAFE = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")


def accepted_correlation_id(offered: str | None) -> str:
    """The caller's id when it is harmless, else a new one."""
    return offered if offered and _SAFE.match(offered) else str(uuid7())


@contextmanager
def caused_by(correlation: str, causation: UUID | None = None, **log_fields: object) -> Iterator[None]:
    """Everything inside belongs to this cause."""
    token, cause_token = correlation_id.set(correlation), causation_id.set(causation)
    try:
        with structlog.contextvars.bound_contextvars(correlation_id=correlation, **log_fields):
            yield
    finally:
        correlation_id.reset(token)
        causation_id.reset(cause_token)


def traceparent() -> str | None:
    """The current span as a W3C header value."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")

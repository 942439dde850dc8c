"""When a message is tried again, and when an endpoint is given up. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
"""After each failed try but the last: eight tries in a good day, as the Standard Webhooks advise."""

DISABLED_AFTER = timedelta(days=3)
"""An endpoint that has failed for so long, without one success in between, gets nothing more until it is enabled."""

GONE = 410
"""The status by which an endpoint says that it wants no more messages."""


class MessageState(StrEnum):
    WAITING = "waiting"  # for its next try, or for its endpoint to be enabled
    DELIVERED = "delivered"
    FAILED = "failed"  # after its last try
    VOID = "void"  # what it tells is over, or may not be told any more


class Go(StrEnum):
    """Whether a message goes out at a try, as its owner says."""

    NOW = "now"
    LATER = "later"  # its owner sends what waits then
    NEVER = "never"


@dataclass(frozen=True)
class Answer:
    """What became of one try. `status`: None when there was no answer; then `error` says why."""

    status: int | None
    error: str | None
    seconds: float

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def problem(self) -> str:
        """For the endpoint's keeper to read."""
        return self.error or f"It answered {self.status}."


def next_try(tries: int, at: datetime) -> datetime | None:
    """When a message is sent again whose so many tries have failed, the last of them at `at`; None: never."""
    return at + RETRY_AFTER[tries - 1] if tries <= len(RETRY_AFTER) else None


def why_disabled(answer: Answer, failing_since: datetime, at: datetime) -> str | None:
    """Why an endpoint gets no more messages after this failure; None when it does."""
    if answer.status == GONE:
        return "It answered 410: it wants no more messages."
    if at - failing_since >= DISABLED_AFTER:
        return f"Nothing got through for {DISABLED_AFTER.days} days. At last: {answer.problem}"
    return None

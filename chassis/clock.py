"""The one clock. Nothing else calls `now()`, so that a test can stop time and move it."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Wall-clock time in UTC, or the time that a test has set."""

    def __init__(self) -> None:
        self._set_to: datetime | None = None

    def now(self) -> datetime:
        return self._set_to or datetime.now(UTC)

    def set(self, at: datetime) -> None:
        """Stop the clock at `at` (aware)."""
        self._set_to = at.astimezone(UTC)

    def move(self, by: timedelta) -> None:
        """Stop the clock at `by` from where it stands."""
        self._set_to = self.now() + by

    def reset(self) -> None:
        """Let it run again."""
        self._set_to = None


clock = Clock()


def now() -> datetime:
    """The current time, aware, in UTC."""
    return clock.now()

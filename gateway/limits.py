"""Token buckets, one a caller, in bounded memory."""

import time
from collections.abc import Callable

from gateway.errors import TooManyRequests


class RateLimit:
    """Lets each key do `rate` things a second on average, and `burst` at once after a pause.

    A bucket is kept as one number, the time at which it will be full again: what is full already needs no memory.
    """

    def __init__(self, rate: float, burst: int, max_keys: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / rate
        self._depth = burst / rate
        self._max_keys = max_keys
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def take(self, key: str) -> None:
        """Take one token of this key's bucket. Raises `TooManyRequests`, saying how long to wait."""
        now = self._clock()
        full_at = max(self._full_at.get(key, now), now) + self._interval
        # One nanosecond of tolerance: sums of fractions of a second are not exact.
        if (wait := full_at - now - self._depth) > 1e-9:
            raise TooManyRequests(wait)
        self._full_at[key] = full_at
        if len(self._full_at) > self._max_keys:
            self._forget(now)

    def _forget(self, now: float) -> None:
        """Drop the full buckets; if all are in use, the half of them that is nearest to being full."""
        kept = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        if len(kept) > self._max_keys // 2:
            emptiest = sorted(kept, key=kept.__getitem__)[-max(1, self._max_keys // 2) :]
            kept = {key: kept[key] for key in emptiest}
        self._full_at = kept

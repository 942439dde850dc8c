"""Rules of the store's upkeep: how long what is left alone, and what is wrong with a file."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.assets.store.store import content_key

DELETES_WITHIN = timedelta(seconds=60)
"""Who has doomed a file begins to delete it within this time, or leaves it."""
TAKEN_OVER_AFTER = timedelta(minutes=15)
"""A deletion of which nothing was heard for so long is done by someone else. Longer than `DELETES_WITHIN` and any
request to a store: a late deletion would take a file away that was stored anew."""
CHECK_LEASE = timedelta(hours=1)
"""A check of which nothing was heard for so long is done by someone else."""
DAMAGED_AGAIN = timedelta(days=1)
"""What is damaged is read again after this time: perhaps someone has put it right."""

SHELVES = 256


def shelf_name(number: int) -> str:
    """Of the 256 folders by the first two digits of their files' hashes."""
    return f"{number % SHELVES:02x}"


def shelf_at(at: datetime, every: timedelta) -> str:
    """Whose turn it is at a time, when each shelf has its turn for `every`."""
    return shelf_name(int(at.timestamp() // every.total_seconds()))


class Damage(StrEnum):
    """What is wrong with a file in its place."""

    MISSING = "missing"
    WRONG_LENGTH = "wrong_length"
    OTHER_BYTES = "other_bytes"


@dataclass(frozen=True)
class KeptFile:
    """A file as the books know it."""

    sha256: str
    bytes: int
    kept_at: datetime

    @property
    def location(self) -> str:
        return content_key(self.sha256)


@dataclass(frozen=True)
class Doomed:
    """A file that is being deleted, by whoever set this time."""

    sha256: str
    bytes: int
    doomed_at: datetime

    def may_begin(self, at: datetime) -> bool:
        """Whether its deletion may still begin. A clock that was set back says no as well."""
        return timedelta(0) <= at - self.doomed_at < DELETES_WITHIN


@dataclass(frozen=True)
class Collected:
    """What a collection has deleted."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: "Collected") -> "Collected":
        return Collected(self.files + other.files, self.bytes + other.bytes)

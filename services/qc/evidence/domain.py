"""Evidence as the worker and the API know it: an overlay that shows where a check found what it flags or fails.
`inspection/evidence/` draws it."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from contracts.envelope import Value
from contracts.values import Sha256


class Mark(Value):
    """An entry of an overlay's legend."""

    ink: Literal["orange", "red", "blue", "dashed"] = Field(description="`dashed` is black and white.")
    says: str = Field(description="What the marks in it mean.")


@dataclass(frozen=True)
class Drawn:
    """A check's overlay as the measuring process makes it."""

    check: str
    png: bytes
    width: int
    height: int
    scale: int
    legend: tuple[Mark, ...]


class Kept(Value):
    """The same as it is on record; its bytes are in the store."""

    check: str
    sha256: Sha256
    bytes: int
    width: int
    height: int
    scale: int
    legend: tuple[Mark, ...]


def location_of(sha256: str) -> str:
    """In the store."""
    return f"evidence/{sha256[:2]}/{sha256}"

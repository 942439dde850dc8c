"""What a benchmark found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value. `against`: the other side, measured in the same run; `ratio`: value over that side's.

    `bar` says what is asked for in words; `holds`: whether it was met, None where nothing is asked.
    """

    name: str
    value: float
    unit: str
    against: str | None = None
    ratio: float | None = None
    bar: str | None = None
    holds: bool | None = None

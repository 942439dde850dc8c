"""Times that are asked with."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def _within_reach(at: datetime) -> datetime:
    if not 2000 <= at.year < 2200:
        raise ValueError("a year from 2000 to 2199")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_within_reach)]
"""Not so near to the ends of the calendar that to count from it, or to tell it in UTC, leads beyond them."""

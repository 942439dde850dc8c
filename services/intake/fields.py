"""The types of what callers send: every text and list has a bound, and none holds control characters."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, PlainValidator, StringConstraints
from pydantic_core import PydanticCustomError

# Control characters have no place in a brief, and NUL has none in PostgreSQL. Tabs and line ends may stay.
_NO_CONTROLS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_RFC3339 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$", re.ASCII)

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
MAX_SLUG = 40
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
Line = Annotated[str, StringConstraints(max_length=200, pattern=_NO_CONTROLS)]
FilledLine = Annotated[Line, StringConstraints(strip_whitespace=True, min_length=1)]
Address = Annotated[str, StringConstraints(max_length=500, pattern=_NO_CONTROLS)]
Prose = Annotated[str, StringConstraints(max_length=2000, pattern=_NO_CONTROLS)]

MAX_NUMBER = 10**9
MAX_LIST = 50

AttributeValue = str | bool | int | list[str]


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and not _UNPRINTABLE.search(value)


def _attribute(value: object) -> AttributeValue:
    match value:
        case bool():
            return value
        case int() if abs(value) <= MAX_NUMBER:
            return value
        case str() if _is_text(value, 2000):
            return value
        case list() if len(value) <= MAX_LIST and all(_is_text(one, 200) for one in value):
            return value
    raise PydanticCustomError(
        "attribute",
        "An attribute is a text of at most 2,000 characters, true or false, a whole number of at most 9 digits, "
        "or a list of at most 50 texts of at most 200 characters.",
    )


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):  # not from JSON: our own
        return value
    if isinstance(value, str) and _RFC3339.match(value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):  # a 30th of February; an offset that leads out of the calendar
            pass
    raise PydanticCustomError("moment", "A time is RFC 3339 with its zone, such as `2027-03-31T17:00:00Z`.")


# One function instead of a union: a union names each of its members in the pointer of a wrong value.
Attribute = Annotated[
    AttributeValue,
    PlainValidator(
        _attribute,
        json_schema_input_type=Annotated[str, StringConstraints(max_length=2000)] | bool | int | list[str],
    ),
]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]

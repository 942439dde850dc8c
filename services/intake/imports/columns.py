"""The columns of a file, and the names of its cells. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.intake.requests.schemas import AiBrief

ATTRIBUTES = "attributes."
AI = "ai."
MAX_COLUMNS = 100
LIST_SEPARATOR = ";"
_LIST = re.compile(r"[;|]")
_WORD = re.compile(r"^[a-z0-9_]{1,60}$")

# A spreadsheet takes a cell that begins like this for a formula (OWASP: CSV injection).
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_HARMLESS = "'"
# Where lists are separated by semicolons, a spreadsheet may split our commas' CSV at those, and at line ends, whatever
# quotes there are: the inside of a cell begins another one there. A run stops at a line end, where the next one begins:
# else many of them would take the square of their number.
_INNER = re.compile(r"""([;\r\n](?:[^\S\r\n]|")*)(?=[=+\-@])""")
_INNER_HARMLESS = re.compile(r"""([;\r\n](?:[^\S\r\n]|")*)'(?=[=+\-@])""")


class Kind(StrEnum):
    TEXT = "text"
    LIST = "list"
    WAIVERS = "waivers"
    MOMENT = "moment"


# Column → kind. Each is the field of that name in a request.
COLUMNS = {
    "sku": Kind.TEXT,
    "product_name": Kind.TEXT,
    "category": Kind.TEXT,
    "materials": Kind.LIST,
    "use": Kind.TEXT,
    "colorways": Kind.LIST,
    "required_views": Kind.LIST,
    "waivers": Kind.WAIVERS,
    "channels": Kind.LIST,
    "references": Kind.LIST,
    "deadline": Kind.MOMENT,
    "approval_owner": Kind.TEXT,
    "priority": Kind.TEXT,
    "proposed_class": Kind.TEXT,
    "proposed_track": Kind.TEXT,
}
AI_COLUMNS = tuple(AI + name for name in AiBrief.model_fields)
# In what we give to correct and send again: they say something to people and nothing to us.
IGNORED = ("row", "problems")


@dataclass(frozen=True)
class HeaderProblem:
    """Why a file's first row can't be its header."""

    cell: str
    problem: str
    remedy: str


def letters(index: int) -> str:
    """The spreadsheet's name of the column at `index`, which begins at 0."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def cell_name(columns: Sequence[str], column: str, row: int) -> str | None:
    """Such as `H17`; None when the file has no such column."""
    return f"{letters(columns.index(column))}{row}" if column in columns else None


def column_name(cell: str) -> str:
    """A header's cell as a column's name: `Product name` is `product_name`."""
    return re.sub(r"[\s-]+", "_", cell.strip().lower())


def is_known(name: str) -> bool:
    """Whether a column's name means something here."""
    if name.startswith(ATTRIBUTES):
        return bool(_WORD.match(name.removeprefix(ATTRIBUTES)))
    return name in COLUMNS or name in AI_COLUMNS or name in IGNORED


def check_header(names: Sequence[str]) -> list[HeaderProblem]:
    """Every unknown, doubled or missing column, once for the whole file. An unnamed column is left out."""
    found = []
    for index, name in enumerate(names):
        cell = f"{letters(index)}1"
        if name and not is_known(name):
            found.append(
                HeaderProblem(
                    cell, f"There is no column `{name[:100]}`.", f"Rename it or take it out; there are: {_KNOWN}."
                )
            )
        elif name and name in names[:index]:
            first = f"{letters(list(names).index(name))}1"
            found.append(
                HeaderProblem(cell, f"The column `{name}` is there twice; first in {first}.", "Keep one of the two.")
            )
    if "sku" not in names:
        found.append(HeaderProblem("A1", "There is no column `sku`.", "The first row names the columns; add `sku`."))
    return found


_KNOWN = ", ".join([*COLUMNS, f"{ATTRIBUTES}<name>", *AI_COLUMNS])


def split_list(text: str) -> list[str]:
    """The values of a cell that holds several."""
    return [one for one in (part.strip() for part in _LIST.split(text)) if one]


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = _INNER.sub(rf"\1{_HARMLESS}", text)
    return _HARMLESS + text if text.startswith(_DANGEROUS) else text


def as_it_was(text: str) -> str:
    """A cell as it was before `harmless`."""
    text = _INNER_HARMLESS.sub(r"\1", text)
    return text[1:] if text.startswith(_HARMLESS) and text[1:].startswith(_DANGEROUS) else text

"""A row's cells as a brief, and a brief's problems as cells. Pure."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError

from chassis.problems import FieldError
from contracts.intake import FieldProblem
from services.intake.categories.schemas import CategoryPack, FieldType
from services.intake.imports.columns import AI, AI_COLUMNS, ATTRIBUTES, COLUMNS, Kind, cell_name, split_list
from services.intake.imports.schemas import CellProblem
from services.intake.reference import Reference
from services.intake.requests.completeness import choices
from services.intake.requests.schemas import Brief, WaiverBrief

EXAMPLE_SKU = "EXAMPLE-SKU"

_YES_NO = {"true": True, "yes": True, "false": False, "no": False}
_WHOLE = re.compile(r"^[+-]?\d{1,10}$", re.ASCII)
_LOCAL = re.compile(r"^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?$", re.ASCII)
_END_OF_DAY = time(23, 59, 59)
_MOMENT_REMEDY = "Put in a time such as `2027-03-31 17:00`, or a day such as `2027-03-31`."


@dataclass
class WrongCell(Exception):
    """A cell that can't be a value of its field."""

    column: str
    problem: str
    remedy: str


@dataclass(frozen=True)
class ReadRow:
    """What a row says: its brief, or why it is none."""

    brief: Brief | None
    fingerprint: bytes
    wrong: Sequence[WrongCell] = ()


def read_row(cells: Mapping[str, str], reference: Reference, zone: ZoneInfo) -> ReadRow:
    """The brief that a row is. How its cells are written (separators, spaces, CSV or XLSX) makes no difference."""
    if cells.get("sku") == EXAMPLE_SKU:
        example = WrongCell("sku", "This is the example row of the template.", "Delete it, or write over it.")
        return ReadRow(None, b"", [example])
    fields: dict[str, Any] = {}
    wrong: list[WrongCell] = []
    types = _types(reference.categories, cells.get("category"))
    for column, text in cells.items():
        try:
            _put(fields, column, text, types, zone)
        except WrongCell as one:
            wrong.append(one)
    if wrong:
        return ReadRow(None, b"", wrong)
    try:
        brief = Brief.model_validate(fields)
    except ValidationError as error:
        return ReadRow(None, b"", _from_validation(error, choices(cells.get("category"), reference)))
    said = brief.model_dump(mode="json", exclude_none=True)
    return ReadRow(brief, hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest())


def _types(categories: Mapping[str, tuple[CategoryPack, int]], category: str | None) -> dict[str, FieldType]:
    pack = categories[category][0] if category is not None and category in categories else None
    return {field.name: field.type for field in pack.fields} if pack else {}


def _put(fields: dict[str, Any], column: str, text: str, types: Mapping[str, FieldType], zone: ZoneInfo) -> None:
    if column.startswith(ATTRIBUTES):
        name = column.removeprefix(ATTRIBUTES)
        fields.setdefault("attributes", {})[name] = _attribute(text, types.get(name, FieldType.TEXT))
    elif column.startswith(AI):
        name = column.removeprefix(AI)
        value: Any = _YES_NO.get(text.lower(), text) if name == "human_review" else text
        fields.setdefault("ai", {})[name] = value
    elif COLUMNS[column] is Kind.WAIVERS:
        fields[column] = [_waiver(one) for one in split_list(text)]
    elif COLUMNS[column] is Kind.LIST:
        fields[column] = split_list(text)
    elif COLUMNS[column] is Kind.MOMENT:
        fields[column] = _moment(column, text, zone)
    else:
        fields[column] = text


def _waiver(text: str) -> dict[str, str | None]:
    """`view: cause`, or `view/colorway: cause`."""
    what, _, cause = (part.strip() for part in text.partition(":"))
    view, _, colorway = (part.strip() for part in what.partition("/"))
    return {"view": view or None, "colorway": colorway or None, "cause": cause or None}


def _attribute(text: str, kind: FieldType) -> Any:
    """What can't be the field's value stays as it is: the category's check says what would be right."""
    match kind:
        case FieldType.BOOLEAN:
            return _YES_NO.get(text.lower(), text)
        case FieldType.INTEGER if _WHOLE.match(text):
            return int(text)
        case FieldType.LIST:
            return split_list(text)
    return text


def _moment(column: str, text: str, zone: ZoneInfo) -> Any:
    """A time with its zone as text; one without is in `zone`; a day alone means its end."""
    local = _LOCAL.match(text)
    if local is None:
        if re.search(r"(Z|[+-]\d\d:\d\d)$", text):
            return text  # the brief's own check says what is wrong with it
        raise WrongCell(column, "This is not a time that can be read without guessing.", _MOMENT_REMEDY)
    try:
        day = datetime.fromisoformat(local[1]).date()
        at = time.fromisoformat(local[2]) if local[2] else _END_OF_DAY
        meant = datetime.combine(day, at, zone)  # of an hour that comes twice, the first
        if meant.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != meant.replace(tzinfo=None):
            raise WrongCell(
                column,
                f"There is no such time in {zone.key}: the clocks are put forward then.",
                "Put in a time before or after the gap, or name the zone: `2027-03-28T02:30:00+01:00`.",
            )
        return meant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongCell(column, "The calendar has no such time.", _MOMENT_REMEDY) from None


# Pydantic's word for a text that isn't of the form that its field asks for.
_OTHER_FORM = "string_pattern_mismatch"


def _from_validation(error: ValidationError, choices: Mapping[str, str]) -> list[WrongCell]:
    found: dict[str, WrongCell] = {}
    for one in error.errors(include_url=False, include_context=False)[:50]:
        column = _column(one["loc"])
        problem = f"{one['msg']}.".replace("..", ".")
        if one["type"] == _OTHER_FORM:
            form = "is not known" if column in choices else f"doesn't match the form of `{column}`"
            problem = f"`{str(one['input'])[:60]}` {form}."
        remedy = choices.get(column) or _REMEDIES.get(column, _ANY_REMEDY)
        found.setdefault(column, WrongCell(column, problem, remedy))
    return list(found.values())


_NAME = "small letters, digits, dashes and underscores"
_REMEDIES = {
    "sku": "A SKU is of letters, digits, dots, dashes and underscores, at most 64; it begins with a letter or digit.",
    "colorways": f"A colorway is of {_NAME}, such as `gray`; separate by `;`.",
    "waivers": f"Put in `view: cause` or `view/colorway: cause`, separated by `;`. A view is of {_NAME}.",
    "proposed_track": "A track is of small letters, digits and underscores, such as `catalog`; or leave it empty.",
    "deadline": _MOMENT_REMEDY,
    "ai.human_review": "Put in `true`: a person reviews every output.",
}
_ANY_REMEDY = "Shorten or correct it; the template shows how it is written."


def shown(value: object) -> str:
    """A field's value as a cell would say it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case WaiverBrief():
            colorway = f"/{value.colorway}" if value.colorway else ""
            return f"{value.view or ''}{colorway}: {value.cause or ''}"
        case list():
            return "; ".join(map(shown, value))
    return str(value)


def _column(location: Sequence[int | str]) -> str:
    """A field's place as the name of its column."""
    first = str(location[0]) if location else ""
    if first in ("attributes", "ai") and len(location) > 1:
        return f"{first}.{location[1]}"
    return first


def column_of(pointer: str) -> str:
    """The column that a problem's pointer is about."""
    return _column([part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]])


def as_cells(
    problems: Iterable[FieldProblem | FieldError | WrongCell],
    columns: Sequence[str],
    cells: Mapping[str, str],
    row: int,
) -> list[CellProblem]:
    """Problems of a request as problems of the row's cells."""
    found = []
    for one in problems:
        if isinstance(one, WrongCell):
            column, problem, remedy = one.column, one.problem, one.remedy or None
        elif isinstance(one, FieldProblem):
            column, problem, remedy = column_of(one.pointer), one.problem, one.remedy
        else:
            column, problem, remedy = column_of(one.pointer), one.detail, one.remedy
        if column == "ai":  # all of it: the cell that names the use stands for it
            column = "ai.use"
        found.append(
            CellProblem(
                cell=cell_name(columns, column, row),
                column=column or None,
                value=cells[column][:200] if column in cells else None,
                problem=problem,
                remedy=remedy,
            )
        )
    return found


def template_columns(pack: CategoryPack | None, with_ai: bool) -> list[str]:
    """The header of a category's template; of no category: the columns that all have."""
    attributes = [ATTRIBUTES + field.name for field in pack.fields] if pack else []
    return [*COLUMNS, *attributes, *(AI_COLUMNS if with_ai else ())]


def example_row(pack: CategoryPack | None, channels: Iterable[str], at: datetime) -> dict[str, str]:
    """A row that is accepted once its SKU is a real one."""
    row = {
        "sku": EXAMPLE_SKU,
        "product_name": "Name of the product",
        "category": pack.name if pack else "",
        "materials": pack.materials[0] if pack else "",
        "use": "catalog",
        "colorways": "black; gray",
        "channels": "; ".join(sorted(channels)[:2]),
        "references": "https://brand.example/guides/packshots.pdf",
        "deadline": f"{at:%Y-%m-%d} 17:00",
        "approval_owner": "subject.of.the.approver",
        "priority": "normal",
    }
    for field in pack.fields if pack else ():
        match field.type:
            case FieldType.BOOLEAN:
                value = "false"
            case FieldType.INTEGER:
                value = str(field.minimum)
            case FieldType.TEXT:
                value = f"Say {field.asks}"[:200]
            case _:
                value = field.choices[0] if field.choices else "one; another"
        row[ATTRIBUTES + field.name] = value
    return row

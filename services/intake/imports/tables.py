"""Reading a file into rows of text. Runs in a process of its own (`reading.py`): what comes is hostile.

Nothing in a file is ever evaluated. What is wrong with the whole file raises `Refused`; what is wrong with one cell
is noted with its row.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.intake.imports.columns import (
    MAX_COLUMNS,
    as_it_was,
    check_header,
    column_name,
    is_known,
    letters,
    split_list,
)

MAX_ROWS = 10_000
MAX_CELL = 10_000
MAX_TEXT = 64 * 1024 * 1024
_MAX_FIELD = 1024 * 1024
MAX_BLANK_ROWS = 50_000
_DELIMITERS = (",", ";", "\t")

# U+FFFE and U+FFFF have no place in XML, so in no workbook.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# A byte that is not UTF-8, as the decoder hands it on.
_NO_UTF8 = re.compile(r"[\udc80-\udcff]")
_SEPARATOR = re.compile(r"^sep=([,;\t])\r?\n?$", re.IGNORECASE)
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})

FORMULA = "This cell holds a formula; it is not evaluated here."
PASTE = "Copy the cell and paste its value over it."


class Refused(Exception):
    """The file can't be read; says why, and what would make it right. `cells`: where, if that can be said."""

    def __init__(self, cause: str, remedy: str, cells: Sequence[tuple[str, str, str]] = ()) -> None:
        super().__init__(cause, remedy, cells)
        self.cause, self.remedy, self.cells = cause, remedy, list(cells)


@dataclass(frozen=True)
class Cell:
    """A cell's text, and what is wrong with it."""

    text: str
    problem: str | None = None
    remedy: str | None = None


BLANK = Cell("")


@dataclass
class Row:
    """One row that says something. `number` is the spreadsheet's; `duplicate_of` an earlier row of the same product."""

    number: int
    cells: dict[str, str] = field(default_factory=dict)
    problems: list[dict[str, str | None]] = field(default_factory=list)
    duplicate_of: int | None = None


def checked_cell(text: str) -> Cell:
    """What a cell says, however it came."""
    text = text.strip()
    if len(text) > MAX_CELL:
        return Cell(
            UNPRINTABLE.sub("�", text[:MAX_CELL]),
            f"This cell holds {len(text)} characters; {MAX_CELL} is the most.",
            "Shorten it.",
        )
    text = as_it_was(text)
    if not text:
        return BLANK
    if UNPRINTABLE.search(text):
        return Cell(UNPRINTABLE.sub("�", text), "This cell holds characters that can't be printed.", "Type it anew.")
    if text.startswith("="):
        return Cell(text, FORMULA, PASTE)
    if text in _ERRORS:
        return Cell(text, f"This cell holds the spreadsheet's error {text}.", "Put in the value that is meant.")
    return Cell(text)


def rows_of(lines: Iterable[tuple[int, Sequence[Cell]]]) -> tuple[list[str], Iterator[Row]]:
    """The columns, and the rows below them. The first row is the header."""
    numbered = iter(lines)
    first = next(numbered, None)
    if first is None or not any(cell.text for cell in first[1]):
        raise Refused("The first row is empty.", "Put the names of the columns there; the template has them.")
    names = [column_name(cell.text) for cell in first[1]]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise Refused(f"The file has more than {MAX_COLUMNS} columns.", "Take out what is not asked for.")
    if wrong := check_header(names):
        raise Refused(
            "The columns are not those that are known.",
            "Begin with the template: `GET /v1/imports/template`.",
            [(one.cell, one.problem, one.remedy) for one in wrong],
        )
    return names, _below(names, numbered)


def _below(names: list[str], lines: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[Row]:
    count = blank = size = 0
    first_of: dict[tuple[str, str], int] = {}
    for number, cells in lines:
        row = _row(names, number, cells)
        if row is None:
            blank += 1
            if blank > MAX_BLANK_ROWS:
                raise Refused(f"The file has more than {MAX_BLANK_ROWS:,} empty rows.", "Take them out.")
            continue
        count += 1
        if count > MAX_ROWS:
            raise Refused(
                f"Row {number} is the {MAX_ROWS + 1:,}th that says something; {MAX_ROWS:,} is the most.",
                f"Split the file into parts of at most {MAX_ROWS:,} rows, each with the header.",
            )
        size += sum(len(text) for text in row.cells.values())
        if size > MAX_TEXT:
            raise Refused(f"The cells hold more than {MAX_TEXT:,} characters.", "Split the file.")
        _mark_duplicate(row, first_of)
        yield row


def _row(names: list[str], number: int, cells: Sequence[Cell]) -> Row | None:
    row = Row(number)
    for index, cell in enumerate(cells):
        if not cell.text and cell.problem is None:
            continue
        name = names[index] if index < len(names) else ""
        problem, remedy = cell.problem, cell.remedy
        if not name or not is_known(name):
            problem = "This cell has no column: the header is shorter than the row."
            remedy = "Put a text that holds the delimiter in quotes, or name the column."
        elif name in ("row", "problems"):
            continue
        else:
            row.cells[name] = cell.text
        if problem:
            row.problems.append(
                {
                    "cell": f"{letters(index)}{number}",
                    "column": name or None,
                    "value": cell.text[:200],
                    "problem": problem,
                    "remedy": remedy,
                }
            )
    return row if row.cells or row.problems else None


def _mark_duplicate(row: Row, first_of: dict[tuple[str, str], int]) -> None:
    """Two rows that share SKU and colorway share shots: every recipe has a view that is always needed."""
    sku = row.cells.get("sku", "")
    for colorway in split_list(row.cells.get("colorways", "")) if sku else ():
        first = first_of.setdefault((sku, colorway), row.number)
        if first != row.number and (row.duplicate_of is None or first < row.duplicate_of):
            row.duplicate_of = first


def csv_lines(path: Path) -> Iterator[tuple[int, list[Cell]]]:
    """The records of a CSV file: UTF-8, delimited by comma, semicolon or tab."""
    csv.field_size_limit(_MAX_FIELD)
    with path.open("rb") as raw:
        head = raw.read(4)
        _refuse_other_formats(head)
        raw.seek(0)
        with io.TextIOWrapper(raw, "utf-8-sig", errors="surrogateescape", newline="") as opened:
            number = 0
            try:
                first = opened.readline(_MAX_FIELD)
                separator = _SEPARATOR.match(first)  # Excel's own line: no row of the sheet
                delimiter = separator[1] if separator else _delimiter(first)
                if not separator:
                    opened.seek(0)
                for record in csv.reader(opened, delimiter=delimiter, strict=True):
                    number += 1
                    _refuse_other_bytes(record, number)
                    yield number, [checked_cell(text) for text in _without_far_cells(record)]
            except csv.Error as error:
                raise Refused(
                    f"Row {number + 1} is not CSV: {error}.", 'Look for a quote (") that is not closed or not doubled.'
                ) from None


def _refuse_other_bytes(record: Sequence[str], number: int) -> None:
    for index, text in enumerate(record):
        if not text.isascii() and (found := _NO_UTF8.search(text)):
            byte = ord(found[0]) - 0xDC00
            raise Refused(
                f"The file is not UTF-8: in {letters(index)}{number} the byte 0x{byte:02x} has no meaning there."
                " It looks like Windows-1252 or Latin-1.",
                "Save it as «CSV UTF-8», or send it as XLSX.",
            )


def _without_far_cells(record: Sequence[str]) -> Sequence[str]:
    """As many cells as there can be columns; one more stands for all that say something beyond."""
    if len(record) <= MAX_COLUMNS:
        return record
    return [*record[:MAX_COLUMNS], next((text for text in record[MAX_COLUMNS:] if text.strip()), "")]


def _refuse_other_formats(head: bytes) -> None:
    if head.startswith(b"PK\x03\x04"):
        raise Refused("This is a ZIP or XLSX file, sent as CSV.", "Send it with the media type of XLSX.")
    if head.startswith(b"\x1f\x8b"):
        raise Refused("This is a gzip file, not a CSV.", "Unpack it, and send the CSV or XLSX that is in it.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("The file is UTF-16.", "Save it as «CSV UTF-8», or send it as XLSX.")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused("This is an old Excel file, or one with a password.", "Save it as XLSX without a password.")


def _delimiter(header: str) -> str:
    """The one by which the header has the most columns that are known."""

    def known(delimiter: str) -> tuple[int, int]:
        parts = [column_name(part.strip('"')) for part in header.rstrip("\r\n").split(delimiter)]
        return sum(map(is_known, parts)), len(parts)

    return max(_DELIMITERS, key=known)


def text_of(value: Any) -> str:
    """A spreadsheet's value as text. Times stay as they are said, without a zone; midnight is the day alone."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case dt.datetime() if value.time() == dt.time():
            return f"{value:%Y-%m-%d}"
        case dt.datetime():
            return f"{value:%Y-%m-%dT%H:%M:%S}"
        case _:
            return str(value)

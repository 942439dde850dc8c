"""XLSX: checked as a ZIP first, then read row by row. Runs in the reading process."""

import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from services.intake.imports.columns import MAX_COLUMNS
from services.intake.imports.tables import BLANK, FORMULA, MAX_CELL, PASTE, Cell, Refused, checked_cell, text_of

if TYPE_CHECKING:
    from openpyxl import Workbook

MAX_ENTRIES = 2_000
MAX_UNPACKED = 256 * 1024 * 1024
MAX_SHARED_STRINGS = 48 * 1024 * 1024
# Sheets of equal rows are packed by 1:100 at most; a bomb by 1:1,000.
MAX_RATIO = 300
_RATIO_FROM = 4 * 1024 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_SAVE = "Save it anew as XLSX («Excel workbook»), with the rows alone, or as CSV UTF-8."


def xlsx_lines(path: Path) -> Iterator[tuple[int, list[Cell]]]:
    """The rows of the first sheet that is shown."""
    _check_archive(path)
    import openpyxl  # with defusedxml beside it, so that it takes no entities

    if not openpyxl.DEFUSEDXML:
        raise RuntimeError("defusedxml is not installed: XLSX is not read without it")
    with path.open("rb") as file:  # by its name the library would want an ending
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
        except MemoryError:
            raise
        except Exception as error:  # whatever the library stumbles over: the file is no workbook
            raise _unreadable(error) from None
        with closing(book):
            yield from _rows(book)


def _rows(book: "Workbook") -> Iterator[tuple[int, list[Cell]]]:
    sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
    if sheet is None:
        raise Refused("The workbook has no sheet that is shown.", "Put the rows on its first sheet.")
    sheet.reset_dimensions()  # what it says of its own size is not believed
    rows = sheet.iter_rows(max_col=MAX_COLUMNS + 1)
    number = 0
    while True:
        try:
            row = next(rows, None)
            cells = [_cell(one) for one in row] if row is not None else None
        except MemoryError:
            raise
        except Exception as error:
            raise _unreadable(error, number + 1) from None
        if cells is None:
            return
        number += 1
        yield number, cells


def _cell(cell: object) -> Cell:
    value, kind = getattr(cell, "value", None), getattr(cell, "data_type", "n")
    if value is None:
        return BLANK
    if kind == "f":
        shown = value if isinstance(value, str) else getattr(value, "text", None) or "="
        return Cell(checked_cell(str(shown)[:MAX_CELL]).text, FORMULA, PASTE)
    return checked_cell(text_of(value))


def _unreadable(error: Exception, row: int | None = None) -> Refused:
    cause, where = type(error.__cause__ or error).__name__, f" in row {row}" if row else ""
    if cause == "EntitiesForbidden":
        return Refused(f"The workbook declares XML entities{where}; none are read here.", _SAVE)
    return Refused(f"The file can't be read as a workbook{where} ({cause}).", _SAVE)


def _check_archive(path: Path) -> None:
    """Refuses what is no workbook, or would be too much once unpacked: before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Refused("This is not an XLSX file.", _SAVE) from None
    if len(entries) > MAX_ENTRIES:
        raise Refused(f"The workbook has {len(entries)} parts; {MAX_ENTRIES} is the most.", _SAVE)
    if "xl/workbook.xml" not in {entry.filename for entry in entries}:
        raise Refused("This is a ZIP file, but no XLSX workbook.", _SAVE)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED:
        raise Refused(f"The workbook would be {unpacked:,} bytes unpacked; {MAX_UNPACKED:,} is the most.", _SAVE)
    for entry in entries:
        if entry.flag_bits & 1 or entry.compress_type not in _METHODS:
            raise Refused("A part of the workbook is encrypted, or packed in an unusual way.", _SAVE)
        if entry.file_size > _RATIO_FROM and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise Refused(
                f"`{entry.filename[:100]}` would be {MAX_RATIO} times as large unpacked, or more: so looks a ZIP bomb.",
                _SAVE,
            )
        if entry.filename.endswith("sharedStrings.xml") and entry.file_size > MAX_SHARED_STRINGS:
            raise Refused(f"The workbook's texts are more than {MAX_SHARED_STRINGS:,} bytes.", _SAVE)

"""XLSX: checked as a ZIP first, then read row by row. Runs in the reading process."""

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from services.intake.imports.columns import MAX_COLUMNS
from services.intake.imports.tables import (
    BLANK,
    FORMULA,
    MAX_BLANK_ROWS,
    MAX_CELL,
    MAX_ROWS,
    PASTE,
    Cell,
    Refused,
    checked_cell,
    text_of,
)

if TYPE_CHECKING:
    from openpyxl import Workbook

MAX_ENTRIES = 2_000
MAX_UNPACKED = 256 * 1024 * 1024
MAX_SHARED_STRINGS = 48 * 1024 * 1024
# Sheets of equal rows are packed by 1:100 at most; a bomb by 1:1,000.
MAX_RATIO = 300
# Ten thousand rows of all columns that a category has, and almost as many empty cells: those cost time too. So many can
# be read in the time that there is.
MAX_CELLS = 600_000
MAX_SHEET_ROWS = MAX_ROWS + MAX_BLANK_ROWS
_RATIO_FROM = 4 * 1024 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# The beginning of a row, and of a cell, whatever its namespace is called here.
_ELEMENT = re.compile(rb"<(?:[\w.-]+:)?(?:(c)[\s/>]|row[\s/>]([^<>]*))")
_NUMBER = re.compile(rb"""(?:^|\s)r\s*=\s*["'](\d{1,9})["']""")
_PIECE = 1024 * 1024

_SAVE = "Save it anew as XLSX («Excel workbook»), with the rows alone, or as CSV UTF-8."


def xlsx_lines(path: Path) -> Iterator[tuple[int, list[Cell]]]:
    """The rows of the first sheet that is shown."""
    _check_archive(path)
    import openpyxl  # with defusedxml beside it, so that it takes no entities
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    # Else every sheet is read to its end, for its size, before we could look at one.
    cast(Any, ReadOnlyWorksheet)._get_size = _no_size
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


def _no_size(sheet: object) -> None:
    """What a sheet says of its own size is not believed."""


def _rows(book: "Workbook") -> Iterator[tuple[int, list[Cell]]]:
    sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
    if sheet is None:
        raise Refused("The workbook has no sheet that is shown.", "Put the rows on its first sheet.")
    _check_sheet(cast(Any, sheet)._get_source())
    rows = sheet.iter_rows()
    number = cells_so_far = 0
    while True:
        try:
            row = next(rows, None)
            cells = _cells(row) if row is not None else None
        except MemoryError:
            raise
        except Exception as error:
            raise _unreadable(error, number + 1) from None
        if cells is None:
            return
        number += 1
        cells_so_far += len(row or ())
        if cells_so_far > MAX_CELLS:
            raise _too_many_cells()
        yield number, cells


def _check_sheet(source: IO[bytes]) -> None:
    """Refuses what would take long to read, or of which something would be lost, by the sheet's bytes alone. Empty rows
    and cells count too."""
    rows = cells = last = 0
    with source:
        for piece in _pieces(source):
            if b"\x00" in piece:
                raise Refused("The sheet is not UTF-8.", _SAVE)
            for found in _ELEMENT.finditer(piece):
                if found[1]:
                    cells += 1
                    continue
                rows += 1
                number = _NUMBER.search(found[2] or b"")
                if number and int(number[1]) <= last:
                    raise Refused(f"Row {int(number[1])} of the sheet comes after row {last}.", _SAVE)
                last = int(number[1]) if number else last + 1
            if cells > MAX_CELLS:
                raise _too_many_cells()
            if rows > MAX_SHEET_ROWS:
                raise Refused(
                    f"The sheet has more than {MAX_SHEET_ROWS:,} rows, with the empty ones.",
                    f"Delete the empty rows below; {MAX_ROWS:,} rows that say something are the most.",
                )


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    """The sheet in pieces of which none ends inside of a tag; one tag is taken to be shorter than a piece."""
    rest = b""
    try:
        while piece := source.read(_PIECE):
            piece = rest + piece
            cut = piece.rfind(b"<")
            whole = cut if cut > 0 and len(piece) - cut < _PIECE else len(piece)
            yield piece[:whole]
            rest = piece[whole:]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise _unreadable(error) from None
    yield rest


def _too_many_cells() -> Refused:
    return Refused(
        f"The sheet has more than {MAX_CELLS:,} cells, with the empty ones.",
        "Delete the empty rows below and the empty columns to the right; else split it, or send it as CSV.",
    )


def _cells(row: Sequence[object]) -> list[Cell]:
    """As many as there can be columns; one more stands for all that say something beyond."""
    cells = [_cell(one) for one in row[:MAX_COLUMNS]]
    beyond = (cell for cell in map(_cell, row[MAX_COLUMNS:]) if cell is not BLANK)
    return [*cells, next(beyond, BLANK)] if len(row) > MAX_COLUMNS else cells


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

"""Files to download: the template, and the rows that need correcting. No cell of them is taken for a formula."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from uuid import UUID

from chassis.database import Database
from services.intake.imports import repository
from services.intake.imports.columns import harmless
from services.intake.imports.schemas import FileFormat, ProblemForm, RowView
from services.intake.imports.tables import UNPRINTABLE

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {FileFormat.CSV: "text/csv; charset=utf-8", FileFormat.XLSX: XLSX_TYPE}
PROBLEM_COLUMNS = ("row", "cell", "column", "value", "problem", "remedy", "outcome", "request_id")

_CHUNK = 500
_BLOCK = 256 * 1024
# So that spreadsheets read the file as UTF-8.
_BOM = "\ufeff"

Lines = AsyncIterator[list[Sequence[str]]]


async def once(lines: list[Sequence[str]]) -> Lines:
    """A table that is there already."""
    yield lines


async def bad_rows(database: Database, import_id: UUID, columns: Sequence[str], form: ProblemForm) -> Lines:
    """The header, then what needs correcting, in the file's order. No connection is held while the client takes it."""
    after = 0
    yield [PROBLEM_COLUMNS if form is ProblemForm.PROBLEMS else (*_said(columns), "row", "problems")]
    while True:
        async with database.transaction() as session:
            found = await repository.rows(session, import_id, [], after, _CHUNK, to_correct=True)
        if not found:
            return
        after = found[-1][0].row
        if form is ProblemForm.PROBLEMS:
            yield [line for row, _ in found for line in _problem_lines(row)]
        else:
            yield [_row_line(row, cells, columns) for row, cells in found]


def _said(columns: Sequence[str]) -> list[str]:
    return [column for column in columns if column not in ("", "row", "problems")]


def _problem_lines(row: RowView) -> Iterable[Sequence[str]]:
    for one in row.problems:
        yield (
            str(row.row),
            one.cell or "",
            one.column or "",
            one.value or "",
            one.problem,
            one.remedy or "",
            row.outcome or "",
            str(row.request_id or ""),
        )


def _row_line(row: RowView, cells: dict[str, str], columns: Sequence[str]) -> Sequence[str]:
    problems = " / ".join(
        f"{one.cell or one.column or 'row'}: {one.problem} {one.remedy or ''}" for one in row.problems
    )
    return (*(cells.get(column, "") for column in _said(columns)), str(row.row), problems)


def _safe(line: Sequence[str]) -> list[str]:
    """No formula, and nothing that a workbook can't hold: a request that was edited may say that."""
    return [harmless(UNPRINTABLE.sub("�", cell)) for cell in line]


async def as_csv(lines: Lines) -> AsyncIterator[bytes]:
    first = True
    async for chunk in lines:
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL).writerows([_safe(line) for line in chunk])
        yield ((_BOM if first else "") + text.getvalue()).encode()
        first = False


async def as_xlsx(lines: Lines) -> AsyncIterator[bytes]:
    """Written row by row to a temporary file first: a workbook's directory is at its end."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows")
    sheet.freeze_panes = "A2"

    def append(chunk: list[Sequence[str]]) -> None:
        for line in chunk:
            sheet.append(_safe(line))

    with tempfile.TemporaryDirectory(prefix="packshot-download-") as folder:
        path = Path(folder) / "rows.xlsx"
        async for chunk in lines:
            await asyncio.to_thread(append, chunk)
        await asyncio.to_thread(book.save, path)
        with await asyncio.to_thread(path.open, "rb") as file:
            while block := await asyncio.to_thread(file.read, _BLOCK):
                yield block

"""Files to import, made for tests."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import openpyxl

from chassis.testkit.harness import Harness
from tests.intake.samples import apparel, bags

IMPORTS = "/v1/imports"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Json = dict[str, Any]
Cells = Mapping[str, str]


def as_cells(brief: Json) -> dict[str, str]:
    """A brief as the cells of a row."""
    cells: dict[str, str] = {}
    for name, value in brief.items():
        if name in ("attributes", "ai"):
            cells |= {f"{name}.{key}": _text(one) for key, one in value.items()}
        elif name != "waivers":
            cells[name] = _text(value)
    return cells


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def good_row(**changes: str) -> dict[str, str]:
    return as_cells(apparel()) | changes


def bag_row(**changes: str) -> dict[str, str]:
    return as_cells(bags()) | changes


def columns_of(rows: Iterable[Cells]) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row))


def csv_file(rows: Sequence[Cells], delimiter: str = ",", columns: Sequence[str] | None = None) -> bytes:
    columns = columns or columns_of(rows)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows([[row.get(column, "") for column in columns] for row in rows])
    return text.getvalue().encode()


def xlsx_file(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> bytes:
    columns = columns or columns_of(rows)
    return xlsx_sheet([columns, *([row.get(column) for column in columns] for row in rows)])


def xlsx_sheet(lines: Iterable[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for line in lines:
        sheet.append(list(line))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(book: bytes, name: str, content: bytes) -> bytes:
    """A workbook of which one part is another one."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry.filename, old.read(entry))
        new.writestr(name, content)
    return file.getvalue()


async def send(intake: Harness, file: bytes, media_type: str = CSV, *, role: str = "producer", **params: str) -> Any:
    return await intake.client.post(
        IMPORTS,
        params={"name": "spring"} | params,
        content=file,
        headers=intake.bearer(role) | {"Content-Type": media_type},
    )


async def done(intake: Harness, answer: Any, seconds: float = 60) -> Json:
    """The import, once every row has its outcome."""
    assert answer.status_code in (200, 202), answer.text
    location = answer.headers["Location"]

    async def is_done() -> Json | None:
        view: Json = (await intake.client.get(location, headers=intake.bearer("reviewer"))).json()
        counts = view["counts"]
        parts = [counts[name] for name in ("accepted", "returned", "refused", "doubled", "left")]
        assert sum(parts) == counts["rows"], view
        if view["state"] == "done":
            assert counts["left"] == 0
            return view
        return None

    found = await intake.eventually(is_done, seconds, every=0.1)  # each look counts all rows
    assert found is not None
    return found


async def imported(intake: Harness, file: bytes, media_type: str = CSV, **params: str) -> Json:
    return await done(intake, await send(intake, file, media_type, **params))


async def rows_of(intake: Harness, view: Json, **params: Any) -> list[Json]:
    """Every page of an import's rows."""
    found: list[Json] = []
    after = 0
    while True:
        answer = await intake.client.get(
            f"{IMPORTS}/{view['id']}/rows", params=params | {"after": after}, headers=intake.bearer("reviewer")
        )
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next_after"] is None:
            return found
        after = answer.json()["next_after"]

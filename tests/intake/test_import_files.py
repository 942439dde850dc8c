"""Files that are hostile, broken or too large: refused with the cause, and nothing of them is imported."""

import asyncio
import gzip
import io
import multiprocessing
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from chassis.testkit.harness import Harness, Start, eventually
from services.intake.app import create_app
from services.intake.imports import tables, workbooks
from services.intake.imports.child import NotRead, Read, begin_reading, read_file
from services.intake.imports.reading import SMALL_CSV, Reading
from services.intake.settings import IntakeSettings
from tests.intake.conftest import tell_reference
from tests.intake.tables import (
    CSV,
    IMPORTS,
    XLSX,
    csv_file,
    done,
    good_row,
    imported,
    rows_of,
    send,
    with_part,
    xlsx_file,
    xlsx_sheet,
)

MIB = 1024 * 1024


async def nothing_stored(intake: Harness) -> None:
    for table in ("import", "import_row", "timer"):
        assert await intake.fetch(f'SELECT 1 FROM "{table}"') == [], table


def entity_sheet() -> bytes:
    """A billion laughs where the sheet should be."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
        '<c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row></sheetData></worksheet>'
    ).encode()


def external_entity() -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
        b'<c r="A1" t="inlineStr"><is><t>&f;</t></is></c></row></sheetData></worksheet>'
    )


def many_parts() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        for number in range(workbooks.MAX_ENTRIES):
            archive.writestr(f"x{number}", "")
    return file.getvalue()


def far_row() -> bytes:
    return (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>sku</t></is></c></row>'
        b'<row r="99999999"><c r="A99999999" t="inlineStr"><is><t>A1</t></is></c></row></sheetData></worksheet>'
    )


SHEET_BEGINS = (
    b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="1"><c r="A1" t="inlineStr"><is><t>sku</t></is></c></row>'
)


def sheet(*rows: bytes) -> bytes:
    return SHEET_BEGINS + b"".join(rows) + b"</sheetData></worksheet>"


def text_row(number: int, text: str = "A1") -> bytes:
    return f'<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>{text}</t></is></c></row>'.encode()


def empty_cells() -> bytes:
    """Of 95,000 rows of 75 cells each: packed it is less than half a megabyte."""
    row = b"<row>" + b"".join(b'<c s="%d"/>' % (number % 2) for number in range(75)) + b"</row>"
    return sheet(row * 95_000)


BOOK = xlsx_file([{"sku": "A1"}])
SHEET = "xl/worksheets/sheet1.xml"

FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": (CSV, lambda: b"", "first row is empty"),
    "blank header": (CSV, lambda: b",,\nA1,,\n", "first row is empty"),
    "header alone": (CSV, lambda: b"sku,use\n\n,\n", "no row below"),
    "unknown column": (CSV, lambda: b"sku,colour\nA1,red\n", "no column `colour`"),
    "doubled column": (CSV, lambda: b"sku,use,SKU\nA1,,A2\n", "there twice; first in A1"),
    "no sku": (CSV, lambda: b"use\ncatalog\n", "no column `sku`"),
    "Windows-1252": (CSV, lambda: "sku,product_name\nA1,Café\n".encode("cp1252"), "in B2 the byte 0xe9"),
    "Windows-1252 far below": (
        CSV,
        lambda: ("sku,product_name\n" + 'A1,"two\nlines"\n' * 56 + "A1,Café\n").encode("cp1252"),
        "in B58 the byte 0xe9",
    ),
    "gzip": (CSV, lambda: gzip.compress(b"sku\nA1\n"), "gzip"),
    "UTF-16": (CSV, lambda: "sku\nA1\n".encode("utf-16"), "UTF-16"),
    "an open quote": (CSV, lambda: b'sku,product_name\nA1,"open\n' + b"x\n" * 1000, "not CSV"),
    "XLSX as CSV": (CSV, lambda: BOOK, "sent as CSV"),
    "XLS as CSV": (CSV, lambda: b"\xd0\xcf\x11\xe0" * 100, "old Excel file"),
    "too many columns": (CSV, lambda: b"sku" + b",use" * 200 + b"\nA1\n", "more than 100 columns"),
    "2 million rows": (CSV, lambda: b"sku\n" + b"A1\n" * 2_000_000, "10,001th"),
    "10,001 rows of XLSX": (XLSX, lambda: xlsx_sheet([["sku"], *([f"S{n}"] for n in range(10_001))]), "10,001th"),
    "CSV as XLSX": (XLSX, lambda: b"sku\nA1\n", "not an XLSX file"),
    "a ZIP": (XLSX, lambda: with_part(BOOK, "xl/workbook.xml", b"")[:200], "not an XLSX file"),
    "no workbook in it": (XLSX, lambda: _zip({"a.txt": b"x"}), "no XLSX workbook"),
    "broken XML": (XLSX, lambda: with_part(BOOK, SHEET, b"<worksheet><row"), "read as a workbook"),
    "entities": (XLSX, lambda: with_part(BOOK, SHEET, entity_sheet()), "declares XML entities"),
    "an external entity": (XLSX, lambda: with_part(BOOK, SHEET, external_entity()), "declares XML entities"),
    "a bomb by ratio": (XLSX, lambda: with_part(BOOK, SHEET, bytes(64 * MIB)), "ZIP bomb"),
    "a bomb by size": (XLSX, lambda: with_part(BOOK, SHEET, bytes(300 * MIB)), "unpacked"),
    "a bomb of texts": (XLSX, lambda: with_part(BOOK, "xl/sharedStrings.xml", _varied(60 * MIB)), "texts"),
    "many parts": (XLSX, many_parts, "parts"),
    "empty cells": (XLSX, lambda: with_part(BOOK, SHEET, empty_cells()), "cells, with the empty ones"),
    "empty rows": (XLSX, lambda: with_part(BOOK, SHEET, sheet(b"<row/>" * 70_000)), "rows, with the empty ones"),
    "rows out of order": (XLSX, lambda: with_part(BOOK, SHEET, sheet(text_row(3), text_row(2))), "after row 3"),
    "a doubled row": (XLSX, lambda: with_part(BOOK, SHEET, sheet(text_row(2), text_row(2, "B2"))), "after row 2"),
    "a sheet in UTF-16": (
        XLSX,
        lambda: with_part(BOOK, SHEET, sheet().decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16")),
        "not UTF-8",
    ),
    "a far row": (XLSX, lambda: with_part(BOOK, SHEET, far_row()), "empty rows"),
}


def _zip(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def _varied(size: int) -> bytes:
    """Packs by less than a bomb does."""
    return b"".join(f"<si><t>{number * 7919}</t></si>".encode() for number in range(size // 20))


@pytest.mark.parametrize("name", FILES)
async def test_a_file_that_can_not_be_read_is_refused_as_a_whole(intake: Harness, name: str) -> None:
    media_type, make, words = FILES[name]
    answer = await send(intake, make(), media_type)
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert body["type"] == "urn:packshot:problem:unreadable-file"
    assert any(words in text for text in [body["detail"], *(error["detail"] for error in body["errors"])]), body
    assert body["errors"]
    assert all(error["detail"] and error["remedy"] for error in body["errors"])
    await nothing_stored(intake)


async def test_every_wrong_column_is_named_at_once(intake: Harness) -> None:
    answer = await send(intake, b"SKU;Colour;use;Size;use\nA1;;;;\n")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["B1", "D1", "E1"]


@pytest.mark.parametrize(
    ("params", "media_type", "status"),
    [
        ({}, "application/json", 415),
        ({}, "", 415),
        ({"name": ""}, CSV, 422),
        ({"name": "a\x00b"}, CSV, 422),
        ({"name": "x" * 201}, CSV, 422),
        ({"time_zone": "Mars/Olympus"}, CSV, 422),
        ({"time_zone": "../../etc/passwd"}, CSV, 422),
    ],
)
async def test_wrong_parameters(intake: Harness, params: dict[str, str], media_type: str, status: int) -> None:
    answer = await send(intake, b"sku\nA1\n", media_type, **params)
    assert answer.status_code == status, answer.text
    await nothing_stored(intake)


async def test_too_large_a_file(start: Start) -> None:
    intake = await start(create_app, IntakeSettings, max_import_bytes=1000)
    declared = await send(intake, b"sku\n" + b"A" * 1000)
    assert (declared.status_code, declared.json()["max_bytes"]) == (413, 1000)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100

    headers = intake.bearer("producer") | {"Content-Type": CSV}
    streamed = await intake.client.post(IMPORTS, params={"name": "x"}, content=pieces(), headers=headers)
    assert streamed.status_code == 413
    await nothing_stored(intake)


async def test_a_file_that_takes_too_long_ends_its_process_and_the_next_one_is_read(start: Start) -> None:
    intake = await start(create_app, IntakeSettings, read_seconds=0.001)
    await tell_reference(intake)
    slow = await send(intake, csv_file([good_row() for _ in range(3000)]))
    assert (slow.status_code, "takes longer" in slow.json()["detail"]) == (422, True)
    await nothing_stored(intake)
    intake.app.state.reading.small._seconds = intake.app.state.reading.large._seconds = 20
    assert (await imported(intake, csv_file([good_row()])))["counts"]["accepted"] == 1


async def test_many_files_at_once_wait_for_their_turn_or_are_told_to_come_again(intake: Harness) -> None:
    files = [csv_file([good_row()]) for _ in range(12)]
    answers = await asyncio.gather(*(send(intake, file) for file in files))
    assert {answer.status_code for answer in answers} <= {202, 503}
    for answer in answers:
        if answer.status_code == 202:
            await done(intake, answer)
        else:
            assert answer.headers["Retry-After"]
    await intake.fetch('TRUNCATE "import", import_row')


def large_csv() -> bytes:
    return csv_file([good_row(product_name="x" * 199) for _ in range(3)]) + b"\r\n" * SMALL_CSV


async def test_a_small_file_does_not_wait_for_a_large_one_and_that_for_so_long_only(start: Start) -> None:
    intake = await start(create_app, IntakeSettings, turn_seconds=0.2)
    await tell_reference(intake)
    reading: Reading = intake.app.state.reading
    async with reading.large._turn:  # another large one is being read
        assert (await imported(intake, csv_file([good_row()])))["counts"]["accepted"] == 1
        waited = await send(intake, large_csv())
        assert (waited.status_code, waited.headers["Retry-After"]) == (503, "5"), waited.text
        assert "Send it again" in waited.json()["detail"]
    refused = await send(intake, large_csv())
    assert (refused.status_code, "empty rows" in refused.json()["detail"]) == (422, True)


def arrived() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("packshot-import-*/file"))


async def test_who_leaves_gives_up_their_turn(start: Start) -> None:
    intake = await start(create_app, IntakeSettings, turn_seconds=300)
    reading: Reading = intake.app.state.reading
    before = arrived()
    async with intake.served() as port, reading.small._turn:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        token = intake.bearer("producer")["Authorization"]
        writer.write(
            f"POST {IMPORTS}?name=left HTTP/1.1\r\nHost: test\r\nAuthorization: {token}\r\n"
            f"Content-Type: text/csv\r\nContent-Length: 7\r\n\r\nsku\nA1\n".encode()
        )
        await writer.drain()

        async def waits() -> bool:
            return bool(reading.small._turn._waiters)

        await eventually(waits)
        assert arrived() - before
        writer.close()

        async def gone() -> bool:
            return not arrived() - before and not reading.small._turn._waiters

        await eventually(gone)
    await nothing_stored(intake)


async def test_the_line_that_excel_begins_a_file_with_is_no_row(intake: Harness) -> None:
    view = await imported(intake, b"\xef\xbb\xbfsep=;\r\n" + csv_file([good_row()], ";"))
    [row] = await rows_of(intake, view)
    assert (row["row"], row["outcome"]) == (2, "accepted")
    await intake.fetch('TRUNCATE "import", import_row')


@pytest.mark.parametrize("media_type", [CSV, XLSX])
async def test_a_cell_far_to_the_right_is_not_lost(intake: Harness, media_type: str) -> None:
    row = good_row()
    lines = [list(row), [*row.values(), *[""] * 200, "a remark"]]
    if media_type == XLSX:
        file = xlsx_sheet(lines)
    else:
        file = b"\r\n".join(",".join(f'"{cell}"' for cell in line).encode() for line in lines)
    [bad] = await rows_of(intake, await imported(intake, file, media_type))
    assert bad["outcome"] == "refused"
    [problem] = bad["problems"]
    assert (problem["value"], "no column" in problem["problem"]) == ("a remark", True)
    await intake.fetch('TRUNCATE "import", import_row')


async def test_cells_without_a_column(intake: Harness) -> None:
    row = good_row()
    file = csv_file([row]).rstrip() + b",one more,and more\r\n"
    view = await imported(intake, file)
    [bad] = await rows_of(intake, view)
    assert bad["outcome"] == "refused"
    assert [problem["column"] for problem in bad["problems"]] == [None, None]
    assert "shorter than the row" in bad["problems"][0]["problem"]
    await intake.fetch('TRUNCATE "import", import_row')


@pytest.mark.parametrize("text", ["a\uffffb", "a\ufffeb", "a\x00b", "a\x07b", "x" * 10_001, "\x1b[31m"])
async def test_cells_that_are_no_text(intake: Harness, text: str) -> None:
    view = await imported(intake, csv_file([good_row(product_name=text), good_row()]))
    bad, good = await rows_of(intake, view)
    assert (bad["outcome"], good["outcome"]) == ("refused", "accepted")
    [problem] = bad["problems"]
    assert problem["column"] == "product_name"
    await intake.fetch('TRUNCATE "import", import_row')


def test_memory_that_runs_out_is_a_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_bytes(b"sku\nA1\n")

    def out_of_memory(text: str) -> tables.Cell:
        raise MemoryError

    assert isinstance(read_file(tmp_path / "a.csv", False, tmp_path / "rows"), Read)
    monkeypatch.setattr(tables, "checked_cell", out_of_memory)
    found = read_file(tmp_path / "a.csv", False, tmp_path / "rows")
    assert isinstance(found, NotRead)
    assert "memory" in found.cause


@pytest.mark.skipif(sys.platform != "linux", reason="the system's limit is set on Linux alone")
def test_the_process_that_reads_gets_so_much_memory_and_no_more() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), begin_reading) as pool:
        with pytest.raises(MemoryError):
            pool.submit(bytearray, 2 * 1024**3).result(60)
        assert pool.submit(len, b"abc").result(60) == 3

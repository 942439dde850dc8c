"""`packshot import`, against the real app behind a real server."""

import asyncio
import io
from pathlib import Path

from rich.console import Console

from chassis.testkit.harness import Harness
from packshot.imports import import_file
from tests.intake.tables import csv_file, good_row, xlsx_file


async def command(intake: Harness, port: int, file: Path, role: str = "producer") -> tuple[int, str]:
    """Its exit code, and what it printed."""
    out = io.StringIO()
    token = intake.bearer(role)["Authorization"].removeprefix("Bearer ")
    console = Console(file=out, width=200)
    url = f"http://127.0.0.1:{port}"
    code = await asyncio.to_thread(import_file, file, url, token, file.name, "UTC", console)
    return code, out.getvalue()


async def test_problems_are_shown_and_a_second_run_makes_nothing(intake: Harness, port: int, tmp_path: Path) -> None:
    file = tmp_path / "spring.csv"
    file.write_bytes(csv_file([good_row(), good_row(deadline="[bold]soon"), good_row(product_name="=1")]))
    code, said = await command(intake, port, file)
    assert code == 1
    assert "3 rows: 1 accepted, 0 returned, 2 refused, 0 doubled." in said
    assert "G3" in said
    assert "formula" in said
    assert "problems.csv" in said
    code, said = await command(intake, port, file)
    assert (code, "imported before" in said) == (1, True)


async def test_what_is_still_to_correct_is_shown_again(intake: Harness, port: int, tmp_path: Path) -> None:
    first, second = good_row(approval_owner=""), good_row(approval_owner="")
    file = tmp_path / "spring.csv"
    file.write_bytes(csv_file([first, second]))
    assert (await command(intake, port, file))[0] == 1
    file.write_bytes(csv_file([first | {"approval_owner": "ines.moreau"}, second]))
    code, said = await command(intake, port, file)
    assert "2 rows: 1 accepted, 0 returned, 0 refused, 1 doubled." in said
    assert (code, "Nobody is named who approves" in said) == (1, True)
    file.write_bytes(csv_file([one | {"approval_owner": "ines.moreau"} for one in (first, second)]))
    assert (await command(intake, port, file))[0] == 0
    assert (await command(intake, port, file))[0] == 0


async def test_a_good_workbook(intake: Harness, port: int, tmp_path: Path) -> None:
    file = tmp_path / "spring.xlsx"
    file.write_bytes(xlsx_file([good_row(), good_row()]))
    code, said = await command(intake, port, file)
    assert (code, "2 accepted" in said) == (0, True)


async def test_what_can_not_be_imported_says_why(intake: Harness, port: int, tmp_path: Path) -> None:
    file = tmp_path / "spring.csv"
    file.write_bytes(b"sku,colour\nA1,red\n")
    code, said = await command(intake, port, file)
    assert (code, "B1: There is no column `colour`." in said) == (2, True)
    code, said = await command(intake, port, file, role="vendor")
    assert (code, "This is for: " in said) == (2, True)
    other = tmp_path / "spring.ods"
    other.write_bytes(b"x")
    code, said = await command(intake, port, other)
    assert (code, "neither .csv nor .xlsx" in said) == (2, True)

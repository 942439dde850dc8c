"""`packshot import`, against the real app behind a real server."""

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from chassis.embedded import free_port
from chassis.testkit.harness import Harness
from packshot.cli import app
from packshot.imports import import_file
from packshot.local.data import DataDirectory
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


@pytest.mark.parametrize(
    "command", [["import", "a.csv"], ["token", "--role", "producer"], ["sample"], ["run-catalogue", "."]]
)
def test_where_nothing_has_run_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """Above all no key: whoever signs with it is a stranger everywhere."""
    (tmp_path / "a.csv").write_bytes(csv_file([good_row()]))
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(app, command)
    assert ran.exit_code == 2
    assert f"Nothing has run in {tmp_path / '.packshot'} yet." in ran.output
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]


def test_with_nobody_there_the_command_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It doesn't wait for what was never there."""
    (tmp_path / "a.csv").write_bytes(csv_file([good_row()]))
    monkeypatch.chdir(tmp_path)
    assert DataDirectory.at(Path(".packshot")).issuer
    url = f"http://127.0.0.1:{free_port()}"
    ran = CliRunner().invoke(app, ["import", "a.csv", "--url", url])
    assert (ran.exit_code, f"Nothing answers at {url}." in ran.output) == (2, True)

"""What the commands of qc say of what they are given: which file, which key, and what would make it right."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from packshot.cli import app
from tests.qc.stage import Stage

NOWHERE = ("--url", "http://127.0.0.1:1", "--token", "none")
PACK = (Path(__file__).parents[2] / "services/qc/packs/thresholds.toml").read_text(encoding="utf-8")


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["qc", *map(str, arguments)], env={"COLUMNS": "80"})


@pytest.mark.parametrize("command", ["publish", "calibrate"])
def test_each_wrong_key_of_a_file_is_a_line(tmp_path: Path, command: str) -> None:
    file = tmp_path / "new.toml"
    file.write_text(PACK.replace("aspect_tolerance", "surprise").replace("dust_repeats = ", "dust_repeats = -"))
    options = NOWHERE if command == "publish" else ("--thresholds", file, "--out", tmp_path / "out.toml")
    result = run(command, file if command == "publish" else tmp_path, *options)
    assert result.exit_code == 2, result.output
    head, *lines = result.output.strip().splitlines()
    assert str(file) in head
    assert [line.split(":")[0].strip() for line in lines] == ["aspect_tolerance", "dust_repeats", "surprise"]
    assert lines[0].endswith("Send it.")
    assert lines[1].endswith("Send 2 or more.")
    assert "pydantic" not in result.output


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    for content, told in (("a = 1\nb = = 2\n", "line 2"), ("\xff", "UTF-8")):
        file.write_bytes(content.encode("latin-1"))
        result = run("publish", file, *NOWHERE)
        assert (result.exit_code, str(file) in result.output, told in result.output) == (2, True, True), result.output


def test_where_it_is_written_is_looked_at_before_anything_is_measured(tmp_path: Path) -> None:
    out = tmp_path / "none" / "new.toml"
    result = run("calibrate", tmp_path, "--out", out)
    assert (result.exit_code, str(out) in result.output) == (2, True), result.output
    assert "catalogue.csv" not in result.output
    taken = tmp_path / "taken"
    taken.write_text("")
    result = run("evaluate", tmp_path, "--out", taken)
    assert (result.exit_code, str(taken) in result.output) == (2, True), result.output


def test_a_folder_without_a_catalogue_shows_no_bar(tmp_path: Path) -> None:
    result = run("evaluate", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert result.output.splitlines() == [f"There is no {tmp_path / 'catalogue.csv'}."]


def test_a_gateway_that_is_not_there_is_told_at_once() -> None:
    result = run("verify", *NOWHERE)
    assert (result.exit_code, "Nothing answers" in result.output) == (2, True), result.output


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ("4:abc", "--known is"),
        (f"0:{'1' * 64}", "--known is"),
        (f"0:{'0' * 64}", "Nothing answers"),  # the end of a chain without decisions
        (f"1:{'1' * 64}", "Nothing answers"),
    ],
)
def test_an_end_that_no_run_has_printed_is_refused(known: str, told: str) -> None:
    result = run("verify", *NOWHERE, "--known", known)
    assert (result.exit_code, told in result.output) == (2, True), result.output


async def test_a_refused_token_is_explained(stage: Stage) -> None:
    async with stage.qc.served() as port:
        result = await asyncio.to_thread(run, "verify", "--url", f"http://127.0.0.1:{port}", "--token", "none")
    assert result.exit_code == 2
    assert result.output.strip().startswith("Who is calling? The token is refused"), result.output
    assert "{" not in result.output

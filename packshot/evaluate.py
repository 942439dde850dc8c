"""`packshot qc evaluate`: what the engine finds of defects made on purpose, as JSON and as a page."""

import os
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from packshot.problems import read_as
from services.qc.evaluation.pack import read_pack
from services.qc.evaluation.page import render
from services.qc.evaluation.pictures import draw_examples
from services.qc.evaluation.results import Evaluation
from services.qc.evaluation.running import evaluate
from services.qc.inspection.thresholds import DEFAULT

JSON_NAME, PAGE_NAME = "evaluation.json", "index.html"


def evaluate_catalogue(
    folder: Path,
    out: Path,
    checks: str,
    limit: int | None,
    processes: int,
    thresholds: Path | None,
    console: Console,
) -> int:
    """The command's exit code: 0 when every bar holds, 1 when one doesn't, 2 when it can't be measured."""
    if not _can_be_made(out):  # before all is measured in vain
        console.print(f"[red]{escape(str(out))} can't be written.[/red] Name another folder.", soft_wrap=True)
        return 2
    try:
        found = measure(folder, checks, limit, processes, thresholds, console)
    except (OSError, ValueError) as error:
        console.print(f"[red]{escape(problem(error))}[/red]", highlight=False, soft_wrap=True)
        return 2
    with bar("Drawing", console) as progress:
        pictures = draw_examples(found, folder, processes=processes, on_progress=progress)
    out.mkdir(parents=True, exist_ok=True)
    (out / JSON_NAME).write_text(found.model_dump_json(indent=1), encoding="utf-8")
    (out / PAGE_NAME).write_text(render(found, pictures), encoding="utf-8")
    console.print(_table(found))
    console.print(f"Look at {out / PAGE_NAME}; the figures are in {out / JSON_NAME}.", soft_wrap=True)
    return 0 if all(one.holds for one in found.bars) else 1


def _can_be_made(folder: Path) -> bool:
    whole = folder.absolute()
    there = next(one for one in (whole, *whole.parents) if one.exists())
    return there.is_dir() and os.access(there, os.W_OK)


def measure(
    folder: Path, checks: str, limit: int | None, processes: int, thresholds: Path | None, console: Console
) -> Evaluation:
    """Raises `OSError` and `ValueError`, as `problem` tells them."""
    bounds = read_as(thresholds, read_pack) if thresholds else DEFAULT
    asked = frozenset(check.strip().upper() for check in checks.split(",") if check.strip())
    with bar("Measuring", console) as progress:
        return evaluate(folder, thresholds=bounds, checks=asked, limit=limit, processes=processes, on_progress=progress)


def problem(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"There is no {error.filename}."
    return f"{error.filename}: {error.strerror}." if isinstance(error, OSError) else str(error)


def bar(words: str, console: Console) -> "_Bar":
    return _Bar(words, console)


class _Bar:
    """A progress bar that is told how many are done, and of how many. It shows once there is something to tell."""

    def __init__(self, words: str, console: Console) -> None:
        columns = TextColumn(words), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        self._bar = Progress(*columns, console=console)
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Callable[[int, int], None]:
        return self._tell

    def __exit__(self, *_: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def _tell(self, done: int, total: int) -> None:
        self._bar.start()  # does nothing when it runs
        self._bar.update(self._task, completed=done, total=total)


def _table(found: Evaluation) -> Table:
    table = Table("bar", title=f"{found.photos} clean photos of {found.catalogue}")
    for head in ("measured", "asked", "holds"):
        table.add_column(head, justify="right")
    table.add_column("")
    for one in found.bars:
        value = "–" if one.value is None else f"{one.value:g} {one.unit}"
        table.add_row(
            one.name, value, one.bar, "yes" if one.holds else "no", one.detail, style=None if one.holds else "red"
        )
    return table

"""`packshot qc false-fails`: how often each automatic check fails a clean photo."""

import os
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from contracts.values import MeasurementOutcome
from services.qc.inspection.false_fails import MOST, CheckCount, count_false_fails


def print_false_fails(folder: Path, console: Console) -> int:
    """The command's exit code: 0 when no check fails more clean photos than the bar allows."""
    try:
        with Progress(TextColumn("Measuring"), BarColumn(), MofNCompleteColumn(), console=console) as bar:
            task = bar.add_task("", total=None)

            def progress(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            counts = count_false_fails(folder, os.cpu_count() or 1, progress)
    except FileNotFoundError as error:
        console.print(f"[red]There is no {error.filename}[/red]")
        return 2
    console.print(_table(counts))
    for count in counts:
        for file, detail in count.failed.items():
            console.print(f"{count.check} {file}: {detail}", highlight=False)
    within = all(count.false_fail_rate <= MOST for count in counts)
    console.print(f"Every check within {MOST:g} %: {'yes' if within else '[red]no[/red]'}")
    return 0 if within else 1


def _table(counts: list[CheckCount]) -> Table:
    table = Table("check", "name", title="Clean photos, by what each check said")
    for head in (*(outcome.value.replace("_", " ") for outcome in MeasurementOutcome), "false fails %"):
        table.add_column(head, justify="right")
    for count in counts:
        outcomes = (str(count.outcomes[outcome]) for outcome in MeasurementOutcome)
        style = "red" if count.false_fail_rate > MOST else None
        table.add_row(count.check, count.name, *outcomes, f"{count.false_fail_rate:.2f}", style=style)
    return table

"""`packshot qc calibrate`: thresholds fitted to what an evaluation read, as a new version of their pack."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from packshot.evaluate import JSON_NAME, measure, problem
from packshot.problems import read_as
from services.qc.evaluation.calibration import Fit, fit, fitted
from services.qc.evaluation.pack import write_pack
from services.qc.evaluation.results import Evaluation


def calibrate(
    source: Path,
    out: Path,
    most_fails: float,
    most_flags: float,
    processes: int,
    thresholds: Path | None,
    console: Console,
) -> int:
    """The command's exit code: 0 when the pack is written, changed or not; 2 when it can't be."""
    if out.is_dir() or not out.parent.is_dir() or not os.access(out.parent, os.W_OK):  # before all is measured in vain
        console.print(
            f"[red]{escape(str(out))} can't be written.[/red] Name a file in a folder that is there.",
            highlight=False,
            soft_wrap=True,
        )
        return 2
    try:
        evaluation = _evaluation(source, processes, thresholds, console)
    except (OSError, ValueError) as error:
        console.print(f"[red]{escape(problem(error))}[/red]", highlight=False, soft_wrap=True)
        return 2
    fits = fit(evaluation, most_fails, most_flags)
    console.print(_table(fits))
    changes = [one for one in fits if one.changes]
    origin = (
        f"{evaluation.photos} photos of {evaluation.catalogue}; "
        f"at most {most_fails:g} % of clean pictures fail, {most_flags:g} % are flagged"
    )
    write_pack(out, fitted(evaluation.thresholds, fits), fits, origin)
    said = f"{len(changes)} of {len(fits)} bounds change" if changes else "No bound changes"
    console.print(f"{said}. The pack is in {out}.", soft_wrap=True)
    see, publish = f"packshot qc evaluate … --thresholds {out}", f"packshot qc publish {out}"
    console.print(f"To see what it does: {see}; to have files measured against it: {publish}", soft_wrap=True)
    return 0


def _evaluation(source: Path, processes: int, thresholds: Path | None, console: Console) -> Evaluation:
    """Of a file that `evaluate` wrote, of the folder that it is in, or of a catalogue that is measured now."""
    file = source / JSON_NAME if (source / JSON_NAME).is_file() else source
    if file.is_file():
        return read_as(file, lambda it: Evaluation.model_validate_json(it.read_text(encoding="utf-8")))
    return measure(source, "", None, processes, thresholds, console)


def _table(fits: Sequence[Fit]) -> Table:
    table = Table("check", "bound", title="Thresholds: what is, and what is proposed")
    for head in ("is", "becomes", "clean beyond it", "defects found"):
        table.add_column(head, justify="right")
    table.add_column("why")
    for one in fits:
        table.add_row(
            one.check,
            f"{one.key} {one.bound}".strip(),
            f"{one.before:g}",
            f"{one.after:g}" if one.changes else "",
            _step(one.false_before, one.false_after, one.changes),
            _step(one.found_before, one.found_after, one.changes),
            one.words,
            style="bold" if one.changes else "dim",
        )
    return table


def _step(before: float, after: float, changes: bool) -> str:
    return f"{before:.1f} → {after:.1f} %" if changes else f"{before:.1f} %"

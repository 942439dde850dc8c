"""Runs benchmarks, prints one table and writes `bench.json`. Fails when a bar isn't met."""

import importlib
import json
import pkgutil
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

import bench
from bench.figure import Figure

OUT = Path("bench.json")


def names() -> list[str]:
    """Every module of this package that has a `run`."""
    found = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_"))
    return [name for name in found if hasattr(importlib.import_module(f"bench.{name}"), "run")]


def table(figures: Iterable[Figure]) -> Table:
    shown = Table(title="Packshot's benchmarks", title_justify="left")
    for heading in ("what", "value", "unit", "against", "ratio", "bar", "holds"):
        shown.add_column(heading, justify="right" if heading in ("value", "ratio") else "left")
    for one in figures:
        holds = {True: "[green]yes[/green]", False: "[red]no[/red]", None: ""}[one.holds]
        ratio = "" if one.ratio is None else f"{one.ratio:.2f} ×"
        shown.add_row(one.name, f"{one.value:,.4g}", one.unit, one.against or "", ratio, one.bar or "", holds)
    return shown


def main(wanted: list[str]) -> int:
    console, known = Console(), names()
    if unknown := sorted(set(wanted) - set(known)):
        console.print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(known)}.", style="red")
        return 2
    figures: list[Figure] = []
    for name in wanted or known:
        console.print(f"[bold]{name}[/bold] …")
        figures += importlib.import_module(f"bench.{name}").run()
    console.print(table(figures))
    OUT.write_text(json.dumps([asdict(one) for one in figures], indent=2, ensure_ascii=False) + "\n")
    console.print(f"Written to {OUT}.")
    return 0 if all(one.holds is not False for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

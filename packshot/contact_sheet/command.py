"""The command itself: progress, the page, and what it says at the end."""

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contracts.values import MeasurementOutcome
from packshot.contact_sheet.making import Row, read_photos, render_all
from packshot.contact_sheet.page import page
from packshot.evaluate import bar, problem
from services.assets.rendering.channels import default_channel_packs

PAGE_NAME = "index.html"


def make_contact_sheet(
    catalogue: Path, out: Path, channels: str, limit: int | None, processes: int, console: Console, *, every: bool
) -> int:
    """The exit code: 0 when no variant fails its channel's checks, 1 when one does, 2 when nothing can be rendered."""
    known = default_channel_packs()
    wanted = [one.strip() for one in channels.split(",") if one.strip()] or sorted(known)
    if unknown := sorted(set(wanted) - known.keys()):
        return _refuse(f"There is no channel {', '.join(unknown)}. There are: {', '.join(sorted(known))}.", console)
    packs = [known[channel] for channel in wanted]
    try:
        photos = read_photos(catalogue, every=every)[:limit]
        with bar("Rendering", console) as progress:
            rows = list(render_all(photos, packs, out, processes, progress))
    except (FileNotFoundError, ValueError) as error:
        return _refuse(problem(error), console)
    (out / PAGE_NAME).write_text(page(catalogue.name, rows, packs), encoding="utf-8")
    console.print(_table(rows))
    for row in rows:
        for tile in row.tiles:
            for text in (
                [tile.problem]
                if tile.problem
                else [f"{one.check} {one.detail}" for one in tile.of(MeasurementOutcome.FAIL)]
            ):
                console.print(f"{tile.channel} {row.photo.path.name}: {text}", highlight=False, markup=False)
    console.print(f"Look at {out / PAGE_NAME}; the files are beside it, a folder a channel.", soft_wrap=True)
    return 1 if any(tile.verdict is MeasurementOutcome.FAIL for row in rows for tile in row.tiles) else 0


def _refuse(text: str, console: Console) -> int:
    console.print(f"[red]{escape(text)}[/red]", highlight=False)
    return 2


def _table(rows: list[Row]) -> Table:
    """Of each channel, how many variants came to which verdict."""
    table = Table("channel", title=f"{len(rows)} masters")
    for outcome in MeasurementOutcome:
        table.add_column(outcome.value.replace("_", " "), justify="right")
    for tiles in zip(*(row.tiles for row in rows), strict=True):
        counts = Counter(tile.verdict for tile in tiles)
        style = "red" if counts[MeasurementOutcome.FAIL] else None
        table.add_row(tiles[0].channel, *(str(counts[outcome]) for outcome in MeasurementOutcome), style=style)
    return table

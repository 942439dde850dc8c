"""`packshot qc publish`: a file of thresholds becomes the next version of their pack."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from packshot.play.api import Api, ApiError, is_there
from packshot.problems import BadFile, explain, read_as
from services.qc.evaluation.pack import read_pack

PATH = "/v1/thresholds"
Json = dict[str, Any]


def publish_thresholds(file: Path, url: str, token: str, console: Console) -> int:
    """The command's exit code: 0 when the file's thresholds are in force, 2 when they couldn't be published."""
    try:
        bounds = read_as(file, read_pack).model_dump(mode="json")
    except BadFile as error:
        console.print(f"[red]{escape(str(error))}[/red]", highlight=False, soft_wrap=True)
        return 2
    if not is_there(url, console):
        return 2
    try:
        return asyncio.run(_publish(bounds, url, token, console))
    except ApiError as error:
        explain(error.body, console)
    except TimeoutError as error:
        console.print(f"[red]Stopped: {error}[/red]", highlight=False)
    return 2


async def _publish(bounds: Json, url: str, token: str, console: Console) -> int:
    """Only where nobody has published meanwhile. What a category is held to instead stays as it is."""
    async with httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(60)) as client:
        api = Api(client, token)
        current = await api.get(PATH)
        changed = {name: (was, bounds[name]) for name, was in current["bounds"].items() if bounds[name] != was}
        if not changed:
            console.print(f"These are the thresholds in force: version {current['version']}. Nothing was published.")
            return 0
        published = await api.put(
            PATH, {"bounds": bounds, "categories": current["categories"]}, etag=f'"{current["version"]}"'
        )
    table = Table("threshold", "was", "is", title=f"Version {published['version']}")
    for name, (was, now) in changed.items():
        table.add_row(name, _words(was), _words(now))
    console.print(table)
    held = ", ".join(current["categories"])
    console.print("Files are measured against it from now on; what is measured keeps its measurements.")
    if held:
        console.print(f"Categories keep their own bounds: {escape(held)}.", highlight=False)
    return 0


def _words(value: Any) -> str:
    return f"{value['passes']:g} / {value['flags']:g}" if isinstance(value, dict) else f"{value:g}"

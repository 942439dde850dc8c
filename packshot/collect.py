"""`packshot assets collect`: deletes the stored files that nothing refers to, some shelves at a time."""

import asyncio

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from packshot.play.api import Api, ApiError, is_there
from services.assets.upkeep.domain import SHELVES


def collect_orphans(url: str, token: str, console: Console) -> int:
    """The command's exit code: 0 when all is gone through, 2 when that wasn't possible."""
    if not is_there(url, console):
        return 2
    try:
        files, size = asyncio.run(_collect(url, token, console))
    except (ApiError, TimeoutError, httpx.HTTPError) as error:
        console.print(f"The store can't be tidied: {error}", style="red", markup=False, highlight=False)
        return 2
    console.print(f"{files:,} orphans deleted, {size / 1e6:,.1f} MB.")
    return 0


async def _collect(url: str, token: str, console: Console) -> tuple[int, int]:
    files = size = 0
    columns = TextColumn("Shelves"), BarColumn(), MofNCompleteColumn()
    async with httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(60)) as client:
        api, shelf = Api(client, token), "00"
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("", total=SHELVES)
            while shelf is not None:
                done = await api.post(f"/v1/store/orphans:collect?shelf={shelf}")
                files, size, shelf = files + done["files"], size + done["bytes"], done["next_shelf"]
                bar.update(task, completed=int(shelf, 16) if shelf else SHELVES)
    return files, size

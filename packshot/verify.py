"""`packshot qc verify`: whether the decisions are those that were made, on what was measured."""

import asyncio
import re
from collections.abc import Sequence

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from packshot.play.api import Api, ApiError, Json, is_there
from packshot.problems import explain
from services.qc.decisions.chain import BASIS, GENESIS, Break, Walk, changed_since

PAGE, INSPECTIONS = 500, 100


def verify_decisions(url: str, token: str, known: str | None, console: Console) -> int:
    """The command's exit code: 0 when the chain holds, 1 when it is broken, 2 when it can't be read."""
    if known is not None and not _could_be_known(known):
        console.print("[red]--known is `position:hash`, as an earlier run printed it.[/red]", highlight=False)
        return 2
    if not is_there(url, console):
        return 2
    walk = Walk()
    try:
        broken = asyncio.run(_follow(walk, url, token, known, console))
    except ApiError as error:
        explain(error.body, console)
        return 2
    except (TimeoutError, httpx.HTTPError) as error:
        console.print(f"The decisions can't be read: {error}", style="red", markup=False, highlight=False)
        return 2
    if broken:
        console.print(f"[red]Broken at decision {broken.position}[/red]: {broken.cause}.", highlight=False)
        return 1
    if walk.sealed:
        console.print(f"{walk.sealed} can't be read before their gates are closed: verify again then.")
    if walk.without_basis:
        console.print(f"{walk.without_basis} are from before the chain covered what they were made on.")
    console.print(f"{walk.position} decisions, none changed, removed or put in between. Keep the end of the chain:")
    console.print(f"{walk.position}:{walk.hash}", highlight=False, soft_wrap=True)
    return 0


async def _follow(walk: Walk, url: str, token: str, known: str | None, console: Console) -> Break | None:
    position, hash = _parted(known)
    columns = TextColumn("Decisions"), BarColumn(), MofNCompleteColumn()
    async with httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(60)) as client:
        api = Api(client, token)
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("", total=None)
            while part := await api.get("/v1/decisions/chain", after=walk.position, limit=PAGE):
                for decision in part["items"]:
                    if broken := walk.follow([decision]):
                        return broken
                    if walk.position == position and walk.hash != hash:
                        return Break(position, "the chain up to here was made anew: its hash is not the known one")
                if broken := changed_since(part["items"], await _measured(api, part["items"])):
                    return broken
                bar.update(task, total=part["head"], completed=walk.position)
                if not part["items"]:
                    break
    if walk.position < position:
        return Break(walk.position + 1, f"is missing, and all up to {position}, which is known")
    return None


async def _measured(api: Api, decisions: Sequence[Json]) -> list[Json]:
    """What is kept now of the inspections that these decisions were made on: counted here, not by the server."""
    versions = list(dict.fromkeys(one["version_id"] for one in decisions if one.get(BASIS)))
    found: list[Json] = []
    for first in range(0, len(versions), INSPECTIONS):
        page = await api.get("/v1/inspections", version_id=versions[first : first + INSPECTIONS])
        found += page["items"]
    return found


def _could_be_known(known: str) -> bool:
    """Before the first decision there is one end alone."""
    if not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", known):
        return False
    position, hash = _parted(known)
    return position > 0 or hash == GENESIS


def _parted(known: str | None) -> tuple[int, str]:
    position, _, hash = (known or f"0:{GENESIS}").partition(":")
    return int(position), hash

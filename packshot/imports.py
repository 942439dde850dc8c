"""`packshot import`: a file of requests through the public API, with its progress, and its problems at the end."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from packshot.play.api import Api, ApiError, is_there, poll
from packshot.problems import explain

Json = dict[str, Any]

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SHOWN = 30
PATIENCE_SECONDS = 3600


def import_file(file: Path, url: str, token: str, name: str, time_zone: str, console: Console) -> int:
    """The command's exit code: 0 when every row is a request that was accepted, now or before; 1 when something is to
    correct; 2 when nothing was imported."""
    media_type = MEDIA_TYPES.get(file.suffix.lower())
    if media_type is None:
        console.print(f"[red]{file.name} is neither .csv nor .xlsx.[/red]", highlight=False)
        return 2
    if not is_there(url, console):
        return 2
    try:
        return asyncio.run(_Import(file, media_type, url, token, console).run(name, time_zone))
    except ApiError as error:
        explain(error.body, console)
    except TimeoutError as error:
        console.print(f"[red]Stopped: {error}[/red] Is it running? Start it: packshot up", highlight=False)
    return 2


class _Import:
    def __init__(self, file: Path, media_type: str, url: str, token: str, console: Console) -> None:
        self._file, self._media_type, self._url, self._token = file, media_type, url, token
        self._console = console

    async def run(self, name: str, time_zone: str) -> int:
        async with httpx.AsyncClient(base_url=self._url, timeout=httpx.Timeout(60)) as client:
            api = Api(client, self._token)
            answer = await api.upload(
                "/v1/imports", self._file, {"Content-Type": self._media_type}, name=name, time_zone=time_zone
            )
            if answer.is_error:
                raise ApiError(answer)
            if answer.status_code == 200:
                self._console.print("This file is being imported already; nothing is made twice.")
            view = await self._until_done(api, answer.json())
            return await self._report(api, view)

    async def _until_done(self, api: Api, view: Json) -> Json:
        columns = TextColumn("Rows"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=self._console) as bar:
            task = bar.add_task("", total=view["counts"]["rows"])

            async def done() -> Json | None:
                now: Json = await api.get(f"/v1/imports/{view['id']}")
                bar.update(task, completed=now["counts"]["rows"] - now["counts"]["left"])
                return now if now["state"] == "done" else None

            return await poll(done, "the rows to be worked off", seconds=PATIENCE_SECONDS)

    async def _report(self, api: Api, view: Json) -> int:
        counts = view["counts"]
        said = ", ".join(f"{counts[name]} {name}" for name in ("accepted", "returned", "refused", "doubled"))
        self._console.print(f"{counts['rows']} rows: {said}.")
        if counts["doubled"]:
            self._console.print("Doubled rows were imported before: nothing is made twice.")
        bad = view["to_correct"]
        if not bad:
            return 0
        page = await api.get(f"/v1/imports/{view['id']}/rows", to_correct=True, limit=SHOWN)
        table = Table("cell", "column", "problem", "remedy", title="To correct")
        for row in page["items"]:
            for problem in row["problems"]:
                cell = problem["cell"] or f"row {row['row']}"
                texts = (cell, problem["column"] or "", problem["problem"], problem["remedy"] or "")
                table.add_row(*(escape(text) for text in texts))
        self._console.print(table)
        if bad > SHOWN:
            self._console.print(f"… and more: {bad} rows in all.")
        self._console.print(
            f"All of them as a file: GET {self._url}/v1/imports/{view['id']}/problems.csv\n"
            "Correct your file and import it again: what was imported before makes nothing twice.",
            highlight=False,
        )
        return 1

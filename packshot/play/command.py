"""`packshot run-catalogue` and `packshot sample`: play, show the progress, then the table."""

import asyncio
import tempfile
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from chassis.ids import new_id
from packshot.local.data import DataDirectory
from packshot.play.api import Api, ApiError, Json, VendorApi, is_there, poll
from packshot.play.before import clear
from packshot.play.cast import Cast
from packshot.play.catalogue import BadCatalogue, Product, read_catalogue
from packshot.play.plan import ProductPlan, make_plan
from packshot.play.player import CHANNELS, Player, Stage
from packshot.play.tally import Figure, Tally, figures_of

AT_ONCE = 8
DESKS = 24
VENDOR = "lens-and-light"

Samples = list[tuple[str, dict[str, str], float]]


def play_catalogue(folder: Path, url: str | None, data: DataDirectory, console: Console) -> int:
    """The command's exit code: 0 when everything is through and every number agrees."""
    try:
        products = read_catalogue(folder)
    except BadCatalogue as error:
        console.print(f"[red]{error}[/red]")
        return 2
    running = data.running()
    url = url or data.url
    metrics = f"http://127.0.0.1:{running['processes']['metrics']['port']}/metrics" if running else None
    if not is_there(url, console):
        return 2
    code = 1
    try:
        code = asyncio.run(_Run(products, url, metrics, data, console).play())
    except* (AssertionError, ApiError, TimeoutError) as errors:  # several products may fail at once
        for one in _leaves(errors):
            console.print(f"[red]Stopped: {one}[/red]", highlight=False)
    return code


def _leaves(errors: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The first few errors themselves, out of their groups."""
    found: list[BaseException] = []
    for one in errors.exceptions:
        found += _leaves(one) if isinstance(one, BaseExceptionGroup) else [one]
    return found[:5]


def play_sample(folder: Path, skus: int, url: str | None, data: DataDirectory, console: Console) -> int:
    """Make the sample's photos, then play them."""
    from packshot.sample.catalogue import make_catalogue

    with _bar(console) as bar:
        task = bar.add_task("Rendering photos", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        make_catalogue(folder, skus=skus, progress=progress)
    console.print(f"The photos are in {folder}", highlight=False)
    return play_catalogue(folder, url, data, console)


def _bar(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console)


class _Run:
    def __init__(
        self, products: list[Product], url: str, metrics: str | None, data: DataDirectory, console: Console
    ) -> None:
        self._plans = make_plan(products)
        self._url = url
        self._metrics = metrics
        self._data = data
        self._console = console
        self._tally = Tally()
        self._photos = [photo for product in products for photo in product.photos]

    async def play(self) -> int:
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=32)
        timeout = httpx.Timeout(60, pool=None)
        async with httpx.AsyncClient(base_url=self._url, limits=limits, timeout=timeout) as client:
            api = Api(client)
            cast = Cast(self._data.issuer, api)
            producer = cast.one("producer").api
            await clear(cast.one("producer"), [plan.product.sku for plan in self._plans])
            before, scraped = await producer.get("/v1/metrics/summary"), await self._scrape()
            with tempfile.TemporaryDirectory() as scratch:
                stage = await self._stage(client, cast, Path(scratch))
                await self._play_all(stage)
            whole = await self._compare_finals(producer)
            return await self._report(producer, before, scraped, whole)

    async def _stage(self, client: httpx.AsyncClient, cast: Cast, scratch: Path) -> Stage:
        producer = cast.one("producer").api
        wanted = {plan.product.category for plan in self._plans}
        categories = {name: await producer.get(f"/v1/categories/{name}") for name in sorted(wanted)}
        reasons = await producer.get("/v1/reasons")
        facets = {one["id"]: one["ai_facet"] for one in reasons["reasons"]}
        await producer.send("PUT", f"/v1/vendors/{VENDOR}", json={"name": "Lens & Light"})
        secret = (await producer.post(f"/v1/vendors/{VENDOR}/secret"))["secret"]
        vendor = VendorApi(client, VENDOR, secret)
        return Stage(str(new_id()), cast, vendor, self._tally, categories, facets, scratch, asyncio.Semaphore(DESKS))

    async def _play_all(self, stage: Stage) -> None:
        places = asyncio.Semaphore(AT_ONCE)
        with _bar(self._console) as bar:
            task = bar.add_task("Work approved", total=len(self._photos) * (1 + len(CHANNELS)))

            async def one(plan: ProductPlan) -> None:
                async with places:
                    await Player(stage, plan, lambda: bar.advance(task)).play()

            async with asyncio.TaskGroup() as group:
                for plan in self._plans:
                    group.create_task(one(plan))

    async def _compare_finals(self, reader: Api) -> bool:
        """The approved final of every photo's slot, byte for byte."""
        wrong = []
        with _bar(self._console) as bar:
            task = bar.add_task("Finals compared", total=len(self._photos))
            for photo in self._photos:
                final = await reader.get("/v1/finals", sku=photo.sku, colorway=photo.colorway, view=photo.view)
                if await reader.digest(f"/v1/versions/{final['id']}/content") != photo.sha256:
                    wrong.append(photo)
                bar.advance(task)
        for photo in wrong:
            self._console.print(f"[red]{photo.sku} {photo.colorway} {photo.view}: another file than {photo.path}[/red]")
        return not wrong

    async def _scrape(self) -> Samples:
        if self._metrics is None:
            return []
        async with httpx.AsyncClient(timeout=30) as client:
            text = (await client.get(self._metrics)).raise_for_status().text
        return [
            (sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]

    async def _report(self, producer: Api, before: Json, scraped: Samples, whole: bool) -> int:
        figures = figures_of(self._tally)
        counted = {figure.name: self._tally.counts[figure.name] for figure in figures}

        async def agrees() -> Json | None:
            after = await producer.get("/v1/metrics/summary")
            return after if all(_since(one, after, before) == counted[one.name] for one in figures) else None

        try:
            after = await poll(agrees, "the figures", seconds=30)
        except TimeoutError:
            after = await producer.get("/v1/metrics/summary")
        exposed = await self._scrape()
        self._console.print(self._table(figures, before, after, scraped, exposed))
        agree = all(_since(one, after, before) == counted[one.name] for one in figures) and (
            not exposed or all(_exposed(one, exposed, scraped) == counted[one.name] for one in figures)
        )
        self._console.print(f"Finals byte for byte the photos: {'yes' if whole else '[red]no[/red]'}")
        self._console.print(f"Every number the same everywhere: {'yes' if agree else '[red]no[/red]'}")
        if not agree:
            self._console.print("Did others use the system meanwhile? Their requests and files are counted there too.")
        return 0 if agree and whole else 1

    def _table(self, figures: list[Figure], before: Json, after: Json, scraped: Samples, exposed: Samples) -> Table:
        table = Table(title="What happened")
        table.add_column("what", no_wrap=True)
        for head in ("this run", "summary", *(["Prometheus"] if exposed else [])):
            table.add_column(head, justify="right")
        for figure in figures:
            row = [str(self._tally.counts[figure.name]), str(_since(figure, after, before))]
            if exposed:
                row.append(str(_exposed(figure, exposed, scraped)))
            table.add_row(figure.name, *row, style=None if len(set(row)) == 1 else "red")
        return table


def _since(figure: Figure, after: Json, before: Json) -> int:
    return figure.in_summary(after) - figure.in_summary(before)


def _exposed(figure: Figure, after: Samples, before: Samples) -> int:
    return figure.in_exposition(after) - figure.in_exposition(before)

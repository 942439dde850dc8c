"""A month's file: 10,000 SKUs × 4 views × 3 channels, from the upload to the last routed work item (160,000 of them).

Intake and routing run as `packshot up` runs them, on PostgreSQL and NATS with their durable settings; the services that
only listen are held, since what they do with it is not routing's cost.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import asyncpg
import httpx

from bench.figure import Figure
from chassis.clock import now
from packshot.local.topology import DATABASE
from tests.whole import Whole, until, whole_packshot

SKUS, VIEWS, CHANNELS = 10_000, ("front", "back", "side", "detail"), ("pdp", "amazon", "zalando")
ITEMS_A_SKU = len(VIEWS) * (1 + len(CHANNELS))
FEW_SKUS, FEW_TIMES = 625, 3  # 10,000 items, measured on an empty table and beside the month's
BAR_RATE, BAR_FLAT = 5_000, 1.2
PATIENCE = 600
_WORKING = {"postgres", "nats", "intake", "routing"}

_CATEGORY = {
    "title": "Benchmark goods",
    "materials": ["cotton", "knit", "lace"],
    "fields": [
        {"name": "fit_notes", "type": "text", "asks": "how it fits", "remedy": "Describe the fit."},
    ],
    "recipe": [{"view": view, "title": view.title(), "spec": {"min_width": 1000}} for view in VIEWS],
}


def run() -> list[Figure]:
    with whole_packshot() as whole, ExitStack() as stack:
        _publish_category(whole)
        for name in whole.processes().keys() - _WORKING:
            stack.enter_context(whole.held(name))
        bench = _Bench(whole)
        few = [bench.seconds_for(FEW_SKUS) for _ in range(FEW_TIMES)]
        month = bench.seconds_for(SKUS)
        beside = [bench.seconds_for(FEW_SKUS) for _ in range(FEW_TIMES)]
    rate = SKUS * ITEMS_A_SKU / month
    at_first, later = (min(some) / (FEW_SKUS * ITEMS_A_SKU) * 1e6 for some in (few, beside))
    return [
        Figure(
            "intake to routed work items", rate, "items/s", bar=f"≥ {BAR_RATE:,}/s", holds=rate >= BAR_RATE
        ),
        Figure(
            f"cost of a work item beside {SKUS * ITEMS_A_SKU:,}", later, "µs",
            against=f"the first {FEW_SKUS * ITEMS_A_SKU:,}: {at_first:,.0f} µs",
            ratio=later / at_first, bar=f"≤ {BAR_FLAT} ×", holds=later / at_first <= BAR_FLAT,
        ),
    ]  # fmt: skip


def _publish_category(whole: Whole) -> None:
    headers = whole.token("creative_ops_manager") | {"If-Match": '"0"'}
    answer = httpx.put(f"{whole.url}/v1/categories/benchmark", json=_CATEGORY, headers=headers, timeout=30)
    answer.raise_for_status()


class _Bench:
    """One month after the other, each of new SKUs."""

    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self._made = 0
        ports = whole.processes()
        self._intake = f"http://127.0.0.1:{ports['intake']['port']}"
        password = whole.data.passwords()["routing"]
        self._database = f"postgresql://routing:{password}@127.0.0.1:{ports['postgres']['port']}/{DATABASE}"
        self._token = whole.token("producer")

    def seconds_for(self, skus: int) -> float:
        """From the upload of a file of so many SKUs to the last of their work items."""
        first = self._made
        self._made += skus
        file = "\n".join(_lines(first, skus)).encode()
        wanted, started = self._made * ITEMS_A_SKU, time.perf_counter()
        headers = self._token | {"Content-Type": "text/csv"}
        answer = httpx.post(
            f"{self._intake}/v1/imports", params={"name": "month"}, content=file, headers=headers, timeout=120
        )
        assert answer.status_code == 202, answer.text
        asyncio.run(self._until_made(wanted))
        seconds = time.perf_counter() - started
        self._until_quiet(answer.json()["id"], skus)
        return seconds

    async def _until_made(self, wanted: int) -> None:
        connection = await asyncpg.connect(self._database, server_settings={"search_path": "routing"})
        try:
            async with asyncio.timeout(PATIENCE):
                # The newest statistics would be late; a count of ids is quick enough twice a second.
                while await connection.fetchval("SELECT count(*) FROM work_item") < wanted:  # noqa: ASYNC110
                    await asyncio.sleep(0.25)
        finally:
            await connection.close()

    def _until_quiet(self, import_id: str, skus: int) -> None:
        """Everything was accepted, and all events are sent: the next one measures itself alone."""
        counts: dict[str, Any] = httpx.get(
            f"{self._intake}/v1/imports/{import_id}", headers=self._token, timeout=30
        ).json()["counts"]
        assert counts["accepted"] == skus, counts

        def all_sent() -> bool:
            return all("packshot_unsent_events" not in line or line.endswith(" 0.0") for line in self._expositions())

        until(all_sent, "all events to be sent", PATIENCE)

    def _expositions(self) -> Iterator[str]:
        for name in ("intake", "routing"):
            yield from (line for line in self._whole.exposition(name).splitlines() if not line.startswith("#"))


def _lines(first: int, skus: int) -> Iterator[str]:
    yield (
        "sku,product_name,category,materials,use,colorways,channels,references,deadline,approval_owner,priority,"
        "attributes.fit_notes"
    )
    deadline = f"{now() + timedelta(days=40):%Y-%m-%dT%H:%M:%SZ}"
    for number in range(first, first + skus):
        material = ("cotton", "cotton", "knit", "lace")[number % 4]
        yield (
            f"BENCH-{number:07},Argus Tee {number},benchmark,{material},catalog,black,{';'.join(CHANNELS)},"
            f"https://brand.example/guide.pdf,{deadline},ines.moreau,normal,Regular fit {number}."
        )

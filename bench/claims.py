"""What a claim costs while 100,000 items wait: over HTTP, from a routing service in a process of its own.

The bar is for 64 people who claim as people do, each every few seconds: one who has to wait waits for the few who ask
at the same moment. People without a pause show what the service can do at most. Then each waits for all the others, so
no service has a better mean than their number by its rate: against that stands their p99. Against the rate stands that
of a bare UPDATE by as many connections, which checks nothing, keeps nothing and tells nobody.
"""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import asyncpg

from bench import full_queue
from bench.figure import Figure
from bench.full_queue import WAITING
from bench.service import service, until_it_answers
from chassis.issuer import LocalIssuer
from chassis.testkit import servers

FEW, MANY = 8, 64
CLAIMS = 800
WARM_UP = 200
A_SECOND = 20
BAR_MS = 50


@dataclass
class Claimed:
    """What claims took, each: seconds, and the items; and how many answers were 503: try again."""

    seconds: list[float] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    whole: float = 0
    busy: int = 0

    @property
    def rate(self) -> float:
        """A second."""
        return len(self.seconds) / self.whole

    def ms(self, share: float) -> float:
        return round(statistics.quantiles(self.seconds, n=1000)[round(share * 1000) - 1] * 1000, 1)


def run() -> list[Figure]:
    started = servers.TestServers()
    try:
        return asyncio.run(_measure())
    finally:
        started.stop()


async def _measure() -> list[Figure]:
    await servers.until_server_answers()
    await servers.provision_service("routing")
    issuer = LocalIssuer(Path(os.environ[servers.FOLDER]) / "issuer")
    with service("routing", issuer) as url:
        async with _client(url) as client:
            await until_it_answers(client)
            await full_queue.fill()
            return await _figures(client, issuer)


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as client:
        yield client


async def _figures(client: aiohttp.ClientSession, issuer: LocalIssuer) -> list[Figure]:
    await full_queue.limit(None)
    await _claims(client, issuer, "anyone", MANY, WARM_UP)  # until each connection has its statements prepared
    alone = await _claims(client, issuer, "anyone", 1, CLAIMS // 4)
    people = await _people(client, issuer)
    limited = await _claims(client, issuer, "limited", FEW, CLAIMS)
    crowd = await _claims(client, issuer, "anyone", MANY, CLAIMS)
    keyed = await _claims(client, issuer, "anyone", MANY, CLAIMS, keyed=True)
    bare = await _bare()
    await full_queue.limit(CLAIMS + MANY)  # so high that it stops nobody, and counted all the same
    counted = await _claims(client, issuer, "anyone", FEW, CLAIMS)
    counted_crowd = await _claims(client, issuer, "anyone", MANY, CLAIMS)
    runs = [alone, people, limited, crowd, keyed, bare, counted, counted_crowd]
    items = [item for one in runs for item in one.items]
    skus = await _claims(client, issuer, "anyone", FEW, CLAIMS // 8, body={"group_by": "sku"})
    items += skus.items
    shown = await _queues(client, issuer)
    twice = len(items) - len(set(items))
    waits = f"{WAITING:,} items waiting"

    def asked(name: str, one: Claimed) -> Figure:
        value = one.ms(0.99)
        return Figure(f"claim, {name}, p99", value, "ms", waits, bar=f"≤ {BAR_MS} ms", holds=value <= BAR_MS)

    def told(name: str, one: Claimed, share: float) -> Figure:
        return Figure(f"claim, {name}, p{share * 100:g}", one.ms(share), "ms", waits)

    def together(name: str, one: Claimed) -> Figure:
        mean = MANY / one.rate * 1000
        against = f"{MANY} people ÷ their rate: {mean:.4g} ms"
        return Figure(f"claim, {name}, p99", one.ms(0.99), "ms", against, ratio=one.ms(0.99) / mean)

    def rate(name: str, one: Claimed) -> Figure:
        against = f"a bare UPDATE, {MANY} at once: {bare.rate:,.0f}/s"
        return Figure(f"claims, {name}", round(one.rate), "1/s", against, ratio=one.rate / bare.rate)

    return [
        told("one person", alone, 0.5),
        asked(f"{MANY} people, {A_SECOND} a second together", people),
        asked(f"{FEW} at once without a pause, team and level", limited),
        asked(f"{FEW} at once without a pause, WIP limit", counted),
        rate(f"{FEW} at once", limited),
        rate(f"{FEW} at once, WIP limit", counted),
        together(f"{MANY} at once without a pause", crowd),
        rate(f"{MANY} at once", crowd),
        together(f"{MANY} at once, each with a key", keyed),
        rate(f"{MANY} at once, each with a key", keyed),
        together(f"{MANY} at once, WIP limit", counted_crowd),
        rate(f"{MANY} at once, WIP limit", counted_crowd),
        together(f"a bare UPDATE, {MANY} at once", bare),
        told(f"a SKU of 8, {FEW} at once", skus, 0.5),
        Figure("answers that say «later»", sum(one.busy for one in runs), "503s", f"{len(items):,} claimed"),
        Figure("items claimed twice", twice, "items", f"{len(items):,} claimed", bar="0", holds=twice == 0),
        Figure("GET /v1/queues, median", shown, "ms", waits),
    ]


async def _claims(
    client: aiohttp.ClientSession,
    issuer: LocalIssuer,
    who: str,
    at_once: int,
    count: int,
    body: object = None,
    *,
    keyed: bool = False,
) -> Claimed:
    """So many claims by so many people, each without a pause; `keyed`: each with an Idempotency-Key."""
    found, left = Claimed(), iter(range(count))

    async def work(person: int) -> None:
        headers = _headers(issuer, f"{who}-{person}")
        for number in left:
            key = {"Idempotency-Key": str(number)} if keyed else {}
            await _claim(client, headers | key, found, body)

    started = time.perf_counter()
    await asyncio.gather(*(work(person) for person in range(at_once)))
    found.whole = time.perf_counter() - started
    await full_queue.hand_in()
    return found


async def _bare() -> Claimed:
    """As many claims by as many connections, each in the first order that the index has."""
    found, left = Claimed(), iter(range(CLAIMS))

    async def work(connection: asyncpg.Connection) -> None:
        statement = await connection.prepare(full_queue.BARE)
        for number in left:
            started = time.perf_counter()
            found.items.append(str(await statement.fetchval(f"bare-{number}")))
            found.seconds.append(time.perf_counter() - started)

    connections = [await full_queue.connect() for _ in range(MANY)]
    try:
        started = time.perf_counter()
        await asyncio.gather(*(work(connection) for connection in connections))
        found.whole = time.perf_counter() - started
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))
    await full_queue.hand_in()
    return found


async def _people(client: aiohttp.ClientSession, issuer: LocalIssuer) -> Claimed:
    """64 people, who claim at moments that chance spreads, whatever became of the claims before: each every three
    seconds."""
    found, headers = Claimed(), [_headers(issuer, f"anyone-{person}") for person in range(MANY)]

    async def later(number: int) -> None:
        await asyncio.sleep((number + number * 7919 % 97 / 97 * 4) / A_SECOND)
        await _claim(client, headers[number % MANY], found)

    await asyncio.gather(*(later(number) for number in range(CLAIMS // 2)))
    await full_queue.hand_in()
    return found


async def _claim(client: aiohttp.ClientSession, headers: dict[str, str], found: Claimed, body: object = None) -> None:
    """Until it is answered; the time of answers that say «later» counts too."""
    started = time.perf_counter()
    while True:
        async with client.post("/v1/queues/catalog/claim", headers=headers, json=body) as answer:
            said = await answer.json()
            if answer.status == 200:
                break
            if answer.status != 503:
                raise RuntimeError(f"a claim was answered {answer.status}: {said}")
            found.busy += 1
    found.items += [item["id"] for item in said["items"]]
    found.seconds.append(time.perf_counter() - started)


async def _queues(client: aiohttp.ClientSession, issuer: LocalIssuer) -> float:
    headers, seconds = _headers(issuer, "mina"), list[float]()
    for _ in range(20):
        started = time.perf_counter()
        async with client.get("/v1/queues", headers=headers) as answer:
            await answer.read()
            answer.raise_for_status()
        seconds.append(time.perf_counter() - started)
    return round(statistics.median(seconds) * 1000, 1)


def _headers(issuer: LocalIssuer, subject: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.token('photographer', subject=subject)}"}


def _shown(figures: Sequence[Figure]) -> str:
    return "\n".join(f"{one.name}: {one.value:g} {one.unit}" for one in figures)


if __name__ == "__main__":
    print(_shown(run()))

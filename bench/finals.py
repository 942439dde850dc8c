"""What the one call for the approved final costs with 1,000,000 versions: over HTTP, from an assets service in a
process of its own.

Each asks for another slot: most have a final, some are still at the gates, some were never asked for. The bar is for
one who asks without a pause. Those who ask at moments that chance spreads wait for each other as well, and several
without a pause show what one process can do at most. Against it stands the bare query of the index, by asyncpg.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from bench.figure import Figure
from bench.service import service, until_it_answers
from chassis.issuer import LocalIssuer
from chassis.testkit import servers

SLOTS = 800_000
VERSIONS = SLOTS + SLOTS // 4  # each fourth slot was corrected once
PER_SKU = 40  # 2 colorways, 4 views, the master and 4 channels
CALLERS = 4
ASKED = 4000
A_SECOND = 100
BAR_MS = 10

_SLOT = f"""
    SELECT n, 'SKU-' || n / {PER_SKU} AS sku, 'colorway ' || n / 20 % 2 AS colorway, 'view ' || n / 5 % 4 AS view,
           (ARRAY[NULL, 'pdp', 'amazon', 'zalando', 'shopify'])[1 + n % 5] AS channel,
           (CASE WHEN n % 5 = 0 THEN 'shot' ELSE 'variant' END) AS kind,
           (n % 10 <> 7) AS approved, (CASE WHEN n % 4 = 0 THEN 1 ELSE 0 END) AS round,
           lpad(to_hex(n), 32, '0')::uuid AS id
    FROM generate_series(0::bigint, {SLOTS} - 1) AS n
"""  # noqa: S608, our own numbers
_WORK = f"""
    INSERT INTO work_item (id, version, kind, request_id, sku, colorway, view, channel, gates, state, round,
                           created_at, approved_at, step)
    SELECT id, 9, kind, id, sku, colorway, view, channel, ARRAY['technical', 'final_qc'],
           CASE WHEN approved THEN 'approved' ELSE 'in_review' END, round, now(),
           CASE WHEN approved THEN now() END, 'qc'
    FROM ({_SLOT}) AS slot
"""  # noqa: S608
_VERSIONS = f"""
    INSERT INTO version (id, asset_id, work_item_id, kind, sku, colorway, view, channel, number, round, sha256, bytes,
                         media_type, filename, location, zone, source, delivered_by, stored_at, parents, step,
                         export_name, approved_at, change)
    SELECT lpad(to_hex(n * 2 + of_round), 32, '0')::uuid, id, id, kind, sku, colorway, view, channel, of_round + 1,
           of_round, md5(n || '/' || of_round) || md5('x' || n), 3000000, 'image/jpeg', 'front.jpg',
           'sha256/00/' || n, CASE WHEN of_round < round THEN 'archive' WHEN approved THEN 'final' ELSE 'wip' END,
           'upload', 'ann', now(), '{{}}', 'studio', 'SKU.jpg',
           CASE WHEN approved AND of_round = round THEN now() END, 2
    FROM ({_SLOT}) AS slot CROSS JOIN LATERAL generate_series(0, round) AS of_round
"""  # noqa: S608
_BARE = """
    SELECT * FROM version WHERE sku = $1 AND colorway = $2 AND view = $3 AND channel IS NOT DISTINCT FROM $4
    AND zone = 'final' ORDER BY approved_at DESC LIMIT 1
"""


def run() -> list[Figure]:
    started = servers.TestServers()
    try:
        return asyncio.run(_measure())
    finally:
        started.stop()


async def _measure() -> list[Figure]:
    await servers.until_server_answers()
    await servers.provision_service("assets")
    issuer = LocalIssuer(Path(os.environ[servers.FOLDER]) / "issuer")
    with tempfile.TemporaryDirectory() as store, service("assets", issuer, PACKSHOT_STORE_URL=f"file://{store}") as url:
        async with _client(url, issuer) as client:
            # Its tables are there then; it calls itself not ready, for nobody has told it of domains.
            await until_it_answers(client, "/v1/channel-packs")
            connection = await _connect()
            try:
                for statement in (_WORK, _VERSIONS, "VACUUM ANALYZE work_item", "VACUUM ANALYZE version"):
                    await connection.execute(statement, timeout=600)
                return await _figures(client, connection)
            finally:
                await connection.close()


async def _figures(client: aiohttp.ClientSession, connection: asyncpg.Connection) -> list[Figure]:
    await _ask(client, 4 * CALLERS, ASKED // 4)  # until each of its connections has its statements prepared
    bare = await _bare(connection)
    alone, several = await _ask(client, 1, ASKED), await _ask(client, CALLERS, ASKED)
    spread = await _spread(client)
    listed = await _list(client)
    among = f"{VERSIONS:,} versions"
    against = f"the bare query, p99: {_ms(bare, 0.99):.2g} ms"

    def figure(name: str, seconds: list[float], share: float, *, asked: bool) -> Figure:
        value = _ms(seconds, share)
        bar, holds = (f"≤ {BAR_MS} ms", value <= BAR_MS) if asked else (None, None)
        return Figure(
            f"final, {name}, p{share * 100:g}", value, "ms", against if asked else among, bar=bar, holds=holds
        )

    everyone = [one for seconds in several.values() for one in seconds]
    one = [each for seconds in alone.values() for each in seconds]
    return [
        figure("one caller", one, 0.5, asked=False),
        figure("one caller", one, 0.99, asked=True),
        *(figure(f"{A_SECOND} a second, {kind}", seconds, 0.99, asked=False) for kind, seconds in spread.items()),
        figure(f"{CALLERS} callers without a pause", everyone, 0.5, asked=False),
        figure(f"{CALLERS} callers without a pause", everyone, 0.99, asked=False),
        Figure("all finals of a SKU, median", _ms(listed, 0.5), "ms", f"{PER_SKU} slots"),
    ]


async def _ask(client: aiohttp.ClientSession, callers: int, count: int) -> dict[str, list[float]]:
    """Seconds of each answer, by its kind."""
    took: dict[str, list[float]] = {"found": [], "not approved": [], "unknown": []}
    left = iter(range(count))

    async def call() -> None:
        for number in left:
            await _ask_one(client, number, took)

    await asyncio.gather(*(call() for _ in range(callers)))
    return took


async def _spread(client: aiohttp.ClientSession) -> dict[str, list[float]]:
    """So many a second, whatever became of those before."""
    took: dict[str, list[float]] = {"found": [], "not approved": [], "unknown": []}

    async def later(number: int) -> None:
        await asyncio.sleep((number + number * 7919 % 97 / 97 * 4) / A_SECOND)
        await _ask_one(client, number, took)

    await asyncio.gather(*(later(number) for number in range(ASKED // 2)))
    return took


async def _ask_one(client: aiohttp.ClientSession, number: int, took: dict[str, list[float]]) -> None:
    slot, kind = _slot(number)
    started = time.perf_counter()
    async with client.get("/v1/finals", params=slot) as answer:
        said = await answer.json()
    took[kind].append(time.perf_counter() - started)
    found = said.get("reason", "found")
    if found.replace("_", " ") != kind and not (kind == "unknown" and found.startswith("unknown")):
        raise RuntimeError(f"{slot} was answered {found}, not {kind}")


def _slot(number: int) -> tuple[dict[str, str], str]:
    """Spread over all of them; each twentieth was never asked for."""
    n = number * 7919 % SLOTS
    slot = {"sku": f"SKU-{n // PER_SKU}", "colorway": f"colorway {n // 20 % 2}", "view": f"view {n // 5 % 4}"}
    if channel := (None, "pdp", "amazon", "zalando", "shopify")[n % 5]:
        slot["channel"] = channel
    if number % 20 == 0:
        return slot | ({"sku": "NONE"} if number % 40 else {"view": "inside"}), "unknown"
    return slot, "not approved" if n % 10 == 7 else "found"


async def _bare(connection: asyncpg.Connection) -> list[float]:
    statement, took = await connection.prepare(_BARE), list[float]()
    for number in range(ASKED):
        slot, _ = _slot(number)
        started = time.perf_counter()
        await statement.fetch(slot["sku"], slot["colorway"], slot["view"], slot.get("channel"))
        took.append(time.perf_counter() - started)
    return took


async def _list(client: aiohttp.ClientSession) -> list[float]:
    took = list[float]()
    for number in range(200):
        started = time.perf_counter()
        async with client.get("/v1/finals:list", params={"sku": f"SKU-{number * 97 % (SLOTS // PER_SKU)}"}) as answer:
            said = await answer.json()
        took.append(time.perf_counter() - started)
        if len(said["items"]) + len(said["missing"]) != PER_SKU:
            raise RuntimeError(f"{len(said['items'])} finals and {len(said['missing'])} missing")
    return took


def _ms(seconds: list[float], share: float) -> float:
    return round(statistics.quantiles(seconds, n=1000)[round(share * 1000) - 1] * 1000, 2)


@asynccontextmanager
async def _client(url: str, issuer: LocalIssuer) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {issuer.token('reviewer', subject='pim')}"}
    async with aiohttp.ClientSession(url, headers=headers) as client:
        yield client


async def _connect() -> Any:
    return await asyncpg.connect(servers.database_url("assets"), server_settings={"search_path": "assets"}, timeout=60)

"""What a claim costs while 100,000 items wait: over HTTP, from a routing service in a process of its own."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import asyncpg

from bench.figure import Figure
from chassis.embedded import free_port
from chassis.issuer import LocalIssuer
from chassis.testkit import servers

WAITING = 100_000
FEW, MANY = 8, 64
CLAIMS = 800
WARM_UP = 200
A_SECOND = 20
BAR_MS = 50

_TEAMS = ("skin_beauty", "colour_texture", "ghost_mannequin", "jewelry_reflective")

# A month of a brand: SKUs of eight items, a third of them for a team, of every level, priority and due date.
_FILL = f"""
    INSERT INTO work_item (
        id, version, kind, request_id, sku, product_name, category, materials, colorway, view, spec, complexity_class,
        track, queue, owner_role, priority, gates, final_reviewers, zoom_required, ai, state, round, due_at, risk,
        approval_owner, created_at, updated_at, ready_at, packs, chosen_by, step, blocked_for, rungs, team, level
    )
    SELECT
        gen_random_uuid(), 1, 'shot', md5('request ' || n / 8)::uuid, 'SKU-' || n / 8, 'Argus Tee', 'apparel',
        ARRAY['cotton'], 'colorway ' || n % 2, 'view ' || n % 8, '{{}}', 'C1', 'catalog', 'catalog', 'producer',
        (ARRAY['normal', 'normal', 'normal', 'high', 'low', 'urgent'])[1 + (n * 7919) % 6],
        ARRAY['technical', 'styling_fit', 'brand_merch', 'final_qc'], 1, false, false, 'ready', 0,
        now() + (n * 7919) % {WAITING} * interval '10 seconds', 'on_time', 'mina', now(), now(), now(),
        '{{"tracks": 1, "classes": 1, "calendar": 1}}',
        '[{{"decides": "track", "rule": "catalog", "because": "nothing asks for another track"}}]', 'studio', '{{}}', 0,
        (ARRAY[{", ".join(f"'{team}'" for team in _TEAMS)}])[1 + (n * 7919) % 12],
        (ARRAY['junior', 'standard', 'senior', 'specialist'])[1 + (n * 104729) % 5]
    FROM generate_series(1::bigint, {WAITING}) AS n
"""  # noqa: S608, our own numbers
_TIMERS = """
    INSERT INTO timer (id, kind, key, due_at)
    SELECT gen_random_uuid(), timer_kind, id::text, due_at + interval '1 day'
    FROM work_item CROSS JOIN unnest(ARRAY['at_risk', 'breach']) AS timer_kind
"""
_PEOPLE = """
    INSERT INTO person (subject, id, version, name, teams, level, lane, updated_by, updated_at)
    SELECT 'limited-' || n, gen_random_uuid(), 1, 'limited', ARRAY['colour_texture'], 'senior', 'batch', 'bench', now()
    FROM generate_series(0, 63) AS n
"""
# Null, or so high that it stops nobody here and is counted under its lock all the same.
_LIMIT = """
    UPDATE pack SET content = jsonb_set(content, '{queues}', (
        SELECT jsonb_agg(
            CASE WHEN one->>'name' = 'catalog' THEN one || jsonb_build_object('wip_limit', $1::int) ELSE one END
        )
        FROM jsonb_array_elements(content->'queues') AS one
    )) WHERE name = 'queues'
"""


# Between the runs everyone hands in what they hold.
_HAND_IN = """
    UPDATE work_item SET state = 'in_review', claimed_by = NULL, lease_until = NULL WHERE claimed_by IS NOT NULL
"""


@dataclass
class Claimed:
    """What claims took, each: seconds, and the items; and how many answers were 503: try again."""

    seconds: list[float] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    whole: float = 0
    busy: int = 0

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
    with _service(issuer) as url:
        async with _client(url) as client:
            await _until_ready(client)
            await _fill()
            return await _figures(client, issuer)


@contextmanager
def _service(issuer: LocalIssuer) -> Iterator[str]:
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", "services.routing.app:create_app", "--factory", "--host", "127.0.0.1",
        "--port", str(port), "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "PACKSHOT_DATABASE_URL": servers.database_url("routing"),
        "PACKSHOT_NATS_URL": servers.nats_url(),
        "PACKSHOT_JWKS": str(issuer.jwks),
        "PACKSHOT_LOG_LEVEL": "warning",
    }
    with Path(os.environ[servers.FOLDER], "routing.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603, our own service
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as client:
        yield client


async def _until_ready(client: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with client.get("/health/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def _fill() -> None:
    connection = await asyncpg.connect(
        servers.database_url("routing"), server_settings={"search_path": "routing"}, timeout=60
    )
    try:
        for statement in (_FILL, _TIMERS, _PEOPLE, "VACUUM ANALYZE work_item", "ANALYZE"):
            await connection.execute(statement, timeout=300)
    finally:
        await connection.close()


async def _execute(statement: str, *values: object) -> None:
    connection = await asyncpg.connect(servers.database_url("routing"), server_settings={"search_path": "routing"})
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def _figures(client: aiohttp.ClientSession, issuer: LocalIssuer) -> list[Figure]:
    await _execute(_LIMIT, None)
    await _claims(client, issuer, "anyone", 4, WARM_UP)
    alone = await _claims(client, issuer, "anyone", 1, CLAIMS // 4)
    people = await _people(client, issuer)
    limited = await _claims(client, issuer, "limited", FEW, CLAIMS)
    crowd = await _claims(client, issuer, "anyone", MANY, CLAIMS)
    await _execute(_LIMIT, CLAIMS + MANY)
    counted = await _claims(client, issuer, "anyone", FEW, CLAIMS)
    counted_crowd = await _claims(client, issuer, "anyone", MANY, CLAIMS)
    runs = [alone, people, limited, crowd, counted, counted_crowd]
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

    def rate(name: str, one: Claimed) -> Figure:
        return Figure(f"claims, {name}", round(len(one.seconds) / one.whole), "1/s", waits)

    return [
        told("one person", alone, 0.5),
        asked(f"{MANY} people, {A_SECOND} a second together", people),
        asked(f"{FEW} at once without a pause, team and level", limited),
        asked(f"{FEW} at once without a pause, WIP limit", counted),
        rate(f"{FEW} at once", limited),
        rate(f"{FEW} at once, WIP limit", counted),
        told(f"{MANY} at once without a pause", crowd, 0.5),
        told(f"{MANY} at once without a pause", crowd, 0.99),
        rate(f"{MANY} at once", crowd),
        told(f"{MANY} at once, WIP limit", counted_crowd, 0.99),
        rate(f"{MANY} at once, WIP limit", counted_crowd),
        told(f"a SKU of 8, {FEW} at once", skus, 0.5),
        Figure("answers that say «later»", sum(one.busy for one in runs), "503s", f"{len(items):,} claimed"),
        Figure("items claimed twice", twice, "items", f"{len(items):,} claimed", bar="0", holds=twice == 0),
        Figure("GET /v1/queues, median", shown, "ms", waits),
    ]


async def _claims(
    client: aiohttp.ClientSession, issuer: LocalIssuer, who: str, at_once: int, count: int, body: object = None
) -> Claimed:
    """So many claims by so many people, each without a pause."""
    found, left = Claimed(), iter(range(count))

    async def work(person: int) -> None:
        headers = _headers(issuer, f"{who}-{person}")
        for _ in left:
            await _claim(client, headers, found, body)

    started = time.perf_counter()
    await asyncio.gather(*(work(person) for person in range(at_once)))
    found.whole = time.perf_counter() - started
    await _execute(_HAND_IN)
    return found


async def _people(client: aiohttp.ClientSession, issuer: LocalIssuer) -> Claimed:
    """64 people, who claim at moments that chance spreads, whatever became of the claims before: each every three
    seconds."""
    found, headers = Claimed(), [_headers(issuer, f"anyone-{person}") for person in range(MANY)]

    async def later(number: int) -> None:
        await asyncio.sleep((number + number * 7919 % 97 / 97 * 4) / A_SECOND)
        await _claim(client, headers[number % MANY], found)

    await asyncio.gather(*(later(number) for number in range(CLAIMS // 2)))
    await _execute(_HAND_IN)
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
    return {"Authorization": f"Bearer {issuer.token('retoucher', subject=subject)}"}


def _shown(figures: Sequence[Figure]) -> str:
    return "\n".join(f"{one.name}: {one.value:g} {one.unit}" for one in figures)


if __name__ == "__main__":
    print(_shown(run()))

"""Many people at one queue at once, on two replicas: nobody gets what another holds, and the limit holds exactly."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import pytest

from chassis.clock import clock
from chassis.testkit.harness import Harness, Start
from contracts.routing import WorkClaimed, WorkReleased
from contracts.values import Role
from services.routing.app import create_app
from services.routing.settings import RoutingSettings
from tests.routing.house import claim, limit, tell_domains, waiting
from tests.routing.others import MONDAY, do, told

GAMES = 6
HELD = "SELECT id, claimed_by FROM work_item WHERE claimed_by IS NOT NULL"


async def test_64_claimants_get_64_items(routing: Harness) -> None:
    await waiting(routing, 64)
    answers = await asyncio.gather(*(claim(routing, subject=f"rita-{number}") for number in range(64)))
    assert [answer.status_code for answer in answers] == [200] * 64
    got = [answer.json()["items"][0]["id"] for answer in answers]
    assert len(set(got)) == 64
    held = {str(row["id"]): row["claimed_by"] for row in await routing.fetch(HELD)}
    assert held == {one: f"rita-{number}" for number, one in enumerate(got)}
    assert len(await routing.recorded(WorkClaimed)) == 64


async def test_64_claimants_and_a_limit_of_5(routing: Harness) -> None:
    await tell_domains(routing)
    await waiting(routing, 20)
    await limit(routing, "catalog", 5)
    answers = await asyncio.gather(*(claim(routing, subject=f"rita-{number}") for number in range(64)))
    assert Counter(answer.status_code for answer in answers) == {200: 5, 409: 59}
    assert {one.json()["reason"] for one in answers if one.status_code == 409} == {"limit_reached"}
    assert len(await routing.fetch(HELD)) == 5


@pytest.fixture
async def replicas(start: Start) -> tuple[Harness, Harness]:
    first = await start(create_app, RoutingSettings)
    await tell_domains(first)
    return first, await start(create_app, RoutingSettings, fresh=False)


async def test_whatever_people_do_at_once(replicas: tuple[Harness, Harness]) -> None:
    """Claims, claims by name, of whole SKUs, releases, renewals, and leases that run out, all at once and in any mix:
    no event log shows an item claimed by two, and nobody who looks ever sees more held than the limit allows."""
    clock.set(MONDAY)
    for number in range(GAMES):
        seed = random.randrange(2**32)
        try:
            await _play(replicas, random.Random(seed), f"S{number}")
        except AssertionError as error:
            error.add_note(f"the dice of this game: {seed}")
            raise
    assert len(await replicas[0].recorded(WorkReleased)) > 0


async def _play(replicas: tuple[Harness, Harness], dice: random.Random, sku: str) -> None:
    routing = replicas[0]
    most = dice.randint(1, 8)
    await limit(routing, "catalog", None)
    items = [one for part in range(4) for one in await waiting(routing, dice.randint(1, 5), f"{sku}-{part}")]
    await limit(routing, "catalog", most)

    async def act(person: str) -> None:
        house = dice.choice(replicas)
        for _ in range(dice.randint(1, 3)):
            match dice.randrange(6):
                case 0 | 1:
                    await claim(house, subject=person)
                case 2:
                    await claim(house, subject=person, json={"group_by": "sku"})
                case 3 | 4:
                    await do(house, dice.choice(items), "claim", Role.RETOUCHER, subject=person)
                case 5:
                    await do(house, dice.choice(items), "release", Role.RETOUCHER, subject=person)

    for _ in range(2):
        over = asyncio.Event()
        watcher = asyncio.create_task(_watch(routing, over))
        await asyncio.gather(*(act(f"rita-{number}") for number in range(16)))
        over.set()
        assert await watcher <= most
        assert len(await routing.fetch(HELD)) <= most
        clock.move(timedelta(hours=dice.choice([1, 9])))
    await _check_log(routing, most)
    await _empty(routing)


async def _watch(routing: Harness, until: asyncio.Event) -> int:
    """The most that is ever seen to be held."""
    most = 0
    while not until.is_set():
        most = max(most, len(await routing.fetch(HELD)))
    return most


async def _check_log(routing: Harness, most: int) -> None:
    """Walk through the log: who holds what, at each moment."""
    rows = await routing.fetch(  # in one statement, so of one moment: leases go on running out
        "SELECT position, subject, aggregate_id, payload->'data'->'work'->>'claimed_by' AS holder FROM event_log"
        " WHERE subject LIKE 'evt.routing.work.%'"
        f" UNION ALL SELECT NULL, 'table', id::text, claimed_by FROM ({HELD}) AS held ORDER BY position NULLS LAST"
    )
    held: dict[str, str] = {}
    in_table: dict[str, str] = {}
    for row in rows:
        item, holder = row["aggregate_id"], row["holder"]
        if row["position"] is None:
            in_table[item] = holder
        elif row["subject"].split(".")[3] == "claimed":
            assert held.get(item, holder) == holder, f"{item} was held by {held.get(item)}"
            held[item] = holder
        elif holder is None:
            held.pop(item, None)
    assert held == in_table
    assert len(held) <= most


async def _empty(routing: Harness) -> None:
    """Leave nothing for the next game; every version of every item was told once, in order."""
    for row in await routing.fetch("SELECT id FROM work_item WHERE claimed_by IS NOT NULL"):
        answer = await do(routing, {"id": row["id"]}, "release")
        assert answer.status_code in (200, 409)
    for row in await routing.fetch("SELECT id, version FROM work_item WHERE state = 'ready'"):
        versions = [version for what, version in await told(routing, str(row["id"])) if what != "created"]
        assert versions == [*range(2, row["version"] + 1)]
        assert (await do(routing, {"id": row["id"]}, "block", json={"cause": "over"})).status_code == 200

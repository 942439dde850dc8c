"""Systems that were installed when three packs said how long steps take: what they had published is still there."""

import json
from typing import Any

from alembic import command
from sqlalchemy import Connection

from chassis.migrations import alembic_config
from chassis.packs import read_toml
from chassis.testkit.harness import Harness
from contracts.values import Role
from services.routing.app import PACKS
from services.routing.steps.schemas import StepsPack
from tests.routing.others import Json, accept, brief

DEFAULT = StepsPack.model_validate(read_toml(PACKS / "steps.toml")).model_dump(mode="json")

# As the defaults were.
HOURS = {
    "C1": {"studio": 0.2, "retouching": 0.25, "qc": 0.05, "delivery": 0.03},
    "C2": {"studio": 0.35, "retouching": 0.5, "qc": 0.08, "delivery": 0.03},
    "C3": {"studio": 0.5, "retouching": 1.0, "qc": 0.15, "delivery": 0.05},
    "C4": {"studio": 1.0, "retouching": 2.0, "qc": 0.3, "delivery": 0.05},
}
SHOT = {
    "C1": {"studio": 0.25, "retouching": 0.25, "qc": 0.1},
    "C2": {"studio": 0.35, "retouching": 0.5, "qc": 0.15},
    "C3": {"studio": 0.5, "retouching": 1, "qc": 0.25},
    "C4": {"studio": 1, "retouching": 2.5, "qc": 0.5},
}
VARIANT = {
    "C1": {"qc": 0.03, "delivery": 0.02},
    "C2": {"qc": 0.04, "delivery": 0.02},
    "C3": {"qc": 0.05, "delivery": 0.02},
    "C4": {"qc": 0.08, "delivery": 0.03},
}


async def migrated(routing: Harness, how: Any, to: str) -> None:
    """`how`: up or down, by Alembic's command."""

    def run(connection: Connection) -> None:
        config = alembic_config("routing")
        config.attributes["connection"] = connection
        how(config, to)

    async with routing.service.database.engine.begin() as connection:
        await connection.run_sync(run)


async def stored(routing: Harness, name: str) -> list[Json]:
    """Each version of a pack, oldest first."""
    rows = await routing.fetch("SELECT content FROM pack WHERE name = $1 ORDER BY version", name)
    return [json.loads(row["content"]) for row in rows]


async def publish(routing: Harness, name: str, content: Json, by: str) -> None:
    await routing.fetch(
        "INSERT INTO pack SELECT name, max(version) + 1, $2, $3, clock_timestamp()"
        " FROM pack WHERE name = $1 GROUP BY name",
        name, json.dumps(content), by,
    )  # fmt: skip


async def get(routing: Harness, path: str) -> Json:
    answer = await routing.client.get(path, headers=routing.bearer(Role.PRODUCER))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def installed(routing: Harness) -> None:
    """Routing as it was: three packs with hours, as their defaults had them."""
    await migrated(routing, command.downgrade, "0008")
    for name, said in (("capacity", {"hours": HOURS}), ("rates", {"shot": SHOT, "variant": VARIANT})):
        [content] = await stored(routing, name)
        await routing.fetch("UPDATE pack SET content = $2 WHERE name = $1", name, json.dumps(content | said))


async def test_a_system_with_the_defaults_has_what_a_new_one_has(routing: Harness) -> None:
    before = [await stored(routing, name) for name in ("tracks", "capacity", "rates")]
    await installed(routing)
    [tracks] = await stored(routing, "tracks")
    assert tracks["tracks"][1]["usual_hours"] == {"studio": 2, "retouching": 3, "qc": 1}
    await migrated(routing, command.upgrade, "head")
    assert await stored(routing, "steps") == [DEFAULT]
    assert [await stored(routing, name) for name in ("tracks", "capacity", "rates")] == before
    [version] = (await get(routing, "/v1/steps/versions"))["items"]
    assert version["published_by"] == "defaults"


async def test_what_was_edited_keeps_its_hours_and_its_history(routing: Harness) -> None:
    await installed(routing)
    [[tracks], [capacity], [rates]] = [await stored(routing, name) for name in ("tracks", "capacity", "rates")]
    await publish(routing, "rates", rates | {"currency": "CHF"}, "olga")  # says nothing of hours
    hours = {**HOURS, "C1": {"studio": 1, "retouching": 2, "qc": 3, "delivery": 10}}
    await publish(routing, "capacity", capacity | {"hours": hours}, "pia")
    rates |= {"currency": "CHF", "hourly": {"studio": 90, "retouching": 60, "qc": 50}}
    rates |= {"variant": {**VARIANT, "C1": {"qc": 3}, "C2": {"qc": 1, "studio": 1}, "C3": {"delivery": 0}}}
    await publish(routing, "rates", rates, "olga")
    tracks["tracks"][1]["usual_hours"] = {"studio": 5}
    del tracks["tracks"][2]["usual_hours"]
    await publish(routing, "tracks", tracks, "olga")
    await migrated(routing, command.upgrade, "head")

    items = (await get(routing, "/v1/steps/versions"))["items"]
    assert [one["published_by"] for one in items] == ["olga", "olga", "pia", "defaults"]
    first, second, third, fourth = await stored(routing, "steps")
    assert first == DEFAULT
    assert second["labour_hours"]["shot"]["C1"] == {"studio": 1, "retouching": 2, "qc": 3}
    assert second["labour_hours"]["variant"]["C1"] == {"delivery": 4, "qc": 6}, "as the rates parted them"
    assert third["labour_hours"]["variant"] == {
        **DEFAULT["labour_hours"]["variant"],
        "C1": {"delivery": 0, "qc": 10}, "C2": {"delivery": 0, "qc": 0.03}, "C3": {"delivery": 0.05, "qc": 0},
    }  # fmt: skip
    assert fourth["elapsed_hours"]["catalog"] == {"studio": 5}
    assert "ghost_mannequin" not in fourth["elapsed_hours"]
    for version in (1, 2, 3, 4):
        await get(routing, f"/v1/steps/versions/{version}")
    for path in ("/v1/tracks/versions/1", "/v1/tracks/versions/2", "/v1/tracks", "/v1/forecast/capacity"):
        await get(routing, path)
    assert (await get(routing, "/v1/rates"))["hourly"] == {"studio": 90, "retouching": 60, "qc": 50, "delivery": 0}
    await accept(routing, brief())
    hours_now = {(one["track"], one["team"]): one["hours"] for one in (await get(routing, "/v1/forecast"))["workload"]}
    assert hours_now["marketplace", "final_qc"] == 20

"""How queues stand, and their pack."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.clock import clock
from chassis.packs import read_toml
from chassis.testkit.harness import Harness
from contracts.values import Role
from services.routing.queues.schemas import QueuesPack
from services.routing.tracks.schemas import TracksPack
from services.routing.work.service import MAY_CLAIM
from tests.routing.house import PACK, claim, edit_queues, mark, queue, tell_domains, waiting
from tests.routing.others import Json, accept, brief, decide, do, hand_in, in_state

HOUR = timedelta(hours=1)
PACKS = Path(__file__).parents[2] / "services" / "routing" / "packs"
DEFAULT = read_toml(PACKS / "queues.toml")


def test_every_track_has_its_queue_and_every_queue_its_claimers() -> None:
    queues = QueuesPack.model_validate(DEFAULT).queues
    tracks = TracksPack.model_validate(read_toml(PACKS / "tracks.toml"))
    assert {track.queue for track in tracks.tracks} == {one.name for one in queues}
    assert all(set(one.roles) <= set(MAY_CLAIM) for one in queues)
    assert {one.name for one in queues if one.lane == "hero"} == {"hero"}


@pytest.mark.parametrize(
    "change",
    [
        lambda queues: queues.clear(),
        lambda queues: queues.append(queues[0]),
        lambda queues: queues[0].update(wip_limit=0),
        lambda queues: queues[0].update(wip_limit=100_001),
        lambda queues: queues[0].update(roles=[]),
        lambda queues: queues[0].update(roles=["king"]),
        lambda queues: queues[0].update(lane="fast"),
        lambda queues: queues[0].update(name="pack"),
        lambda queues: queues[0].update(name="Not A Name"),
        lambda queues: queues[0].update(title="nul \x00"),
        lambda queues: queues[0].update(kpis=[]),
        lambda queues: queues[0].update(more=1),
    ],
)
def test_a_pack_that_can_not_be(change: Callable[[list[Json]], object]) -> None:
    queues = [dict(one) for one in DEFAULT["queues"]]
    change(queues)
    with pytest.raises(ValidationError):
        QueuesPack.model_validate({"queues": queues})


async def test_a_queue_shows_all_that_is_in_it(routing: Harness, monday: datetime) -> None:
    front, pdp, zalando = await accept(routing, brief())
    clock.set(monday + HOUR)
    shots = await waiting(routing, 4)
    await mark(routing, shots[0], team="skin_beauty")
    await claim(routing)  # the oldest
    await do(routing, shots[1], "block", json={"cause": "x"})
    await hand_in(routing, shots[2])
    await in_state(routing, shots[2]["id"], "in_review")
    await routing.fetch("UPDATE work_item SET risk = 'at_risk' WHERE id = $1", shots[0]["id"])
    await routing.fetch("UPDATE work_item SET risk = 'breached' WHERE id = $1", shots[3]["id"])
    clock.set(monday + 3 * HOUR)
    found = await queue(routing)
    assert found["depth"] == {"waiting": 0, "ready": 2, "claimed": 1, "in_review": 1, "blocked": 1}
    assert (found["wip"], found["wip_limit"], found["at_risk"], found["breached"]) == (1, 400, 1, 1)
    assert (found["oldest_ready_at"], found["oldest_ready_hours"]) == ("2026-03-02T09:00:00Z", 2.0)
    assert [(one["team"], one["depth"]["ready"], one["at_risk"]) for one in found["teams"]] == [
        (None, 1, 0), ("general", 0, 0), ("skin_beauty", 1, 1),
    ]  # fmt: skip
    variants = await queue(routing, "marketplace")
    assert variants["depth"] == {"waiting": 2, "ready": 0, "claimed": 0, "in_review": 0, "blocked": 0}
    assert (variants["oldest_ready_at"], variants["throughput"]["median_hours"]) == (None, None)
    answer = await routing.client.get("/v1/queues", headers=routing.bearer(Role.REVIEWER))
    assert [one["name"] for one in answer.json()["items"]] == [one["name"] for one in DEFAULT["queues"]]
    assert next(one for one in answer.json()["items"] if one["name"] == "catalog") == found
    assert front["queue"] == "catalog"
    assert {pdp["queue"], zalando["queue"]} == {"marketplace"}


async def test_throughput_counts_from_ready_to_approved(routing: Harness, monday: datetime) -> None:
    shots = await waiting(routing, 3)
    for days, hours, shot in zip((0, 1, 6), (2, 4, 9), shots, strict=True):
        clock.set(monday + timedelta(days=days, hours=hours))
        await hand_in(routing, shot)
        await decide(routing, shot, "passed")
        await in_state(routing, shot["id"], "approved")
    found = await queue(routing)
    assert found["throughput"] == {"last_24_hours": 1, "last_7_days": 3, "median_hours": 28.0}
    clock.set(monday + timedelta(days=7, hours=10))
    assert (await queue(routing))["throughput"] == {"last_24_hours": 0, "last_7_days": 2, "median_hours": 90.5}
    assert found["depth"]["ready"] == 0


async def test_the_pack_is_edited_by_its_owner(routing: Harness) -> None:
    await tell_domains(routing)

    def add(queues: list[Json]) -> None:
        if queues[-1]["name"] != "video":
            queues.append({**queues[0], "name": "video", "lane": "batch", "wip_limit": None})

    for role in Role:
        answer = await edit_queues(routing, add, role)
        assert (answer.status_code == 200) == (role is Role.PRODUCER), (role, answer.text)
        if role is not Role.PRODUCER:
            assert answer.json()["allowed_roles"] == ["producer"]
        else:
            assert (answer.json()["version"], answer.headers["ETag"]) == (2, '"2"')
    assert (await queue(routing, "video"))["depth"]["ready"] == 0
    headers = routing.bearer(Role.PRODUCER)
    stale = await routing.client.put(PACK, json=DEFAULT, headers=headers | {"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await routing.client.put(PACK, json=DEFAULT, headers=headers)).status_code == 428
    assert (await edit_queues(routing, lambda queues: queues.pop())).status_code == 200  # nothing needs it
    strangers = await edit_queues(routing, lambda queues: queues[0].update(roles=["reviewer"]))
    assert strangers.status_code == 422
    assert strangers.json()["errors"][0]["pointer"] == "/queues/0/roles"


async def test_a_queue_in_use_stays(routing: Harness) -> None:
    await tell_domains(routing)
    await waiting(routing, 2)

    def drop(queues: list[Json]) -> None:
        queues[:] = [one for one in queues if one["name"] != "catalog"]

    refused = await edit_queues(routing, drop)
    assert (refused.status_code, refused.json()["title"]) == (409, "The queue is in use")
    details = {error["detail"] for error in refused.json()["errors"]}
    assert "The track ghost_mannequin puts its work into catalog." in details
    assert "catalog has 2 unfinished work items." in details
    answer = await routing.client.get(PACK, headers=routing.bearer(Role.VENDOR))
    assert answer.json()["version"] == 1


async def test_work_that_waits_is_offered_to_somebody(routing: Harness) -> None:
    await tell_domains(routing)
    await waiting(routing, 2)

    def to(*roles: str) -> Any:
        return lambda queues: next(one for one in queues if one["name"] == "catalog").update(roles=list(roles))

    for role in (Role.AI_WORKFLOW_OWNER, Role.RETOUCHER):
        refused = await edit_queues(routing, to(role))
        assert refused.status_code == 409, refused.text
        [error] = refused.json()["errors"]
        assert error["pointer"] == "/queues/1/roles"
        assert error["detail"] == "2 items of catalog are in the step studio, which none of its roles does."
        assert "photographer" in error["remedy"]
    await routing.fetch("UPDATE work_item SET ai = true")
    assert (await edit_queues(routing, to(Role.AI_WORKFLOW_OWNER))).status_code == 200


async def test_reading(routing: Harness) -> None:
    for path in ("/v1/queues", PACK, "/v1/queues/hero"):
        assert (await routing.client.get(path)).status_code == 401
        for role in Role:
            assert (await routing.client.get(path, headers=routing.bearer(role))).status_code == 200
    missing: Any = await routing.client.get("/v1/queues/lost", headers=routing.bearer(Role.VENDOR))
    assert (missing.status_code, "hero" in missing.json()["detail"]) == (404, True)

"""How long steps take: one pack says it, and the forecast, quotes and at risk follow it."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from chassis.clock import clock
from chassis.packs import read_toml
from chassis.testkit.harness import Harness
from contracts.values import Role, Step
from services.routing.app import PACKS
from services.routing.steps.schemas import StepsPack
from services.routing.tracks.schemas import TracksPack
from tests.routing.others import Json, accept, brief, hand_in, in_state
from tests.routing.owners import content, put, tell_domains
from tests.routing.test_amendments import propose, quote_of
from tests.routing.test_escalations import next_ring

DEFAULT = read_toml(PACKS / "steps.toml")
PATH = "/v1/steps"
HOUR = timedelta(hours=1)


def test_the_defaults_are_a_quarter_of_each_tracks_sla() -> None:
    pack = StepsPack.model_validate(DEFAULT)
    tracks = TracksPack.model_validate(read_toml(PACKS / "tracks.toml"))
    with_sla = {track.name: track.sla_hours / 4 for track in tracks.tracks if track.sla_hours}
    assert {name: sum(hours.values()) for name, hours in pack.elapsed_hours.items()} == with_sla


@pytest.mark.parametrize(
    "change",
    [
        lambda pack: pack["labour_hours"]["shot"].pop("C4"),
        lambda pack: pack["labour_hours"]["variant"].clear(),
        lambda pack: pack["labour_hours"]["shot"].update(C9=pack["labour_hours"]["shot"]["C1"]),
        lambda pack: pack["labour_hours"]["shot"]["C1"].pop("qc"),
        lambda pack: pack["labour_hours"]["shot"]["C1"].update(delivery=1),
        lambda pack: pack["labour_hours"]["variant"]["C1"].update(studio=1),
        lambda pack: pack["labour_hours"]["variant"]["C1"].update(qc=-1),
        lambda pack: pack["labour_hours"]["variant"]["C1"].update(qc=1001),
        lambda pack: pack["labour_hours"]["variant"]["C1"].update(qc=float("nan")),
        lambda pack: pack["labour_hours"].update(more=1),
        lambda pack: pack["elapsed_hours"]["catalog"].update(studio=-1),
        lambda pack: pack["elapsed_hours"]["catalog"].update(studio=2001),
        lambda pack: pack["elapsed_hours"]["catalog"].update(studio=float("inf")),
        lambda pack: pack["elapsed_hours"]["catalog"].update(nowhere=1),
        lambda pack: pack["elapsed_hours"].update({"No name": {"qc": 1}}),
        lambda pack: pack.pop("elapsed_hours"),
    ],
)
def test_a_pack_that_can_not_be(change: Callable[[Json], object]) -> None:
    pack = copy.deepcopy(DEFAULT)
    StepsPack.model_validate(pack)
    change(pack)
    with pytest.raises(ValidationError):
        StepsPack.model_validate(pack)


async def test_hours_of_a_track_that_there_is_not_are_refused(routing: Harness) -> None:
    await tell_domains(routing)
    body = await content(routing, PATH)
    body["elapsed_hours"] |= {"catalogue": {"qc": 1}, "atelier": {"qc": 1}}
    refused = await put(routing, PATH, body)
    assert refused.status_code == 422
    assert [(error["pointer"], error["detail"]) for error in refused.json()["errors"]] == [
        ("/elapsed_hours/atelier", "there is no track atelier"),
        ("/elapsed_hours/catalogue", "there is no track catalogue"),
    ]


async def test_what_the_pack_says_is_what_everything_counts(routing: Harness, monday: datetime) -> None:
    """The forecast and quotes at once; at risk within ten minutes."""
    await tell_domains(routing)
    request = brief(channels=["pdp"], deadline=monday + 8 * HOUR)
    shot, variant = await accept(routing, request)
    assert await next_ring(routing, shot, "at_risk") == monday + 2 * HOUR  # 8 less 2 + 3 + 1
    body = await content(routing, PATH)
    body["labour_hours"]["shot"]["C1"] = {"studio": 1, "retouching": 2, "qc": 4}
    body["labour_hours"]["variant"]["C1"] = {"delivery": 8, "qc": 16}
    body["elapsed_hours"]["catalog"] = {"studio": 2, "retouching": 3, "qc": 2}
    assert (await put(routing, PATH, body)).status_code == 200

    found = await forecast(routing)
    hours = {(one["track"], one["team"]): one["hours"] for one in found["workload"]}
    assert (found["steps_version"], hours) == (
        2,
        {
            ("catalog", "studio"): 1, ("catalog", "retouching"): 2, ("catalog", "final_qc"): 4,
            ("marketplace", "marketplace_formatting"): 8, ("marketplace", "final_qc"): 16,
        },
    )  # fmt: skip
    quote = await quote_of(routing, await propose(routing, request, None))
    assert (quote.cost.hours, quote.cost.steps_version) == (-31, 2)
    assert quote.cost.difference == -(1 * 85 + 2 * 55 + 4 * 45 + 8 * 40 + 16 * 45)

    clock.move(timedelta(minutes=11))
    await hand_in(routing, shot)
    await in_state(routing, shot["id"], "in_review")
    at_gates = {(one["track"], one["team"]): one["hours"] for one in (await forecast(routing))["workload"]}
    assert at_gates["catalog", "final_qc"] == 4
    assert ("catalog", "studio") not in at_gates
    assert variant["step"] == Step.DELIVERY
    later, *_ = await accept(routing, brief(sku="MT08", channels=[], deadline=clock.now() + 8 * HOUR))
    assert await next_ring(routing, later, "at_risk") == clock.now() + HOUR  # 8 less 2 + 3 + 2


async def forecast(routing: Harness) -> Json:
    answer = await routing.client.get("/v1/forecast", headers=routing.bearer(Role.PRODUCER))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found

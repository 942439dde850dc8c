"""Workload against capacity: the arithmetic, and the endpoints."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.clock import clock
from chassis.packs import read_toml
from chassis.testkit.harness import Harness
from contracts.values import ComplexityClass, Role, Step, WorkKind
from services.routing.app import PACKS
from services.routing.calendar.domain import BusinessCalendar
from services.routing.forecast import domain
from services.routing.forecast.domain import Pile
from services.routing.forecast.schemas import CapacityPack, Forecast, Load, PublishedCapacity
from services.routing.steps.schemas import PublishedSteps
from tests.routing.house import mark, tell_domains, waiting
from tests.routing.others import MONDAY, Json, accept, brief, do
from tests.routing.test_rules import CALENDAR

DEFAULT = read_toml(PACKS / "capacity.toml")
CAPACITY = PublishedCapacity.model_validate(DEFAULT | {"version": 1})
STEPS = PublishedSteps.model_validate(read_toml(PACKS / "steps.toml") | {"version": 1})
WEEK = timedelta(weeks=1)
THIS = date(2026, 3, 2)


def pile(items: int = 10, week: date | None = THIS, **changes: Any) -> Pile:
    values = {
        "track": "catalog", "team": None, "complexity_class": ComplexityClass.C1, "kind": WorkKind.SHOT,
        "step": Step.STUDIO,
    }  # fmt: skip
    return Pile(week=week, items=items, **(values | changes))


def reckon(*piles: Pile, at: datetime = MONDAY, weeks: int = 3, capacity: PublishedCapacity = CAPACITY) -> Forecast:
    return domain.forecast(piles, capacity, STEPS, CALENDAR, at, weeks)


def load(found: Forecast, team: str, week: str = "2026-W10") -> Load:
    return next(one for one in found.teams if (one.team, one.week) == (team, week))


@pytest.mark.parametrize(
    ("kind", "step", "hours"),
    [
        (WorkKind.SHOT, Step.STUDIO, {"studio": 2.0, "retouching": 2.5, "final_qc": 0.5}),
        (WorkKind.SHOT, Step.RETOUCHING, {"retouching": 2.5, "final_qc": 0.5}),
        (WorkKind.SHOT, Step.QC, {"final_qc": 0.5}),
        (WorkKind.VARIANT, Step.DELIVERY, {"marketplace_formatting": 0.12, "final_qc": 0.18}),
        (WorkKind.VARIANT, Step.QC, {"final_qc": 0.18}),  # it is made: only its gates are still to come
    ],
)
def test_what_is_still_to_come(kind: WorkKind, step: Step, hours: dict[str, float]) -> None:
    found = reckon(pile(kind=kind, step=step))
    assert {one.team: one.hours for one in found.workload} == hours


def test_hours_go_to_those_who_work_them() -> None:
    found = reckon(pile(), pile(4, team="skin_beauty", complexity_class=ComplexityClass.C3))
    hours = {(one.track, one.team): (one.items, one.hours) for one in found.workload}
    assert hours == {
        ("catalog", "studio"): (14, 4.0),  # 10 × 0.2 and 4 × 0.5: skin & beauty don't photograph
        ("catalog", "retouching"): (10, 2.5),
        ("catalog", "skin_beauty"): (4, 4.0),
        ("catalog", "final_qc"): (14, 1.1),
    }
    assert [(one.track, one.items, one.hours) for one in found.tracks] == [("catalog", 14, 11.6)]


def test_late_work_is_due_now_and_the_rest_stands_aside() -> None:
    late, soon, later = pile(1, THIS - 5 * WEEK), pile(2, THIS + 2 * WEEK), pile(3, THIS + 3 * WEEK)
    found = reckon(late, soon, later, pile(4, None))
    assert [(one.week, one.items) for one in found.tracks] == [("2026-W10", 1), ("2026-W12", 2)]
    assert (found.later.items, found.undated.items) == (3, 4)
    assert (found.later.hours, found.undated.hours) == (1.5, 2.0)
    assert (found.weeks[0].week, found.weeks[0].starts_on) == ("2026-W10", THIS)


def test_a_full_week_and_one_that_is_over() -> None:
    full, over = pile(800), pile(801, THIS + WEEK)  # 0.2 hours each in the studio, which has 160
    found = reckon(full, over)
    assert (load(found, "studio").load, load(found, "studio").over) == (1.0, False)
    assert load(found, "studio", "2026-W11").over
    assert [(one.team, one.week) for one in found.over if one.team == "studio"] == [("studio", "2026-W11")]
    assert load(found, "jewelry_reflective").load == 0


def test_capacity_is_less_on_holidays_in_exceptions_and_when_the_week_is_half_over() -> None:
    wednesday = MONDAY + timedelta(days=2, hours=4.5)
    assert load(reckon(at=wednesday), "studio").capacity_hours == 80
    assert load(reckon(at=wednesday), "studio", "2026-W11").capacity_hours == 160
    saturday = MONDAY + timedelta(days=5)
    nothing_left = load(reckon(pile(1), at=saturday), "studio")
    assert (nothing_left.capacity_hours, nothing_left.load, nothing_left.over) == (0, None, True)
    holidays = BusinessCalendar(CALENDAR.zone, CALENDAR.hours, frozenset([date(2026, 3, 10)]))
    found = domain.forecast([], CAPACITY, STEPS, holidays, MONDAY, 3)
    assert load(found, "studio", "2026-W11").capacity_hours == 128
    exceptions = [
        {"week_of": "2026-03-11", "share": 0.5, "cause": "inventory"},
        {"week_of": "2026-03-12", "share": 1.5, "cause": "extra shift", "team": "studio"},
    ]
    capacity = PublishedCapacity.model_validate(DEFAULT | {"exceptions": exceptions, "version": 2})
    found = reckon(capacity=capacity)
    assert [load(found, team, "2026-W11").capacity_hours for team in ("studio", "retouching")] == [240, 100]
    assert load(found, "studio").capacity_hours == 160


def test_a_week_in_which_the_clocks_change_is_as_long_as_any() -> None:
    found = reckon(at=datetime(2026, 3, 23, 7, tzinfo=UTC), weeks=2)
    assert load(found, "studio", "2026-W13").capacity_hours == 160
    assert load(found, "studio", "2026-W14").capacity_hours == 160


@given(
    st.lists(
        st.builds(
            Pile,
            week=st.none() | st.dates(date(2026, 1, 5), date(2026, 6, 1)).map(lambda d: d - timedelta(d.weekday())),
            track=st.sampled_from(["hero", "catalog"]),
            team=st.sampled_from([None, "skin_beauty", "studio", "unknown"]),
            complexity_class=st.sampled_from(ComplexityClass),
            kind=st.sampled_from(WorkKind),
            step=st.sampled_from(Step),
            items=st.integers(1, 1000),
        )
    )
)
def test_nothing_is_lost_or_counted_twice(piles: list[Pile]) -> None:
    found = reckon(*piles)
    items = sum(one.items for one in found.tracks) + found.later.items + found.undated.items
    assert items == sum(one.items for one in piles)
    rounding = 0.01 * (len(found.workload) + len(found.tracks) + 1)
    assert sum(one.hours for one in found.workload) == pytest.approx(
        sum(one.hours for one in found.tracks), abs=rounding
    )
    assert sum(one.hours for one in found.teams) == pytest.approx(
        sum(one.hours for one in found.workload), abs=0.01 * (len(found.teams) + len(found.workload) + 1)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda pack: pack["teams"].clear(),
        lambda pack: pack["teams"].append(pack["teams"][0]),
        lambda pack: pack["teams"].pop(0),
        lambda pack: pack["teams"][0].update(weekly_hours=float("inf")),
        lambda pack: pack.update(exceptions=[{"week_of": "2026-03-02", "share": 0, "cause": "x", "team": "lost"}]),
        lambda pack: pack.update(exceptions=[{"week_of": "2026-03-02", "share": 11, "cause": "x"}]),
        lambda pack: pack.update(
            exceptions=[{"week_of": f"2026-03-0{day}", "share": 0, "cause": "x"} for day in (2, 3)]
        ),
        lambda pack: pack.update(more=1),
    ],
)
def test_a_pack_that_can_not_be(change: Callable[[Json], object]) -> None:
    pack = CapacityPack.model_validate(DEFAULT).model_dump(mode="json")
    CapacityPack.model_validate(pack)
    change(pack)
    with pytest.raises(ValidationError):
        CapacityPack.model_validate(pack)


async def forecast(routing: Harness, query: str = "") -> Json:
    answer = await routing.client.get(f"/v1/forecast{query}", headers=routing.bearer(Role.PRODUCER))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_the_forecast_of_what_is_there(routing: Harness, monday: datetime) -> None:
    shot, *_ = await accept(routing, brief())  # C1, due on Wednesday, with two variants that wait for it
    [skin, blocked] = await waiting(routing, 2, deadline=monday + timedelta(days=1))
    await mark(routing, skin, team="skin_beauty", step="retouching")
    await do(routing, blocked, "block", json={"cause": "x"})
    await accept(routing, brief(use="experiment", channels=[]))
    found = await forecast(routing)
    assert [one["week"] for one in found["weeks"]] == [f"2026-W{number}" for number in range(10, 18)]
    assert [(one["track"], one["items"]) for one in found["tracks"]] == [("catalog", 3), ("marketplace", 2)]
    rows = {(one["track"], one["team"]): (one["items"], one["hours"]) for one in found["workload"]}
    assert rows == {
        ("catalog", "studio"): (2, 0.4), ("catalog", "retouching"): (2, 0.5), ("catalog", "skin_beauty"): (1, 0.25),
        ("catalog", "final_qc"): (3, 0.15), ("marketplace", "marketplace_formatting"): (2, 0.02),
        ("marketplace", "final_qc"): (2, 0.04),
    }  # fmt: skip
    assert (found["undated"]["items"], found["later"]["items"], found["over"]) == (1, 0, [])
    clock.set(monday + 2 * WEEK)
    assert {one["week"] for one in (await forecast(routing))["tracks"]} == {"2026-W12"}
    assert shot["due_at"] < "2026-03-09"
    # Due on a Sunday evening in UTC: a Monday in Berlin.
    await routing.fetch("UPDATE work_item SET due_at = '2026-03-22T23:30:00Z' WHERE id = $1", shot["id"])
    weeks = {(one["week"], one["track"]): one["items"] for one in (await forecast(routing))["tracks"]}
    assert weeks["2026-W13", "catalog"] == 1


async def test_the_pack_is_edited_by_its_owner(routing: Harness) -> None:
    await tell_domains(routing)
    path = "/v1/forecast/capacity"
    body = CapacityPack.model_validate(DEFAULT).model_dump(mode="json")
    for role in Role:
        headers = routing.bearer(role)
        read = await routing.client.get(path, headers=headers)
        assert read.status_code == 200
        answer = await routing.client.put(path, json=body, headers=headers | {"If-Match": read.headers["ETag"]})
        assert (answer.status_code == 200) == (role is Role.PRODUCER), answer.text
        if answer.status_code == 403:
            assert answer.json()["allowed_roles"] == ["producer"]
    headers = routing.bearer(Role.PRODUCER)
    assert (await routing.client.put(path, json=body, headers=headers | {"If-Match": '"1"'})).status_code == 412
    assert (await routing.client.put(path, json=body, headers=headers)).status_code == 428
    wrong = await routing.client.put(path, json=body | {"teams": []}, headers=headers | {"If-Match": '"2"'})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/teams")
    assert (await forecast(routing))["capacity_version"] == 2


async def test_bad_queries(routing: Harness) -> None:
    headers = routing.bearer(Role.REVIEWER)
    for query in ("weeks=0", "weeks=53", "weeks=x"):
        assert (await routing.client.get(f"/v1/forecast?{query}", headers=headers)).status_code == 422
    assert len((await forecast(routing, "?weeks=52"))["weeks"]) == 52
    for path in ("/v1/forecast", "/v1/forecast/capacity"):
        assert (await routing.client.get(path)).status_code == 401
        for role in Role:
            assert (await routing.client.get(path, headers=routing.bearer(role))).status_code == 200

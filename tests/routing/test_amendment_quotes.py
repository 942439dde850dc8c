"""What a quote says: risk, labour and cost, and never more than fits into an event. Pure."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.packs import read_toml
from contracts.amendments import AmendmentQuoted, Effect
from contracts.values import Gate, Step
from services.routing.amendments.quoting import LINES_AN_EFFECT
from services.routing.amendments.schemas import RatesPack
from services.routing.app import PACKS
from services.routing.work.domain import Tracked
from tests.routing.amendments import RATES, STEPS, compare, content, quote_of, world
from tests.routing.others import MONDAY


def test_a_deadline_that_passed_or_is_close_shows_in_the_quote() -> None:
    before = content(views=("front", "back"))
    standings = world(before, ["untouched"])
    at = MONDAY + timedelta(hours=4)
    close, _ = quote_of(compare(standings, before, content(deadline=at + timedelta(minutes=10)), at), at)
    assert (close.newly_at_risk, close.newly_breached) == (1, 0)
    late, _ = quote_of(compare(standings, before, content(deadline=at - timedelta(minutes=10)), at), at)
    assert (late.newly_at_risk, late.newly_breached) == (0, 1)
    new, _ = quote_of(compare([], None, content(deadline=at + timedelta(hours=1)), at), at)
    assert new.newly_at_risk == 1, "the deadline leaves it less than its SLA"


def labour(item: Tracked, *steps: Step) -> tuple[Any, Any]:
    """Hours and cost of these steps, in so far as quotes are rounded."""
    hours = STEPS.labour_of(item.work.kind, item.work.complexity_class)
    cost = sum(hours[step] * RATES.hourly[step] for step in steps)
    return pytest.approx(sum(hours[step] for step in steps), abs=0.01), pytest.approx(cost, abs=0.01)


def test_costs_are_the_labour_of_the_steps_by_the_rates() -> None:
    before, after = content(channels=["pdp"]), content(colorways=("white", "black"), channels=["pdp"])
    standings = world(before, ["untouched"])
    quote, lines = quote_of(compare(standings, before, after))
    shot, variant = [line for line in lines if line.effect is Effect.ADDED]
    of_shot = labour(standings[0].item, Step.STUDIO, Step.RETOUCHING, Step.QC)
    of_variant = labour(standings[1].item, Step.DELIVERY, Step.QC)
    assert [(line.hours, line.cost) for line in (shot, variant)] == [of_shot, of_variant]
    assert quote.cost.difference == pytest.approx(shot.cost + variant.cost, abs=0.01)
    assert (quote.cost.lost, quote.cost.rates_version, quote.cost.steps_version) == (0, 1, 1)


@pytest.mark.parametrize(
    ("fate", "step", "lost"),
    [
        ("untouched", Step.STUDIO, []),
        ("claimed", Step.STUDIO, [Step.STUDIO]),  # nobody's hours are given back
        ("claimed", Step.RETOUCHING, [Step.STUDIO]),
        ("in_review", Step.QC, [Step.STUDIO, Step.RETOUCHING]),
        ("past_technical", Step.QC, [Step.STUDIO, Step.RETOUCHING, Step.QC]),
        ("returned", Step.STUDIO, [Step.STUDIO]),
    ],
)
def test_work_that_is_stopped_saves_what_was_still_to_come(fate: str, step: Step, lost: list[Step]) -> None:
    before = content(colorways=("white", "black"), channels=[])
    kept, stopped = world(before, ["untouched", fate])
    item = stopped.item
    stopped = replace(stopped, item=replace(item, work=item.work.model_copy(update={"step": step})))
    quote, lines = quote_of(compare([kept, stopped], before, content(channels=[])))
    [removed] = [line for line in lines if line.effect is Effect.REMOVED]
    saved = [one for one in (Step.STUDIO, Step.RETOUCHING, Step.QC) if one not in lost]
    assert (-removed.hours, -removed.cost) == labour(item, *saved)
    assert quote.cost.lost == labour(item, *lost)[1]


def test_the_variant_of_a_stopped_request_was_made_once_it_was_begun() -> None:
    before = content(channels=["pdp"])
    standings = world(before, ["approved", "in_review"])
    quote, lines = quote_of(compare(standings, before, None))
    [variant] = [line for line in lines if line.effect is Effect.REMOVED]
    item = standings[1].item
    assert (-variant.hours, -variant.cost) == labour(item, Step.QC)
    assert quote.cost.lost == labour(item, Step.DELIVERY)[1]


def test_the_largest_request_fits_into_an_event() -> None:
    """500 shots on 30 channels: 15,500 items. Of all that stops, the one that is lost is named."""
    channels = [f"channel_{number}_of_the_brand" for number in range(30)]
    colorways = [f"colorway-{number}-with-a-long-name" for number in range(50)]
    views = [f"view_{number}_with_a_long_name" for number in range(10)]
    old = content(colorways=colorways, views=views, channels=channels)
    standings = world(old, ["in_review"])
    last_shot = len(standings) - 31
    standings[last_shot] = replace(standings[last_shot], passed=frozenset({Gate.TECHNICAL}))
    found = compare(
        standings, old, content(colorways=colorways[:25], views=views, channels=channels, materials=["knit"])
    )
    quote, lines = quote_of(found)
    assert len(standings) == len(lines) == 15_500
    assert {effect: count for effect, count in quote.counts.items() if count} == {
        "removed": 7_750, "redone": 250, "changed": 7_500,
    }  # fmt: skip
    assert len(quote.lines) == 3 * LINES_AN_EFFECT
    assert [line.work_item_id for line in quote.lines if line.is_loss] == [standings[last_shot].item.work.id]
    said = AmendmentQuoted(id=old.id, request_id=old.id, quote=quote)
    assert len(said.model_dump_json()) < 250_000


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "euro"},
        {"hourly": {"studio": -1}},
        {"hourly": {"studio": 1}},
        {"hourly": {"studio": 1, "retouching": 1, "qc": 1}},
        {"hourly": {"studio": 1, "retouching": 1, "qc": 1, "delivery": float("inf")}},
        {"shot": {"C1": {"studio": 1}}},
        {"more": 1},
    ],
)
def test_rates_that_can_not_be_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RatesPack.model_validate(read_toml(PACKS / "rates.toml") | change)

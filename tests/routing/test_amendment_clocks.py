"""When work is due after an amendment, and what holds it: its clock goes on, or begins anew. Pure."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.values import Priority, Risk, Step, WorkState
from services.routing.amendments.domain import Standing
from services.routing.sla.clocks import Clock
from services.routing.sla.domain import climb
from services.routing.work import domain
from services.routing.work.domain import Hold, Tracked
from services.routing.work.planning import plan_work
from tests.routing.amendments import LEASE, applied, compare, content, lived, quote_of, world
from tests.routing.others import MONDAY
from tests.routing.test_rules import CALENDAR, DEFAULTS


def late(item: Tracked) -> Tracked:
    """Breached, and one rung up."""
    track, due_at = DEFAULTS.tracks.track(item.work.track), item.work.due_at
    assert due_at is not None
    changes = climb(item, due_at + timedelta(days=30), track, CALENDAR)
    rung = next(change.after for change in changes if change.after.rungs == 1)
    assert rung.next_rung_at is not None
    return rung


def test_late_work_stays_late_when_it_is_amended_and_begins_on_time_when_it_is_redone() -> None:
    request = content(channels=[])
    item = late(lived(world(request, ["untouched"])[0].item, "claimed").item)
    at, standing = item.work.updated_at + timedelta(hours=1), Standing(item)
    soon = request.model_copy(update={"deadline": at + timedelta(days=90), "priority": Priority.HIGH})
    [amended] = applied([standing], compare([standing], request, soon, at), at)
    assert (amended.work.risk, amended.rungs, amended.next_rung_at) == (
        Risk.BREACHED, 1, item.next_rung_at,
    )  # fmt: skip
    assert amended.work.claimed_by == "phil"
    found = compare([standing], request, request.model_copy(update={"materials": ["lace"]}), at)
    [redone] = applied([standing], found, at)
    assert (redone.work.risk, redone.rungs, redone.next_rung_at, redone.ready_at) == (Risk.ON_TIME, 0, None, at)
    assert (redone.work.step, redone.work.claimed_by) == (Step.STUDIO, None)
    assert redone.work.due_at is not None
    assert redone.work.due_at > at
    assert quote_of(found, at)[1][0].risk_after is Risk.ON_TIME


@pytest.mark.parametrize("holds", [(Hold.PERSON,), (Hold.REQUESTER,), (Hold.PERSON, Hold.REQUESTER)])
def test_what_holds_blocked_work_holds_it_when_it_is_redone(holds: tuple[Hold, ...]) -> None:
    request, at = content(channels=[]), MONDAY + timedelta(hours=3)
    item = replace(
        lived(lived(world(request, ["untouched"])[0].item, "claimed").item, "blocked").item, blocked_for=holds
    )
    standing = Standing(item)
    [redone] = applied([standing], compare([standing], request, content(materials=["lace"], channels=[]), at), at)
    assert (redone.work.state, redone.blocked_in, redone.blocked_for) == (WorkState.BLOCKED, WorkState.READY, holds)
    later = at + timedelta(hours=2)
    goes_on = domain.unblock(redone, "pia", later, CALENDAR, LEASE).after
    assert redone.work.due_at is not None
    assert goes_on.work.due_at == CALENDAR.add(redone.work.due_at, timedelta(hours=2))


def test_blocked_work_that_is_redone_stays_blocked() -> None:
    request = content()
    item = lived(lived(world(request, ["untouched"])[0].item, "in_review").item, "blocked").item
    standing = Standing(item)
    [after, *_] = applied([standing], compare([standing], request, content(materials=["lace"])))
    assert (after.work.state, after.blocked_in, after.work.round) == (WorkState.BLOCKED, WorkState.READY, 1)
    assert domain.unblock(after, "pia", MONDAY, CALENDAR, LEASE).after.work.state is WorkState.READY


def test_a_track_that_its_packs_do_not_have_keeps_its_due_time() -> None:
    request = content()
    shot = world(request, ["claimed"])[0].item
    foreign = replace(shot, work=shot.work.model_copy(update={"track": "of_a_newer_pack"}))
    for change in ({"deadline": MONDAY + timedelta(hours=2)}, {"attributes": {"fit_notes": "another"}}):
        found = compare([Standing(foreign)], request, request.model_copy(update=change))
        then = next(one.after for one in found if one.before) or foreign
        assert (then.work.track, then.work.due_at) == ("of_a_newer_pack", shot.work.due_at)


@pytest.mark.parametrize(
    ("old", "new", "due"),
    [
        (None, timedelta(days=1), timedelta(days=1)),
        (timedelta(days=1), None, None),
        (timedelta(days=1), timedelta(days=2), timedelta(days=2)),
        (None, timedelta(days=60), None),
    ],
)
def test_another_deadline_moves_the_due_time(
    old: timedelta | None, new: timedelta | None, due: timedelta | None
) -> None:
    """None: the end of the SLA."""
    before = content(deadline=MONDAY + old if old else None)
    after = before.model_copy(update={"deadline": MONDAY + new if new else None})
    shot = world(before, ["claimed"])[0]
    by_sla = plan_work(content(), DEFAULTS, MONDAY)[0].work.due_at
    [one, *_] = compare([shot], before, after, MONDAY + timedelta(hours=3))
    then = (one.after or shot.item).work
    assert then.due_at == (MONDAY + due if due else by_sla)
    assert then.claimed_by == "phil"


def test_a_pause_stays_when_the_deadline_changes() -> None:
    before = content(deadline=MONDAY + timedelta(days=2))
    shot = world(before, ["untouched"])[0].item
    blocked = domain.block(shot, "pia", MONDAY, "x").after
    paused = domain.unblock(blocked, "pia", MONDAY + timedelta(hours=4), CALENDAR, LEASE).after
    clock = Clock(MONDAY, ((MONDAY, timedelta(hours=4)),))
    [one, *_] = compare([Standing(paused, clock=clock)], before, before.model_copy(update={"deadline": None}))
    by_sla = plan_work(content(), DEFAULTS, MONDAY)[0].work.due_at
    assert one.after is not None
    assert by_sla is not None
    assert one.after.work.due_at == CALENDAR.add(by_sla, timedelta(hours=4))

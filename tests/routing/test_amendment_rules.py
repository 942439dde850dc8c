"""What an amendment does to work: applied, it gives what planning anew would give, and nothing past a gate is lost
without being listed. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.packs import read_toml
from contracts.amendments import AmendmentQuoted, Effect, Progress, Quote, QuoteLine
from contracts.values import Gate, ImageSpec, Priority, Request, Risk, ShotPlan, Step, WorkKind, WorkState
from services.routing.amendments.applying import steps
from services.routing.amendments.domain import Difference, Proposal, Standing, differences, slot_of
from services.routing.amendments.quoting import LINES_AN_EFFECT, Basis, quoted
from services.routing.amendments.schemas import PublishedRates, RatesPack
from services.routing.app import PACKS
from services.routing.rerouting.domain import Way, reroute, wanted_of
from services.routing.sla.domain import climb
from services.routing.steps.schemas import PublishedSteps
from services.routing.tracks.schemas import PackVersions
from services.routing.work import domain
from services.routing.work.domain import Hold, Tracked
from services.routing.work.planning import due_for, plan_work
from tests.routing.others import MONDAY, brief
from tests.routing.test_rules import CALENDAR, DEFAULTS

STEPS = PublishedSteps.model_validate(read_toml(PACKS / "steps.toml") | {"version": 1})
RATES = PublishedRates.model_validate(read_toml(PACKS / "rates.toml") | {"version": 1})
LEASE = timedelta(hours=8)
VIEWS = ["front", "back", "on_model", "ghost_mannequin"]
FIELDS = (
    "category", "materials", "spec", "complexity_class", "track", "gates", "ai", "queue", "owner_role",
    "final_reviewers", "zoom_required", "priority", "approval_owner", "product_name",
)  # fmt: skip


def content(
    colorways: Sequence[str] = ("white",), views: Sequence[str] = ("front",), size: int = 1000, **changes: Any
) -> Request:
    shots = [
        ShotPlan(colorway=colorway, view=view, spec=ImageSpec(min_width=size))
        for colorway in colorways
        for view in views
    ]
    return brief(colorways=list(colorways), shots=shots, **changes)


def compare(
    standings: Sequence[Standing], old: Request | None, new: Request | None, at: datetime = MONDAY, keep: bool = False
) -> list[Difference]:
    proposal = Proposal(old, old.deadline if old else None, new, keep)
    return differences(proposal, standings, lambda _: DEFAULTS, DEFAULTS, at)


def quote_of(found: Sequence[Difference], at: datetime = MONDAY) -> tuple[Quote, list[QuoteLine]]:
    return quoted(found, Basis(STEPS, RATES), DEFAULTS.versions, 1, at)


def applied(standings: Sequence[Standing], found: Sequence[Difference], at: datetime = MONDAY) -> list[Tracked]:
    """All items afterwards, in their newest state."""
    after = {one.item.work.id: one.item for one in standings}
    for change in steps(found, "mina", at, "amendment 7"):
        assert change.before is None or after[change.before.work.id] is not None
        assert change.cause == "amendment 7"
        after[change.after.work.id] = change.after
    return list(after.values())


# What may have happened to a shot, and to the variant of an approved one.
FATES = ("untouched", "claimed", "in_review", "past_technical", "past_final", "returned", "blocked", "approved")


def lived(item: Tracked, fate: str) -> Standing:
    """An item in the state that this leads to."""
    passed: set[Gate] = set()
    if fate == "claimed":
        item = domain.claim(item, "phil", MONDAY, LEASE).after
    elif fate == "blocked":
        item = domain.block(item, "pia", MONDAY, "the sample is damaged").after
    elif fate != "untouched":
        item = domain.hand_in(item, "phil", MONDAY).after
    if fate in ("past_technical", "past_final"):
        passed = {Gate.TECHNICAL} if fate == "past_technical" else set(Gate)
    elif fate == "returned":
        item = domain.send_back(item, "quinn", MONDAY, "studio", "technical: out_of_focus").after
    elif fate == "approved":
        item, passed = domain.approve(item, "quinn", MONDAY, MONDAY).after, set(Gate)
    return Standing(item, frozenset(passed))


def world(request: Request, fates: Sequence[str]) -> list[Standing]:
    """The request's work; each next item has the next fate, variants only once their master is approved."""
    found: list[Standing] = []
    is_approved = dict[object, bool]()
    for number, item in enumerate(plan_work(request, DEFAULTS, MONDAY)):
        fate = fates[number % len(fates)]
        if item.work.kind is WorkKind.VARIANT:
            if not is_approved[item.work.parent_id]:
                found.append(Standing(item))
                continue
            track, complexity = (
                DEFAULTS.tracks.track(item.work.track),
                DEFAULTS.classes.entry(item.work.complexity_class),
            )
            item = domain.make_ready(item, "quinn", MONDAY, due_for(MONDAY, track, complexity, None, DEFAULTS)).after
        found.append(lived(item, fate))
        is_approved[item.work.id] = fate == "approved"
    return found


requests = st.builds(
    content,
    colorways=st.lists(st.sampled_from(["white", "black", "gray"]), min_size=1, max_size=3, unique=True),
    views=st.lists(st.sampled_from(VIEWS), min_size=1, max_size=4, unique=True),
    size=st.sampled_from([1000, 2000]),
    channels=st.lists(st.sampled_from(["pdp", "zalando", "amazon"]), min_size=1, max_size=3, unique=True),
    materials=st.sampled_from([["cotton"], ["knit"], ["lace"]]),
    use=st.sampled_from(["catalog", "campaign"]),  # another track for the shots, the same for their variants
    priority=st.sampled_from(list(Priority)),
    approval_owner=st.sampled_from(["mina", "otto"]),
    attributes=st.sampled_from([{"fit_notes": "a"}, {"fit_notes": "b"}, {"return_sensitive": True}]),
    deadline=st.sampled_from([None, MONDAY + timedelta(days=1), MONDAY + timedelta(days=40)]),
)
all_fates = st.lists(st.sampled_from(FATES), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(old=requests, new=requests, fates=all_fates, keep=st.booleans())
def test_applying_a_quote_gives_what_planning_anew_gives(
    old: Request, new: Request, fates: list[str], keep: bool
) -> None:
    standings = world(old, fates)
    found = compare(standings, old, new, keep=keep)
    assert sorted(str(one.before.item.work.id) for one in found if one.before) == sorted(
        str(one.item.work.id) for one in standings
    )
    after = applied(standings, found)
    live = {slot_of(item): item for item in after if item.work.state is not WorkState.CANCELLED}
    planned = {slot_of(item): item for item in plan_work(new, DEFAULTS, MONDAY)}
    stays = {slot_of(one.item) for one in standings if one.progress is Progress.APPROVED} - set(planned)
    assert set(live) == set(planned) | stays
    assert len(live) == len([item for item in after if item.work.state is not WorkState.CANCELLED])
    by_id = {item.work.id: item for item in after}
    for slot in planned:
        item, target = live[slot], planned[slot]
        is_kept = item.work.state is WorkState.APPROVED
        for name in FIELDS[:-3] if is_kept else FIELDS:
            assert getattr(item.work, name) == getattr(target.work, name), (slot, name)
        if item.work.kind is WorkKind.SHOT and not is_kept:
            assert item.work.due_at == target.work.due_at, slot
            assert item.at_risk_at == target.at_risk_at, slot
        if item.work.kind is WorkKind.VARIANT:
            assert item.work.parent_id is not None
            master = by_id[item.work.parent_id]
            assert slot_of(master) == (*slot[:2], None)
            assert (item.place is WorkState.WAITING) == (master.work.state is not WorkState.APPROVED), slot
    again = compare([Standing(item) for item in after], new, new)
    assert {one.effect for one in again} <= {Effect.KEPT}


@settings(max_examples=150, deadline=None)
@given(old=requests, new=st.none() | requests, fates=all_fates)
def test_nothing_past_a_gate_is_lost_without_being_listed(old: Request, new: Request | None, fates: list[str]) -> None:
    standings = world(old, fates)
    found = compare(standings, old, new)
    quote, lines = quote_of(found)
    after = {item.work.id: item for item in applied(standings, found)}
    lost = set()
    for one in standings:
        then, before = after[one.item.work.id].work, one.item.work
        if one.progress is Progress.APPROVED:
            assert then.state is not WorkState.CANCELLED
        if one.passed and (then.state is WorkState.CANCELLED or then.round > before.round):
            lost.add(before.id)
    assert lost == {line.work_item_id for line in lines if line.is_loss}
    assert quote.losses == len(lost)
    assert {line.work_item_id for line in quote.lines if line.is_loss} == lost, "the first lines are the losses"
    assert sum(quote.counts.values()) == len(lines) == len(found)
    assert (quote.cost.lost > 0) >= bool(lost)
    if new is None:
        assert quote.cost.difference <= 0


@settings(max_examples=100, deadline=None)
@given(old=requests, new=requests, fates=all_fates, number=st.integers(0, 100))
def test_a_quote_holds_until_affected_work_is_further(
    old: Request, new: Request, fates: list[str], number: int
) -> None:
    standings = world(old, fates)
    found = compare(standings, old, new)
    print_of = quote_of(found)[0].fingerprint
    later = MONDAY + timedelta(hours=5)
    assert quote_of(compare(standings[::-1], old, new, later), later)[0].fingerprint == print_of
    one = standings[number % len(standings)]
    moved = replace(one, passed=one.passed | {Gate.TECHNICAL})
    others = [other for other in standings if other is not one]
    effect = next(diff.effect for diff in found if diff.before is one)
    has_moved = moved.gate != one.gate or moved.progress != one.progress
    if one.item.work.state is WorkState.IN_REVIEW and has_moved and effect is not Effect.KEPT:
        assert quote_of(compare([*others, moved], old, new))[0].fingerprint != print_of


def test_a_pack_that_was_edited_meanwhile_redoes_nothing() -> None:
    """Work is compared under the packs that it was routed with."""
    request = content(views=("front", "back"))
    standings = [lived(one.item, "in_review") for one in world(request, ["untouched"]) if one.item.work.channel is None]
    dear = DEFAULTS.classes.model_copy(
        update={"rules": [DEFAULTS.classes.rules[0].model_copy(update={"when": []}), *DEFAULTS.classes.rules[1:]]}
    )
    newer = replace(DEFAULTS, classes=dear, versions=PackVersions(tracks=1, classes=2, calendar=1))
    packs = {1: DEFAULTS, 2: newer}
    new = content(views=("front", "back", "on_model"), id=request.id, channels=[])
    old = request.model_copy(update={"channels": []})
    found = differences(Proposal(old, None, new), standings, lambda versions: packs[versions.classes], newer, MONDAY)
    effects = {slot_of(one.before.item if one.before else one.after)[1]: one for one in found}  # type: ignore[arg-type]
    assert effects["front"].effect is effects["back"].effect is Effect.KEPT
    assert effects["on_model"].after is not None
    assert effects["on_model"].after.packs.classes == 2


def test_what_a_person_decided_since_stays() -> None:
    """Re-routed work keeps its queue: the new content asks for nothing else than the old."""
    request = content()
    shot = world(request, ["untouched"])[0].item
    rerouted = replace(shot, work=shot.work.model_copy(update={"queue": "hero", "track": "hero"}))
    [one, *_] = compare([Standing(rerouted)], request, request.model_copy(update={"priority": Priority.HIGH}))
    assert (one.effect, one.why) == (Effect.CHANGED, "changed: priority")
    assert one.after is not None
    assert (one.after.work.queue, one.after.work.track) == ("hero", "hero")


WAYS: dict[Way, str] = {
    Way.TRACK: "hero", Way.QUEUE: "hero", Way.TEAM: "final_qc", Way.LEVEL: "specialist", Way.PRIORITY: "urgent",
}  # fmt: skip


def rerouted(item: Tracked, way: Way) -> Tracked:
    wanted = wanted_of(item, {way: WAYS[way]}, DEFAULTS.tracks)
    track = DEFAULTS.tracks.track(WAYS[way]) if way is Way.TRACK else None
    complexity = DEFAULTS.classes.entry(item.work.complexity_class) if track else None
    return reroute(item, wanted, "pia", "the campaign", MONDAY, DEFAULTS.versions, track, complexity).after


@pytest.mark.parametrize("fate", ["untouched", "claimed", "in_review", "blocked"])
@pytest.mark.parametrize("way", list(Way))
def test_no_amendment_undoes_what_a_person_has_rerouted(way: Way, fate: str) -> None:
    """Nor is work redone for it: not when something else is amended, nor when rules would now choose another way."""
    request = content(channels=[])
    item = rerouted(lived(world(request, ["untouched"])[0].item, fate).item, way)
    standing, theirs = Standing(item), next(choice for choice in item.chosen_by if choice.decides == way)
    assert theirs.by == "pia"

    def after(**changes: object) -> tuple[Effect, Tracked]:
        [one] = compare([standing], request, request.model_copy(update=changes))
        then = one.after or item
        assert getattr(then.work, way) == getattr(item.work, way), changes
        assert theirs in then.chosen_by, changes
        if way is Way.TRACK:
            assert (then.work.queue, then.work.gates) == (item.work.queue, item.work.gates), changes
        return one.effect, then

    assert after(product_name="Argus Tank")[0] is Effect.CHANGED
    assert after(references=["another"])[0] is Effect.KEPT
    effect, _ = after(priority=Priority.LOW)
    assert effect is (Effect.KEPT if way is Way.PRIORITY else Effect.CHANGED)
    effect, _ = after(use="campaign")  # another track by the rules
    if way is Way.TRACK:
        assert effect in (Effect.KEPT, Effect.CHANGED)
    effect, then = after(materials=["lace"])  # another class
    assert then.work.complexity_class is not item.work.complexity_class
    assert effect is (Effect.CHANGED if fate in ("untouched", "blocked") else Effect.REDONE)


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
    [one, *_] = compare([Standing(paused)], before, before.model_copy(update={"deadline": None}))
    by_sla = plan_work(content(), DEFAULTS, MONDAY)[0].work.due_at
    assert one.after is not None
    assert by_sla is not None
    assert one.after.work.due_at == CALENDAR.add(by_sla, timedelta(hours=4))


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


def test_blocked_work_that_is_redone_stays_blocked() -> None:
    request = content()
    item = lived(lived(world(request, ["untouched"])[0].item, "in_review").item, "blocked").item
    standing = Standing(item)
    [after, *_] = applied([standing], compare([standing], request, content(materials=["lace"])))
    assert (after.work.state, after.blocked_in, after.work.round) == (WorkState.BLOCKED, WorkState.READY, 1)
    assert domain.unblock(after, "pia", MONDAY, CALENDAR, LEASE).after.work.state is WorkState.READY


def test_a_request_that_was_taken_before_contents_were_kept_is_compared_with_its_work() -> None:
    request = content(views=("front", "back"))
    standings = world(request, ["in_review", "untouched"])
    same = compare(standings, None, request)
    assert {one.effect for one in same} == {Effect.KEPT}
    [redone] = [one for one in compare(standings, None, content(views=("front", "back"), materials=["knit"]))
                if one.effect is Effect.REDONE]  # fmt: skip
    assert "materials" in redone.why


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


@pytest.mark.parametrize("fate", ["untouched", "in_review", "approved"])
def test_a_variant_waits_again_when_only_its_master_is_redone(fate: str) -> None:
    """Another track for the shot: the variant's own way is the same."""
    before, after = content(channels=["pdp"]), content(channels=["pdp"], use="campaign")
    shot, variant = world(before, ["approved", fate])
    found = compare([variant, shot], before, after)
    assert [one.effect for one in found] == [Effect.REDONE, Effect.REDONE]
    assert "track" not in found[1].why
    [waiting] = [item for item in applied([shot, variant], found) if item.work.channel]
    assert (waiting.work.state, waiting.work.round, waiting.work.due_at) == (WorkState.WAITING, 1, None)


def test_attributes_redo_begun_work_unless_it_is_to_be_kept() -> None:
    before, after = content(attributes={"fit_notes": "a"}), content(attributes={"fit_notes": "b"})
    begun, untouched = world(before, ["claimed"])[0], world(before, ["untouched"])[0]
    effects = [
        compare([one], before, after, keep=keep)[0].effect for one in (begun, untouched) for keep in (False, True)
    ]
    assert effects == [Effect.REDONE, Effect.KEPT, Effect.KEPT, Effect.KEPT]


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

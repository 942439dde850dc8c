"""What an amendment does to work: applied, it gives what planning anew would give, and nothing past a gate is lost
without being listed. Pure."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.amendments import Effect, Progress
from contracts.values import Gate, Priority, Request, WorkKind, WorkState
from services.routing.amendments.domain import Proposal, Standing, differences, slot_of
from services.routing.rerouting.domain import Way, reroute, wanted_of
from services.routing.tracks.schemas import PackVersions
from services.routing.work.domain import Tracked
from services.routing.work.planning import plan_work
from tests.routing.amendments import all_fates, applied, compare, content, lived, quote_of, requests, world
from tests.routing.others import MONDAY
from tests.routing.test_rules import DEFAULTS

FIELDS = (
    "category", "materials", "spec", "complexity_class", "track", "gates", "ai", "queue", "owner_role",
    "final_reviewers", "zoom_required", "priority", "approval_owner", "product_name", "use",
)  # fmt: skip


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
        for name in FIELDS[:-4] if is_kept else FIELDS:
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
    effect = next(diff.effect for diff in found if diff.before and diff.before.item is one.item)
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


def test_a_request_that_was_taken_before_contents_were_kept_is_compared_with_its_work() -> None:
    request = content(views=("front", "back"))
    standings = world(request, ["in_review", "untouched"])
    same = compare(standings, None, request)
    assert {one.effect for one in same} == {Effect.KEPT}
    [redone] = [one for one in compare(standings, None, content(views=("front", "back"), materials=["knit"]))
                if one.effect is Effect.REDONE]  # fmt: skip
    assert "materials" in redone.why


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

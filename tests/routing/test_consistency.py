"""Rules that contradict each other, can never decide or go in a circle; each named with its place and a remedy."""

import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.values import ComplexityClass
from services.routing.tracks.consistency import faults_of_classes, faults_of_teams, faults_of_tracks
from services.routing.tracks.domain import choose_track
from services.routing.tracks.schemas import ClassesPack, TeamsPack, TracksPack
from tests.routing.others import Json
from tests.routing.test_rules import CLASSES, TEAMS, TRACKS, changed

TRACK_NAMES = [track.name for track in TRACKS.tracks]


def rule(name: str, track: str, /, **when: list[str] | str) -> Json:
    """`ai__use=…` is a condition on `ai.use`."""
    conditions = [
        {"field": field.replace("__", "."), "any_of": [values] if isinstance(values, str) else values}
        for field, values in when.items()
    ]
    return {"id": name, "because": "x", "track": track, "when": conditions}


def tracks_with(*rules: Json) -> TracksPack:
    return TracksPack.model_validate(changed(TRACKS, lambda pack: pack.update(rules=[*rules, rule("last", "catalog")])))


def said(pack: TracksPack) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.detail) for fault in faults_of_tracks(pack)]


def test_the_defaults_are_consistent() -> None:
    assert faults_of_classes(CLASSES) == []
    assert faults_of_tracks(TRACKS) == []
    assert faults_of_teams(TEAMS, TRACK_NAMES) == []


@pytest.mark.parametrize(
    ("rules", "pointer", "detail"),
    [
        (
            [rule("a", "hero", use=["campaign", "email"]), rule("b", "video", use=["Email", "campaign"])],
            "/rules/1",
            "rules a and b contradict each other: the same conditions, but hero and video",
        ),
        (
            [rule("a", "hero", use="campaign"), rule("b", "hero", use="campaign")],
            "/rules/1",
            "rule b says the same as a",
        ),
        (
            [rule("a", "hero", use=["campaign", "email"]), rule("b", "video", use="email", view="front")],
            "/rules/1",
            "rule b can never decide: whenever it applies, so does a, which is asked before it",
        ),
        (
            [rule("a", "ai_assisted", ai="true"), rule("b", "video", ai__use="video_draft")],
            "/rules/1",
            "rule b can never decide: whenever it applies, so does a, which is asked before it",
        ),
        (
            [rule("a", "hero", priority=["low", "normal", "high", "urgent"]), rule("b", "video", use="email")],
            "/rules/1",
            "rule b can never decide: whenever it applies, so does a, which is asked before it",
        ),
        (
            [{**rule("a", "hero"), "when": [{"field": "view", "any_of": [view]} for view in ("front", "back")]}],
            "/rules/0",
            "rule a can never decide: its conditions on view exclude each other",
        ),
        (
            [rule("a", "hero", track="video")],
            "/rules/0/when/0/field",
            "a circle: rule a decides the track and asks for the track, but that is what it decides",
        ),
        (
            [rule("a", "hero", team="skin_beauty")],
            "/rules/0/when/0/field",
            "a circle: rule a decides the track and asks for the team, but the team is decided from the track",
        ),
        (
            [rule("a", "hero", kind="variant")],
            "/rules/0/when/0/field",
            "rule a asks for the kind, but only shots get a track by rules",
        ),
        (
            [rule("a", "hero", priority=["high", "highest"])],
            "/rules/0/when/0/any_of",
            "rule a asks for a priority that there is not: highest",
        ),
        (
            [rule("a", "hero", use="catalogg")],
            "/rules/0/when/0/any_of",
            "rule a asks for a use that there is not: catalogg",
        ),
        (
            [rule("a", "hero", complexity_class="C5")],
            "/rules/0/when/0/any_of",
            "rule a asks for a complexity_class that there is not: c5",
        ),
    ],
)
def test_what_is_wrong_with_rules_of_tracks(rules: list[Json], pointer: str, detail: str) -> None:
    assert (pointer, detail) in said(tracks_with(*rules))
    assert all(fault.remedy for fault in faults_of_tracks(tracks_with(*rules)))


@pytest.mark.parametrize(
    "rules",
    [
        [rule("a", "hero", materials="lace"), rule("b", "video", materials=["lace", "fur"])],
        [rule("a", "hero", materials="lace"), rule("b", "video", materials="fur")],
        # A product has several materials: both conditions can hold at once.
        [{**rule("a", "hero"), "when": [{"field": "materials", "any_of": [one]} for one in ("lace", "fur")]}],
        [rule("a", "hero", use="campaign", view="front"), rule("b", "video", use="campaign")],
        [rule("a", "hero", ai__use="video_draft"), rule("b", "video", ai="true")],
        [rule("a", "hero", attributes__sleeve="long"), rule("b", "video", attributes__sleeve="short")],
    ],
)
def test_rules_that_overlap_are_not_wrong(rules: list[Json]) -> None:
    assert said(tracks_with(*rules)) == []


def test_everything_is_named_at_once() -> None:
    found = said(tracks_with(rule("a", "hero", team="x", priority="highest"), rule("b", "video", track="hero")))
    assert [pointer for pointer, _ in found] == [
        "/rules/0/when/0/field",
        "/rules/0/when/1/any_of",
        "/rules/1/when/0/field",
    ]


def test_a_variant_has_no_variants() -> None:
    pack = TracksPack.model_validate(changed(TRACKS, lambda pack: pack.update(variant_track="catalog")))
    assert said(pack) == [("/variant_track", "catalog makes variants, so that a variant would have variants")]


def test_classes_are_asked_from_the_highest_down() -> None:
    """Wherever a rule stands, one of a higher class is asked before it."""

    def add(pack: Json) -> None:
        jewelry = [{"field": "category", "any_of": ["jewelry"]}]
        pack["rules"].insert(0, {"id": "easy_jewelry", "complexity_class": "C1", "because": "x", "when": jewelry})
        pack["rules"].append({"id": "circle", "complexity_class": "C1", "because": "x",
                              "when": [{"field": "track", "any_of": ["hero"]}]})  # fmt: skip

    faults = faults_of_classes(ClassesPack.model_validate(changed(CLASSES, add)))
    last = len(CLASSES.rules) + 1
    assert {(fault.pointer, fault.detail) for fault in faults} == {
        ("/rules/0", "rules jewelry and easy_jewelry contradict each other: the same conditions, but C4 and C1"),
        (
            f"/rules/{last}/when/0/field",
            "a circle: rule circle decides the complexity_class and asks for the track, but the track is decided from"
            " the complexity_class",
        ),
        (
            f"/rules/{last}",
            "rule circle can never decide: whenever it applies, so does basic, which is asked before it",
        ),
    }


def test_teams_ask_for_tracks_that_there_are() -> None:
    def change(pack: Json) -> None:
        pack["rules"][0]["when"] = [{"field": "track", "any_of": ["hero", "moon"]}]

    [fault] = faults_of_teams(TeamsPack.model_validate(changed(TEAMS, change)), TRACK_NAMES)
    assert (fault.pointer, fault.detail) == (
        "/rules/0/when/0/any_of",
        "rule variant asks for a track that there is not: moon",
    )


VALUES = {"use": ["catalog", "campaign"], "view": ["front", "back"], "materials": ["lace", "fur"]}
conditions = st.sampled_from(sorted(VALUES)).flatmap(
    lambda fact: st.tuples(st.just(fact), st.sets(st.sampled_from(VALUES[fact]), min_size=1))
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(conditions, min_size=1, max_size=3), min_size=1, max_size=6))
def test_what_is_called_dead_never_decides(rules: list[list[tuple[str, set[str]]]]) -> None:
    """Against every combination of values that there is."""
    named = [
        {**rule(f"r{number}", "hero"), "when": [{"field": fact, "any_of": sorted(values)} for fact, values in one]}
        for number, one in enumerate(rules)
    ]
    pack = tracks_with(*named)
    dead = {pack.rules[int(pointer.split("/")[2])].id for pointer, _ in said(pack)}
    materials = [frozenset[str](), *(frozenset(some) for some in (["lace"], ["fur"], ["lace", "fur"]))]
    decided = set()
    for use, view, material in product(VALUES["use"], VALUES["view"], materials):
        facts = {"use": frozenset([use]), "view": frozenset([view]), "materials": material}
        decided.add(choose_track(facts, ComplexityClass.C1, pack)[1].rule)
    assert not dead & decided


def test_many_rules_are_checked() -> None:
    """As many as a pack holds."""
    choose = random.Random(1)
    rules = [
        rule(f"r{number}", "hero", category=f"c{number}", materials=[f"m{choose.randrange(99)}" for _ in range(20)])
        for number in range(499)
    ]
    assert said(tracks_with(*rules)) == []

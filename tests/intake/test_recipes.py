"""Conditional fields, views with several shots, retired categories: what a pack asks of a brief. Pure."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.clock import now
from services.intake.app import PACKS
from services.intake.categories.schemas import CategoryContent, CategoryPack
from services.intake.categories.service import default_ai_shot
from services.intake.reference import Reference
from services.intake.requests.completeness import find_problems
from services.intake.requests.domain import planned_shots
from services.intake.requests.schemas import Brief
from tests.intake.samples import AI_POLICY, CHANNEL_NAMES, bags

HATS: dict[str, Any] = {
    "name": "hats",
    "title": "Hats",
    "materials": ["felt", "straw", "glossy"],
    "fields": [
        {"name": "brim", "type": "choice", "choices": ["wide", "none"], "asks": "its brim", "remedy": "Say it."},
        {
            "name": "brim_mm", "type": "integer", "maximum": 300, "asks": "how wide its brim is",
            "remedy": "Measure it.", "when": {"field": "brim", "value": "wide"},
        },
        {
            "name": "finish", "type": "choice", "choices": ["matt", "lacquered"], "mandatory": False,
            "asks": "its finish", "remedy": "Say it.", "implies": {"lacquered": ["glossy"]},
        },
        {
            "name": "reflections", "type": "text", "asks": "what may be reflected", "remedy": "Describe it.",
            "when": {"field": "materials", "value": "glossy"},
        },
        {
            "name": "mood", "type": "text", "asks": "the mood", "remedy": "Describe it.",
            "when": {"field": "use", "value": "campaign"},
        },
        {
            "name": "extras", "type": "list", "choices": ["veil", "feather"], "mandatory": False, "asks": "extras",
            "remedy": "Name them.",
        },
    ],
    "recipe": [
        {"view": "front", "title": "Front", "shots": 2, "spec": {"min_width": 1000}},
        {"view": "inside", "title": "Inside", "mandatory": False, "spec": {}},
        {"view": "veil", "title": "Veil", "when": {"field": "extras", "value": "veil"}, "shots": 3, "spec": {}},
        {"view": "gloss", "title": "Gloss", "when": {"field": "materials", "value": "glossy"}, "spec": {}},
    ],
}  # fmt: skip


def pack(**changes: Any) -> CategoryPack:
    return CategoryPack.model_validate(copy.deepcopy(HATS) | changes)


def hat(**changes: Any) -> dict[str, Any]:
    return bags() | {"category": "hats", "materials": ["felt"], "waivers": None, "required_views": None} | changes


def problems(brief: dict[str, Any], hats: CategoryPack | None = None) -> dict[str, str]:
    reference = Reference(
        {"hats": (hats or pack(), 1), "caps": (pack(name="caps"), 1)}, default_ai_shot(PACKS), AI_POLICY, CHANNEL_NAMES
    )
    found = find_problems(Brief.model_validate(brief), None, None, reference, now())
    return {one.pointer: f"{one.problem} {one.remedy}" for one in found}


@pytest.mark.parametrize(
    ("brief", "missing"),
    [
        (hat(attributes={"brim": "none"}), []),
        (hat(attributes={"brim": "wide"}), ["/attributes/brim_mm"]),
        (hat(attributes={"brim": "wide", "brim_mm": 90}), []),
        # Not needed, but not forbidden; and never nonsense.
        (hat(attributes={"brim": "none", "brim_mm": 90}), []),
        (hat(attributes={"brim": "none", "brim_mm": 900}), ["/attributes/brim_mm"]),
        (hat(attributes={}), ["/attributes/brim"]),
        (hat(attributes={"brim": "none"}, materials=["felt", "glossy"]), ["/attributes/reflections"]),
        # A choice that brings the material with it.
        (hat(attributes={"brim": "none", "finish": "lacquered"}), ["/attributes/reflections"]),
        (hat(attributes={"brim": "none", "finish": "matt"}), []),
        (hat(attributes={"brim": "none"}, use="campaign"), ["/attributes/mood"]),
        # An attribute of that name is no way around.
        (hat(attributes={"brim": "none", "use": "catalog"}, use="campaign"), ["/attributes/mood", "/attributes/use"]),
    ],
)
def test_a_conditional_field_is_needed_only_then(brief: dict[str, Any], missing: list[str]) -> None:
    assert sorted(problems(brief)) == missing


def test_the_problem_says_why_the_field_is_needed() -> None:
    said = problems(hat(attributes={"brim": "wide"}))["/attributes/brim_mm"]
    assert said == "Hats: a brief needs to say how wide its brim is, since `brim` says `wide`. Measure it."


def shots(**changes: Any) -> list[tuple[str, str | None]]:
    """Those of one colorway: its name, and the view of the recipe where that is another."""
    brief = Brief.model_validate(hat(attributes={"brim": "none"}, colorways=["red"]) | changes)
    return [(shot.view, shot.recipe_view) for shot in planned_shots(pack(), brief)]


def test_a_view_with_several_shots() -> None:
    assert shots() == [("front", None), ("front_2", "front")]
    assert shots(attributes={"extras": ["feather", "veil"]}) == [
        ("front", None), ("front_2", "front"), ("veil", None), ("veil_2", "veil"), ("veil_3", "veil"),
    ]  # fmt: skip
    assert shots(materials=["glossy"]) == [("front", None), ("front_2", "front"), ("gloss", None)]
    assert shots(required_views=["inside"])[-1] == ("inside", None)


def test_waiving_a_view_or_one_of_its_shots() -> None:
    veil = {"attributes": {"brim": "none", "extras": ["veil"]}}
    assert ("veil", None) not in shots(**veil, waivers=[{"view": "veil", "cause": "sold without"}])
    assert len(shots(**veil, waivers=[{"view": "veil", "cause": "sold without"}])) == 2
    left = shots(**veil, waivers=[{"view": "veil_2", "cause": "one is enough"}])
    assert left == [("front", None), ("front_2", "front"), ("veil", None), ("veil_3", "veil")]
    assert problems(hat(**veil, waivers=[{"view": "veil_3", "cause": "one is enough"}])) == {}
    assert (
        "front_2, gloss, inside" in problems(hat(**veil, waivers=[{"view": "veil_4", "cause": "x"}]))["/waivers/0/view"]
    )
    # The whole view is asked for, not one of its shots.
    assert "/required_views/0" in problems(hat(**veil, required_views=["veil_2"]))


def test_every_shot_has_the_spec_of_its_view() -> None:
    brief = Brief.model_validate(hat(attributes={"brim": "none"}))
    assert {shot.spec.min_width for shot in planned_shots(pack(), brief)} == {1000}


def test_a_retired_category_takes_no_new_requests() -> None:
    [said] = problems(hat(attributes={"brim": "none"}), pack(retired=True)).values()
    assert said == "The category `hats` is retired. Send one of: caps."


_names = st.sampled_from(["a", "b", "c", "d"])


@st.composite
def packs(draw: st.DrawFn) -> dict[str, Any]:
    """Packs of four true-or-false fields with any conditions among them, and views with any counts."""
    fields = [
        {
            "name": name, "type": "boolean", "asks": "it", "remedy": "Say it.",
            "when": draw(st.none() | st.fixed_dictionaries({"field": _names, "value": st.booleans()})),
        }
        for name in "abcd"
    ]  # fmt: skip
    views = draw(st.lists(st.sampled_from(["x", "x_2", "x_3", "y"]), min_size=1, unique=True))
    recipe = [{"view": view, "title": view, "shots": draw(st.integers(1, 4)), "spec": {}} for view in views]
    return {"title": "T", "materials": ["m"], "fields": fields, "recipe": recipe}


@given(content=packs(), said=st.dictionaries(_names, st.booleans()))
def test_a_pack_that_passes_can_be_fulfilled(content: dict[str, Any], said: dict[str, bool]) -> None:
    """By following the problems one after the other; and none of its shots has another's name."""
    when = {field["name"]: field["when"]["field"] for field in content["fields"] if field["when"]}

    def comes_back(name: str) -> bool:
        seen = [name]
        while (following := when.get(seen[-1])) and following not in seen:
            seen.append(following)
        return following == name

    named = [
        f"{one['view']}_{n}" if n > 1 else one["view"] for one in content["recipe"] for n in range(1, one["shots"] + 1)
    ]
    is_right = not any(comes_back(name) for name in "abcd") and len(set(named)) == len(named)
    try:
        CategoryContent.model_validate(content)
    except ValidationError:
        assert not is_right
        return
    assert is_right
    hats = CategoryPack.model_validate(content | {"name": "hats"})
    brief = hat(materials=["m"], attributes=dict(said), colorways=["red"])
    for _ in range(len(content["fields"]) + 1):
        found = problems(brief, hats)
        for pointer in found:
            brief["attributes"][pointer.removeprefix("/attributes/")] = True
    assert found == {}
    planned = [shot.view for shot in planned_shots(hats, Brief.model_validate(brief))]
    assert planned == named

"""What a brief lacks or has wrong: exactly the fields that are named, each with what would make it right."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chassis.clock import now
from contracts.intake import FieldProblem
from services.intake.app import PACKS
from services.intake.categories.service import default_ai_shot, default_categories
from services.intake.reference import Reference
from services.intake.requests.ai_policy import AiCase, rule_on
from services.intake.requests.completeness import MAX_SHOTS, find_problems
from services.intake.requests.schemas import Brief
from tests.intake.samples import (
    AI_POLICY,
    CHANNEL_NAMES,
    COMPLETE,
    ai_background,
    ai_model_shot,
    apparel,
    bags,
    changed,
    experiment,
    jewelry,
    shoes,
    without,
)

REFERENCE = Reference(
    {pack.name: (pack, 1) for pack in default_categories(PACKS)}, default_ai_shot(PACKS), AI_POLICY, CHANNEL_NAMES
)
COMMON = (
    "sku",
    "product_name",
    "category",
    "materials",
    "use",
    "colorways",
    "channels",
    "references",
    "deadline",
    "approval_owner",
    "priority",
)


def problems(sent: dict[str, Any]) -> list[FieldProblem]:
    brief = Brief.model_validate(sent)
    case = ruling = None
    if brief.ai:
        case = AiCase(brief.ai.use, brief.ai.human_review, brief.category, frozenset(brief.materials or ()), brief.use)
        ruling = rule_on(case, AI_POLICY)
    return find_problems(brief, case, ruling, REFERENCE, now())


def pointers(sent: dict[str, Any]) -> list[str]:
    return [problem.pointer for problem in problems(sent)]


@pytest.mark.parametrize("name", COMPLETE)
def test_a_complete_brief_has_no_problem(name: str) -> None:
    assert problems(COMPLETE[name]()) == []


@pytest.mark.parametrize("field", COMMON)
@pytest.mark.parametrize("make", [apparel, shoes, bags, jewelry])
def test_each_common_field_is_needed(make: Callable[[], dict[str, Any]], field: str) -> None:
    brief = make() | {"waivers": None}  # a waiver may name a colorway, which must be there then
    assert pointers(without(brief, field)) == [f"/{field}"]


@pytest.mark.parametrize("field", ["product_name", "approval_owner"])
def test_white_space_says_nothing(field: str) -> None:
    assert pointers(changed(apparel(), **{field: " \t\n "})) == [f"/{field}"]


@pytest.mark.parametrize("field", ["materials", "colorways", "channels", "references"])
def test_an_empty_list_says_nothing(field: str) -> None:
    assert pointers(without(bags(), "waivers") | {field: []}) == [f"/{field}"]


@pytest.mark.parametrize(
    ("make", "fields"),
    [
        (
            apparel,
            # R16
            [
                "model_requirement",
                "fit_notes",
                "size_represented",
                "ghost_mannequin",
                "fabric_sensitivity",
                "colour_accuracy",
            ],
        ),
        (shoes, ["size_represented", "closure", "colour_accuracy"]),
        (bags, ["closure", "colour_accuracy"]),
        # R17
        (
            jewelry,
            ["metal_type", "stone_type", "reflection_rules", "macro_requirements", "background_requirements"],
        ),
    ],
)
def test_each_category_asks_for_its_own_fields(make: Callable[[], dict[str, Any]], fields: list[str]) -> None:
    for field in fields:
        assert pointers(without(make(), "attributes", field)) == [f"/attributes/{field}"]
    assert pointers(without(make(), "attributes")) == [f"/attributes/{field}" for field in fields]


# R18
@pytest.mark.parametrize(
    "field",
    ["use", "human_review", "source_image", "target_model_type", "pose", "styling_constraints", "anatomy_risk"],
)
def test_ai_model_shots_ask_for_more(field: str) -> None:
    assert f"/ai/{field}" in pointers(without(ai_model_shot(), "ai", field))
    if field != "use":  # without it nobody knows which of the others it needs
        assert pointers(without(ai_model_shot(), "ai", field)) == [f"/ai/{field}"]


@pytest.mark.parametrize(
    ("brief", "expected"),
    [
        (changed(apparel(), category="hats"), ["/category"]),
        (changed(apparel(), use="decoration"), ["/use"]),
        (changed(apparel(), priority="asap"), ["/priority"]),
        (changed(apparel(), proposed_class="C9"), ["/proposed_class"]),
        (changed(apparel(), materials=["cotton", "unobtainium"]), ["/materials/1"]),
        (changed(apparel(), channels=["pdp", "myspace"]), ["/channels/1"]),
        (changed(apparel(), channels=["pdp", "amazon", "pdp"]), ["/channels/2"]),
        (changed(apparel(), colorways=["black", "gray", "black"]), ["/colorways/2"]),
        (changed(apparel(), references=["A board", "  "]), ["/references/1"]),
        (changed(apparel(), required_views=["lifestyle", "x-ray"]), ["/required_views/1"]),
        (changed(apparel(), waivers=[{"view": "x-ray", "cause": "none there"}]), ["/waivers/0/view"]),
        (changed(apparel(), waivers=[{"cause": "none there"}]), ["/waivers/0/view"]),
        (changed(apparel(), waivers=[{"view": "side"}]), ["/waivers/0/cause"]),
        (changed(apparel(), waivers=[{"view": "side", "cause": "  "}]), ["/waivers/0/cause"]),
        (changed(apparel(), waivers=[{"view": "side", "cause": "flat", "colorway": "pink"}]), ["/waivers/0/colorway"]),
        (changed(apparel(), waivers=[{}]), ["/waivers/0/view", "/waivers/0/cause"]),
        (changed(apparel(), attributes__model_requirement="maybe"), ["/attributes/model_requirement"]),
        (changed(apparel(), attributes__ghost_mannequin="yes"), ["/attributes/ghost_mannequin"]),
        (changed(apparel(), attributes__ghost_mannequin=1), ["/attributes/ghost_mannequin"]),
        (changed(apparel(), attributes__fit_notes=""), ["/attributes/fit_notes"]),
        (changed(apparel(), attributes__fit_notes=["long"]), ["/attributes/fit_notes"]),
        (changed(apparel(), attributes__heel_height_mm=3), ["/attributes/heel_height_mm"]),
        (changed(shoes(), attributes__heel_height_mm=-1), ["/attributes/heel_height_mm"]),
        (changed(shoes(), attributes__heel_height_mm=301), ["/attributes/heel_height_mm"]),
        (changed(shoes(), attributes__heel_height_mm=True), ["/attributes/heel_height_mm"]),
        (changed(bags(), attributes__hardware=[]), ["/attributes/hardware"]),
        (changed(bags(), attributes__hardware=["zip", " "]), ["/attributes/hardware"]),
        (changed(bags(), attributes__hardware="zip"), ["/attributes/hardware"]),
        (changed(ai_model_shot(), ai__use="mind_reading"), ["/ai/use"]),
        (changed(ai_model_shot(), ai__anatomy_risk="none"), ["/ai/anatomy_risk"]),
        (changed(ai_model_shot(), ai__pose=" "), ["/ai/pose"]),
        (without(ai_background(), "ai", "source_image"), ["/ai/source_image"]),
        (changed(apparel(), ai={}), ["/ai/use", "/ai/human_review"]),
        (changed(experiment(), channels=["pdp"]), ["/channels"]),
        ({}, [f"/{field}" for field in COMMON]),
    ],
)
def test_what_is_wrong_is_named(brief: dict[str, Any], expected: list[str]) -> None:
    assert pointers(brief) == expected


def test_every_problem_says_what_would_be_right() -> None:
    """A requester who follows the remedies word by word ends with a complete brief."""
    found = {problem.pointer: problem.remedy for problem in problems({"category": "bags"})}
    assert "zip, buckle, magnet, drawstring, open" in found["/attributes/closure"]
    assert "amazon, pdp, zalando" in found["/channels"]
    assert "nylon" in found["/materials"]
    assert "low, normal, high, urgent" in found["/priority"]
    [unknown] = problems(changed(bags(), category="hats"))
    assert "apparel, bags, jewelry, shoes" in unknown.remedy
    [use] = problems(changed(ai_background(), ai__use="mind_reading"))
    assert "model_shot_from_flat_lay" in use.remedy
    [view] = problems(changed(bags(), required_views=["bottom"], waivers=None))
    assert "interior" in view.remedy


def test_a_deadline_lies_ahead_but_not_in_another_age() -> None:
    at = now()
    for moved, expected in (
        (timedelta(seconds=-1), ["/deadline"]),
        (timedelta(minutes=1), []),
        (timedelta(days=365 * 7), ["/deadline"]),
    ):
        assert pointers(changed(bags(), deadline=f"{at + moved:%Y-%m-%dT%H:%M:%SZ}")) == expected


def test_a_colorway_keeps_at_least_one_view() -> None:
    views = [view.view for view in REFERENCE.categories["jewelry"][0].recipe if view.mandatory]
    all_of_gray = [{"view": view, "colorway": "gray", "cause": "sold out"} for view in views]
    [problem] = problems(jewelry() | {"waivers": all_of_gray})
    assert (problem.pointer, "`gray`" in problem.problem) == ("/waivers", True)
    assert pointers(jewelry() | {"waivers": all_of_gray[1:]}) == []
    assert (
        pointers(jewelry() | {"waivers": [{"view": view, "cause": "sold out"} for view in views]}) == ["/waivers"] * 2
    )
    assert pointers(jewelry() | {"waivers": all_of_gray, "required_views": ["front"]}) == []


def test_a_request_is_not_larger_than_one_event_can_say() -> None:
    many = [f"colour-{number}" for number in range(50)]
    everything = [view.view for view in REFERENCE.categories["apparel"][0].recipe]
    assert 50 * len(everything) <= MAX_SHOTS
    assert pointers(changed(apparel(), colorways=many, required_views=everything)) == []
    pack = REFERENCE.categories["apparel"][0]
    more = [pack.recipe[0].model_copy(update={"view": f"extra-{number}"}) for number in range(10)]
    wide = pack.model_copy(update={"recipe": [*pack.recipe, *more]})
    found = find_problems(
        Brief.model_validate(changed(apparel(), colorways=many)),
        None,
        None,
        Reference({"apparel": (wide, 2)}, REFERENCE.ai_shot, AI_POLICY, CHANNEL_NAMES),
        now(),
    )
    assert [problem.pointer for problem in found] == ["/colorways"]


def test_a_known_use_that_no_rule_covers_is_not_allowed() -> None:
    """A rule for bags alone says nothing of apparel."""
    rule = AI_POLICY.rules[0].model_copy(update={"categories": ["bags"], "materials": [], "uses": ["x"]})
    policy = AI_POLICY.model_copy(update={"rules": [rule]})
    brief = Brief.model_validate(changed(ai_background(), ai__use="x"))
    reference = Reference(REFERENCE.categories, REFERENCE.ai_shot, policy, CHANNEL_NAMES)
    case = AiCase("x", True, "apparel", frozenset(), "catalog")
    assert rule_on(case, policy) is None
    [problem] = find_problems(brief, case, None, reference, now())
    assert (problem.pointer, "apparel" in problem.problem) == ("/ai/use", True)

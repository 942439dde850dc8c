"""Pure rules: transitions, the shots of a recipe, amendments, and the AI policy's rulings."""

from typing import Any

import pytest

from contracts.governance import AiPolicyPublished
from contracts.values import ShotPlan
from services.intake.app import PACKS
from services.intake.categories.domain import implied_materials
from services.intake.categories.service import default_categories
from services.intake.requests.ai_policy import AiCase, known_uses, rule_on
from services.intake.requests.domain import LEGAL, Action, amended, planned_shots, require_legal
from services.intake.requests.errors import IllegalAction
from services.intake.requests.schemas import Brief, RequestState
from tests.intake.samples import AI_POLICY, apparel, bags, changed, jewelry, shoes

CATEGORIES = {pack.name: pack for pack in default_categories(PACKS)}


# As a list that is read by people: the state, whether it was accepted before, and all that is legal then.
STATES = [
    ("returned", False, {"amended", "cancelled"}),
    ("returned", True, {"answered", "cancelled"}),
    ("answered", True, {"accepted", "returned", "cancelled"}),
    ("accepted", True, {"returned", "cancelled"}),
    ("cancelled", False, set[str]()),
    ("cancelled", True, set[str]()),
]


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(("state", "was_accepted", "legal"), STATES)
def test_every_transition(state: str, was_accepted: bool, legal: set[str], action: Action) -> None:
    assert set(LEGAL) == set(RequestState) == {name for name, _, _ in STATES}
    if action in legal:
        require_legal(RequestState(state), action, was_accepted=was_accepted)
        return
    with pytest.raises(IllegalAction) as refused:
        require_legal(RequestState(state), action, was_accepted=was_accepted)
    assert refused.value.extensions == {"state": state, "allowed": sorted(legal)}
    names_an_amendment = "/amendments" in refused.value.detail
    assert names_an_amendment == (action is Action.AMENDED and was_accepted and state != "cancelled")


def views(sent: dict[str, object], colorway: str) -> list[str]:
    brief = Brief.model_validate(sent)
    shots = planned_shots(CATEGORIES[brief.category or ""], brief)
    return [shot.view for shot in shots if shot.colorway == colorway]


# R20–R23
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (apparel(), ["front", "back", "side", "detail", "fabric_texture", "on_model"]),
        (
            changed(apparel(), attributes__model_requirement="none", attributes__ghost_mannequin=True),
            ["front", "back", "side", "detail", "fabric_texture", "ghost_mannequin"],
        ),
        (
            changed(apparel(), attributes__model_requirement="none", required_views=["flat_lay"]),
            ["front", "back", "side", "detail", "fabric_texture", "flat_lay"],
        ),
        (shoes(), ["side_profile", "top", "pair_angle", "sole_detail", "material_detail", "lifestyle"]),
        (bags(), ["front", "side", "interior", "strap", "hardware", "back"]),
        (jewelry(), ["main", "macro", "stone_clasp", "scale", "model_hand", "reflection_hero"]),
    ],
)
def test_the_recipe_plans_the_shots(sent: dict[str, object], expected: list[str]) -> None:
    assert views(sent, "black") == expected


def test_a_waiver_is_for_one_colorway_or_for_all() -> None:
    assert "back" in views(bags(), "black")
    assert "back" not in views(bags(), "gray")
    assert "scale" not in views(bags(), "black") + views(bags(), "gray")


def test_what_a_catalogue_of_front_back_and_detail_needs_is_in_every_recipe() -> None:
    for pack in CATEGORIES.values():
        assert {"front", "back", "detail"} <= {view.view for view in pack.recipe}, pack.name


def test_packshots_are_white_and_close_ups_are_not() -> None:
    for pack in CATEGORIES.values():
        for view in pack.recipe:
            assert view.spec.deliverable
            assert {"jpeg", "png", "tiff"} <= set(view.spec.formats)
            if view.view in ("front", "back", "side", "main", "side_profile", "top"):
                assert view.spec.white_background, view.view
            if any(word in view.view for word in ("detail", "texture", "lifestyle", "interior", "macro", "on_model")):
                assert not view.spec.white_background, view.view


def test_shots_carry_the_spec_of_their_view() -> None:
    brief = Brief.model_validate(bags())
    shot = planned_shots(CATEGORIES["bags"], brief)[0]
    assert shot == ShotPlan(colorway="black", view="front", spec=CATEGORIES["bags"].recipe[0].spec)


@pytest.mark.parametrize(
    ("changes", "critical"),
    [
        ({}, False),
        ({"attributes__colour_accuracy": "high"}, False),
        ({"attributes__colour_accuracy": "critical"}, True),
        ({"materials": ["leather", "colour_critical"]}, True),
    ],
)
def test_every_shot_of_a_colour_critical_product_is_held_to_closer_bounds(
    changes: dict[str, Any], critical: bool
) -> None:
    """By the attribute that implies the trait, or the trait itself: what routes it to its class (R55)."""
    brief = Brief.model_validate(changed(bags(), **changes))
    shots = planned_shots(CATEGORIES["bags"], brief)
    assert {shot.spec.colour_critical for shot in shots} == {critical}
    of_pack = CATEGORIES["bags"].recipe[0].spec
    assert shots[0].spec == of_pack.model_copy(update={"colour_critical": critical})
    assert not of_pack.colour_critical


def test_an_amendment_replaces_what_was_sent_and_nothing_else() -> None:
    before = Brief.model_validate(bags())
    after = amended(before, Brief.model_validate({"sku": "MB03", "waivers": None, "attributes": {"closure": "open"}}))
    assert (after.sku, after.waivers, after.attributes) == ("MB03", None, {"closure": "open"})
    assert after.colorways == before.colorways
    assert amended(before, Brief.model_validate({})) == before


def test_a_choice_can_bring_materials_with_it() -> None:
    for make in (apparel, shoes, bags):
        brief = Brief.model_validate(changed(make(), attributes__colour_accuracy="critical"))
        assert implied_materials(CATEGORIES[brief.category or ""], brief.attributes or {}) == {"colour_critical"}
        assert (
            implied_materials(CATEGORIES[brief.category or ""], Brief.model_validate(make()).attributes or {}) == set()
        )


def case(
    use: str | None = "background_generation",
    *,
    review: bool | None = True,
    category: str | None = "apparel",
    materials: tuple[str, ...] = ("cotton",),
    intended: str | None = "catalog",
) -> AiCase:
    return AiCase(use, review, category, frozenset(materials), intended)


@pytest.mark.parametrize(
    ("asked", "verdict", "rule"),
    [
        (case("lifestyle_draft"), "allowed", "drafts_and_concepts"),
        (case(), "conditional", "generated_from_product"),
        (case(materials=("lace",)), "conditional", "generated_from_product"),
        (case("close_up_hands"), "conditional", "close_ups_of_people"),
        (case("lifestyle_draft", materials=("knit",)), "conditional", "risky_materials"),
        (case(category="jewelry"), "forbidden", "jewelry_and_reflective_finals"),
        (case("lifestyle_draft", category="jewelry", intended="campaign"), "allowed", "drafts_and_concepts"),
        (case(category="bags", materials=("polished_metal",)), "forbidden", "reflective_finals"),
        (case(materials=("cotton", "colour_critical"), intended="marketplace"), "forbidden", "colour_critical_finals"),
        (case(review=False), "forbidden", "final_without_human"),
        # R72 holds where the policy's own rule doesn't reach.
        (case("lifestyle_draft", review=False, intended="experiment"), "forbidden", "final_without_human"),
        # What the brief has not said yet is not held against it.
        (case(review=None), "conditional", "generated_from_product"),
        (case(category=None, materials=(), intended=None), "conditional", "generated_from_product"),
    ],
)
def test_the_strictest_rule_decides(asked: AiCase, verdict: str, rule: str) -> None:
    ruling = rule_on(asked, AI_POLICY)
    assert ruling is not None
    assert (ruling.verdict, ruling.rules[0], ruling.policy_version) == (verdict, rule, 1)


def test_conditions_of_all_deciding_rules_add_up() -> None:
    ruling = rule_on(case(materials=("lace",)), AI_POLICY)
    assert ruling is not None
    assert ruling.rules == ("generated_from_product", "risky_materials")
    assert {"provenance recorded", "two reviewers at final QC"} <= set(ruling.conditions)
    assert ruling.raises_class_to == "C4"


def test_a_verdict_from_the_future_is_as_strict_as_the_strictest() -> None:
    rules = [AI_POLICY.rules[0].model_copy(update={"verdict": "only_on_mondays"})]
    ruling = rule_on(case("lifestyle_draft"), AiPolicyPublished(version=2, rules=rules))
    assert ruling is not None
    assert ruling.verdict == "forbidden"


def test_no_rule_no_ruling() -> None:
    assert rule_on(case("mind_reading"), AI_POLICY) is None
    assert "mind_reading" not in known_uses(AI_POLICY)
    assert "close_up_skin" in known_uses(AI_POLICY)

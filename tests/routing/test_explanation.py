"""Why work goes the way it goes: many briefs, each with its way, the rules that chose it and all of it in words."""

from datetime import datetime
from typing import Any

import pytest

from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.values import AiUse, ComplexityClass, Role
from services.routing.explanation.domain import explain
from services.routing.explanation.schemas import Decided
from services.routing.work.domain import Tracked
from services.routing.work.planning import plan_work
from tests.routing.others import MONDAY, Json, accept, brief, do
from tests.routing.test_rules import DEFAULTS, ai

MODEL_SHOT = AiUse(use="model_shot_from_flat_lay", human_review=True)
RING = {"sku": "JR01", "category": "jewelry", "materials": ["gold", "diamond"]}
DECIDES = ["complexity_class", "track", "queue", "owner_role", "team", "level", "due_at", "gates", "final_reviewers",
           "zoom_required", "priority"]  # fmt: skip


def shot_of(view: str, **changes: Any) -> Tracked:
    return plan_work(brief((view,), **changes), DEFAULTS, MONDAY)[0]


def told(item: Tracked) -> dict[str, Decided]:
    return {one.decides: one for one in explain(item, DEFAULTS)}


CASES: list[tuple[Json, str, tuple[str, str, str, str, str], tuple[str, str, str]]] = [
    # brief, view → class, track, queue, team, level; by the rules for class, track, team
    ({}, "front", ("C1", "catalog", "catalog", "general", "junior"), ("basic", "catalog", "general")),
    ({}, "fabric_texture", ("C1", "catalog", "catalog", "colour_texture", "junior"),
     ("basic", "catalog", "texture_view")),
    ({}, "on_model", ("C2", "on_model", "catalog", "skin_beauty", "standard"),
     ("on_model", "on_model_view", "on_model_track")),
    ({}, "ghost_mannequin", ("C3", "ghost_mannequin", "catalog", "ghost_mannequin", "senior"),
     ("ghost_mannequin", "ghost_mannequin_view", "ghost_mannequin_view")),
    ({"materials": ["polyester", "sequins"]}, "front",
     ("C4", "high_complexity", "high_complexity", "colour_texture", "specialist"),
     ("fragile_fabric", "high_risk", "fragile_fabric")),
    ({"materials": ["silk", "sheer"]}, "front",
     ("C4", "high_complexity", "high_complexity", "colour_texture", "specialist"),
     ("fragile_fabric", "high_risk", "fragile_fabric")),
    ({"materials": ["silk", "sheer"]}, "on_model",
     ("C4", "high_complexity", "high_complexity", "skin_beauty", "specialist"),
     ("fragile_fabric", "high_risk", "person_in_view")),
    ({"materials": ["lace"]}, "ghost_mannequin",
     ("C4", "high_complexity", "high_complexity", "ghost_mannequin", "specialist"),
     ("fragile_fabric", "high_risk", "ghost_mannequin_view")),
    ({"materials": ["knit"]}, "front", ("C3", "catalog", "catalog", "colour_texture", "senior"),
     ("knit", "catalog", "fragile_fabric")),
    ({"materials": ["cotton", "colour_critical"]}, "front",
     ("C3", "catalog", "catalog", "colour_texture", "senior"), ("colour_critical", "catalog", "colour_critical")),
    ({"materials": ["cotton", "patterned"]}, "front", ("C2", "catalog", "catalog", "general", "standard"),
     ("patterned", "catalog", "general")),
    (RING, "main", ("C4", "high_complexity", "high_complexity", "jewelry_reflective", "specialist"),
     ("jewelry", "high_risk", "jewelry")),
    (RING, "model_hand", ("C4", "high_complexity", "high_complexity", "jewelry_reflective", "specialist"),
     ("jewelry", "high_risk", "jewelry")),
    ({"category": "shoes", "materials": ["patent_leather"]}, "side_profile",
     ("C4", "high_complexity", "high_complexity", "jewelry_reflective", "specialist"),
     ("reflective", "high_risk", "reflective")),
    ({"category": "shoes"}, "side_profile", ("C2", "catalog", "catalog", "general", "standard"),
     ("shoes_and_bags", "catalog", "general")),
    ({"category": "shoes"}, "lifestyle", ("C2", "on_model", "catalog", "skin_beauty", "standard"),
     ("shoes_and_bags", "on_foot_view", "on_model_track")),
    ({"category": "bags", "materials": ["metal_hardware"]}, "hardware",
     ("C3", "catalog", "catalog", "general", "senior"), ("hardware_rich", "catalog", "general")),
    ({"ai": MODEL_SHOT}, "on_model", ("C4", "ai_assisted", "ai_production", "ai_model_shots", "specialist"),
     ("ai_model_shot", "ai", "ai")),
    ({"ai": ai("background_generation")}, "front", ("C1", "ai_assisted", "ai_production", "ai_model_shots", "junior"),
     ("basic", "ai", "ai")),
    ({"ai": ai("test_concept"), "use": "experiment"}, "front",
     ("C1", "ai_experiment", "ai_experiment", "ai_model_shots", "junior"), ("basic", "experiment", "ai")),
    ({"use": "campaign"}, "front", ("C1", "hero", "hero", "general", "junior"), ("basic", "campaign", "general")),
    ({"use": "campaign", "materials": ["fur"]}, "on_model", ("C4", "hero", "hero", "skin_beauty", "specialist"),
     ("fragile_fabric", "campaign", "person_in_view")),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "view", "way", "rules"), CASES)
def test_the_way_of_a_shot(
    request_: Json, view: str, way: tuple[str, str, str, str, str], rules: tuple[str, str, str]
) -> None:
    shot = shot_of(view, **request_)
    work = shot.work
    assert (work.complexity_class, work.track, work.queue, work.team, work.level) == way
    decided = told(shot)
    assert list(decided) == DECIDES
    assert tuple(decided[name].rule for name in ("complexity_class", "track", "team")) == rules
    for name, one in decided.items():
        assert one.value == getattr(work, name)
        assert one.because
        assert one.in_words.endswith(".")
        assert bool(one.packs) == (name != "priority")


def test_low_complexity_never_waits_behind_high_complexity() -> None:
    """R44: what is C4 waits in queues that no simpler work of the catalog waits in. Campaign and AI work have queues of
    their own, where level and team part them."""
    queues: dict[bool, set[str]] = {True: set(), False: set()}
    for request, view, *_ in CASES:
        work = shot_of(view, **request).work
        if request.get("use", "catalog") == "catalog" and not work.ai:
            queues[work.complexity_class is ComplexityClass.C4].add(work.queue)
    assert queues == {True: {"high_complexity"}, False: {"catalog"}}


# The seed's examples: what each explanation says of class, track, team, level and due time.
IN_WORDS: dict[str, tuple[Json, str, list[str]]] = {
    "a basic white T-shirt": ({}, "front", [
        "The complexity class is C1: nothing about it is difficult.",
        "The track is catalog: nothing asks for another track.",
        "The queue is catalog: catalog work waits in the queue catalog.",
        "The owner is producer: catalog work is owned by the producer.",
        "The team is general: nothing about it asks for a specialist.",
        "The level is junior: C1 work asks for this or more.",
        "The due time is 2026-03-04 14:00 UTC: 24 business hours: 24 of catalog × 1 for C1.",
        "The gates are technical, styling_fit, brand_merch, final_qc: catalog work passes these.",
        "The number of final reviewers is 1: C1 asks for 1, catalog for 1: the higher counts.",
        "The 100 % zoom inspection is not required: C1 does without it.",
        "The priority is normal: its request says so.",
    ]),
    "a sequined dress": ({"materials": ["polyester", "sequins"]}, "front", [
        "The complexity class is C4: the fabric loses its structure easily (materials: sequins).",
        "The track is high_complexity: C4 must not hold up simpler work (complexity_class: c4).",
        "The queue is high_complexity: high_complexity work waits in the queue high_complexity.",
        "The owner is retouching_lead: high_complexity work is owned by the retouching_lead.",
        "The team is colour_texture: the fabric loses its structure easily (materials: sequins).",
        "The level is specialist: C4 work asks for this or more.",
        "The due time is 2026-03-11 17:00 UTC: 72 business hours: 24 of high_complexity × 3 for C4.",
        "The gates are technical, styling_fit, brand_merch, final_qc: high_complexity work passes these.",
        "The number of final reviewers is 2: C4 asks for 2, high_complexity for 2: the higher counts.",
        "The 100 % zoom inspection is required: C4 asks for it.",
        "The priority is normal: its request says so.",
    ]),
    "a diamond ring": (RING, "main", [
        "The complexity class is C4: stones, metal and reflections (category: jewelry).",
        "The track is high_complexity: C4 must not hold up simpler work (complexity_class: c4).",
        "The team is jewelry_reflective: stones, metal and reflections (category: jewelry).",
    ]),
    "a sheer blouse": ({"materials": ["silk", "sheer"]}, "front", [
        "The complexity class is C4: the fabric loses its structure easily (materials: sheer).",
        "The track is high_complexity: C4 must not hold up simpler work (complexity_class: c4).",
        "The team is colour_texture: the fabric loses its structure easily (materials: sheer).",
    ]),
    "an AI model shot": ({"ai": MODEL_SHOT}, "on_model", [
        "The complexity class is C4: AI draws a person wearing the product (ai.use: model_shot_from_flat_lay).",
        "The track is ai_assisted: AI makes it and people finish it (ai: true).",
        "The queue is ai_production: ai_assisted work waits in the queue ai_production.",
        "The team is ai_model_shots: its operators know the tools and their faults (ai: true).",
        "The number of final reviewers is 2: C4 asks for 2, ai_assisted for 1: the higher counts.",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", list(IN_WORDS))
def test_the_seeds_examples_in_words(name: str) -> None:
    request, view, sentences = IN_WORDS[name]
    words = [one.in_words for one in explain(shot_of(view, **request), DEFAULTS)]
    assert [sentence for sentence in sentences if sentence not in words] == []


def test_the_values_that_decided() -> None:
    decided = told(shot_of("front", materials=["silk", "sheer", "lace"]))
    assert decided["complexity_class"].facts == {"materials": ["lace", "sheer"]}
    assert decided["complexity_class"].packs == {"classes": 1}
    assert decided["track"].facts == {"complexity_class": ["c4"]}
    assert decided["due_at"].packs == {"tracks": 1, "classes": 1, "calendar": 1}
    assert decided["due_at"].facts == {
        "track": ["high_complexity"], "complexity_class": ["c4"], "sla_hours": ["24"], "sla_factor": ["3"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("proposed", "track_says", "class_says"),
    [
        ({}, "", ""),
        (
            {"proposed_track": "catalog", "proposed_class": "C1"},
            " Its requester proposed catalog, which is advice: the rules decided.",
            " Its requester proposed C1, which is advice: the rules decided.",
        ),
        (
            {"proposed_track": "high_complexity", "proposed_class": "C4"},
            " Its requester proposed the same.",
            " Its requester proposed the same.",
        ),
        ({"proposed_track": "fast lane"}, " Its requester proposed fast lane, which is no track.", ""),
    ],
)
def test_what_became_of_a_proposal(proposed: Json, track_says: str, class_says: str) -> None:
    """The router decides; it says so, and why."""
    decided = told(shot_of("front", materials=["lace"], **proposed))
    because = "C4 must not hold up simpler work (complexity_class: c4)."
    assert decided["track"].in_words == f"The track is high_complexity: {because}{track_says}"
    assert decided["complexity_class"].in_words.endswith(f"(materials: lace).{class_says}")
    assert decided["track"].proposed == proposed.get("proposed_track")
    assert decided["complexity_class"].proposed == proposed.get("proposed_class")


def test_a_variant_is_explained_as_well() -> None:
    request = brief(materials=["sequins"], channels=["zalando"], proposed_track="hero")
    shot, variant = plan_work(request, DEFAULTS, MONDAY)
    decided = told(variant)
    assert decided["track"].in_words == "The track is marketplace: a variant for zalando of an approved master."
    assert decided["team"].in_words == (
        "The team is marketplace_formatting: a variant only takes its channel's form (kind: variant)."
    )
    assert decided["level"].in_words == (
        "The level is junior: work of marketplace_formatting asks for this, whatever its class."
    )
    assert decided["due_at"].in_words == "The due time is open: its clock starts when its master is approved."
    assert (decided["track"].proposed, told(shot)["track"].proposed) == (None, "hero")


def test_teams_can_be_chosen_by_channel() -> None:
    """Of a variant the rules see its own channel alone."""
    rule = {"id": "zalando", "team": "final_qc", "because": "x", "when": [{"field": "channels", "any_of": ["zalando"]}]}
    content = DEFAULTS.teams.model_dump(mode="json")
    content["rules"].insert(0, rule)
    packs = type(DEFAULTS)(**{**vars(DEFAULTS), "teams": type(DEFAULTS.teams).model_validate(content)})
    shot, pdp, zalando = plan_work(brief(channels=["pdp", "zalando"]), packs, MONDAY)
    assert (shot.work.team, pdp.work.team, zalando.work.team) == ("final_qc", "marketplace_formatting", "final_qc")


async def test_through_http(routing: Harness, monday: datetime) -> None:
    headers = routing.bearer(Role.VENDOR)
    for name, (request, view, sentences) in IN_WORDS.items():
        shot, *_ = await accept(routing, brief((view,), **request))
        answer = await routing.client.get(f"/v1/work/{shot['id']}/explanation", headers=headers)
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"'), answer.text
        said = answer.json()
        assert (said["work_id"], said["version"]) == (shot["id"], 1)
        words = [one["in_words"] for one in said["decided"]]
        assert [sentence for sentence in sentences if sentence not in words] == [], name
        for one in said["decided"]:
            assert one["value"] == shot[one["decides"]]
    assert (await routing.client.get(f"/v1/work/{shot['id']}/explanation")).status_code == 401
    for wrong, status in ((new_id(), 404), ("x", 422)):
        assert (await routing.client.get(f"/v1/work/{wrong}/explanation", headers=headers)).status_code == status


async def test_work_from_before_there_were_teams_is_explained(routing: Harness) -> None:
    """Its row has no team, and choices without values."""
    shot, *_ = await accept(routing, brief())
    await routing.fetch(
        "UPDATE work_item SET team = NULL, level = NULL, packs = packs - 'teams', chosen_by = ("
        " SELECT jsonb_agg(jsonb_build_object('decides', c->'decides', 'rule', c->'rule', 'because', c->'because'))"
        " FROM jsonb_array_elements(chosen_by) c WHERE c->>'decides' IN ('complexity_class', 'track', 'due_at'))"
    )
    answer = await routing.client.get(f"/v1/work/{shot['id']}/explanation", headers=routing.bearer(Role.VENDOR))
    said = {one["decides"]: one for one in answer.json()["decided"]}
    assert said["team"]["in_words"] == ("The team is open: it was made before there were teams: anyone may take it.")
    assert (said["track"]["rule"], said["track"]["facts"]) == ("catalog", {})
    assert (await do(routing, shot, "claim")).status_code == 200

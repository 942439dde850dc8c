"""Class, track, queue, owner and due date: the seed's examples through the bus, a table of cases on the rules."""

from datetime import datetime

from chassis.testkit.harness import Harness
from contracts.values import AiUse
from tests.routing.others import Json, accept, brief

MODEL_SHOT = AiUse(use="model_shot_from_flat_lay", human_review=True)

EXAMPLES: dict[str, tuple[Json, Json]] = {
    "basic white T-shirt": (
        {},
        {"complexity_class": "C1", "track": "catalog", "queue": "catalog", "owner_role": "producer",
         "final_reviewers": 1, "zoom_required": False},
    ),
    "sequined dress": (
        {"materials": ["polyester", "sequins"]},
        {"complexity_class": "C4", "track": "high_complexity", "queue": "high_complexity",
         "owner_role": "retouching_lead", "final_reviewers": 2, "zoom_required": True},
    ),
    "diamond ring": (
        {"category": "jewelry", "materials": ["gold", "diamond"]},
        {"complexity_class": "C4", "track": "high_complexity", "queue": "high_complexity",
         "owner_role": "retouching_lead", "final_reviewers": 2, "zoom_required": True},
    ),
    "sheer blouse": (
        {"materials": ["silk", "sheer"]},
        {"complexity_class": "C4", "track": "high_complexity", "queue": "high_complexity",
         "owner_role": "retouching_lead", "final_reviewers": 2, "zoom_required": True},
    ),
    "AI model shot": (
        {"ai": MODEL_SHOT},
        {"complexity_class": "C4", "track": "ai_assisted", "queue": "ai_production",
         "owner_role": "ai_workflow_owner", "final_reviewers": 2, "zoom_required": True},
    ),
}  # fmt: skip
# From Monday 09:00 in Berlin: 24 business hours, and three times as many for C4.
DUE = {"C1": "2026-03-04T14:00:00Z", "C4": "2026-03-11T17:00:00Z"}


async def test_the_seeds_examples(routing: Harness, monday: datetime) -> None:
    for name, (request, expected) in EXAMPLES.items():
        shot, *variants = await accept(routing, brief(**request))
        assert {field: shot[field] for field in expected} == expected, name
        assert shot["gates"] == ["technical", "styling_fit", "brand_merch", "final_qc"]
        assert (shot["state"], shot["round"], shot["due_at"]) == ("ready", 0, DUE[shot["complexity_class"]]), name
        decided = {choice["decides"]: choice for choice in shot["chosen_by"]}
        assert set(decided) == {"complexity_class", "track", "queue", "owner_role", "due_at", "team", "level"}
        assert all(choice["because"] for choice in decided.values())
        assert [variant["channel"] for variant in variants] == ["pdp", "zalando"]

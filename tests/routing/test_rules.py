"""Class, track and due date by the default packs: a table of cases, and packs that contradict themselves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chassis.packs import read_toml
from contracts.values import AiUse, ImageSpec, Request, ShotPlan
from services.routing.app import PACKS
from services.routing.calendar.domain import BusinessCalendar
from services.routing.calendar.schemas import CalendarPack
from services.routing.tracks.domain import choose_track, classify, facts_of
from services.routing.tracks.schemas import ClassesPack, PackVersions, TeamsPack, TracksPack
from services.routing.tracks.service import Packs
from services.routing.work.planning import due_for, plan_work
from tests.routing.others import MONDAY, Json, brief

TRACKS = TracksPack.model_validate(read_toml(PACKS / "tracks.toml"))
CLASSES = ClassesPack.model_validate(read_toml(PACKS / "classes.toml"))
CALENDAR = BusinessCalendar.of(CalendarPack.model_validate(read_toml(PACKS / "calendar.toml")))
TEAMS = TeamsPack.model_validate(read_toml(PACKS / "teams.toml"))
DEFAULTS = Packs(TRACKS, CLASSES, CALENDAR, TEAMS, PackVersions(tracks=1, classes=1, calendar=1, teams=1))
HOUR = timedelta(hours=1)


def ai(use: str) -> AiUse:
    return AiUse(use=use, human_review=True)


@pytest.mark.parametrize(
    ("changes", "view", "complexity", "track", "rules"),
    [
        ({}, "front", "C1", "catalog", ("basic", "catalog")),
        ({"materials": ["cotton", "patterned"]}, "front", "C2", "catalog", ("patterned", "catalog")),
        ({"category": "shoes"}, "side_profile", "C2", "catalog", ("shoes_and_bags", "catalog")),
        ({"category": "shoes"}, "lifestyle", "C2", "on_model", ("shoes_and_bags", "on_foot_view")),
        ({"category": "bags"}, "front", "C2", "catalog", ("shoes_and_bags", "catalog")),
        ({"category": "bags"}, "lifestyle", "C2", "catalog", ("shoes_and_bags", "catalog")),
        ({}, "on_model", "C2", "on_model", ("on_model", "on_model_view")),
        ({"materials": ["knit"]}, "front", "C3", "catalog", ("knit", "catalog")),
        ({"materials": ["knit"]}, "on_model", "C3", "on_model", ("knit", "on_model_view")),
        ({}, "ghost_mannequin", "C3", "ghost_mannequin", ("ghost_mannequin", "ghost_mannequin_view")),
        ({"materials": ["colour_critical"]}, "front", "C3", "catalog", ("colour_critical", "catalog")),
        ({"category": "bags", "materials": ["metal_hardware"]}, "front", "C3", "catalog", ("hardware_rich", "catalog")),
        ({"attributes": {"return_sensitive": True}}, "front", "C3", "catalog", ("return_sensitive", "catalog")),
        ({"attributes": {"return_sensitive": False}}, "front", "C1", "catalog", ("basic", "catalog")),
        ({"materials": ["lace"]}, "ghost_mannequin", "C4", "high_complexity", ("fragile_fabric", "high_risk")),
        ({"materials": ["fur", "knit"]}, "front", "C4", "high_complexity", ("fragile_fabric", "high_risk")),
        ({"materials": ["patent_leather"]}, "front", "C4", "high_complexity", ("reflective", "high_risk")),
        ({"category": "jewelry"}, "model_hand", "C4", "high_complexity", ("jewelry", "high_risk")),
        ({"ai": ai("background_generation")}, "front", "C1", "ai_assisted", ("basic", "ai")),
        ({"ai": ai("test_concept"), "materials": ["knit"]}, "front", "C4", "ai_assisted", ("ai_on_knit", "ai")),
        ({"ai": ai("close_up_hands")}, "detail", "C4", "ai_assisted", ("ai_close_up", "ai")),
        ({"ai": ai("test_concept"), "use": "experiment"}, "front", "C1", "ai_experiment", ("basic", "experiment")),
        ({"use": "campaign", "materials": ["lace"]}, "front", "C4", "hero", ("fragile_fabric", "campaign")),
        ({"use": "campaign", "ai": ai("campaign_variant")}, "front", "C1", "hero", ("basic", "campaign")),
        ({"use": "marketplace"}, "front", "C1", "catalog", ("basic", "catalog")),
    ],
)  # fmt: skip
def test_what_a_shot_becomes(changes: Json, view: str, complexity: str, track: str, rules: tuple[str, str]) -> None:
    facts = facts_of(brief(**changes), view)
    found_class, by_class = classify(facts, CLASSES)
    found_track, by_track = choose_track(facts, found_class, TRACKS)
    assert (found_class, found_track, (by_class.rule, by_track.rule)) == (complexity, track, rules)


def test_the_reason_names_the_values_that_decided() -> None:
    _, choice = classify(facts_of(brief(materials=["silk", "sheer", "lace"]), "front"), CLASSES)
    assert choice.because == "the fabric loses its structure easily (materials: lace, sheer)"


@pytest.mark.parametrize(
    ("track", "complexity", "deadline", "hours", "rule"),
    [
        ("catalog", "C1", None, 24, "sla"),
        ("catalog", "C2", None, 36, "sla"),
        ("hero", "C4", None, 240, "sla"),
        ("marketplace", "C3", None, 16, "sla"),
        ("catalog", "C1", 10, 10, "deadline"),
        ("catalog", "C1", 30, 24, "sla"),
        ("ai_experiment", "C4", None, None, "no_sla"),
        ("ai_experiment", "C4", 10, 10, "deadline"),
    ],
)
def test_due_by_sla_times_class_or_deadline(
    track: str, complexity: str, deadline: int | None, hours: int | None, rule: str
) -> None:
    """In business hours from Monday 09:00; at risk after three quarters of them."""
    entry = next(one for one in CLASSES.classes if one.name == complexity)
    by = CALENDAR.add(MONDAY, deadline * HOUR) if deadline else None
    due = due_for(MONDAY, TRACKS.track(track), entry, by, DEFAULTS)
    assert due.choice.rule == rule
    assert due.due_at == (CALENDAR.add(MONDAY, hours * HOUR) if hours else None)
    assert due.at_risk_at == (CALENDAR.add(MONDAY, 0.75 * hours * HOUR) if hours else None)


@pytest.mark.parametrize("days", [-3, 0])
def test_a_deadline_without_business_time_left_is_at_risk_at_once(days: int) -> None:
    deadline = MONDAY + timedelta(days=days)
    due = due_for(MONDAY, TRACKS.track("catalog"), CLASSES.classes[0], deadline, DEFAULTS)
    assert due.due_at == due.at_risk_at == deadline


def test_a_deadline_in_a_far_future_sets_no_clock() -> None:
    due = due_for(
        MONDAY, TRACKS.track("ai_experiment"), CLASSES.classes[0], datetime(9999, 12, 31, tzinfo=UTC), DEFAULTS
    )
    assert due.due_at is None


def test_each_shot_is_followed_by_its_variants() -> None:
    request = brief(views=("front", "ghost_mannequin"))
    planned = plan_work(request, DEFAULTS, MONDAY)
    assert [(one.work.view, one.work.channel) for one in planned] == [
        (view, channel) for view in ("front", "ghost_mannequin") for channel in (None, "pdp", "zalando")
    ]
    front, front_pdp, _, ghost, ghost_pdp, _ = (one.work for one in planned)
    assert (front_pdp.parent_id, ghost_pdp.parent_id) == (front.id, ghost.id)
    assert (front_pdp.track, front_pdp.state, front_pdp.due_at) == ("marketplace", "waiting", None)
    assert [*front_pdp.gates] == ["brand_merch", "final_qc"]
    assert (front_pdp.complexity_class, ghost_pdp.complexity_class) == ("C1", "C3")
    assert (front_pdp.zoom_required, ghost_pdp.zoom_required) == (False, True)
    assert front_pdp.spec == front.spec
    ids = [one.work.id for one in planned]
    assert ids == sorted(ids)


def test_experiments_make_no_variants_and_have_no_sla() -> None:
    [shot] = plan_work(brief(use="experiment", ai=ai("test_concept")), DEFAULTS, MONDAY)
    assert (shot.work.gates, shot.work.due_at, shot.at_risk_at) == (["technical"], None, None)


def changed(pack: BaseModel, change: Any) -> Json:
    content = pack.model_dump(mode="json")
    change(content)
    return content


@pytest.mark.parametrize(
    ("model", "pack", "change"),
    [
        (TracksPack, TRACKS, lambda pack: pack["rules"].pop()),
        (TracksPack, TRACKS, lambda pack: pack["rules"].insert(0, {"id": "all", "because": "x", "track": "hero"})),
        (TracksPack, TRACKS, lambda pack: pack["rules"][0].update(track="nowhere")),
        (TracksPack, TRACKS, lambda pack: pack["rules"][0]["when"][0].update(field="colour_of_the_sky")),
        (TracksPack, TRACKS, lambda pack: pack["rules"][0]["when"][0].update(any_of=[])),
        (TracksPack, TRACKS, lambda pack: pack["tracks"].append(pack["tracks"][0])),
        (TracksPack, TRACKS, lambda pack: pack["tracks"][0]["gates"].reverse()),
        (TracksPack, TRACKS, lambda pack: pack["tracks"][0].update(sla_hours=0)),
        (TracksPack, TRACKS, lambda pack: pack.update(variant_track="nowhere")),
        (TracksPack, TRACKS, lambda pack: pack.update(at_risk_share=1)),
        (ClassesPack, CLASSES, lambda pack: pack["classes"].pop()),
        (ClassesPack, CLASSES, lambda pack: pack["rules"].pop()),
        (ClassesPack, CLASSES, lambda pack: pack["rules"].append(pack["rules"][0])),
        (ClassesPack, CLASSES, lambda pack: pack["rules"][0].update(complexity_class="C5")),
    ],
)
def test_a_pack_that_contradicts_itself_is_refused(model: type[BaseModel], pack: BaseModel, change: Any) -> None:
    model.model_validate(pack.model_dump(mode="json"))
    with pytest.raises(ValidationError):
        model.model_validate(changed(pack, change))


def test_all_shots_of_a_view_go_one_way() -> None:
    """Rules know a shot by the view of the recipe; work by its own name."""
    plans = [
        ShotPlan(colorway="white", view=view, recipe_view=of, spec=ImageSpec())
        for view, of in (("on_model", None), ("on_model_2", "on_model"), ("front", None), ("front_2", "front"))
    ]
    work = plan_work(brief(shots=plans, channels=[]), DEFAULTS, MONDAY)
    assert [(item.work.view, item.work.track) for item in work] == [
        ("on_model", "on_model"), ("on_model_2", "on_model"), ("front", "catalog"), ("front_2", "catalog"),
    ]  # fmt: skip


def test_rules_see_every_attribute_as_text() -> None:
    request: Request = brief(attributes={"straps": 2, "hardware": ["Zipper", "buckle"], "sleeve": True})
    facts = facts_of(request, "front")
    assert facts["attributes.straps"] == {"2"}
    assert facts["attributes.hardware"] == {"zipper", "buckle"}
    assert facts["attributes.sleeve"] == {"true"}

"""Which items work is asked: conditions, what is wrong with them, and what the default pack asks of whom."""

from typing import Any

import pytest
from pydantic import ValidationError

from chassis.packs import read_toml
from chassis.problems import Faults
from contracts.values import ComplexityClass, Gate, ImageSpec, WorkItem, WorkKind
from services.qc.reference.conditions import facts, facts_of
from services.qc.reference.domain import compose, is_asked, questions
from services.qc.reference.schemas import Checklist, ChecklistItem, Checklists, Gates
from services.qc.reference.service import PACKS
from tests.qc.stage import work_item

DEFAULT = Checklists.model_validate(read_toml(PACKS / "checklists.toml"))
# R47: the seed's scalable QC checklist, and where each of its items is asked.
SCALABLE = {
    "skin_texture": Gate.FINAL_QC,
    "colour_accuracy": Gate.FINAL_QC,
    "garment_fit": Gate.STYLING_FIT,
    "unwarped": Gate.STYLING_FIT,
    "ghost_geometry": Gate.STYLING_FIT,
    "jewelry_reflections": Gate.FINAL_QC,
    "ai_artifacts": Gate.FINAL_QC,
    "crop": Gate.BRAND_MERCH,
    "file_naming": Gate.FINAL_QC,
    "delivery_location": Gate.FINAL_QC,
}


def item(**conditions: Any) -> ChecklistItem:
    return ChecklistItem.model_validate({"id": "a", "text": "Is it?", **conditions})


def pointers(content: Any, model: type[Any] = ChecklistItem) -> list[str]:
    """Where this content is wrong."""
    with pytest.raises(ValidationError) as refused:
        model.model_validate(content)
    found = []
    for error in refused.value.errors():
        at = "".join(f"/{part}" for part in error["loc"])
        cause = error.get("ctx", {}).get("error")
        assert not isinstance(cause, Faults) or all(fault.remedy for fault in cause.faults)
        found += [at + fault.pointer for fault in cause.faults] if isinstance(cause, Faults) else [at]
    return found


def all_asked(work: WorkItem) -> set[str]:
    """At the gates that the work passes."""
    composition = compose(DEFAULT, facts_of(work))
    return {name for gate in work.gates for name in composition[gate]}


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({}, True),
        ({"when": {"categories": ["bags", "apparel"]}}, True),
        ({"when": {"categories": ["bags"]}}, False),
        ({"when": {"materials": ["lace", "knit"]}}, True),
        ({"when": {"materials": ["lace"]}}, True),  # work says it as it likes: `Lace`
        ({"when": {"materials": ["KNIT"], "categories": ["Apparel"]}}, True),  # and so does the pack
        ({"when": {"materials": ["sequins"]}}, False),
        ({"when": {"materials": ["suede"]}}, False),
        ({"when": {"materials": ["faux suede"]}}, True),
        ({"when": {"categories": ["apparel"], "materials": ["sequins"]}}, False),
        ({"when": {"views": ["detail"]}}, True),  # `detail_2` is a shot of it
        ({"when": {"views": ["detail_2"]}}, True),
        ({"when": {"views": ["detail_3"]}}, False),
        ({"when": {"uses": ["campaign"], "kinds": ["shot"], "classes": ["C3"], "tracks": ["hero"], "ai": True}}, True),
        ({"when": {"uses": ["catalog"]}}, False),
        ({"when": {"kinds": ["variant"]}}, False),
        ({"when": {"classes": ["C1", "C2", "C4"]}}, False),
        ({"when": {"tracks": ["catalog"]}}, False),
        ({"when": {"ai": False}}, False),
        ({"when": {"specs": ["clipping_path", "straight"]}}, True),
        ({"when": {"specs": ["straight"]}}, False),
        ({"when": {"channels": ["pdp"]}}, False),
        ({"unless": {"materials": ["lace"]}}, False),
        ({"unless": {"materials": ["lace"], "views": ["front"]}}, True),  # both would have to hold
        ({"when": {"materials": ["knit"]}, "unless": {"ai": True}}, False),
    ],
)
def test_all_that_is_given_must_hold(conditions: dict[str, Any], holds: bool) -> None:
    work = work_item(
        materials=["Lace", "faux suede", "knit"], view="detail_2", use="campaign", track="hero", ai=True,
        complexity_class=ComplexityClass.C3, spec=ImageSpec(clipping_path=True),
    )  # fmt: skip
    assert is_asked(item(**conditions), facts_of(work)) is holds


def test_a_condition_on_a_channel_is_one_on_variants() -> None:
    on_a_channel = item(when={"channels": ["pdp"]})
    assert is_asked(on_a_channel, facts_of(work_item(kind=WorkKind.VARIANT, channel="pdp")))
    assert not is_asked(on_a_channel, facts_of(work_item(kind=WorkKind.VARIANT, channel="amazon")))


def test_what_is_not_known_of_the_work_meets_no_condition() -> None:
    """Work from before its use was told, or a brand that tries its pack."""
    nothing = facts(kind=WorkKind.SHOT, ai=False)
    for name, value in (
        ("categories", ["a"]), ("materials", ["a"]), ("views", ["a"]), ("uses", ["catalog"]), ("classes", ["C1"]),
        ("tracks", ["a"]), ("specs", ["straight"]),
    ):  # fmt: skip
        assert not is_asked(item(when={name: value}), nothing), name
        assert is_asked(item(unless={name: value}), nothing), name


@pytest.mark.parametrize(
    ("conditions", "wrong"),
    [
        ({"when": {"kinds": ["film"]}}, ["/when/kinds/0"]),
        ({"when": {"classes": ["C1", "C5"]}}, ["/when/classes/1"]),
        ({"when": {"uses": ["pdp"]}, "unless": {"specs": ["sharp"]}}, ["/when/uses/0", "/unless/specs/0"]),
        ({"when": {"materials": []}}, ["/when/materials"]),
        ({"when": {"materials": ["lace", "nul \x00", ""]}}, ["/when/materials/1", "/when/materials/2"]),
        ({"when": {"materials": ["Lace"]}, "unless": {"materials": ["lace"]}}, ["/unless"]),
        ({"when": {"material": ["lace"]}}, ["/when/material"]),
        ({"when": {"ai": "often"}}, ["/when/ai"]),
        ({"when": {}}, ["/when"]),
        ({"unless": {"categories": None}}, ["/unless"]),
        ({"when": {"channels": ["pdp"], "kinds": ["shot"]}}, ["/when/channels"]),
        ({"unless": {"kinds": ["shot", "variant"]}}, ["/unless"]),
        ({"unless": {"classes": ["C4", "C3", "C2", "C1"]}}, ["/unless"]),
        ({"when": {"materials": ["lace"]}, "unless": {"materials": ["fur", "lace"]}}, ["/unless"]),
        ({"when": {"channels": ["pdp"]}, "unless": {"kinds": ["variant"]}}, ["/unless"]),
        ({"when": {"views": ["a"], "ai": True}, "unless": {"views": ["a", "b"], "ai": True}}, ["/unless"]),
    ],
)
def test_what_can_never_be_asked_is_named(conditions: dict[str, Any], wrong: list[str]) -> None:
    assert pointers({"id": "a", "text": "Is it?", **conditions}) == wrong


@pytest.mark.parametrize(
    "conditions",
    [
        {"when": {"materials": ["lace", "fur"]}, "unless": {"materials": ["fur"]}},
        {"when": {"views": ["a"]}, "unless": {"views": ["a"], "ai": True}},
        {"when": {"channels": ["pdp"], "kinds": ["shot", "variant"]}},
        {"unless": {"uses": ["catalog", "campaign", "marketplace", "social", "email", "experiment"]}},  # or not known
    ],
)
def test_what_may_be_asked_is_taken(conditions: dict[str, Any]) -> None:
    item(**conditions)


def test_faults_are_named_where_they_are_in_the_pack() -> None:
    content = DEFAULT.model_dump(mode="json")
    content["checklists"][1]["items"][2]["unless"] = {"kinds": ["shot", "variant"]}
    content["checklists"][3]["items"][0]["when"] = {"kinds": ["film"]}
    assert pointers(content, Checklists) == ["/checklists/1/items/2/unless", "/checklists/3/items/0/when/kinds/0"]


@pytest.mark.parametrize(
    ("items", "without"),
    [
        ([{}], []),
        ([{"when": {"kinds": ["shot"]}}, {"when": {"kinds": ["variant"]}}], []),
        ([{"when": {"classes": ["C1", "C2", "C3", "C4"]}}], []),
        ([{"when": {"kinds": ["shot"]}}], ["variant"]),
        ([{"when": {"materials": ["lace"]}}], ["shot", "variant"]),
        ([{"when": {"kinds": ["shot"], "ai": True}}, {"unless": {"ai": True}}], ["shot", "variant"]),
    ],
)
def test_no_work_may_pass_without_a_question(items: list[dict[str, Any]], without: list[str]) -> None:
    content = {
        "gate": "final_qc",
        "items": [{"id": f"i{number}", "text": "Is it?", **one} for number, one in enumerate(items)],
    }
    if without:
        assert pointers(content, Checklist) == ["/items"] * len(without)
    else:
        Checklist.model_validate(content)


def test_gates_stay_what_and_where_they_are() -> None:
    rules = read_toml(PACKS / "gates.toml")["gates"]
    assert pointers({"gates": [rules[1], rules[0], *rules[2:]]}, Gates) == ["/gates/0/gate", "/gates/1/gate"]
    assert pointers({"gates": rules[1:]}, Gates) == ["/gates"]
    assert pointers({"gates": [*rules[:3], {"gate": "fifth", "domain": "pass_fail"}]}, Gates) == ["/gates/3/gate"]
    by_machine = [*rules[:3], rules[3] | {"by_measurement": ["C1"]}]
    assert pointers({"gates": by_machine}, Gates) == ["/gates/3/by_measurement"]


def test_every_item_of_the_scalable_checklist_is_where_it_belongs() -> None:
    for name, gate in SCALABLE.items():
        assert name in {one.id for one in DEFAULT.at(gate)}


def test_every_item_is_a_question() -> None:
    for checklist in DEFAULT.checklists:
        for one in checklist.items:
            assert one.text.endswith("?"), one.id


def test_a_plain_t_shirt_is_asked_nothing_about_jewelry_people_or_ai() -> None:
    composition = compose(DEFAULT, facts_of(work_item(use="catalog")))
    assert composition == {
        Gate.TECHNICAL: [
            "focus", "exposure", "white_balance", "framing", "resolution", "file_format", "background",
            "capture_defects",
        ],
        Gate.STYLING_FIT: [
            "garment_fit", "sleeve_length", "hem_shape", "shoulder_structure", "unwarped", "symmetry",
            "product_details",
        ],
        Gate.BRAND_MERCH: ["crop", "angle", "styling", "detail_shots", "pdp_consistency"],
        Gate.FINAL_QC: ["colour_accuracy", "texture", "file_naming", "version_status"],
    }  # fmt: skip


@pytest.mark.parametrize("channel", ["pdp", "amazon"])
def test_a_variant_is_asked_less_than_its_shot(channel: str) -> None:
    variant = work_item(kind=WorkKind.VARIANT, channel=channel, gates=[Gate.BRAND_MERCH, Gate.FINAL_QC])
    composition = compose(DEFAULT, facts_of(variant))
    assert ("marketplace_compliance" in composition[Gate.BRAND_MERCH]) is (channel == "amazon")
    shot = compose(DEFAULT, facts_of(work_item()))
    assert len(all_asked(variant)) < len([*shot[Gate.BRAND_MERCH], *shot[Gate.FINAL_QC]]) < len(all_asked(work_item()))


@pytest.mark.parametrize(
    ("changes", "among"),
    [
        ({"materials": ["lace"]}, {"lace"}),
        ({"materials": ["sequins"]}, {"sequins"}),
        ({"materials": ["knit"]}, {"knit"}),
        ({"materials": ["fur"]}, {"fur"}),
        ({"materials": ["sheer"]}, {"sheer"}),
        ({"materials": ["reflective"]}, {"reflections", "studio_reflections"}),
        ({"materials": ["metal_hardware"]}, {"hardware"}),
        ({"materials": ["colour_critical"]}, {"critical_colour"}),
        ({"category": "bags", "materials": ["metal_hardware"]}, {"bag_hardware", "product_shape"}),
        ({"category": "shoes", "view": "sole_detail"}, {"sole_pattern", "product_shape"}),
        (
            {"category": "jewelry", "materials": ["gold"]},
            {"jewelry_reflections", "stones_and_metal", "jewelry_placement", "clean_surface"},
        ),
        ({"view": "ghost_mannequin"}, {"ghost_geometry", "size_representation"}),
        ({"view": "on_model"}, {"skin_texture", "size_representation", "visual_hierarchy"}),
        ({"complexity_class": ComplexityClass.C3}, {"fabric_tension", "invented_structure", "seams_and_labels"}),
        ({"use": "campaign"}, {"creative_references"}),
        ({"spec": ImageSpec(clipping_path=True)}, {"clipping_path"}),
        ({"ai": True}, {"ai_lighting", "ai_anatomy", "ai_construction", "ai_looks_photographed", "ai_artifacts",
                        "ai_details"}),
        ({"ai": True, "view": "on_model"}, {"ai_hands", "ai_face", "ai_hair"}),
        ({"ai": True, "category": "jewelry", "view": "model_hand"}, {"ai_hands"}),
        ({"ai": True, "materials": ["sequins"]}, {"sequins", "ai_fabric"}),
        ({"ai": True, "materials": ["mirror"]}, {"reflections", "ai_reflections"}),
        ({"materials": ["fur"], "spec": ImageSpec(white_background=True)}, {"fur", "fine_edges"}),
    ],
)  # fmt: skip
def test_what_a_product_or_a_use_adds(changes: dict[str, Any], among: set[str]) -> None:
    plain = all_asked(work_item(use="catalog"))
    assert among.isdisjoint(plain)
    assert among <= all_asked(work_item(**{"use": "catalog", **changes}))


def test_every_item_is_asked_of_some_work() -> None:
    """Nothing in the pack is dead: the products above, with a variant, ask all of it."""
    works = [
        work_item(kind=WorkKind.VARIANT, channel="amazon"),
        work_item(materials=["lace", "sequins", "knit", "fur", "sheer", "reflective", "metal_hardware",
                             "colour_critical"],
                  view="on_model", ai=True, use="campaign", complexity_class=ComplexityClass.C4,
                  spec=ImageSpec(clipping_path=True, white_background=True)),
        work_item(view="ghost_mannequin"),
        work_item(category="bags"),
        work_item(category="shoes", view="sole_detail"),
        work_item(category="jewelry"),
    ]  # fmt: skip
    everything = {one.id for checklist in DEFAULT.checklists for one in checklist.items}
    assert set().union(*(all_asked(work) for work in works)) == everything


def test_a_review_from_before_compositions_asks_all_of_its_version() -> None:
    for gate in Gate:
        assert [one.id for one in questions(DEFAULT, gate, None)] == [one.id for one in DEFAULT.at(gate)]

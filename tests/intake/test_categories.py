"""Category packs through HTTP: shown, edited by their owner alone, versioned; requests keep their version."""

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.testkit.harness import Harness
from contracts.intake import RequestAccepted
from contracts.values import Role
from services.intake.categories.schemas import AiShotPack, CategoryContent
from services.routing.work.planning import plan_work
from tests.intake.calls import AI_SHOT, CATEGORIES, REQUESTS, content, post, publish
from tests.intake.samples import bags, changed, without
from tests.routing.others import MONDAY
from tests.routing.test_rules import DEFAULTS


async def new_category(intake: Harness, name: str) -> tuple[str, dict[str, Any]]:
    """A test's own category, like bags: its path and content, at version 1."""
    body = await content(intake, f"{CATEGORIES}/bags") | {"title": name.title()}
    path = f"{CATEGORIES}/{name}"
    made = await publish(intake, path, body, 0)
    assert (made.status_code, made.json()["version"], made.json()["name"]) == (200, 1, name), made.text
    return path, body


async def test_the_packs_say_all_that_a_brief_needs(intake: Harness) -> None:
    answer = await intake.client.get(CATEGORIES, headers=intake.bearer("vendor"))
    packs = {pack["name"]: pack for pack in answer.json()["items"]}
    for name in ("apparel", "shoes", "bags", "jewelry"):
        pack = packs[name]
        assert pack["version"] == 1
        assert pack["materials"]
        assert all(field["type"] and field["asks"] and field["remedy"] for field in pack["fields"])
        assert all(view["spec"]["min_width"] > 1 for view in pack["recipe"])
        one = await intake.client.get(f"{CATEGORIES}/{name}", headers=intake.bearer("vendor"))
        assert one.json() == pack
    extension = await intake.client.get(AI_SHOT, headers=intake.bearer("vendor"))
    assert "anatomy_risk" in [field["name"] for field in extension.json()["fields"]]
    unknown = await intake.client.get(f"{CATEGORIES}/hats", headers=intake.bearer("vendor"))
    assert (unknown.status_code, "apparel" in unknown.json()["detail"]) == (404, True)
    assert (await intake.client.get(f"{CATEGORIES}/Not a name", headers=intake.bearer("vendor"))).status_code == 422
    for path in (CATEGORIES, f"{CATEGORIES}/bags", AI_SHOT):
        assert (await intake.client.get(path)).status_code == 401


async def test_an_edit_decides_about_the_requests_after_it(intake: Harness) -> None:
    path, body = await new_category(intake, "purses")
    purse = bags() | {"category": "purses"}
    before = (await post(intake, purse)).json()
    assert (before["state"], before["category_version"]) == ("accepted", 1)
    body["fields"].append({"name": "lining", "type": "text", "asks": "what lines it", "remedy": "Name the fabric."})
    body["recipe"] = [view for view in body["recipe"] if view["view"] != "strap"]
    edited = await publish(intake, path, body, 1)
    assert (edited.status_code, edited.headers["ETag"], edited.json()["version"]) == (200, '"2"', 2)

    purse["sku"] += "-b"
    [problem] = (await post(intake, purse)).json()["problems"]
    assert problem == {
        "pointer": "/attributes/lining",
        "problem": "Purses: a brief needs to say what lines it.",
        "remedy": "Name the fabric.",
    }
    after = (await post(intake, changed(purse, attributes__lining="Cotton."))).json()
    assert (after["state"], after["category_version"]) == ("accepted", 2)
    assert "strap" not in [shot["view"] for shot in after["shots"]]
    read = await intake.client.get(f"{REQUESTS}/{before['id']}", headers=intake.bearer("producer"))
    assert read.json() == before


async def test_a_new_category_is_new(intake: Harness) -> None:
    body = await content(intake, f"{CATEGORIES}/bags") | {"title": "Hats", "fields": []}
    assert (await publish(intake, f"{CATEGORIES}/hats", body, 1)).status_code == 412
    assert (await publish(intake, f"{CATEGORIES}/hats", body, 0)).status_code == 200
    assert (await publish(intake, f"{CATEGORIES}/hats", body, 0)).status_code == 412
    brief = without(bags() | {"category": "hats"}, "attributes")
    assert (await post(intake, brief)).json()["state"] == "accepted"


async def test_every_version_stays_readable(intake: Harness) -> None:
    path, body = await new_category(intake, "wallets")
    for version in (1, 2):
        assert (await publish(intake, path, body | {"title": f"Wallets {version + 1}"}, version)).status_code == 200
    headers = intake.bearer("vendor")
    listed = (await intake.client.get(f"{path}/versions", headers=headers)).json()
    assert [one["version"] for one in listed["items"]] == [3, 2, 1]
    assert {one["published_by"] for one in listed["items"]} == {"creative_ops_manager-1"}
    titles = [(await intake.client.get(f"{path}/versions/{n}", headers=headers)).json()["title"] for n in (1, 2, 3)]
    assert titles == ["Wallets", "Wallets 2", "Wallets 3"]
    page = (await intake.client.get(f"{path}/versions", params={"limit": 2}, headers=headers)).json()
    rest = await intake.client.get(f"{path}/versions", params={"cursor": page["next_cursor"]}, headers=headers)
    assert [one["version"] for one in page["items"] + rest.json()["items"]] == [3, 2, 1]
    assert rest.json()["next_cursor"] is None
    defaults = (await intake.client.get(f"{CATEGORIES}/bags/versions", headers=headers)).json()["items"]
    assert (defaults[0]["version"], defaults[0]["published_by"]) == (1, "defaults")

    for wrong, status in (
        (f"{path}/versions/4", 404), (f"{path}/versions/0", 422), (f"{path}/versions/x", 422),
        (f"{path}/versions/{10**12}", 422), (f"{CATEGORIES}/hoods/versions", 404),
        (f"{CATEGORIES}/hoods/versions/1", 404),
        (f"{path}/versions?cursor=AZOoXzqAcLuJPTr3fE_5XA", 422), (f"{path}/versions?cursor=zzz", 422),
    ):  # fmt: skip
        answer = await intake.client.get(wrong, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), wrong
    for read in (f"{path}/versions", f"{path}/versions/1"):
        assert (await intake.client.get(read)).status_code == 401


async def test_a_brand_adds_retires_and_changes_a_category(intake: Harness) -> None:
    """No code, no restart: fields on a condition, a view of several shots, and what was accepted keeps its version."""
    path, body = await new_category(intake, "umbrellas")
    body["fields"] = [
        {"name": "opens", "type": "boolean", "asks": "whether it opens", "remedy": "Send true or false."},
        {
            "name": "span_cm", "type": "integer", "maximum": 300, "asks": "how wide it opens", "remedy": "Measure it.",
            "when": {"field": "opens", "value": True},
        },
    ]  # fmt: skip
    body["recipe"] = [
        {"view": "closed", "title": "Closed", "spec": {}},
        {"view": "open", "title": "Open", "shots": 2, "when": {"field": "opens", "value": True}, "spec": {}},
    ]
    assert (await publish(intake, path, body, 1)).status_code == 200
    umbrella = without(
        bags() | {"category": "umbrellas", "attributes": {"opens": True}, "required_views": None}, "waivers"
    )
    [problem] = (await post(intake, umbrella)).json()["problems"]
    assert (problem["pointer"], "since `opens` says `true`" in problem["problem"]) == ("/attributes/span_cm", True)
    made = (await post(intake, changed(umbrella, attributes__span_cm=98))).json()
    assert (made["state"], made["category_version"]) == ("accepted", 2)
    assert [(shot["view"], shot["recipe_view"]) for shot in made["shots"] if shot["colorway"] == "gray"] == [
        ("closed", None), ("open", None), ("open_2", "open"),
    ]  # fmt: skip
    [event] = await intake.recorded(RequestAccepted, made["id"])
    assert [shot.recipe_view for shot in event.data.request.shots] == [None, None, "open"] * 2
    # Routing's rules know nothing of it, and make work of it all the same.
    work = [item.work for item in plan_work(event.data.request, DEFAULTS, MONDAY)]
    assert [(item.category, item.view) for item in work if item.channel is None and item.colorway == "gray"] == [
        ("umbrellas", "closed"), ("umbrellas", "open"), ("umbrellas", "open_2"),
    ]  # fmt: skip
    assert {item.channel for item in work} == {None, *umbrella["channels"]}

    assert (await publish(intake, path, body | {"retired": True}, 2)).json()["retired"] is True
    late = (await post(intake, changed(umbrella, attributes__span_cm=98))).json()
    assert (late["state"], [one["problem"] for one in late["problems"]]) == (
        "returned", ["The category `umbrellas` is retired."],
    )  # fmt: skip
    assert "umbrellas" not in late["problems"][0]["remedy"]
    read = await intake.client.get(f"{REQUESTS}/{made['id']}", headers=intake.bearer("producer"))
    assert read.json() == made


async def test_only_the_owner_edits(intake: Harness) -> None:
    path, body = await new_category(intake, "belts")
    for role in Role:
        if role is not Role.CREATIVE_OPS_MANAGER:
            assert (await publish(intake, AI_SHOT, {"fields": []}, 1, role)).status_code == 403
            answer = await publish(intake, path, body, 1, role)
            assert (answer.status_code, answer.json()["allowed_roles"]) == (403, ["creative_ops_manager"]), role
    assert (await publish(intake, path, body, 1)).status_code == 200
    assert (await intake.client.put(path, json=body, headers={"If-Match": '"2"'})).status_code == 401


async def test_an_edit_names_the_version_that_it_changes(intake: Harness) -> None:
    path, body = await new_category(intake, "scarves")
    owner = intake.bearer("creative_ops_manager")
    assert (await intake.client.put(path, json=body, headers=owner)).status_code == 428
    answers = await asyncio.gather(*(publish(intake, path, body, 1) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


async def test_nonsense_is_refused_and_changes_nothing(intake: Harness) -> None:
    path, body = await new_category(intake, "gloves")
    nonsense: list[Any] = [
        None,
        {},
        [],
        body | {"surprise": 1},
        body | {"title": "a\x00b"},
        body | {"name": "bags"},
        body | {"fields": body["fields"] * 50},
        body | {"recipe": [{"view": "front", "title": "Front", "spec": {"min_width": 10**40}}]},
    ]
    for wrong in nonsense:
        answer = await publish(intake, path, wrong, 1)
        assert answer.status_code == 422, wrong
        assert answer.headers["content-type"] == "application/problem+json"
    assert await content(intake, path) == body


def pack() -> dict[str, Any]:
    """The least that is a category."""
    return {
        "title": "Hats",
        "materials": ["felt"],
        "fields": [
            {"name": "brim", "type": "choice", "choices": ["wide", "none"], "asks": "its brim", "remedy": "Say it."},
            {"name": "lined", "type": "boolean", "asks": "its lining", "remedy": "Say it."},
        ],
        "recipe": [
            {"view": "front", "title": "Front", "spec": {}},
            {"view": "top", "title": "Top", "when": {"field": "brim", "value": "wide"}, "spec": {}},
        ],
    }


Change = Callable[[dict[str, Any]], object]
LINED = {"field": "lined", "value": True}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda pack: pack["fields"][0].update(choices=[]), "a choice without choices"),
        (lambda pack: pack["fields"][1].update(choices=["a"]), "has choices, but is of type boolean"),
        (lambda pack: pack["fields"][1].update(type="integer", minimum=3, maximum=2), "a minimum above its maximum"),
        (lambda pack: pack["fields"][0].update(implies={"huge": ["felt"]}), "none of its choices"),
        (lambda pack: pack["fields"][0].update(implies={"wide": ["velvet"]}), "not among the materials: velvet"),
        (lambda pack: pack["fields"].append(copy.deepcopy(pack["fields"][0])), "doubled: brim"),
        (lambda pack: pack["recipe"].append(copy.deepcopy(pack["recipe"][0])), "doubled: front"),
        (lambda pack: pack["recipe"].pop(0), "at least one view that is always needed"),
        (lambda pack: pack["recipe"][0].update(mandatory=False), "at least one view that is always needed"),
        (lambda pack: pack["recipe"][1]["when"].update(field="depth"), "can never hold"),
        (lambda pack: pack["recipe"][1]["when"].update(value="huge"), "can never hold"),
        (lambda pack: pack["recipe"][1]["when"].update(value=True), "can never hold"),
        (lambda pack: pack["recipe"][1]["when"].update(field="lined"), "can never hold"),
        (lambda pack: pack["recipe"][0].update(spec={"formats": []}), "formats are some of"),
        (lambda pack: pack["recipe"][0].update(spec={"formats": ["doc"]}), "formats are some of"),
        (lambda pack: pack["recipe"][0].update(spec={"formats": ["jpeg"] * 9}), "formats are some of"),
        (lambda pack: pack["recipe"][0].update(spec={"min_width": 10**6}), "no side is longer"),
        (lambda pack: pack["recipe"][0].update(spec={"min_width": 9, "max_width": 8}), "above its greatest"),
        (lambda pack: pack["recipe"][0].update(spec={"min_fill": 0.9, "max_fill": 0.8}), "above its greatest"),
        (lambda pack: pack["recipe"][0].update(spec={"bits": 12}), "8 or 16 bits"),
        (lambda pack: pack["recipe"][0].update(spec={"max_bytes": 10**12}), "8 or 16 bits"),
        (lambda pack: pack["recipe"][0].update(spec={"aspect": 1e9}), "8 or 16 bits"),
        (lambda pack: pack["recipe"][0].update(spec={"aspect": "inf"}), "finite"),
        (lambda pack: pack["recipe"][0].update(shots=0), "greater than or equal to 1"),
        (lambda pack: pack["recipe"][0].update(shots=11), "less than or equal to 10"),
        (lambda pack: pack["recipe"][0].update(view="f" * 39, shots=2), "at most 40 characters"),
        (lambda pack: (pack["recipe"][0].update(shots=3), pack["recipe"][1].update(view="front_3")), "front_3"),
        (lambda pack: pack["fields"][0].update(mandatory=False, when=LINED), "brim is never mandatory"),
        (lambda pack: pack["fields"][0].update(when=LINED | {"field": "depth"}), "there is no field `depth`"),
        (lambda pack: pack["fields"][0].update(when=LINED | {"value": "wide"}), "`lined` is true or false"),
        (lambda pack: pack["fields"][1].update(when={"field": "brim", "value": "huge"}), "wide, none"),
        (lambda pack: pack["fields"][1].update(when={"field": "use", "value": "war"}), "none of the values of `use`"),
        (lambda pack: pack["fields"][1].update(when={"field": "materials", "value": "lead"}), "of `materials`: felt"),
        (
            lambda pack: (pack["fields"][1].update(type="text"), pack["fields"][0].update(when=LINED)),
            "lined` is a text without choices",
        ),
        (lambda pack: pack["fields"][1].update(when=LINED), "in a circle: lined needs lined"),
        (
            lambda pack: (
                pack["fields"][0].update(when=LINED),
                pack["fields"][1].update(when={"field": "brim", "value": "wide"}),
            ),
            "in a circle: brim needs lined needs brim",
        ),
        (
            lambda pack: (
                pack["fields"][0].update(when=LINED, implies={"wide": ["felt"]}),
                pack["fields"][1].update(when={"field": "materials", "value": "felt"}),
            ),
            "in a circle: brim needs lined needs brim",
        ),
        (lambda pack: pack.update(materials=[]), "materials"),
        (lambda pack: pack.update(recipe=[]), "recipe"),
        (lambda pack: pack.update(title="  "), "title"),
    ],
)
def test_a_pack_is_consistent(change: Change, says: str) -> None:
    CategoryContent.model_validate(pack())
    broken = pack()
    change(broken)
    with pytest.raises(ValidationError, match=says):
        CategoryContent.model_validate(broken)


async def test_what_a_pack_contradicts_has_its_place(intake: Harness) -> None:
    broken = pack()
    broken["fields"][0].update(when=LINED | {"field": "depth"}, implies={"wide": ["velvet"]})
    broken["fields"][1].update(when=LINED)
    broken["recipe"].append(copy.deepcopy(broken["recipe"][0]))
    refused = await publish(intake, f"{CATEGORIES}/caps", broken, 0)
    assert refused.status_code == 422
    errors = {one["pointer"]: one for one in refused.json()["errors"]}
    assert set(errors) == {"/fields/0/when", "/fields/0/implies", "/fields/1/when", "/recipe/2/view"}
    assert errors["/recipe/2/view"]["detail"] == "names are unique; doubled: front"
    assert all(one["remedy"] for one in errors.values())


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ([{"name": "mood"}], "not a field of `ai`"),
        ([{"name": "use"}], "not a field of `ai`"),
        ([{"name": "pose", "type": "boolean"}], "of type text or choice"),
        ([{"name": "pose"}, {"name": "pose"}], "doubled: pose"),
        ([{"name": "pose", "when": {"field": "use", "value": "catalog"}}], "named by `only_for`"),
    ],
)
def test_the_ai_extension_has_the_fields_that_a_brief_can_have(fields: list[dict[str, Any]], says: str) -> None:
    blank = {"type": "text", "asks": "it", "remedy": "Say it."}
    AiShotPack.model_validate({"fields": [blank | {"name": "pose"}]})
    with pytest.raises(ValidationError, match=says):
        AiShotPack.model_validate({"fields": [blank | field for field in fields]})

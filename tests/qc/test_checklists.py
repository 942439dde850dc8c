"""Composed checklists through HTTP: what a reviewer is asked, what a decision must answer, and how a brand edits it."""

from typing import Any

import httpx

from contracts.qc import DecisionRecorded
from contracts.routing import WorkAmended, WorkReturned
from contracts.values import ComplexityClass, Gate, WorkItem
from tests.qc.stage import DECIDES, Stage, work_item


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


async def get(stage: Stage, path: str, **params: Any) -> httpx.Response:
    return await stage.qc.client.get(path, params=params, headers=stage.qc.bearer("reviewer"))


async def put(stage: Stage, path: str, content: dict[str, Any], version: int, role: str = "qc_lead") -> httpx.Response:
    headers = stage.qc.bearer(role) | {"If-Match": f'"{version}"'}
    return await stage.qc.client.put(path, json=content, headers=headers)


async def asked(stage: Stage, work: WorkItem) -> list[str]:
    """At the open gate."""
    return [one["id"] for one in (await stage.packet(work.id))["open_gate"]["checklist"]]


async def composed(stage: Stage, gate: Gate, **values: Any) -> list[str]:
    answer = await get(stage, "/v1/checklists:composed", gate=gate, **values)
    assert answer.status_code == 200, answer.text
    [checklist] = answer.json()["checklists"]
    assert checklist["gate"] == gate
    return [one["id"] for one in checklist["items"]]


async def test_a_brand_asks_for_its_material_by_data_alone(stage: Stage) -> None:
    pack = (await get(stage, "/v1/checklists")).json()
    items = next(one["items"] for one in pack["checklists"] if one["gate"] == "final_qc")
    assert {"id": "lace", "text": next(one["text"] for one in items if one["id"] == "lace"),
            "when": {"kinds": ["shot"], "materials": ["lace"]}} in items  # fmt: skip
    wales = {"id": "wales", "text": "Do the wales run straight?", "when": {"materials": ["corduroy"]}}
    items.append(wales)
    never = [*items, wales | {"id": "never", "when": {"kinds": ["film"]}}]
    place = len(items)
    broken = {
        "checklists": [one | ({"items": never} if one["gate"] == "final_qc" else {}) for one in pack["checklists"]]
    }
    assert pointers(await put(stage, "/v1/checklists", broken, 1)) == [f"/checklists/3/items/{place}/when/kinds/0"]
    assert (await put(stage, "/v1/checklists", pack, 1, role="creative_director")).status_code == 403
    assert (await put(stage, "/v1/checklists", pack, 1)).status_code == 200
    values = {"category": "apparel", "materials": ["cotton", "corduroy"]}
    assert "wales" in await composed(stage, Gate.FINAL_QC, **values)
    assert "wales" not in await composed(stage, Gate.FINAL_QC, category="apparel", materials=["cotton"])
    assert "jewelry_reflections" not in await composed(stage, Gate.FINAL_QC, **values)

    work = await stage.publish_work(work_item(materials=["corduroy"], gates=[Gate.FINAL_QC]))
    version = await stage.measured(work)
    answers = (await stage.body(version, Gate.FINAL_QC))["answers"]
    assert (list(answers), "wales" in answers) == (await asked(stage, work), True)
    less = {name: said for name, said in answers.items() if name != "wales"}
    for wrong, where in ((less, "/answers/wales"), (answers | {"lace": "pass"}, "/answers/lace")):
        answer = await stage.decide(version, Gate.FINAL_QC, answers=wrong, checklist_version=2)
        assert pointers(answer) == [where]
    decided = await stage.decide(version, Gate.FINAL_QC, answers=answers, checklist_version=2)
    assert decided.status_code == 201, decided.text
    [event] = await stage.qc.recorded(DecisionRecorded, work.id)
    assert (event.data.decision.checklist_version, set(event.data.decision.answers)) == (2, set(answers))


async def test_an_open_review_asks_what_it_began_with_whatever_becomes_of_the_work(stage: Stage) -> None:
    """What a reviewer was shown is what the decision must answer; the next round asks what the work is by then."""
    work = await stage.publish_work(work_item())
    version = await stage.measured(work)
    body = await stage.body(version, Gate.TECHNICAL)
    changes = {"category": "jewelry", "materials": ["mirror"], "complexity_class": ComplexityClass.C4, "ai": True}
    changed = await stage.publish_work(work.model_copy(update=changes), 2, WorkAmended)
    assert await asked(stage, work) == list(body["answers"])
    answer = await stage.qc.client.post("/v1/decisions", json=body, headers=stage.qc.bearer(DECIDES[Gate.TECHNICAL]))
    assert answer.status_code == 201, answer.text
    assert "garment_fit" in await asked(stage, work)
    fail = await stage.decide(version, Gate.STYLING_FIT, "fail", reasons=["fit_distortion"])
    assert fail.status_code == 201, fail.text

    again = await stage.publish_work(changed.model_copy(update={"round": 1}), 3, WorkReturned)
    await stage.measured(again, sha256="6c" * 32)
    new = await asked(stage, work)
    assert {"studio_reflections", "clean_surface", "ai_lighting"} <= set(new)
    assert new == await composed(
        stage, Gate.TECHNICAL, category="jewelry", materials="mirror", view="front", complexity_class="C4", ai=True
    )


async def test_a_review_from_before_compositions_goes_on_by_its_whole_version(stage: Stage) -> None:
    work = await stage.publish_work(work_item(complexity_class=ComplexityClass.C2))
    version = await stage.measured(work)
    await stage.qc.fetch("UPDATE review SET composition = NULL WHERE work_item_id = $1", work.id)
    pack = (await get(stage, "/v1/checklists")).json()
    whole = {one["gate"]: [item["id"] for item in one["items"]] for one in pack["checklists"]}
    for gate in Gate:
        assert await asked(stage, work) == whole[gate]
        answer = await stage.decide(version, gate)
        assert (answer.status_code, len(answer.json()["answers"])) == (201, len(whole[gate])), answer.text
    assert (await stage.packet(work.id))["state"] == "passed"


async def test_what_work_would_be_asked_is_told_for_any_values(stage: Stage) -> None:
    everywhere = (await get(stage, "/v1/checklists:composed", category="apparel", materials="fur", ai=True)).json()
    assert (everywhere["version"], [one["gate"] for one in everywhere["checklists"]]) == (1, list(Gate))
    assert all(one["items"] for one in everywhere["checklists"])
    shot = await composed(stage, Gate.FINAL_QC, category="apparel")
    variant = await composed(stage, Gate.FINAL_QC, category="apparel", channel="pdp")
    assert ("colour_accuracy" in shot, "as_master" in shot) == (True, False)
    assert ("colour_accuracy" in variant, "as_master" in variant) == (False, True)
    assert variant == await composed(stage, Gate.FINAL_QC, category="apparel", kind="variant")
    assert "clipping_path" in await composed(stage, Gate.TECHNICAL, specs=["straight", "clipping_path"])
    for wrong in ({"gate": "fifth"}, {"kind": "film"}, {"use": "pdp"}, {"specs": "sharp"}, {"ai": "often"}):
        answer = await get(stage, "/v1/checklists:composed", **wrong)
        assert pointers(answer)[0].startswith(f"query/{next(iter(wrong))}")
    for path in ("/v1/checklists:composed", "/v1/gates"):
        assert (await stage.qc.client.get(path)).status_code == 401


async def test_gates_are_edited_by_the_owner_of_pass_fail_and_count_at_once(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item()))
    read = await get(stage, "/v1/gates")
    gates = read.json()["gates"]
    assert [one["gate"] for one in gates] == list(Gate)
    moved = {"gates": [gates[0] | {"domain": "brand_look", "by_measurement": []}, *gates[1:]], "zoom_share": 0.9}
    for role in ("studio_manager", "creative_director", "creative_ops_manager"):
        assert (await put(stage, "/v1/gates", moved, 1, role)).status_code == 403
    for refused, where in (
        ({"gates": gates[::-1]}, "/gates/0/gate"),
        ({"gates": gates[:3]}, "/gates"),
        ({"gates": [*gates[:3], gates[3] | {"domain": "luck"}]}, "/gates/3/domain"),
        ({"gates": [*gates[:3], gates[3] | {"by_measurement": ["C1"]}]}, "/gates/3/by_measurement"),
    ):
        assert pointers(await put(stage, "/v1/gates", refused, 1))[0] == where
    edited = await put(stage, "/v1/gates", moved, 1)
    assert (edited.status_code, edited.headers["ETag"], edited.json()) == (200, '"2"', moved | {"version": 2})
    assert (await put(stage, "/v1/gates", moved, 1)).status_code == 412
    assert (await stage.packet(version.work_item_id))["open_gate"]["decided_by_role"] == "creative_director"
    assert (await stage.decide(version, Gate.TECHNICAL)).status_code == 403
    assert (await stage.decide(version, Gate.TECHNICAL, role="creative_director")).status_code == 201

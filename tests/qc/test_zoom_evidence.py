"""What reviewers have seen at 100 % zoom, through HTTP: joined, theirs alone, asked for by a pass, and kept with it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from chassis.ids import new_id
from contracts.assets import Version
from contracts.routing import WorkBlocked, WorkReturned, WorkUnblocked
from contracts.values import ComplexityClass, Gate, Role, WorkItem, WorkState
from services.qc.decisions.chain import Walk
from services.qc.zoom.domain import SubjectCells
from tests.qc.stage import Stage, measurement, work_item

SUBJECT = SubjectCells(width=1000, height=700, whole=False, rows=("0110", "1111", "0110"))
SIZE = (1000, 700)
ALL = [(column, row) for row, cells in enumerate(SUBJECT.rows) for column, one in enumerate(cells) if one == "1"]
PASSING = [measurement("T01", "pass")]
ADA, BO = "ada", "bo"


async def to_be_seen(stage: Stage, **changes: Any) -> tuple[WorkItem, Version]:
    work = await stage.publish_work(work_item(gates=[Gate.FINAL_QC], zoom_required=True, **changes))
    return work, await stage.measured(work, PASSING, cells=SUBJECT)


async def look(stage: Stage, version: Version, cells: Sequence[Any], by: str = ADA) -> dict[str, Any]:
    answer = await stage.look(version, cells, by=by, size=SIZE)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def get(stage: Stage, path: str, by: str = ADA) -> Any:
    answer = await stage.qc.client.get(path, headers=stage.qc.bearer(Role.QC_LEAD, subject=by))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_cells_are_joined_until_enough_of_the_subject_was_seen(stage: Stage) -> None:
    work, version = await to_be_seen(stage)
    address = f"/v1/inspections/{work.id}/{version.id}"
    gate = (await get(stage, f"/v1/reviews/{work.id}"))["open_gate"]
    assert gate["zoom"] == {"address": address, "cells": 8, "seen": 0, "needed": 8}

    first = await look(stage, version, ALL[:3])
    assert (first["cells"], first["seen"], first["needed"], first["share"]) == (8, 3, 8, 0.375)
    assert (first["columns"], first["rows"], first["cell"], first["suffices"]) == (4, 3, 256, False)
    assert first["uncovered"] == [list(cell) for cell in ALL[3:]]
    again = await look(stage, version, [*ALL[:3], *ALL[:3], (0, 0)])
    assert again == first, "sent again, twice, and beside the subject"
    assert await get(stage, address) == first
    unseen = await stage.decide(version, Gate.FINAL_QC, subject=ADA)
    assert unseen.status_code == 422
    [error] = unseen.json()["errors"]
    assert error["pointer"] == "/outcome"
    assert "5 of the subject's 8 cells are uncovered" in error["detail"]
    assert f"PUT {address}" in error["remedy"]

    # Two tabs at once, each with a part, over and over: nothing is lost.
    parts = [ALL[start::4] for start in range(4)] * 3
    await asyncio.gather(*(look(stage, version, part) for part in parts))
    assert (await get(stage, address))["uncovered"] == []
    assert (await get(stage, f"/v1/reviews/{work.id}"))["open_gate"]["zoom"]["seen"] == 8
    passed = await stage.decide(version, Gate.FINAL_QC, subject=ADA)
    assert passed.status_code == 201, passed.text
    assert passed.json()["zoom_inspected"] is True
    kept = {"cells": 8, "seen": 8, "needed": 8, "rows": ["1110", "1111", "0110"]}
    assert passed.json()["zoom"] == kept
    late = await stage.look(version, [(3, 2)], by=ADA, size=SIZE)
    assert (late.status_code, late.json()["state"]) == (409, "passed")
    [listed] = (await get(stage, f"/v1/decisions?work_item_id={work.id}"))["items"]
    assert listed["zoom"] == kept
    part = await get(stage, "/v1/decisions/chain")
    assert Walk().follow(part["items"]) is None
    part["items"][-1]["zoom"]["seen"] = 7
    assert Walk().follow(part["items"]) is not None, "what was seen is hashed with the decision"


async def test_what_one_has_seen_is_no_evidence_for_the_second_reviewer(stage: Stage) -> None:
    work, version = await to_be_seen(stage, final_reviewers=2)
    await look(stage, version, ALL)
    assert (await look(stage, version, [], by=BO))["seen"] == 0
    assert (await stage.decide(version, Gate.FINAL_QC, subject=BO)).status_code == 422
    assert (await stage.decide(version, Gate.FINAL_QC, subject=ADA)).status_code == 201
    assert (await stage.decide(version, Gate.FINAL_QC, subject=BO)).status_code == 422
    for answer in (await get(stage, f"/v1/reviews/{work.id}", BO), await get(stage, "/v1/decisions", BO)):
        assert "1111" not in str(answer), "nothing shows what the first one has seen"
    await look(stage, version, ALL, by=BO)
    assert (await stage.decide(version, Gate.FINAL_QC, subject=BO)).status_code == 201


async def test_it_is_asked_of_a_pass_of_the_last_gate_of_work_that_asks_for_it(stage: Stage) -> None:
    work = await stage.publish_work(work_item(zoom_required=True, complexity_class=ComplexityClass.C2))
    version = await stage.at_gate(work, Gate.FINAL_QC, measurements=PASSING, cells=SUBJECT)
    failed = await stage.decide(version, Gate.FINAL_QC, "fail")
    assert (failed.status_code, failed.json()["zoom_inspected"], failed.json()["zoom"]) == (201, False, None)
    plain = await stage.publish_work(work_item(gates=[Gate.FINAL_QC]))
    other = await stage.measured(plain, PASSING, cells=SUBJECT)
    assert (await get(stage, f"/v1/reviews/{plain.id}"))["open_gate"]["zoom"] is None
    await look(stage, other, ALL[:2])
    passed = await stage.decide(other, Gate.FINAL_QC, subject=ADA)
    assert (passed.status_code, passed.json()["zoom_inspected"], passed.json()["zoom"]["seen"]) == (201, False, 2)


async def test_a_file_without_a_size_can_not_pass_unseen(stage: Stage) -> None:
    work = await stage.publish_work(work_item(gates=[Gate.FINAL_QC], zoom_required=True))
    version = await stage.measured(work, PASSING)
    nothing = await stage.look(version, [], by=ADA, size=SIZE)
    assert (nothing.status_code, nothing.json()["type"]) == (409, "urn:packshot:problem:not-measured")
    assert (await get(stage, f"/v1/reviews/{work.id}"))["open_gate"]["zoom"] is None
    assert (await stage.decide(version, Gate.FINAL_QC, subject=ADA)).status_code == 422
    assert (await stage.decide(version, Gate.FINAL_QC, "fail", subject=ADA)).status_code == 201


async def test_another_decision_in_its_place_keeps_what_was_seen(stage: Stage) -> None:
    _, version = await to_be_seen(stage, final_reviewers=2)
    await look(stage, version, ALL)
    first = (await stage.decide(version, Gate.FINAL_QC, subject=ADA)).json()
    headers = stage.qc.bearer(Role.QC_LEAD, subject=ADA)
    body = {"decision": await stage.body(version, Gate.FINAL_QC, note="I looked again.")}
    again = await stage.qc.client.post(f"/v1/decisions/{first['id']}/supersede", json=body, headers=headers)
    assert (again.status_code, again.json()["zoom"]) == (201, first["zoom"])


async def test_only_cells_of_this_version_by_its_reviewers_while_it_is_open_count(stage: Stage) -> None:
    work, version = await to_be_seen(stage)
    path = f"/v1/inspections/{work.id}/{version.id}"
    good = {"width": 1000, "height": 700, "cells": [[0, 0]]}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"cells": [[4, 0]]}, "/cells/0"),
        ({"cells": [[0, 0], [0, 3]]}, "/cells/1"),
        ({"cells": [[-1, 0]]}, "/cells/0/0"),
        ({"cells": [[0, 256]]}, "/cells/0/1"),
        ({"cells": [[0, 2**70]]}, "/cells/0/1"),
        ({"cells": [[0.5, 0]]}, "/cells/0/0"),
        ({"cells": [["0", 0]]}, "/cells/0/0"),
        ({"cells": [[True, 0]]}, "/cells/0/0"),
        ({"cells": [[0]]}, "/cells/0/1"),
        ({"cells": [[0, 0, 0]]}, "/cells/0"),
        ({"cells": [[0, 0]] * 2001}, "/cells"),
        ({"cells": None}, "/cells"),
        ({"width": 700, "height": 1000}, "/width"),
        ({"width": 0}, "/width"),
        ({"height": 10**9}, "/height"),
        ({"surprise": 1}, "/surprise"),
    ]
    headers = stage.qc.bearer(Role.QC_LEAD, subject=ADA)
    for changes, pointer in wrong:
        refused = await stage.qc.client.put(path, json={**good, **changes}, headers=headers)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer), changes
    million = "[" + ",".join(["[0,0]"] * 10**6) + "]"
    content = '{"width": 1000, "height": 700, "cells": ' + million + "}"
    flood = await stage.qc.client.put(path, content=content, headers=headers | {"Content-Type": "application/json"})
    assert flood.status_code in (413, 422)
    assert len(flood.content) < 2000
    for role, status in ((Role.PHOTOGRAPHER, 403), (Role.STUDIO_MANAGER, 403), (Role.QC_LEAD, 200)):
        answer = await stage.qc.client.put(path, json=good, headers=stage.qc.bearer(role, subject=BO))
        assert answer.status_code == status, role
    assert (await stage.qc.client.put(path, json=good)).status_code == 401
    assert (await stage.qc.client.get(path)).status_code == 401

    _, foreign = await to_be_seen(stage)
    for unknown in ((work.id, new_id()), (new_id(), version.id), (work.id, foreign.id)):
        address = "/v1/inspections/{}/{}".format(*unknown)
        assert (await stage.qc.client.put(address, json=good, headers=headers)).status_code == 404, unknown
        assert (await stage.qc.client.get(address, headers=headers)).status_code == 404, unknown
    assert (await get(stage, path))["seen"] == 0, "nothing of all that counted"

    await stage.publish_work(work.model_copy(update={"state": WorkState.BLOCKED}), 2, WorkBlocked)
    assert (await stage.look(version, ALL, by=ADA, size=SIZE)).status_code == 409
    await stage.publish_work(work, 3, WorkUnblocked)
    await look(stage, version, ALL)
    assert (await stage.decide(version, Gate.FINAL_QC, "fail", subject=ADA)).status_code == 201
    returned = await stage.publish_work(work.model_copy(update={"round": 1}), 4, WorkReturned)
    newer = await stage.measured(returned, PASSING, cells=SUBJECT)
    stale = await stage.look(version, ALL, by=ADA, size=SIZE)
    assert (stale.status_code, stale.json()["version_id"]) == (409, str(newer.id))
    assert (await get(stage, path))["seen"] == 8, "what was seen of it can be read for good"
    assert (await look(stage, newer, []))["seen"] == 0, "a new version is looked at anew"

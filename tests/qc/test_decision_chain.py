"""The chain of decisions, on a real PostgreSQL: whoever changes it behind the service's back is found out."""

import asyncio
import io
import json
import sys
from hashlib import sha256
from typing import Any

import pytest
from rich.console import Console

from chassis.testkit.harness import Start
from contracts.values import ComplexityClass, Gate, Role
from packshot.verify import verify_decisions
from services.qc.app import create_app
from services.qc.decisions.chain import Walk, changed_since
from services.qc.settings import QcSettings
from tests.qc.stage import Stage, measurement, work_item

Json = dict[str, Any]


async def decided(stage: Stage, items: int = 2) -> None:
    """Two decisions about each."""
    for _ in range(items):
        work = await stage.publish_work(work_item(complexity_class=ComplexityClass.C2))
        await stage.at_gate(work, Gate.BRAND_MERCH, measurements=[measurement("T01", "pass")])


async def chain(stage: Stage, after: int = 0, limit: int = 500) -> Json:
    answer = await stage.qc.client.get(
        "/v1/decisions/chain", params={"after": after, "limit": limit}, headers=stage.qc.bearer("producer")
    )
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def verify(stage: Stage, *options: str) -> tuple[int, str]:
    """`packshot qc verify`: its exit code, and what it says."""
    token = stage.qc.issuer.token(Role.QC_LEAD, subject="auditor")
    async with stage.qc.served() as port:
        command = ["qc", "verify", "--url", f"http://127.0.0.1:{port}", "--token", token, *options]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "packshot.cli", *command, stdout=-1, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, " ".join(said.decode().split())


async def verified(stage: Stage) -> tuple[int, str]:
    """The same without a process of its own."""
    out, token = io.StringIO(), stage.qc.issuer.token(Role.QC_LEAD, subject="auditor")
    async with stage.qc.served() as port:
        console = Console(file=out, width=200)
        code = await asyncio.to_thread(verify_decisions, f"http://127.0.0.1:{port}", token, None, console)
    return code, out.getvalue()


async def tampered(stage: Stage, *statements: str) -> None:
    """As someone does who may change the tables themselves."""
    tables = ("decision", "inspection", "measurement")
    for statement in (
        *(f"ALTER TABLE {table} DISABLE TRIGGER append_only" for table in tables),
        *statements,
        *(f"ALTER TABLE {table} ENABLE TRIGGER append_only" for table in tables),
    ):
        await stage.qc.fetch(statement)


def without_nulls(one: Json) -> Json:
    return {name: value for name, value in one.items() if value is not None}


async def test_each_decision_closes_over_the_one_before(stage: Stage) -> None:
    assert await chain(stage) == {"items": [], "head": 0}
    await decided(stage)
    part = await chain(stage)
    assert [one["link"]["position"] for one in part["items"]] == [1, 2, 3, 4]
    assert part["head"] == 4
    assert Walk().follow(part["items"]) is None
    pages = [one for after in (0, 2) for one in (await chain(stage, after, 2))["items"]]
    assert pages == part["items"]
    # One by hand, as the documentation says it.
    first = part["items"][0]
    answers = ",".join(f'"{name}":"pass"' for name in sorted(first["answers"]))
    who = f'"decided_at":"{first["decided_at"]}","decided_by":"{first["decided_by"]}"'
    what = f'"gate":"technical","id":"{first["id"]}","note":"","outcome":"pass","reasons":[]'
    measured = await stage.inspection(first["version_id"])
    digest = sha256(
        json.dumps(
            {name: measured[name] for name in ("id", "version_id", "sha256", "outcome")}
            | {"measurements": [without_nulls(one) for one in measured["measurements"]]},
            sort_keys=True, separators=(",", ":"), ensure_ascii=False,
        ).encode()
    ).hexdigest()  # fmt: skip
    basis = f'"basis":{{"inspection_id":"{measured["id"]}","measured":"{digest}","number":1'
    basis += f',"review_id":"{first["basis"]["review_id"]}"}}'
    result = '"result":{"next_gate":"styling_fit","state":"passed"},"role":"studio_manager","round":0'
    ids = f'"version_id":"{first["version_id"]}","work_item_id":"{first["work_item_id"]}"'
    said = f'{{"answers":{{{answers}}},"automatic":false,{basis},"checklist_version":1,{who},{what},{result}'
    said += f',"sha256":"{first["sha256"]}",{ids},"zoom_inspected":false}}'
    assert first["link"]["hash"] == sha256(f"{'0' * 64}\n{said}".encode()).hexdigest()


async def test_decisions_at_the_same_moment_stand_one_behind_the_other(stage: Stage) -> None:
    items = [await stage.publish_work(work_item(complexity_class=ComplexityClass.C2)) for _ in range(12)]
    versions = [await stage.measured(work) for work in items]
    answers = await asyncio.gather(*(stage.decide(version, Gate.TECHNICAL, note="ok – ✓") for version in versions))
    assert {answer.status_code for answer in answers} == {201}
    part = await chain(stage)
    assert (part["head"], Walk().follow(part["items"])) == (12, None)


async def test_nothing_is_changed_removed_or_emptied_by_the_services_own_role(stage: Stage) -> None:
    await decided(stage, 1)
    for statement in (
        "UPDATE decision SET hash = repeat('0', 64)",
        "DELETE FROM decision WHERE position = 1",
        "TRUNCATE decision",
        "TRUNCATE inspection CASCADE",
    ):
        with pytest.raises(Exception, match="is never changed or removed"):
            await stage.qc.fetch(statement)
    code, said = await verify(stage)
    assert code == 0
    assert "2 decisions, none changed" in said


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE decision SET outcome = 'fail' WHERE position = 2", 2),
        ("UPDATE decision SET decided_by = 'mallory' WHERE position = 4", 4),
        ("UPDATE decision SET decided_at = decided_at + interval '1 microsecond' WHERE position = 1", 1),
        ("DELETE FROM decision WHERE position = 3", 3),
        ("DELETE FROM decision WHERE position = 1", 1),
        ("UPDATE decision SET position = position + 1 WHERE position = 4", 4),
    ],
)
async def test_what_was_done_behind_its_back_is_found(stage: Stage, statement: str, position: int) -> None:
    await decided(stage)
    await tampered(stage, statement)
    code, said = await verify(stage)
    assert code == 1
    assert f"Broken at decision {position}:" in said


async def test_the_chain_covers_what_a_decision_belongs_to(stage: Stage) -> None:
    """From the last one to the first, for the first break is told."""
    await decided(stage)
    for position, change in (
        (4, "measured = NULL"),
        (3, "inspection_id = (SELECT inspection_id FROM decision WHERE position = 1)"),
        (2, "review_id = (SELECT review_id FROM decision WHERE position = 3)"),
        (1, "number = 7"),
    ):
        await tampered(stage, f"UPDATE decision SET {change} WHERE position = {position}")
        code, said = await verified(stage)
        assert (code, f"Broken at decision {position}:" in said) == (1, True), (change, said)


async def test_what_was_decided_on_is_found_when_it_was_changed(stage: Stage) -> None:
    """Of the last work item first, for the first break is told."""
    changes = (
        ("UPDATE measurement SET outcome = 'fail' WHERE inspection_id", "was changed"),
        ("UPDATE measurement SET value = value + 1 WHERE inspection_id", "was changed"),
        ('UPDATE measurement SET measured = measured || \'{"threshold": "any"}\' WHERE inspection_id', "was changed"),
        ("DELETE FROM measurement WHERE inspection_id", "was changed"),
        ("UPDATE inspection SET sha256 = repeat('0', 64) WHERE id", "was changed"),
        ("UPDATE inspection SET version_id = gen_random_uuid() WHERE id", "is gone"),
    )
    await decided(stage, len(changes))
    assert (await verified(stage))[0] == 0
    for item, (change, told) in reversed(list(enumerate(changes))):
        position = 2 * item + 1
        await tampered(stage, f"{change} = (SELECT inspection_id FROM decision WHERE position = {position})")
        code, said = await verified(stage)
        assert (code, f"Broken at decision {position}:" in said, told in said) == (1, True, True), (change, said)


async def test_what_passed_by_measurement_and_what_was_taken_back_have_their_basis(stage: Stage) -> None:
    work = await stage.publish_work(work_item(gates=[Gate.TECHNICAL, Gate.FINAL_QC], final_reviewers=2))
    version = await stage.measured(work, [measurement("T01", "pass")])
    made = (await stage.decide(version, Gate.FINAL_QC, subject="ada")).json()
    answer = await stage.qc.client.post(
        f"/v1/decisions/{made['id']}/supersede",
        json={"decision": await stage.body(version, Gate.FINAL_QC, note="again")},
        headers=stage.qc.bearer(Role.QC_LEAD, subject="ada"),
    )
    assert answer.status_code == 201, answer.text
    ada = stage.qc.bearer(Role.QC_LEAD, subject="ada")  # of a gate that is open others see the links alone
    items = (await stage.qc.client.get("/v1/decisions/chain", headers=ada)).json()["items"]
    measured = await stage.inspection(version.id)
    assert [one["basis"]["number"] for one in items] == [1, 2, 3]
    assert {one["basis"]["inspection_id"] for one in items} == {measured["id"]}
    assert (Walk().follow(items), changed_since(items, [measured])) == (None, None)
    assert changed_since((await chain(stage))["items"], [measured]) is None, "what is sealed is passed over"


async def test_a_chain_that_was_cut_off_or_made_anew_is_found_by_its_known_end(stage: Stage) -> None:
    await decided(stage)
    code, said = await verify(stage)
    assert code == 0
    end = said.split()[-1]
    assert await verify(stage, "--known", end) == (code, said)
    await tampered(stage, "DELETE FROM decision WHERE position = 4")
    assert (await verify(stage))[0] == 0, "nobody can see that without knowing more"
    code, said = await verify(stage, "--known", end)
    assert (code, "Broken at decision 4:" in said) == (1, True)
    await decided(stage, 1)
    code, said = await verify(stage, "--known", end)
    assert (code, "made anew" in said) == (1, True)
    assert (await verify(stage, "--known", "4:abc"))[0] == 2


async def test_decisions_from_before_the_chain_are_put_into_it(stage: Stage, start: Start) -> None:
    await decided(stage)
    before = await chain(stage)
    await stage.qc.service.stop()
    for statement in (
        "ALTER TABLE decision DROP COLUMN measured",
        "ALTER TABLE review DROP COLUMN composition",
        "DROP TABLE colour_reference",
        "DROP TABLE evidence",
        "ALTER TABLE review DROP COLUMN lease_id, DROP COLUMN claimed_by, DROP COLUMN lease_until",
        "DROP TABLE zoom_evidence",
        "ALTER TABLE inspection DROP COLUMN subject_cells",
        "ALTER TABLE decision DROP COLUMN zoom",
        "DROP TABLE fingerprint",
        "ALTER TABLE inspection DROP COLUMN engine, DROP COLUMN compared_with",
        "ALTER TABLE inspection DROP COLUMN key, DROP COLUMN measured_as",
        "DROP TRIGGER never_emptied ON decision",
        "DROP TRIGGER never_emptied ON measurement",
        "DROP TRIGGER never_emptied ON inspection",
        "ALTER TABLE decision DROP COLUMN hash, DROP COLUMN position",
        "DROP TABLE untold",
        "ALTER TABLE decision DROP COLUMN supersedes, DROP COLUMN withdrawn",
        "ALTER TABLE decision DROP COLUMN flags, DROP COLUMN marks, DROP COLUMN causes, DROP COLUMN overrides",
        "UPDATE alembic_version SET version_num = '0002'",
    ):
        await stage.qc.fetch(statement)
    upgraded = Stage(await start(create_app, QcSettings, fresh=False, decision_grace_seconds=0))
    await upgraded.publish_domains()
    after = await chain(upgraded)
    assert bare(after) == bare(before)
    assert Walk().follow(after["items"]) is None
    await decided(upgraded, 1)
    code, said = await verified(upgraded)
    assert (code, "4 are from before" in said, "6 decisions" in said) == (0, True, True), said


def bare(part: Json) -> list[Json]:
    """The decisions without their hashes and what is hashed since."""
    assert all(one["link"]["position"] == place for place, one in enumerate(part["items"], 1))
    return [{name: value for name, value in one.items() if name not in ("link", "basis")} for one in part["items"]]

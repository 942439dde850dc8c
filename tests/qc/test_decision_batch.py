"""Decisions on several work items of one SKU: all of them count, or none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx

from chassis.ids import new_id
from contracts.assets import Version
from contracts.qc import DecisionRecorded
from contracts.routing import WorkClaimed
from contracts.values import Gate, WorkItem
from services.qc.decisions.chain import Walk
from tests.qc.stage import Stage, measurement, work_item


async def measured(stage: Stage, count: int = 3, **changes: Any) -> list[Version]:
    return [await stage.measured(await stage.publish_work(work_item(**changes))) for _ in range(count)]


async def bodies(stage: Stage, versions: list[Version], **changes: Any) -> list[dict[str, Any]]:
    return [await stage.body(version, Gate.TECHNICAL, **changes) for version in versions]


async def send(
    stage: Stage, decisions: list[dict[str, Any]], *, role: str = "studio_manager", key: str | None = None
) -> httpx.Response:
    headers = stage.qc.bearer(role) | ({"Idempotency-Key": key} if key else {})
    return await stage.qc.client.post("/v1/decisions:batch", json={"decisions": decisions}, headers=headers)


async def test_a_batch_decides_each_by_its_own_checklist(stage: Stage) -> None:
    versions = await measured(stage)
    decisions = await bodies(stage, versions)
    decisions[1] |= {"outcome": "fail", "reasons": ["out_of_focus"], "flags": {}}
    answer = await send(stage, decisions, key="k")
    assert answer.status_code == 201, answer.text
    items = answer.json()["items"]
    assert [one["work_item_id"] for one in items] == [str(version.work_item_id) for version in versions]
    assert [one["result"]["state"] for one in items] == ["passed", "failed", "passed"]
    assert (await send(stage, decisions, key="k")).json() == answer.json()
    assert len(await stage.qc.recorded(DecisionRecorded)) == 3
    part = (await stage.qc.client.get("/v1/decisions/chain", headers=stage.qc.bearer("producer"))).json()
    assert (part["head"], Walk().follow(part["items"])) == (3, None)


async def test_one_that_is_refused_keeps_all_from_counting_and_is_named(stage: Stage) -> None:
    versions = await measured(stage)
    decisions = await bodies(stage, versions)
    unanswered = [*decisions[:2], decisions[2] | {"answers": decisions[2]["answers"] | {"focus": "fail"}}]
    answer = await send(stage, unanswered)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/decisions/2/answers/focus"]
    stale = [decisions[0], decisions[1] | {"sha256": "00" * 32}, decisions[2]]
    answer = await send(stage, stale)
    assert (answer.status_code, answer.json()["decision"]) == (409, 1)
    assert answer.json()["work_item_id"] == str(versions[1].work_item_id)
    failing = await stage.measured(await stage.publish_work(work_item()), [measurement("T04", "fail")])
    answer = await send(stage, [*decisions, *await bodies(stage, [failing])])
    assert (answer.status_code, answer.json()["decision"], answer.json()["checks"][0]["check"]) == (409, 3, "T04")
    unknown = await send(stage, [decisions[0] | {"work_item_id": str(new_id())}])
    assert (unknown.status_code, unknown.json()["decision"]) == (404, 0)
    assert (await send(stage, decisions, role="producer")).status_code == 403
    assert await stage.qc.recorded(DecisionRecorded) == []
    assert (await send(stage, decisions)).status_code == 201


async def test_a_batch_is_of_one_sku_and_names_each_once(stage: Stage) -> None:
    mine, other = await measured(stage, 1), await measured(stage, 1, sku="SKU-2")
    decisions = await bodies(stage, [*mine, *other])
    answer = await send(stage, decisions)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/decisions/1/work_item_id"]
    twice = await send(stage, [decisions[0], decisions[0]])
    assert [error["pointer"] for error in twice.json()["errors"]] == ["/decisions/1/work_item_id"]
    for wrong in ([], [decisions[0]] * 51):
        assert (await send(stage, wrong)).status_code == 422
    assert await stage.qc.recorded(DecisionRecorded) == []


async def test_batches_and_single_decisions_at_once_never_wait_for_each_other_in_a_circle(stage: Stage) -> None:
    """Each item is decided once, whoever is first; nothing is refused for a deadlock."""
    versions = await measured(stage, 4)
    decisions = await bodies(stage, versions)
    answers = await asyncio.gather(
        send(stage, decisions),
        send(stage, decisions[::-1]),
        *(stage.decide(version, Gate.TECHNICAL) for version in versions),
        send(stage, decisions[2:] + decisions[:2]),
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    events = await stage.qc.recorded(DecisionRecorded)
    technical = [event.data.decision.work_item_id for event in events if event.data.decision.gate is Gate.TECHNICAL]
    assert len(technical) == len(set(technical))
    assert set(technical) <= {version.work_item_id for version in versions}
    assert technical


@asynccontextmanager
async def held(stage: Stage, work: WorkItem) -> AsyncIterator[None]:
    """The work item's row is locked inside."""
    database = stage.qc.service.database
    connection = await asyncpg.connect(database.dsn, server_settings={"search_path": database.schema})
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM work_item WHERE id = $1 FOR UPDATE", work.id)
            yield
    finally:
        await connection.close()


async def test_changes_of_work_lock_it_in_the_order_of_a_batch(stage: Stage) -> None:
    """Told in another order than that of their ids: while the first is held, the later one is free."""
    first, later, third = sorted([await stage.publish_work(work_item()) for _ in range(3)], key=lambda work: work.id)

    async def changed(work: WorkItem) -> None:
        await stage.qc.publish(WorkClaimed(work=work, by="routing"), work.id, 2)

    async def somebody_waits() -> bool:
        waiting = "datname = current_database() AND application_name = 'qc-api' AND wait_event_type = 'Lock'"
        return bool(await stage.qc.fetch(f"SELECT 1 FROM pg_stat_activity WHERE {waiting}"))

    async def third_is_known() -> bool:
        return bool(await stage.qc.fetch("SELECT 1 FROM work_item WHERE id = $1 AND version = 2", third.id))

    async with held(stage, first):
        async with held(stage, third):
            await changed(third)
            await stage.qc.eventually(somebody_waits)
            await changed(later)  # these two come in one batch, for nothing is fetched meanwhile
            await changed(first)
        await stage.qc.eventually(third_is_known)
        await stage.qc.eventually(somebody_waits)
        assert await stage.qc.fetch("SELECT id FROM work_item WHERE id = $1 FOR UPDATE NOWAIT", later.id)

"""What a console for a thousand images a day reads: the queue by urgency, the packets of a screen, and nothing of what
another reviewer of the same gate has decided."""

from datetime import timedelta
from typing import Any

from chassis.clock import now
from chassis.ids import new_id
from contracts.routing import WorkReturned
from contracts.values import Gate, Risk
from services.qc.decisions.chain import Walk
from tests.qc.stage import FLAGGED, Stage, measurement, work_item

SIZE = measurement("T04", "pass").model_copy(update={"detail": "400 × 300 px."})


async def get(stage: Stage, path: str, subject: str = "someone", **params: Any) -> Any:
    answer = await stage.qc.client.get(path, params=params, headers=stage.qc.bearer("qc_lead", subject=subject))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(stage: Stage, **params: Any) -> list[str]:
    return [item["work_item_id"] for item in (await get(stage, "/v1/reviews", **params))["items"]]


async def test_the_most_urgent_is_first(stage: Stage) -> None:
    at = now()
    wanted = [
        ("breached, due first", Risk.BREACHED, at - timedelta(hours=2)),
        ("breached", Risk.BREACHED, at - timedelta(hours=1)),
        ("at risk", Risk.AT_RISK, at + timedelta(days=9)),
        ("on time, due first", Risk.ON_TIME, at + timedelta(hours=1)),
        ("on time, waits longer", Risk.ON_TIME, at + timedelta(hours=2)),
        ("on time", Risk.ON_TIME, at + timedelta(hours=2)),
        ("without a due time", Risk.ON_TIME, None),
    ]
    made = {name: work_item(risk=risk, due_at=due) for name, risk, due in wanted}
    later = "on time"
    for name in [*sorted(set(made) - {later}), later]:
        await stage.measured(await stage.publish_work(made[name]))
    ids = [str(made[name].id) for name, _, _ in wanted]
    assert await listed(stage, order="urgent", state="open") == ids
    seen: list[str] = []
    params: dict[str, Any] = {"order": "urgent", "limit": 2}
    while params.get("cursor", "first") is not None:
        page = await get(stage, "/v1/reviews", **params)
        seen += [item["work_item_id"] for item in page["items"]]
        params["cursor"] = page["next_cursor"]
    assert seen == ids
    assert await listed(stage, order="urgent", risk="breached") == ids[:2]


async def test_the_queue_is_narrowed_by_role_and_age(stage: Stage) -> None:
    first = await stage.publish_work(work_item())
    await stage.at_gate(first, Gate.FINAL_QC)
    between = now()
    second = await stage.publish_work(work_item())
    await stage.measured(second)
    assert await listed(stage, role="qc_lead") == [str(first.id)]
    assert await listed(stage, role="studio_manager") == [str(second.id)]
    assert await listed(stage, role="photographer") == []
    assert await listed(stage, opened_before=between.isoformat()) == [str(first.id)]
    assert await listed(stage, role="qc_lead", gate="technical") == []
    for params in ({"role": "king"}, {"risk": "none"}, {"opened_before": "2026-01-01"}, {"order": "best"}):
        refused = await stage.qc.client.get("/v1/reviews", params=params, headers=stage.qc.bearer("reviewer"))
        assert refused.status_code == 422, params


async def test_one_call_gives_the_packets_of_many(stage: Stage) -> None:
    works = [await stage.publish_work(work_item()) for _ in range(3)]
    versions = [await stage.measured(work, [SIZE, *FLAGGED]) for work in works]
    assert (await stage.decide(versions[1], Gate.TECHNICAL)).status_code == 201
    nothing, wanted = str(new_id()), [str(work.id) for work in works]
    found = await get(stage, "/v1/reviews:packets", work_item_id=[wanted[2], nothing, *wanted])
    assert [one["work"]["id"] for one in found["items"]] == [wanted[2], wanted[0], wanted[1]]
    assert found["unknown"] == [nothing]
    for packet, version in zip(found["items"], (versions[2], versions[0], versions[1]), strict=True):
        assert packet == await stage.packet(version.work_item_id)
        assert (packet["version"]["sha256"], packet["width"], packet["height"]) == (version.sha256, 400, 300)
        assert packet["image"] == f"/v1/versions/{version.id}/content"
        assert packet["sent_back"] is None
    assert [one["open_gate"]["gate"] for one in found["items"]] == ["technical", "technical", "styling_fit"]
    for many in (0, 101):
        ids = [str(new_id()) for _ in range(many)]
        refused = await stage.qc.client.get(
            "/v1/reviews:packets", params={"work_item_id": ids}, headers=stage.qc.bearer("reviewer")
        )
        assert refused.status_code == 422, many


async def test_the_packet_says_why_the_round_before_was_sent_back(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work, [SIZE, *FLAGGED])
    marks = [{"reason": "out_of_focus", "x": 3, "y": 4, "width": 5, "height": 6, "note": "The logo."}]
    failed = await stage.decide(version, Gate.TECHNICAL, "fail", marks=marks, note="Shoot it again.")
    assert (await stage.packet(work.id))["sent_back"] is None, "that is this round"
    again = await stage.publish_work(work.model_copy(update={"round": 1}), 2, WorkReturned)
    await stage.measured(again)
    packet = await stage.packet(work.id)
    assert packet["sent_back"] == failed.json()
    assert packet["sent_back"]["marks"] == marks
    assert (packet["width"], packet["height"]) == (None, None)


async def test_the_second_reviewer_sees_nothing_of_the_first_before_deciding(stage: Stage) -> None:
    """In none of what can be read; and who decided sees their own."""
    work = await stage.publish_work(work_item(gates=[Gate.TECHNICAL, Gate.FINAL_QC], final_reviewers=2))
    version = await stage.at_gate(work, Gate.FINAL_QC)
    said = "Nothing to find here, said the first one."
    first = await stage.decide(version, Gate.FINAL_QC, subject="quinn", note=said)
    first_id = first.json()["id"]

    async def everything(subject: str) -> str:
        params = {"work_item_id": str(work.id)}
        read = [
            await get(stage, f"/v1/reviews/{work.id}", subject),
            await get(stage, "/v1/reviews:packets", subject, **params),
            await get(stage, "/v1/reviews", subject, **params),
            await get(stage, "/v1/decisions", subject, **params),
            await get(stage, "/v1/decisions", subject),
            await get(stage, "/v1/decisions/chain", subject),
            await get(stage, f"/v1/inspections/{version.id}", subject),
        ]
        return str(read)

    seen = await everything("remy")
    assert [one for one in (said, first_id, "quinn") if one in seen] == []
    assert said in await everything("quinn")
    chain = await get(stage, "/v1/decisions/chain", "remy")
    assert (chain["head"], chain["items"][1].keys()) == (2, {"sealed", "link"})
    walk = Walk()
    assert (walk.follow(chain["items"]), walk.sealed) == (None, 1)
    taken = await stage.qc.client.post(
        f"/v1/decisions/{first_id}/supersede", json={}, headers=stage.qc.bearer("qc_lead", subject="remy")
    )
    assert taken.status_code == 404
    twice = await stage.decide(version, Gate.FINAL_QC, subject="quinn")
    assert twice.status_code == 403

    assert (await stage.decide(version, Gate.FINAL_QC, subject="remy")).status_code == 201
    seen = await everything("remy")
    assert said in seen
    assert first_id in seen
    walk = Walk()
    chain = await get(stage, "/v1/decisions/chain", "remy")
    assert (walk.follow(chain["items"]), walk.sealed, walk.position) == (None, 0, 3)


async def test_a_sealed_link_that_was_moved_is_found(stage: Stage) -> None:
    work = await stage.publish_work(work_item(gates=[Gate.FINAL_QC], final_reviewers=2))
    version = await stage.measured(work)
    assert (await stage.decide(version, Gate.FINAL_QC, subject="quinn")).status_code == 201
    other = await stage.measured(await stage.publish_work(work_item()))
    assert (await stage.decide(other, Gate.TECHNICAL)).status_code == 201
    items = (await get(stage, "/v1/decisions/chain"))["items"]
    assert items[0]["sealed"] is True
    assert Walk().follow(items) is None
    items[0]["link"]["hash"] = "0" * 64
    broken = Walk().follow(items)
    assert broken is not None
    assert broken.position == 2

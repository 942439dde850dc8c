"""Zones follow status; and one call answers the approved final, or says exactly why there is none."""

from datetime import timedelta
from typing import Any

import httpx

from chassis.clock import now
from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.assets import VersionMoved
from contracts.qc import Decision, DecisionRecorded, GateResult
from contracts.routing import (
    WorkAmended,
    WorkApproved,
    WorkBlocked,
    WorkCancelled,
    WorkChanged,
    WorkClaimed,
    WorkHandedIn,
    WorkReady,
    WorkRedone,
    WorkReturned,
)
from contracts.values import Gate, Outcome, Priority, Role, WorkItem, WorkState
from tests.assets.factory import (
    HOLDER,
    approved,
    claimed,
    known,
    photo,
    plan,
    ready,
    sha256,
    tell,
    upload,
    variant_of,
    with_state,
)


async def final(assets: Harness, item: WorkItem, **changes: str) -> httpx.Response:
    slot = {"sku": item.sku, "colorway": item.colorway, "view": item.view}
    if item.channel:
        slot["channel"] = item.channel
    return await assets.client.get("/v1/finals", params=slot | changes, headers=assets.bearer("reviewer"))


async def zones(assets: Harness, item: WorkItem) -> list[str]:
    rows = await assets.fetch("SELECT zone FROM version WHERE work_item_id = $1 ORDER BY number", item.id)
    return [row["zone"] for row in rows]


async def passed(assets: Harness, item: WorkItem, gate: Gate, state: str = "passed") -> None:
    """Speak as qc."""
    decision = Decision(
        id=new_id(), work_item_id=item.id, version_id=new_id(), sha256="0" * 64, round=item.round, gate=gate,
        outcome=Outcome.PASS, reasons=[], note="", automatic=False, decided_by="qc-1", role=Role.QC_LEAD,
        checklist_version=1, answers={}, decided_at=now(),
    )  # fmt: skip
    gate_result = GateResult(state=state, next_gate=None, returns_to=None)
    recorded = DecisionRecorded(decision=decision, gate=gate_result, ai_facets=[], rework_facets=[])
    await assets.publish(recorded, item.id)


async def test_versions_go_where_their_work_goes(assets: Harness) -> None:
    item = await claimed(assets)
    first = (await upload(assets, item, photo(1))).json()
    await tell(assets, WorkReturned, with_state(item, WorkState.READY, round=1, returns_to="retouching"), 4)
    again = with_state(item, WorkState.CLAIMED, round=1)
    await tell(assets, WorkClaimed, again, 5)
    await known(assets, item, 5)
    assert await zones(assets, item) == ["archive"]
    second = (await upload(assets, again, photo(2))).json()
    assert await zones(assets, item) == ["archive", "raw"]
    done = with_state(again, WorkState.APPROVED, approved_at=now())
    await tell(assets, WorkApproved, done, 9)
    await known(assets, item, 9)
    assert await zones(assets, item) == ["archive", "final"]
    moves = await assets.recorded(VersionMoved)
    assert [(str(one.subject), one.data.left, one.data.version.zone, one.aggregateversion) for one in moves] == [
        (first["id"], "raw", "archive", 2),
        (second["id"], "raw", "final", 2),
    ]
    assert {one.data.by for one in moves} == {"routing"}
    answer = await final(assets, item)
    assert answer.status_code == 200
    assert answer.json() == second | {"zone": "final"}


async def test_news_that_come_late_or_twice_move_nothing(assets: Harness) -> None:
    done, _ = await approved(assets, photo())
    await tell(assets, WorkApproved, done, 9)
    await tell(assets, WorkReturned, with_state(done, WorkState.READY, round=1), 8)
    other = await ready(assets, sku="marker")
    await known(assets, other, 1)
    assert await zones(assets, done) == ["final"]
    assert len(await assets.recorded(VersionMoved)) == 1


async def test_what_is_cancelled_is_archived(assets: Harness) -> None:
    item = await claimed(assets)
    await upload(assets, item, photo())
    await tell(assets, WorkCancelled, with_state(item, WorkState.CANCELLED), 5, cause="season dropped")
    await known(assets, item, 5)
    assert await zones(assets, item) == ["archive"]
    answer = await final(assets, item)
    assert answer.json()["reason"] == "cancelled"
    assert "season dropped" in answer.json()["detail"]


async def test_what_an_amendment_redoes_has_no_final_until_it_is_approved_again(assets: Harness) -> None:
    item, _ = await approved(assets, photo(1))
    again = with_state(item, WorkState.READY, round=1, approved_at=None)
    await tell(assets, WorkRedone, again, 10, cause="amendment 7: another fabric")
    await known(assets, item, 10)
    assert await zones(assets, item) == ["archive"]
    answer = await final(assets, item)
    assert (answer.status_code, answer.json()["reason"], answer.json()["round"]) == (404, "not_approved", 1)
    held = with_state(again, WorkState.CLAIMED, claimed_by=HOLDER)
    await tell(assets, WorkClaimed, held, 11)
    await tell(assets, WorkAmended, held.model_copy(update={"priority": Priority.HIGH}), 12)
    await known(assets, item, 12)
    assert (await upload(assets, held, photo(2))).status_code == 201
    await tell(assets, WorkApproved, with_state(again, WorkState.APPROVED, approved_at=now()), 13)
    await known(assets, item, 13)
    assert (await final(assets, item)).json()["sha256"] == sha256(photo(2))
    assert await zones(assets, item) == ["archive", "final"]


async def test_the_newest_approved_of_several_requests_wins(assets: Harness) -> None:
    """Approved later, though asked for earlier; and a newer request that is not approved changes nothing."""
    later, _ = await approved(assets, photo(1))
    earlier, _ = await approved(assets, photo(2))
    await ready(assets)
    long_ago = with_state(earlier, WorkState.APPROVED, approved_at=now() - timedelta(days=9))
    await tell(assets, WorkApproved, long_ago, 10)
    await known(assets, earlier, 10)
    answer = await final(assets, later)
    assert answer.json()["sha256"] == sha256(photo(1))
    await tell(assets, WorkApproved, with_state(earlier, WorkState.APPROVED, approved_at=now()), 11)
    await known(assets, earlier, 11)
    assert (await final(assets, later)).json()["sha256"] == sha256(photo(2))


async def test_what_was_never_asked_for_is_said_to_be(assets: Harness) -> None:
    item = await ready(assets)
    await ready(assets, view="back")
    await ready(assets, colorway="red")
    for channel in ("pdp", "amazon"):
        await plan(assets, variant := variant_of(item, channel))
        await known(assets, variant, 1)
    cases: list[tuple[dict[str, str], str, list[str] | None]] = [
        ({"sku": "NOPE"}, "unknown_sku", None),
        ({"sku": "wj01"}, "unknown_sku", None),
        ({"colorway": "mauve"}, "unknown_colorway", ["blue", "red"]),
        ({"view": "inside"}, "unknown_view", ["back", "front"]),
        ({"view": "back", "colorway": "red"}, "unknown_view", ["front"]),
        ({"channel": "zalando"}, "unknown_channel", ["amazon", "pdp"]),
        ({"view": "back", "channel": "pdp"}, "unknown_channel", []),
    ]
    for changes, reason, names in cases:
        answer = await final(assets, item, **changes)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:packshot:problem:no-final")
        assert (answer.json()["reason"], answer.json().get("known")) == (reason, names)


async def test_where_it_stands_is_said(assets: Harness) -> None:
    item = await ready(assets)
    cases: list[tuple[type[WorkChanged], WorkState, dict[str, Any], str]] = [
        (WorkReady, WorkState.READY, {}, "nobody has claimed it"),
        (WorkClaimed, WorkState.CLAIMED, {"claimed_by": "ann", "round": 2}, "ann is working on round 2"),
        (
            WorkReturned,
            WorkState.READY,
            {"returns_to": "retouching", "round": 1},
            "sent back to retouching",
        ),
        (WorkBlocked, WorkState.BLOCKED, {}, "blocked: no sample"),
        (WorkHandedIn, WorkState.IN_REVIEW, {}, "round 0 is at the gate technical"),
        (WorkApproved, WorkState.APPROVED, {}, "its version is not here yet"),
    ]
    for version, (event, state, changes, says) in enumerate(cases, 2):
        await tell(assets, event, with_state(item, state, **changes), version, cause="no sample")
        await known(assets, item, version)
        answer = (await final(assets, item)).json()
        assert (answer["reason"], answer["state"], answer["work_item_id"]) == ("not_approved", state, str(item.id))
        assert says in answer["detail"]


async def test_the_gate_that_is_open_is_named(assets: Harness) -> None:
    item = with_state(await ready(assets), WorkState.IN_REVIEW)
    await tell(assets, WorkHandedIn, item, 3)
    await known(assets, item, 3)
    await passed(assets, item, Gate.STYLING_FIT, "open")
    await passed(assets, with_state(item, item.state, round=1), Gate.STYLING_FIT)
    await passed(assets, item, Gate.TECHNICAL)

    async def at_styling() -> bool:
        return bool((await final(assets, item)).json()["gate"] == "styling_fit")

    await assets.eventually(at_styling)


async def test_a_waiting_variant_names_its_master(assets: Harness) -> None:
    item = await claimed(assets)
    variant = variant_of(item, "pdp")
    await plan(assets, variant)
    await known(assets, variant, 1)
    assert "its master, which is claimed in round 0" in (await final(assets, variant)).json()["detail"]
    await tell(assets, WorkReady, with_state(variant, WorkState.READY), 2)
    await known(assets, variant, 2)
    assert "being rendered" in (await final(assets, variant)).json()["detail"]


async def test_a_cancelled_request_does_not_hide_a_live_one(assets: Harness) -> None:
    live = await claimed(assets)
    cancelled = await ready(assets)
    await tell(assets, WorkCancelled, with_state(cancelled, WorkState.CANCELLED), 2)
    await known(assets, cancelled, 2)
    assert (await final(assets, live)).json()["work_item_id"] == str(live.id)


async def test_wrong_calls_are_refused(assets: Harness) -> None:
    assert (await assets.client.get("/v1/finals?sku=a&colorway=b&view=c")).status_code == 401
    answer = await assets.client.get("/v1/finals?sku=a", headers=assets.bearer("reviewer"))
    assert {error["pointer"] for error in answer.json()["errors"]} == {"query/colorway", "query/view"}
    nul = await assets.client.get("/v1/finals?sku=%00&colorway=b&view=c", headers=assets.bearer("reviewer"))
    assert nul.status_code == 422

"""Claims from a queue: which item, for whom, how many; and why nothing."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import asyncpg
from sqlalchemy import event

from chassis.clock import clock
from chassis.testkit.harness import Harness
from contracts.routing import WorkClaimed
from contracts.values import Priority, Role
from services.routing.work.service import MAY_CLAIM
from tests.routing.house import claim, edit_queues, held_by, limit, mark, put_person, queue, tell_domains, waiting
from tests.routing.others import Json, do, hand_in, in_state, read, told

HOUR = timedelta(hours=1)


async def test_urgent_first_then_due_then_oldest(routing: Harness, monday: datetime) -> None:
    [old] = await waiting(routing, 1, "OLD")
    [young] = await waiting(routing, 1, "YOUNG")
    [soon] = await waiting(routing, 1, "SOON", deadline=monday + 8 * HOUR)
    [urgent] = await waiting(routing, 1, "URGENT", priority=Priority.URGENT)
    [high] = await waiting(routing, 1, "HIGH", priority=Priority.HIGH)
    [low] = await waiting(routing, 1, "LOW", priority=Priority.LOW, deadline=monday + 7 * HOUR)
    [undated] = await waiting(routing, 1, "UNDATED")
    await routing.fetch("UPDATE work_item SET due_at = NULL WHERE id = $1", undated["id"])
    order = [(await claim(routing)).json()["items"][0]["sku"] for _ in range(7)]
    assert order == ["URGENT", "HIGH", "SOON", "OLD", "YOUNG", "UNDATED", "LOW"]
    assert (await read(routing, old["id"]))["claimed_by"] == "photographer-1"
    assert {one["id"] for one in await held_by(routing, "photographer-1")} == {
        one["id"] for one in (old, young, soon, urgent, high, low, undated)
    }
    empty = await claim(routing)
    assert (empty.status_code, empty.json()["reason"]) == (409, "nothing_waits")


RANKS = ("urgent", "high", "normal", "low")


async def test_the_order_holds_whatever_waits(routing: Harness, monday: datetime) -> None:
    """Of every priority, due date, team and level, many of each: claim by claim the best that may be taken."""
    shots = await waiting(routing, 70)
    dice = random.Random(7)
    order: list[tuple[int, datetime, int]] = []
    for number, shot in enumerate(shots):
        rank, hours = dice.randrange(4), dice.choice([1, 2, 3, None])
        due = monday + hours * HOUR if hours else None
        order.append((rank, due or datetime.max.replace(tzinfo=UTC), number))
        await routing.fetch(
            "UPDATE work_item SET priority = $2, due_at = $3, team = $4, level = $5 WHERE id = $1",
            shot["id"], RANKS[rank], due, dice.choice([None, "skin_beauty"]), dice.choice([None, "senior"]),
        )  # fmt: skip
    await put_person(routing, "juri", level="junior")
    rows = {str(row["id"]): row["level"] for row in await routing.fetch("SELECT id, level FROM work_item")}
    best = [shots[number]["id"] for _, _, number in sorted(order)]
    easy = [one for one in best if rows[one] is None]
    assert [(await claim(routing, subject="juri")).json()["items"][0]["id"] for _ in range(15)] == easy[:15]
    rest = [one for one in best if one not in easy[:15]]
    got = [(await claim(routing)).json()["items"][0]["id"] for _ in rest]
    assert got == rest


async def test_what_others_are_taking_does_not_change_the_order(routing: Harness) -> None:
    """However many of the best they are: more than a claim looks at first."""
    many = await waiting(routing, 16, "MANY", priority=Priority.HIGH)
    await waiting(routing, 4, "OTHER")
    for shot in many:
        await mark(routing, shot, team="skin_beauty")
    connection = await asyncpg.connect(routing.service.database.dsn, server_settings={"search_path": "routing"})
    try:
        async with connection.transaction():
            await connection.execute(
                "SELECT 1 FROM work_item WHERE id = ANY($1) FOR UPDATE", [shot["id"] for shot in many[:15]]
            )
            assert (await claim(routing)).json()["items"][0]["id"] == many[15]["id"]
            assert (await claim(routing)).json()["items"][0]["sku"] == "OTHER"
    finally:
        await connection.close()
    assert (await claim(routing)).json()["items"][0]["id"] == many[0]["id"]


async def test_a_claim_is_told_like_any_other(routing: Harness, monday: datetime) -> None:
    [shot] = await waiting(routing, 1)
    answer = await claim(routing, subject="rita")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["lease_until"], body["items"][0]["claimed_by"]) == ("2026-03-02T16:00:00Z", "rita")
    assert (await told(routing, shot["id"]))[-1] == ("claimed", 2)
    [event] = await routing.recorded(WorkClaimed)
    assert (event.data.work.claimed_by, event.data.by) == ("rita", "rita")
    assert [row["kind"] for row in await routing.fetch("SELECT kind FROM timer WHERE kind = 'lease'")] == ["lease"]


async def test_a_claim_is_four_statements(routing: Harness) -> None:
    """Who asks, the item, all that it changes, and the count: what comes before the pick or after it, everyone who
    claims at the same moment pays for."""
    await waiting(routing, 2)
    await claim(routing)  # the first one reads how long a lease is
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = routing.service.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = await claim(routing)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert answer.status_code == 200
    assert len(of_claim := [one for one in statements if "FROM timer WHERE due_at" not in one]) == 4, of_claim


async def test_a_lost_answer_takes_no_second_item(routing: Harness) -> None:
    await waiting(routing, 3)
    first, again = await claim(routing, key="k"), await claim(routing, key="k")
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(await held_by(routing, "photographer-1")) == 1
    at_once = await asyncio.gather(*(claim(routing, key="l") for _ in range(8)))
    assert len({answer.json()["items"][0]["id"] for answer in at_once}) == 1
    assert len(await held_by(routing, "photographer-1")) == 2
    await claim(routing)
    assert (await claim(routing, key="m")).status_code == 409
    await waiting(routing, 1, "MORE")
    assert (await claim(routing, key="m")).status_code == 200  # what took nothing is not kept


async def test_team_and_level_decide_what_is_the_best(routing: Harness) -> None:
    ghost, skin, hard, plain = await waiting(routing, 4)
    await mark(routing, ghost, team="ghost_mannequin", level="junior")
    await mark(routing, skin, team="skin_beauty", level="standard")
    await mark(routing, hard, level="specialist")
    await mark(routing, plain, level="standard")
    await put_person(routing, "gita", teams=["ghost_mannequin"], level="senior")
    await put_person(routing, "noa", teams=[])
    await put_person(routing, "juri", level="junior")
    got = [(await claim(routing, subject="gita")).json()["items"][0]["id"] for _ in range(2)]
    assert got == [ghost["id"], plain["id"]]
    assert (await claim(routing, subject="gita")).json()["reason"] == "higher_level"  # the hard one is for any team
    assert (await claim(routing, subject="juri")).json()["reason"] == "higher_level"
    assert (await claim(routing, subject="noa")).json()["items"][0]["id"] == hard["id"]
    nothing = await claim(routing, subject="noa")
    assert (nothing.status_code, nothing.json()["reason"]) == (409, "other_teams")
    assert "skin_beauty" in nothing.json()["detail"]
    assert (await claim(routing, subject="anyone")).json()["items"][0]["id"] == skin["id"]


async def test_by_name_the_same_rules_hold(routing: Harness) -> None:
    await tell_domains(routing)
    ghost, hard, one, other = await waiting(routing, 4)
    await mark(routing, ghost, team="ghost_mannequin")
    await mark(routing, hard, level="specialist")
    await put_person(routing, "rita", teams=["skin_beauty"], level="senior", lane="batch")
    for shot, words in ((ghost, "for the team ghost_mannequin"), (hard, "asks for the level specialist")):
        refused = await do(routing, shot, "claim", Role.RETOUCHER, subject="rita")
        assert (refused.status_code, refused.json()["reason"]) == (403, "other_team_or_level")
        assert words in refused.json()["detail"]
        assert (await read(routing, shot["id"]))["state"] == "ready"
    await limit(routing, "catalog", 1)
    assert (await do(routing, one, "claim", Role.RETOUCHER, subject="rita")).status_code == 200
    full = await do(routing, other, "claim", Role.PHOTOGRAPHER, subject="phil")
    assert (full.status_code, full.json()["reason"], full.json()["wip"]) == (409, "limit_reached", 1)
    assert (await read(routing, other["id"]))["state"] == "ready"
    again = await do(routing, one, "claim", Role.RETOUCHER, subject="rita")  # whoever holds it renews, limit or not
    assert (again.status_code, again.json()["version"]) == (200, 3)
    await put_person(routing, "rita", 1, teams=["skin_beauty"], lane="hero")
    assert (await do(routing, one, "claim", Role.RETOUCHER, subject="rita")).status_code == 200


async def test_each_role_claims_where_it_may(routing: Harness) -> None:
    await waiting(routing, len(Role))
    for role in Role:
        answer = await claim(routing, role=role, json={"step": "studio"})
        assert (answer.status_code == 200) == (role in MAY_CLAIM), (role, answer.text)
        if answer.status_code == 403:
            assert set(answer.json()["allowed_roles"]) == {str(one) for one in MAY_CLAIM}
    delivery = await claim(routing, "delivery", Role.PHOTOGRAPHER)
    assert (delivery.status_code, delivery.json()["allowed_roles"]) == (403, ["asset_manager", "producer"])


async def test_the_limit_counts_what_is_held_and_blocked(routing: Harness) -> None:
    await tell_domains(routing)
    await waiting(routing, 4)
    await limit(routing, "catalog", 2)
    first, second = [(await claim(routing, subject=who)).json()["items"][0] for who in ("rita", "rolf")]
    full = await claim(routing, subject="rosa")
    assert (full.status_code, full.json()["reason"]) == (409, "limit_reached")
    assert "2 of at most 2" in full.json()["detail"]
    await do(routing, first, "block", json={"cause": "The sample is damaged."})
    assert (await claim(routing, subject="rosa")).json()["reason"] == "limit_reached"
    await do(routing, second, "release", Role.RETOUCHER, subject="rolf")
    assert (await claim(routing, subject="rosa")).status_code == 200
    await hand_in(routing, first)
    await in_state(routing, first["id"], "in_review")
    assert (await claim(routing, subject="ruth")).status_code == 200
    assert (await queue(routing))["wip"] == 2
    await limit(routing, "catalog", 1)  # takes nothing from anyone
    assert (await queue(routing))["wip"] == 2
    assert (await claim(routing, subject="rosa")).json()["wip"] == 2


async def test_a_lease_that_ran_out_holds_no_place(routing: Harness, monday: datetime) -> None:
    """Even while its timer has not rung: here timers don't run at all."""
    await tell_domains(routing)
    await _without_timers(routing)
    first, second = await waiting(routing, 2)
    await limit(routing, "catalog", 1)
    await claim(routing, subject="rita")
    assert (await claim(routing, subject="rolf")).status_code == 409
    clock.set(monday + 8 * HOUR)
    taken = (await claim(routing, subject="rolf")).json()["items"]
    assert [one["id"] for one in taken] == [first["id"]]
    assert [what for what, _ in await told(routing, first["id"])][-3:] == ["claimed", "released", "claimed"]
    clock.set(monday + 16 * HOUR)
    assert (await do(routing, second, "claim", Role.RETOUCHER, subject="rosa")).status_code == 200
    assert [one["claimed_by"] for one in (await read(routing, first["id"]), await read(routing, second["id"]))] == [
        None, "rosa",
    ]  # fmt: skip
    late = await do(routing, first, "claim", Role.RETOUCHER, subject="rolf")
    assert late.json()["reason"] == "limit_reached"


async def test_a_lapsed_lease_that_is_blocked_holds_nothing(routing: Harness, monday: datetime) -> None:
    await _without_timers(routing)
    [shot] = await waiting(routing, 1)
    await claim(routing, subject="rita")
    clock.set(monday + 9 * HOUR)
    blocked = (await do(routing, shot, "block", json={"cause": "x"})).json()
    assert (blocked["state"], blocked["claimed_by"]) == ("blocked", None)
    assert (await queue(routing))["wip"] == 0


async def test_a_whole_sku_in_one_claim(routing: Harness) -> None:
    await tell_domains(routing)
    best = await waiting(routing, 5, "BEST", priority=Priority.HIGH)
    rest = await waiting(routing, 3, "REST")
    await mark(routing, best[4], team="ghost_mannequin")
    await put_person(routing, "rita", teams=["skin_beauty"])
    answer = await claim(routing, subject="rita", json={"group_by": "sku"})
    assert [one["id"] for one in answer.json()["items"]] == [one["id"] for one in best[:4]]
    assert len(await routing.recorded(WorkClaimed)) == 4
    await limit(routing, "catalog", 6)
    refused = await claim(routing, subject="rita", json={"group_by": "sku"})
    assert (refused.status_code, refused.json()["wanted"]) == (409, 3)
    assert "room for 2, and this would take 3" in refused.json()["detail"]
    assert [(await read(routing, one["id"]))["state"] for one in rest] == ["ready"] * 3
    await limit(routing, "catalog", 7)
    taken: list[Json] = (await claim(routing, subject="rita", json={"group_by": "sku"})).json()["items"]
    assert {one["sku"] for one in taken} == {"REST"}


async def test_the_best_sku_that_there_is_room_for(routing: Harness) -> None:
    """Nothing is held, so that there is nothing to wait for: whoever asks gets something."""
    await tell_domains(routing)
    await waiting(routing, 5, "LARGE", priority=Priority.HIGH)
    await waiting(routing, 3, "BEST")
    await waiting(routing, 1, "SMALL")
    await limit(routing, "catalog", 5)
    kept = await claim(routing, json={"group_by": "sku"})
    assert [one["sku"] for one in kept.json()["items"]] == ["LARGE"] * 5
    for item in kept.json()["items"]:
        assert (await do(routing, item, "release", Role.PHOTOGRAPHER)).status_code == 200
    await limit(routing, "catalog", 4)
    await waiting(routing, 3, "NEXT")
    assert (await claim(routing, json={"step": "retouching"})).json()["reason"] == "other_steps"
    part = (await claim(routing, json={"group_by": "sku"})).json()
    assert ([one["sku"] for one in part["items"]], part["left_of_sku"]) == (["LARGE"] * 4, 1)
    full = await claim(routing, json={"group_by": "sku"})
    assert (full.status_code, full.json()["wip"]) == (409, 4)
    for item in part["items"][:2]:
        await do(routing, item, "release", Role.PHOTOGRAPHER)
    await routing.fetch("UPDATE work_item SET state = 'cancelled' WHERE sku = 'LARGE' AND state = 'ready'")
    taken = (await claim(routing, json={"group_by": "sku"})).json()
    assert ([one["sku"] for one in taken["items"]], taken["left_of_sku"]) == (["SMALL"], 0)
    none = (await claim(routing, json={"group_by": "sku"})).json()
    assert (none["reason"], none["wip"], none["wanted"]) == ("limit_reached", 3, 3)


async def test_a_role_is_offered_the_steps_that_it_does(routing: Harness) -> None:
    shot, other, generated = await waiting(routing, 3)
    await routing.fetch("UPDATE work_item SET ai = true WHERE id = $1", generated["id"])
    refused = await claim(routing, role=Role.RETOUCHER, subject="rita")
    assert (refused.status_code, refused.json()["reason"]) == (409, "other_steps")
    assert "studio, generating. You were looking for: retouching, delivery." in refused.json()["detail"]
    made = await claim(routing, role=Role.AI_WORKFLOW_OWNER)
    assert [one["id"] for one in made.json()["items"]] == [generated["id"]]
    assert (await claim(routing, role=Role.AI_WORKFLOW_OWNER)).json()["reason"] == "other_steps"
    assert (await claim(routing, subject="phil")).json()["items"][0]["id"] == shot["id"]
    handed = await do(routing, shot, "hand-over", Role.PHOTOGRAPHER, subject="phil", json={"to": "retouching"})
    assert handed.status_code == 200, handed.text
    headers = routing.bearer(Role.RETOUCHER)
    found = (await routing.client.get("/v1/work", params={"step": "retouching"}, headers=headers)).json()["items"]
    assert [one["id"] for one in found] == [shot["id"]]
    assert (await claim(routing, role=Role.RETOUCHER, subject="rita")).json()["items"][0]["id"] == shot["id"]
    both = routing.bearer(Role.RETOUCHER, Role.PHOTOGRAPHER)
    asked = await routing.client.post("/v1/queues/catalog/claim", headers=both, json={"step": "retouching"})
    assert asked.json()["reason"] == "other_steps"
    wanted = await claim(routing, role=Role.RETOUCHER, subject="rita", json={"step": "studio"})
    assert wanted.json()["items"][0]["id"] == other["id"]


async def test_of_many_who_ask_for_skus_none_gets_a_part(routing: Harness) -> None:
    for number in range(6):
        await waiting(routing, 4, f"SKU{number}")
    people = [f"rita-{number}" for number in range(16)]
    answers = await asyncio.gather(*(claim(routing, subject=one, json={"group_by": "sku"}) for one in people))
    got = [[item["sku"] for item in one.json()["items"]] for one in answers if one.status_code == 200]
    assert sorted(skus[0] for skus in got) == [f"SKU{number}" for number in range(6)]
    assert all(skus == [skus[0]] * 4 for skus in got)
    assert {one.json()["reason"] for one in answers if one.status_code != 200} <= {"nothing_waits", "being_taken"}


async def test_bad_claims(routing: Harness) -> None:
    bodies: list[object] = [{"group_by": "colour"}, {"more": 1}, [], "sku", {"group_by": 7}]
    for body in bodies:
        answer = await claim(routing, json=body)
        assert (answer.status_code, bool(answer.json()["errors"])) == (422, True), body
    assert (await claim(routing, "lost")).status_code == 404
    assert (await claim(routing, "NOT%20A%20NAME")).status_code == 422
    assert (await claim(routing, key="x" * 201)).status_code == 422
    assert (await routing.client.post("/v1/queues/catalog/claim")).status_code == 401
    headers = routing.bearer(Role.RETOUCHER)
    assert (await routing.client.get("/v1/work?claimed_by=%00", headers=headers)).status_code == 422
    assert (await edit_queues(routing, lambda queues: None)).status_code == 503  # nobody said yet who decides


async def _without_timers(routing: Harness) -> None:
    """As if they had not come round yet."""
    timers = routing.service.timers
    assert timers is not None
    timers._handlers = {}

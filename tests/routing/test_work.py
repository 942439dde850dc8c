"""What people do with work through HTTP: find it, claim it, give it back, block it; and what is refused."""

import asyncio
from datetime import datetime, timedelta

import pytest

from chassis.clock import clock
from chassis.ids import new_id
from chassis.testkit.harness import Harness
from contracts.routing import WorkBlocked, WorkChanged, WorkClaimed, WorkReleased, WorkUnblocked
from contracts.values import Role
from services.routing.work.service import MAY_CLAIM, MAY_DIRECT
from tests.routing.others import Json, accept, brief, do, hand_in, in_state, read, told

HOUR = timedelta(hours=1)
BODIES: dict[str, Json] = {"block": {"cause": "x"}, "hand-over": {"to": "retouching"}}


async def test_claim_extend_release(routing: Harness, monday: datetime) -> None:
    shot, *_ = await accept(routing, brief())
    claimed = (await do(routing, shot, "claim", Role.PHOTOGRAPHER, subject="phil")).json()
    assert (claimed["state"], claimed["claimed_by"]) == ("claimed", "phil")
    assert claimed["lease_until"] == "2026-03-02T16:00:00Z"
    clock.move(HOUR)
    extended = (await do(routing, shot, "claim", Role.PHOTOGRAPHER, subject="phil")).json()
    assert extended["lease_until"] == "2026-03-02T17:00:00Z"
    for action in ("claim", "release"):
        other = await do(routing, shot, action, Role.RETOUCHER, subject="rita")
        assert other.status_code == 409
        assert other.json()["claimed_by"] == "phil"
        assert "phil holds it until 2026-03-02T17:00:00" in other.json()["detail"]
    back = (await do(routing, shot, "release", Role.PHOTOGRAPHER, subject="phil")).json()
    assert (back["state"], back["claimed_by"], back["lease_until"]) == ("ready", None, None)
    claims, [given_back] = await routing.recorded(WorkClaimed), await routing.recorded(WorkReleased)
    steps: list[tuple[int, WorkChanged]] = [(event.aggregateversion, event.data) for event in claims]
    steps.append((given_back.aggregateversion, given_back.data))
    assert [(version, said.work.state, said.by) for version, said in steps] == [
        (2, "claimed", "phil"), (3, "claimed", "phil"), (4, "ready", "phil"),
    ]  # fmt: skip


async def test_who_directs_work_releases_what_another_holds(routing: Harness) -> None:
    shot, *_ = await accept(routing, brief())
    await do(routing, shot, "claim", Role.PHOTOGRAPHER, subject="phil")
    assert (await do(routing, shot, "release", Role.CREATIVE_OPS_MANAGER, subject="olga")).status_code == 200
    [*_, last] = (await read(routing, shot["id"]))["history"]
    assert (last["what"], last["by"], last["state"]) == ("released", "olga", "ready")


async def test_of_32_claimants_one_wins(routing: Harness) -> None:
    shot, *_ = await accept(routing, brief())
    people = [f"phil-{number}" for number in range(32)]
    answers = await asyncio.gather(*(do(routing, shot, "claim", Role.PHOTOGRAPHER, subject=one) for one in people))
    won = [answer for answer in answers if answer.status_code == 200]
    assert [answer.status_code for answer in answers].count(409) == 31
    assert len(won) == 1
    winner = won[0].json()["claimed_by"]
    assert (await read(routing, shot["id"]))["claimed_by"] == winner
    assert [event.data.work.claimed_by for event in await routing.recorded(WorkClaimed)] == [winner]
    assert {answer.json()["claimed_by"] for answer in answers} == {winner}


async def test_block_stops_the_clock(routing: Harness, monday: datetime) -> None:
    shot, *_ = await accept(routing, brief())
    await do(routing, shot, "claim", Role.PHOTOGRAPHER, subject="phil")
    clock.set(monday + HOUR)
    blocked = (await do(routing, shot, "block", json={"cause": "The sample is damaged."})).json()
    assert (blocked["state"], blocked["claimed_by"], blocked["lease_until"]) == ("blocked", "phil", None)
    timers = await routing.fetch("SELECT kind FROM timer WHERE key = $1", shot["id"])
    assert timers == []
    clock.set(monday + timedelta(days=1, hours=2))  # nine hours of work and a night later, and one hour more
    again = (await do(routing, shot, "unblock")).json()
    assert (again["state"], again["claimed_by"], again["lease_until"]) == ("claimed", "phil", "2026-03-03T18:00:00Z")
    assert shot["due_at"] == "2026-03-04T14:00:00Z"
    assert again["due_at"] == "2026-03-05T15:00:00Z"
    [block] = await routing.recorded(WorkBlocked)
    [unblock] = await routing.recorded(WorkUnblocked)
    assert (block.data.cause, block.data.work.state) == ("The sample is damaged.", "blocked")
    assert (unblock.data.work.state, unblock.aggregateversion) == ("claimed", block.aggregateversion + 1)
    kinds = {row["kind"] for row in await routing.fetch("SELECT kind FROM timer WHERE key = $1", shot["id"])}
    assert kinds == {"lease", "at_risk", "breach"}


async def test_what_is_illegal_is_refused_with_what_is_legal(routing: Harness) -> None:
    shot, variant, _ = await accept(routing, brief())
    refused = await do(routing, shot, "unblock")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    body = refused.json()
    assert (body["state"], body["legal_actions"]) == (
        "ready",
        ["block", "cancel", "claim", "hand_in"],
    )
    assert "`unblock` is not possible while work is ready" in body["detail"]
    waiting = await do(routing, variant, "claim")
    assert (waiting.status_code, waiting.json()["legal_actions"]) == (409, ["cancel", "make_ready"])
    await hand_in(routing, shot)
    await in_state(routing, shot["id"], "in_review")
    for action in ("claim", "release", "unblock"):
        answer = await do(routing, shot, action)
        assert (answer.status_code, answer.json()["state"]) == (409, "in_review"), action
    assert [what for what, _ in await told(routing, shot["id"])] == ["created", "handed_in"]


async def test_each_role_does_what_it_may(routing: Harness) -> None:
    shot, *_ = await accept(routing, brief())
    for role in Role:
        for action, allowed in (
            ("claim", MAY_CLAIM),
            ("release", {*MAY_CLAIM, *MAY_DIRECT}),
            ("hand-over", MAY_CLAIM),
            ("block", MAY_DIRECT),
            ("unblock", MAY_DIRECT),
        ):
            answer = await do(routing, shot, action, role, json=BODIES.get(action))
            assert (answer.status_code != 403) == (role in allowed), (role, action, answer.text)
            assert answer.status_code in (200, 403, 409)
            if answer.status_code == 403:
                assert set(answer.json()["allowed_roles"]) == {str(one) for one in allowed}
    packs = [f"/v1/tracks{pack}" for pack in ("", "/classes", "/calendar", "/teams")]
    versions = [f"{pack}/versions{number}" for pack in packs for number in ("", "/1")]
    work = [f"/v1/work/{shot['id']}{what}" for what in ("", "/explanation", "/handoffs")]
    for path in ("/v1/work", *work, "/v1/handoffs", "/v1/escalations", *packs, *versions):
        assert (await routing.client.get(path)).status_code == 401
        for role in Role:
            assert (await routing.client.get(path, headers=routing.bearer(role))).status_code == 200, (path, role)


async def test_a_block_needs_a_cause(routing: Harness) -> None:
    shot, *_ = await accept(routing, brief())
    bodies: list[object] = [
        None, {}, {"cause": ""}, {"cause": "  "}, {"cause": 7}, {"cause": "x" * 501}, {"cause": "nul \x00"},
        {"cause": "x", "more": 1}, [], "cause",
    ]  # fmt: skip
    for body in bodies:
        answer = await do(routing, shot, "block", json=body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["errors"]
    assert (await read(routing, shot["id"]))["state"] == "ready"


async def test_unknown_and_wrong_ids(routing: Harness) -> None:
    headers = routing.bearer(Role.PRODUCER)
    for action in ("claim", "release", "block", "unblock"):
        for work_id, status in ((new_id(), 404), ("x", 422)):
            answer = await do(routing, {"id": work_id}, action, json={"cause": "x"})
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (await routing.client.get(f"/v1/work/{new_id()}", headers=headers)).status_code == 404
    for query in ("state=lost", "risk=7", "kind=film", "request_id=x", "limit=0", "limit=201", "cursor=%20", "sku=%00"):
        assert (await routing.client.get(f"/v1/work?{query}", headers=headers)).status_code == 422, query


async def test_the_list_filters_and_pages(routing: Harness) -> None:
    tee = brief(views=("front", "on_model"))
    ring = brief(sku="JR01", category="jewelry", colorways=["gold"], channels=["pdp"])
    everything = [*await accept(routing, tee), *await accept(routing, ring)]
    by_id = {one["id"]: one for one in everything}
    headers = routing.bearer(Role.VENDOR)

    async def ids(query: Json) -> list[str]:
        answer = await routing.client.get("/v1/work", params=query, headers=headers)
        return [one["id"] for one in answer.json()["items"]]

    newest_first = sorted(by_id, reverse=True)
    assert await ids({}) == newest_first
    filters: list[Json] = [
        {"sku": "MT07"}, {"queue": "high_complexity"}, {"track": "marketplace"}, {"state": "waiting"},
        {"kind": "shot"}, {"risk": "on_time"}, {"risk": "breached"}, {"request_id": str(ring.id)},
        {"colorway": "white"}, {"view": "on_model"}, {"channel": "zalando"}, {"kind": "variant", "view": "front"},
        {"sku": "nothing"},
    ]  # fmt: skip
    for query in filters:
        expected = [one for one in newest_first if all(by_id[one][name] == value for name, value in query.items())]
        assert await ids(query) == expected, query

    seen, page = list[str](), {"next_cursor": ""}
    while (cursor := page["next_cursor"]) is not None:
        query = {"limit": "3", **({"cursor": cursor} if cursor else {})}
        page = (await routing.client.get("/v1/work", params=query, headers=headers)).json()
        assert len(page["items"]) <= 3
        seen += [one["id"] for one in page["items"]]
    assert seen == newest_first


async def test_history_is_append_only(routing: Harness) -> None:
    shot, *_ = await accept(routing, brief())
    for statement in ("UPDATE history SET by = 'nobody'", "DELETE FROM history"):
        with pytest.raises(Exception, match="history is append-only"):
            await routing.fetch(statement)
    [step] = (await read(routing, shot["id"]))["history"]
    assert (step["what"], step["by"], step["state"], step["version"]) == ("created", "ana", "ready", 1)


async def test_the_packs_are_readable(routing: Harness) -> None:
    headers = routing.bearer(Role.REVIEWER)
    tracks = await routing.client.get("/v1/tracks", headers=headers)
    assert tracks.headers["ETag"] == '"1"'
    assert len(tracks.json()["tracks"]) == 10
    assert {track["queue"] for track in tracks.json()["tracks"]} == {
        "hero", "catalog", "high_complexity", "ai_production", "ai_experiment", "marketplace", "delivery",
    }  # fmt: skip
    classes = (await routing.client.get("/v1/tracks/classes", headers=headers)).json()
    assert [(one["name"], one["sla_factor"]) for one in classes["classes"]] == [
        ("C1", 1), ("C2", 1.5), ("C3", 2), ("C4", 3),
    ]  # fmt: skip
    calendar = (await routing.client.get("/v1/tracks/calendar", headers=headers)).json()
    assert (calendar["time_zone"], len(calendar["hours"]), calendar["version"]) == ("Europe/Berlin", 5, 1)

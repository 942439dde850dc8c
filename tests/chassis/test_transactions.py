"""One request is one transaction, and a creation that is sent again is not made again."""

import asyncio
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import pytest
from httpx import Response
from sqlalchemy import text

from chassis.database import Database
from chassis.testkit.harness import Harness
from contracts.intake import RequestCancelled

TALLIES = "/v1/tallies"


async def make(probe: Harness, name: str, key: str | None = None, *, caller: str = "mara", amount: int = 0) -> Response:
    headers = probe.bearer("keeper", subject=caller) | ({"Idempotency-Key": key} if key is not None else {})
    return await probe.client.post(TALLIES, json={"name": name, "amount": amount}, headers=headers)


async def count(probe: Harness, name: str) -> int:
    [row] = await probe.fetch("SELECT count(*) AS found FROM tally WHERE name = $1", name)
    return int(row["found"])


@pytest.fixture
def name() -> str:
    return f"tally {uuid4()}"


async def test_a_commit_that_fails_does_not_say_201(probe: Harness, name: str) -> None:
    assert (await make(probe, name)).status_code == 201
    # The doubled name is noticed at the commit: after the endpoint has answered.
    for key in (None, str(uuid4())):
        failed = await make(probe, name, key)
        assert failed.status_code == 500
        assert failed.headers["content-type"] == "application/problem+json"
    assert await count(probe, name) == 1
    said = [event.data.cause for event in await probe.recorded(RequestCancelled)]
    assert said.count(name) == 1, "an event of a transaction that failed was recorded"


async def test_the_database_gone_in_the_middle_is_a_503_and_the_next_request_works(probe: Harness, name: str) -> None:
    cut_off = await probe.client.post("/v1/cut-off")
    assert cut_off.status_code == 503
    assert int(cut_off.headers["Retry-After"]) > 0
    assert cut_off.json()["type"] == "urn:packshot:problem:unavailable"
    assert (await make(probe, name)).status_code == 201


async def test_connections_that_died_meanwhile_are_replaced(probe: Harness) -> None:
    await asyncio.gather(*(probe.client.get(TALLIES, headers=probe.bearer()) for _ in range(5)))
    killed = await probe.fetch(
        "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'probe-api' AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert killed

    # PostgreSQL only asks them to end. What is here is about connections that are dead, not about those that die in
    # the very moment (a 503, as above).
    port = urlsplit(probe.service.database.dsn).port

    async def ended() -> bool:
        """The backends are gone, and this process has closed its ends."""
        hung_up = [
            one for one in psutil.Process().net_connections() if one.raddr and one.raddr.port == port
            and one.status == psutil.CONN_CLOSE_WAIT
        ]  # fmt: skip
        return not hung_up and not any(psutil.pid_exists(row["pid"]) for row in killed)

    await probe.eventually(ended)
    for _ in killed:
        assert (await make(probe, f"after {uuid4()}")).status_code == 201


async def test_whoever_waits_for_a_connection_comes_before_who_asks_again(probe: Harness) -> None:
    database = Database(probe.service.settings.model_copy(update={"database_pool": 1}))
    order: list[str] = []

    async def ask(who: str) -> None:
        for _ in range(3):
            async with database.transaction() as session:
                await session.execute(text("SELECT 1"))
                order.append(who)

    try:
        await asyncio.gather(ask("one"), ask("another"))
    finally:
        await database.close()
    assert order == ["one", "another"] * 3


async def test_an_event_says_what_caused_it(probe: Harness, name: str) -> None:
    headers = probe.bearer("keeper") | {"X-Request-ID": "order-66"}
    made = await probe.client.post(TALLIES, json={"name": name}, headers=headers)
    [event] = await probe.recorded(RequestCancelled, made.json()["id"])
    assert (event.source, event.correlationid, event.causationid) == ("/probe", "order-66", None)
    assert (event.aggregateversion, event.data.cause) == (1, name)
    assert event.traceparent is not None


async def test_the_same_key_and_body_gets_the_first_answer_again(probe: Harness, name: str) -> None:
    first, second = await make(probe, name, "key-1"), await make(probe, name, "key-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["Location"] == first.headers["Location"] == f"{TALLIES}/{first.json()['id']}"
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert await count(probe, name) == 1
    assert len(await probe.recorded(RequestCancelled, first.json()["id"])) == 1


async def test_the_same_key_for_something_else_is_refused(probe: Harness, name: str) -> None:
    await make(probe, name, "key-2")
    other = await make(probe, name, "key-2", amount=1)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:packshot:problem:invalid"
    assert await count(probe, name) == 1


async def test_a_key_is_its_callers_own(probe: Harness, name: str) -> None:
    first = await make(probe, name, "key-3", caller="mara")
    second = await make(probe, f"{name} of joan", "key-3", caller="joan")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


async def test_without_a_key_every_request_counts(probe: Harness, name: str) -> None:
    answers = [await make(probe, f"{name} {number}") for number in range(2)]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_requests_at_the_same_moment_are_made_once(probe: Harness, name: str) -> None:
    answers = await asyncio.gather(*(make(probe, name, "key-4") for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.headers.get("Idempotency-Replayed", "first") for answer in answers) == ["first"] + ["true"] * 5
    assert await count(probe, name) == 1


async def test_a_first_try_that_failed_leaves_no_trace_of_its_key(probe: Harness, name: str) -> None:
    await make(probe, name)
    assert (await make(probe, name, "key-5")).status_code == 500
    again = await make(probe, f"{name}, mended", "key-5")
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers


@pytest.mark.parametrize("key", ["", "x" * 201, "nul\x00byte"])
async def test_a_key_that_can_not_be_kept_is_refused(probe: Harness, name: str, key: str) -> None:
    assert (await make(probe, name, key)).status_code == 422
    assert await count(probe, name) == 0

"""What the gateway says when a service is away, silent or broken: the truth about what may have happened."""

import asyncio

import pytest

from tests.gateway.conftest import Door
from tests.gateway.services import Script, read_head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def problem_of(door: Door, method: str, path: str, status: int, data: bytes | None = None) -> dict[str, str]:
    async with door.client.request(method, path, data=data, headers=door.bearer()) as answer:
        assert answer.status == status
        assert answer.content_type == "application/problem+json"
        problem: dict[str, str] = await answer.json(content_type=None)
        assert problem["request_id"] == answer.headers["X-Request-ID"]
        if status == 503:
            assert int(answer.headers["Retry-After"]) > 0
    return problem


def answering(*answers: bytes | None) -> Script:
    """Gives each request of a connection its answer; None: closes instead."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await read_head(reader)
            if answer is None:
                return
            writer.write(answer)
            await writer.drain()
        await reader.read()

    return script


async def test_a_service_that_is_away(door: Door) -> None:
    problem = await problem_of(door, "POST", "/v1/work", 503, b"{}")
    assert "routing" in problem["detail"]
    assert "nothing was changed" in problem["detail"]


async def test_a_service_that_is_silent(door: Door) -> None:
    door.qc.script = answering()
    problem = await problem_of(door, "POST", "/v1/decisions", 504, b"{}")
    assert "unknown" in problem["detail"]
    assert door.qc.connections == 1


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
async def test_what_may_have_been_done_is_not_done_twice(door: Door, method: str) -> None:
    """A kept connection turns out dead when the request is already on it."""
    door.qc.script = answering(OK, None)
    await door.client.get("/v1/reviews", headers=door.bearer())
    for data in (b"{}", None):
        connections = door.qc.connections
        problem = await problem_of(door, method, "/v1/decisions", 502, data)
        assert "unknown" in problem["detail"]
        assert door.qc.connections == connections, "it was not sent again"
        async with door.client.get("/v1/reviews", headers=door.bearer()) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_what_changes_nothing_is_asked_again_once(door: Door, method: str) -> None:
    empty = b"HTTP/1.1 204 No Content\r\n\r\n"
    door.qc.script = answering(empty, None)
    for connections in (1, 2, 3):
        async with door.client.request(method, "/v1/reviews", headers=door.bearer()) as answer:
            assert answer.status == 204
        assert door.qc.connections == connections


async def test_the_problem_bears_the_id_that_the_service_was_told(door: Door) -> None:
    told = b""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal told
        told = await read_head(reader)

    door.qc.script = script
    problem = await problem_of(door, "POST", "/v1/decisions", 502, b"{}")
    assert f"X-Request-ID: {problem['request_id']}\r\n".encode() in told


async def test_what_changes_nothing_is_not_asked_for_ever(door: Door) -> None:
    door.qc.script = answering(None)
    await problem_of(door, "GET", "/v1/reviews", 502)
    assert door.qc.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(500)) + b"\r\n",
    ],
)
async def test_a_service_that_speaks_nonsense(door: Door, answer: bytes) -> None:
    door.qc.script = answering(answer)
    await problem_of(door, "POST", "/v1/decisions", 502, b"{}")


@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("how", ["closes", "falls silent"])
async def test_a_service_that_breaks_off_between_its_head_and_its_body(door: Door, framing: bytes, how: str) -> None:
    """What it has said by then is no answer: the head of a 200 must not become the server's own bare 500."""
    over = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        await writer.drain()
        if how == "falls silent":
            await over.wait()

    door.qc.script = script
    problem = await problem_of(door, "POST", "/v1/decisions", 502 if how == "closes" else 504, b"{}")
    assert "unknown" in problem["detail"]
    over.set()


async def test_a_client_that_stops_sending(door: Door) -> None:
    cut = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        assert b"".join([piece async for piece in reader]) == b"some"
        cut.set()

    door.qc.script = script
    answer = await door.raw(door.head("POST /v1/decisions", "Content-Length: 100") + b"some")
    assert answer.startswith(b"HTTP/1.1 408")
    async with asyncio.timeout(10):
        await cut.wait()


async def test_a_client_that_sends_no_body_at_all(door: Door) -> None:
    answer = await door.raw(door.head("POST /v1/decisions", "Content-Length: 100"))
    assert answer.startswith(b"HTTP/1.1 408")
    assert door.qc.connections == 0


async def test_the_gateway_recovers_with_its_service(door: Door) -> None:
    door.qc.script = answering(None)
    await problem_of(door, "POST", "/v1/decisions", 502, b"{}")
    door.qc.script = answering(OK)
    async with door.client.post("/v1/decisions", data=b"{}", headers=door.bearer()) as answer:
        assert answer.status == 200

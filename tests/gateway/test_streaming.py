"""Bodies of any size stream through, in both directions, and nobody is left waiting for someone who has gone."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from chassis.testkit.harness import eventually
from tests.gateway.conftest import Door
from tests.gateway.services import read_head, small_buffers

MIB = 1024 * 1024
CHUNKED = "Transfer-Encoding: chunked"
DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"
PATIENCE = 10


async def test_300_mb_stream_through_without_being_kept(door: Door) -> None:
    piece, pieces = bytes(range(256)) * 4096, 300
    digest = hashlib.sha256()
    before = peak = door.gateway.memory()

    async def body() -> AsyncIterator[bytes]:
        nonlocal peak
        for number in range(pieces):
            digest.update(piece)
            if number % 10 == 0:
                peak = max(peak, door.gateway.memory())
            yield piece

    headers = door.bearer() | {"Content-Type": "image/tiff"}
    async with door.client.post("/v1/versions?filename=a.tif", data=body(), headers=headers) as answer:
        assert answer.status == 200
    assert door.assets.last().sha256 == digest.hexdigest()
    assert peak - before < 48 * MIB


async def test_a_declared_length_is_declared_to_the_service_too(door: Door) -> None:
    body = b"x" * (3 * MIB)
    headers = door.bearer() | {"Content-Type": "image/tiff", "Content-Length": str(len(body))}

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    async with door.client.post("/v1/versions", data=pieces(), headers=headers) as answer:
        assert answer.status == 200
    seen = door.assets.last()
    assert seen.header("content-length") == str(len(body))
    assert seen.header("transfer-encoding") is None
    assert seen.sha256 == hashlib.sha256(body).hexdigest()


async def test_the_service_reads_what_has_come_while_the_rest_is_still_to_come(door: Door) -> None:
    first_has_come = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await reader.readuntil(b"first")
        first_has_come.set()
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(DONE)
        await writer.drain()

    door.qc.script = script
    reader, writer = await door.connect()
    writer.write(door.head("POST /v1/decisions", "Transfer-Encoding: chunked") + b"5\r\nfirst\r\n")
    async with asyncio.timeout(PATIENCE):
        await first_has_come.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")
        assert (await read_head(reader)).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_the_client_reads_what_has_come_while_the_rest_is_still_to_come(door: Door) -> None:
    first_is_read = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await first_is_read.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")
        await writer.drain()

    door.qc.script = script
    async with asyncio.timeout(PATIENCE), door.client.get("/v1/reviews", headers=door.bearer()) as answer:
        assert await answer.content.readany() == b"first"
        first_is_read.set()
        assert await answer.content.read() == b"last"


async def test_a_client_that_takes_nothing_holds_the_service_back_and_is_cut_off(door: Door) -> None:
    written, gone = 0, asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        small_buffers(writer)
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                written += 65536
        except ConnectionError:
            gone.set()

    door.qc.script = script
    before = door.gateway.memory()
    reader, writer = await door.connect()
    writer.write(door.head("GET /v1/reviews"))
    async with asyncio.timeout(PATIENCE):
        await gone.wait()
    assert written < 64 * MIB
    assert door.gateway.memory() - before < 48 * MIB
    received = 0
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(MIB):
            received += len(piece)
    assert received < 64 * MIB
    writer.close()


async def test_a_service_that_takes_nothing_holds_the_client_back(door: Door) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await over.wait()

    over = asyncio.Event()
    door.qc.script = script
    reader, writer = await door.connect()
    small_buffers(writer)
    writer.write(door.head("POST /v1/decisions", "Content-Length: 1000000000"))
    sent = 0
    answer = asyncio.create_task(read_head(reader))
    while not answer.done() and sent < 200 * MIB:
        writer.write(b"x" * 65536)
        drained = asyncio.create_task(writer.drain())
        await asyncio.wait({drained, answer}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        sent += 65536
    assert (await answer).startswith(b"HTTP/1.1 504")
    assert sent < 64 * MIB
    over.set()
    writer.close()


@pytest.mark.parametrize("when", ["before the answer", "in the answer"])
async def test_when_the_client_goes_away_the_service_is_left_alone(door: Door, when: str) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        if when == "in the answer":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        asked.set()
        assert await reader.read() == b""
        left.set()

    door.qc.script = script
    before = await door.counted("/v1/reviews", 499)
    reader, writer = await door.connect()
    writer.write(door.head("GET /v1/reviews"))
    async with asyncio.timeout(PATIENCE):
        await asked.wait()
        if when == "in the answer":
            await reader.readuntil(b"first")
        writer.close()
        await left.wait()

    async def is_counted() -> bool:
        return await door.counted("/v1/reviews", 499) == before + 1

    await eventually(is_counted)


async def test_when_the_client_goes_away_while_both_are_talking(door: Door) -> None:
    """The service answers before the upload is over, and the client goes away in the middle of both."""
    left = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"5\r\npiece\r\n")
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            left.set()

    door.qc.script = script
    reader, writer = await door.connect()
    writer.write(door.head("POST /v1/decisions", "Transfer-Encoding: chunked") + b"5\r\nfirst\r\n")
    async with asyncio.timeout(PATIENCE):
        await reader.readuntil(b"piece")
        writer.close()
        await left.wait()


async def test_a_client_that_has_its_answer_has_not_gone_away(door: Door) -> None:
    """Even when the service takes its time, so that the client is watched."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_head(reader):
            await asyncio.sleep(0.3)
            writer.write(DONE)

    door.qc.script = script
    before = await door.counted("/v1/reviews", 200), await door.counted("/v1/reviews", 499)
    for _ in range(3):
        async with door.client.get("/v1/reviews", headers=door.bearer()) as answer:
            assert await answer.read() == b"done"
    assert (await door.counted("/v1/reviews", 200), await door.counted("/v1/reviews", 499)) == (
        before[0] + 3,
        before[1],
    )


@pytest.mark.parametrize("framing", ["Transfer-Encoding: chunked", "Content-Length: 500"])
async def test_an_upload_that_breaks_off_never_looks_finished(door: Door, framing: str) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()
    received = b""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        await read_head(reader)
        while piece := await reader.read(65536):
            received += piece
            begun.set()
        ended.set()

    door.qc.script = script
    _, writer = await door.connect()
    writer.write(door.head("POST /v1/decisions", framing) + b"5\r\nfirst\r\n")
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        writer.close()
        await ended.wait()
    assert b"first" in received
    assert not received.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("path", ["/v1/requests", "/v1/versions"])
@pytest.mark.parametrize(
    ("framing", "body"),
    [
        ("Content-Length: 500", b""),
        ("Content-Length: 500", b'{"sku": "TEE'),
        ("Content-Length: 200000", b"x" * 100_000),
        (CHUNKED, b""),
        (CHUNKED, b'5\r\n{"sku'),
        (CHUNKED, b'5\r\n{"sku\r\n'),
        (CHUNKED, b"zz\r\n"),
        (CHUNKED, b'5\r\n{"sku\r\nzz\r\n'),
        (CHUNKED, b"186a0\r\n" + b"x" * 100_000 + b"\r\nzz\r\n"),
    ],
)
async def test_a_body_that_ends_too_early_or_is_badly_framed_is_a_problem(
    door: Door, path: str, framing: str, body: bytes
) -> None:
    """To a client that still listens, since it has closed its own direction only."""
    reader, writer = await door.connect()
    writer.write(door.head(f"POST {path}", framing, "Content-Type: application/json") + body)
    writer.write_eof()
    async with asyncio.timeout(PATIENCE):
        head, _, said = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 400 "), head
    assert b"content-type: application/problem+json" in head.lower()
    assert json.loads(said)["type"].endswith("body-broken")
    assert door.intake.seen == door.assets.seen == [], "no service took it for a whole one"


@pytest.mark.parametrize(
    "begin", [b"Content-Length: 100\r\n\r\nhalf", b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
)
@pytest.mark.parametrize("how", ["closes", "falls silent"])
async def test_an_answer_that_breaks_off_never_looks_finished(door: Door, begin: bytes, how: str) -> None:
    over = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n" + begin)
        await writer.drain()
        if how == "falls silent":
            await over.wait()

    door.qc.script = script
    async with asyncio.timeout(PATIENCE), door.client.get("/v1/reviews", headers=door.bearer()) as answer:
        assert answer.status == 200
        assert await answer.content.readexactly(4) == b"half"
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    over.set()


async def test_an_answer_that_comes_before_the_upload_is_over_reaches_the_client(door: Door) -> None:
    """Even one that reads no answer before it has sent everything."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        await writer.drain()

    door.qc.script = script
    body = b"x" * (30 * MIB)
    answer = await door.raw(door.head("POST /v1/decisions", f"Content-Length: {len(body)}") + body)
    assert answer.startswith(b"HTTP/1.1 409")
    assert answer.endswith(b"no")


async def test_a_refusal_reaches_a_client_that_sends_everything_first(door: Door) -> None:
    body = b"x" * (30 * MIB)
    answer = await door.raw(door.head("POST /v1/versions", f"Content-Length: {len(body)}", token=False) + body)
    assert answer.startswith(b"HTTP/1.1 401")
    assert door.assets.seen == []


async def test_a_client_that_asks_first_is_refused_before_it_sends(door: Door) -> None:
    head = door.head("POST /v1/versions", "Content-Length: 5", "Expect: 100-continue", token=False)
    assert (await door.raw(head)).startswith(b"HTTP/1.1 401")
    reader, writer = await door.connect()
    writer.write(door.head("POST /v1/versions", "Content-Length: 5", "Expect: 100-continue"))
    async with asyncio.timeout(PATIENCE):
        assert (await read_head(reader)).startswith(b"HTTP/1.1 100")
        writer.write(b"bytes")
        assert (await read_head(reader)).startswith(b"HTTP/1.1 200")
    assert door.assets.last().body == b"bytes"
    assert door.assets.last().header("expect") is None
    writer.close()


async def test_json_bodies_have_a_limit_of_their_own(door: Door) -> None:
    at_limit, above = b'"' + b"x" * (MIB - 2) + b'"', b'"' + b"x" * MIB + b'"'

    async def in_pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(above), 65536):
            yield above[at : at + 65536]

    for media_type in ("application/json", "Application/Problem+JSON; charset=utf-8"):
        headers = door.bearer() | {"Content-Type": media_type}
        async with door.client.post("/v1/requests", data=at_limit, headers=headers) as answer:
            assert answer.status == 200
        door.intake.seen.clear()
        for data in (above, in_pieces()):
            async with door.client.post("/v1/requests", data=data, headers=headers) as answer:
                assert answer.status == 413
                assert (await answer.json(content_type=None))["detail"] == f"A body here has at most {MIB} bytes."
        assert door.intake.seen == [], "no service took a body that was cut off for a whole one"

"""Bytes that try to reach another service, an internal path, or somebody else's connection."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.conftest import Door

CHUNKED = "Transfer-Encoding: chunked"
# What a smuggler hides in a body: were it ever read as a request, a service would see it.
HIDDEN = b"GET /v1/requests/hidden HTTP/1.1\r\nHost: a\r\n\r\n"


def status_of(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12])


@pytest.mark.parametrize(
    "path",
    [
        "/health/ready/", "/health", "/health/x", "/metrics/", "//health/live", "/metrics/x",
        "/v1", "/v1/", "/v1//requests", "//v1/requests", "/v1/requests//x", "/v1/./requests",
        "/v1/requests/..", "/v1/requests/../../health/ready", "/v1/requests/../versions", "/v1/requests/./x",
        "/v1/requests/%2e%2e/%2e%2e/metrics", "/v1/requests/.%2E/versions", "/v1/requests/%2e",
        "/v1/requests%2f..%2f..%2fmetrics", "/v1/requests/..%2fmetrics", "/v1/requests/x%2Fy", "/v1%2Frequests",
        "/v1/requests\\..\\..\\metrics", "/v1/requests/%5c..%5cmetrics", "/v1/requests/..;/metrics",
        "/v1/requests/%00", "/v1/requests/%0d%0aX:1", "/v1/requests/a%7f", "/v1/requests/%1B", "/v1/requests/%",
        "/v1/requests/%zz", "/v1/requests/%u002e", "/v1/requests;x=/metrics", "/V1/requests", "/v1/%72equests",
        "/v1/requestsx", "/webhooks/vendors/../../v1/requests", "/webhooks/vendors/%2e%2e/requests",
        "/webhooks/../v1/requests", "http://other.example/health/ready/x", "*", "v1/requests",
        "/v1/requests/" + "x" * 9000, "/v1/requests/" + "/" * 500, "/v1/requests/é", "/v1/requests/<script>",
    ],
)  # fmt: skip
async def test_no_path_reaches_what_it_is_not_for(door: Door, path: str) -> None:
    """Not a service's health or figures, nor another service's paths with this one's rules."""
    answer = await door.raw(door.head(f"GET {path}", "Connection: close"))
    seen = [*door.intake.seen, *door.assets.seen]
    if path == "/v1/requests/..;/metrics":  # plain characters of one segment, for the service to refuse
        assert [one.target for one in seen] == [path]
        return
    assert 400 <= status_of(answer) < 500
    assert seen == []


SEGMENTS = ["v1", "requests", "versions", "health", "metrics", ".", "..", "%2e", "%2F", "%5C", "", "a", "%25", "~", ";"]


@given(st.lists(st.sampled_from(SEGMENTS), max_size=7))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_reaches_a_service_is_below_its_own_prefix(door: Door, segments: list[str]) -> None:
    door.intake.seen.clear()
    door.assets.seen.clear()
    path = "/" + "/".join(segments)
    answer = await door.raw(door.head(f"GET {path}", "Connection: close"))
    assert status_of(answer) < 500
    for seen in door.intake.seen:
        assert seen.target == path
        assert path.startswith("/v1/requests")
        assert ".." not in path
    for seen in door.assets.seen:
        assert seen.target == path
        assert path.startswith("/v1/versions")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((CHUNKED, "Content-Length: 6"), b"0\r\n\r\n" + HIDDEN),
        (("Content-Length: 6", CHUNKED), b"0\r\n\r\n" + HIDDEN),
        (("Content-Length: 0", "Content-Length: 45"), HIDDEN),
        (("Content-Length: 0, 45",), HIDDEN),
        (("Content-Length: +45",), HIDDEN),
        (("Content-Length: 0x2d",), HIDDEN),
        (("Content-Length: -1",), HIDDEN),
        (("Content-Length: 99999999999999999999",), HIDDEN),
        (("Content-Length : 45",), HIDDEN),
        (("Transfer-Encoding: xchunked",), b"0\r\n\r\n" + HIDDEN),
        (("Transfer-Encoding: chunked, identity",), b"0\r\n\r\n" + HIDDEN),
        (("Transfer-Encoding: gzip, chunked",), b"0\r\n\r\n" + HIDDEN),
        ((CHUNKED, "Transfer-Encoding: cow"), b"0\r\n\r\n" + HIDDEN),
        (("Transfer-Encoding : chunked",), b"0\r\n\r\n" + HIDDEN),
        (("Transfer-Encoding:\x0bchunked",), b"0\r\n\r\n" + HIDDEN),
        ((CHUNKED,), b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"),
        ((CHUNKED,), b"-1\r\n" + HIDDEN),
        ((CHUNKED,), b"fffffffffffffffff\r\n" + HIDDEN),
        ((CHUNKED,), b"2\r\nabX\r\n0\r\n\r\n" + HIDDEN),
        ((CHUNKED,), b"0\r\nAuthorization: Bearer x\r\nX-Trailer: 1\r\n\r\n"),
        (("X-A: 1\r\n folded",), b""),
        (("X-A: 1\rX-B: 2",), b""),
        (("X-A\x00: 1",), b""),
        (("X-A: \x00",), b""),
        (("X A: 1",), b""),
        ((": 1",), b""),
    ],
)
async def test_framing_tricks_smuggle_nothing(door: Door, headers: tuple[str, ...], body: bytes) -> None:
    await door.raw(door.head("POST /v1/requests", *headers, "Connection: close") + body)
    # The connections to the service are in order: the next request on them is read as it is.
    async with door.client.get("/v1/requests/next", headers=door.bearer()) as answer:
        assert answer.status == 200
    targets = [seen.target for seen in door.intake.seen]
    assert targets in (["/v1/requests/next"], ["/v1/requests", "/v1/requests/next"])
    for seen in door.intake.seen:
        assert HIDDEN not in seen.body
        assert seen.header("x-trailer") is None
        assert len(seen.all("content-length")) + len(seen.all("transfer-encoding")) <= 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Host: b"], 400),
        (["X-Long: " + "x" * 40_000], 431),
        (["X-Long: " + "x" * 2_000_000], 431),
        ([f"X-{number}: 1" for number in range(500)], 431),
        (["Authorization: Bearer x"], 400),
        (["X-Name: \xff\xfe"], 400),
        (["Content-Length: 5", "Expect: 200-ok"], 200),
    ],
)
async def test_absurd_headers_are_a_problem(door: Door, headers: list[str], status: int) -> None:
    request = door.head("GET /v1/requests", "Connection: close")[:-2]
    request += "\r\n".join([*headers, "", ""]).encode("latin-1") + b"hello"
    answer = await door.raw(request)
    assert status_of(answer) == status
    assert len(door.intake.seen) == (status == 200)
    if status == 400:
        assert b"application/problem+json" in answer


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a@b", "<x>", "a,b", "a:b:c", "x" * 300, "[::1", "a\\b"])
async def test_a_host_that_is_none(door: Door, host: str) -> None:
    token = door.bearer()["Authorization"]
    answer = await door.raw(
        f"GET /v1/requests HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n".encode()
    )
    assert status_of(answer) == 400
    assert door.intake.seen == []


async def test_connections_are_for_requests_only(door: Door) -> None:
    for request in (
        door.head("CONNECT 127.0.0.1:80", "Connection: close"),
        door.head("GET /v1/requests", "Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
        door.head("GET /v1/requests", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    ):  # fmt: skip
        answer = await door.raw(request)
        assert status_of(answer) != 101
        assert not (request.startswith(b"CONNECT") and status_of(answer) == 200)
    for seen in door.intake.seen:
        assert seen.header("upgrade") is None
        assert seen.header("connection") is None


async def test_pipelined_requests_are_each_checked(door: Door) -> None:
    reader, writer = await door.connect()
    writer.write(
        door.head("GET /v1/requests/1")
        + door.head("GET /v1/requests/2", token=False)
        + door.head("GET /v1/requests/3", "Connection: close")
    )
    answers = await reader.read(-1)
    writer.close()
    assert [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]] == [200, 401, 200]
    assert [seen.target for seen in door.intake.seen] == ["/v1/requests/1", "/v1/requests/3"]


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_bytes_at_all(door: Door, noise: bytes) -> None:
    """As headers and a body: an answer below 500, or the connection is closed."""
    answer = await door.raw(door.head("POST /v1/requests", "Connection: close")[:-2] + noise + b"\r\n\r\n", seconds=15)
    assert not answer or status_of(answer) < 500


async def test_a_problem_is_no_way_to_inject_anything(door: Door) -> None:
    async with door.client.get("/v1/x%22%7D%3Cscript%3E", headers={"X-Request-ID": 'a"b'}) as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert json.loads(await answer.read())["instance"] == "/v1/x%22%7D%3Cscript%3E"

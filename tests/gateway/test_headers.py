"""What a request's head becomes, where no server would show the difference."""

from typing import Any

import pytest

from chassis.problems import TooLarge
from gateway.errors import BadRequest
from gateway.headers import Head, answer_headers
from gateway.settings import GatewaySettings

SETTINGS = GatewaySettings(jwks="none", upstreams={})


def head(
    *headers: tuple[str, str], http_version: str = "1.1", client: tuple[str, int] | None = ("192.0.2.1", 1)
) -> Head:
    scope: dict[str, Any] = {
        "headers": [(b"host", b"a"), *((name.encode(), value.encode("latin-1")) for name, value in headers)],
        "http_version": http_version,
        "scheme": "https",
        "client": client,
    }
    return Head(scope, SETTINGS)


@pytest.mark.parametrize(
    ("headers", "version", "has_body", "length"),
    [
        ([], "1.1", False, None),
        ([("content-length", "0")], "1.1", False, 0),
        ([("content-length", "7")], "1.1", True, 7),
        ([("transfer-encoding", "Chunked")], "1.1", True, None),
        ([], "2", True, None),
    ],
)
def test_whether_a_body_comes(headers: list[tuple[str, str]], version: str, has_body: bool, length: int | None) -> None:
    one = head(*headers, http_version=version)
    assert (one.has_body, one.content_length) == (has_body, length)
    assert "content-length" not in one.headers
    assert "transfer-encoding" not in one.headers


@pytest.mark.parametrize(
    "headers",
    [
        [("content-length", "1"), ("transfer-encoding", "chunked")],
        [("content-length", "1"), ("content-length", "1")],
        [("content-length", "1,1")],
        [("content-length", " 1")],
        [("content-length", "1" * 19)],
        [("content-length", "\u00b2")],
        [("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
        [("transfer-encoding", "gzip, chunked")],
        [("authorization", "a"), ("authorization", "b")],
        [("authorization", "Bearer é")],
        [("x-name", "é")],
        [("host", "b")],
    ],
)
def test_contradictions_are_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(BadRequest):
        head(*headers)


def test_a_body_that_says_that_it_is_too_large() -> None:
    limit = SETTINGS.max_body_bytes
    head(("content-type", "application/json"), ("content-length", str(limit)))
    with pytest.raises(TooLarge):
        head(("content-type", "application/json"), ("content-length", str(limit + 1)))
    head(("content-type", "image/jpeg"), ("content-length", str(SETTINGS.max_upload_bytes)))
    with pytest.raises(TooLarge):
        head(("content-type", "image/jpeg"), ("content-length", str(SETTINGS.max_upload_bytes + 1)))


@pytest.mark.parametrize(
    ("value", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("abc", ""), ("Bearer", ""), ("", "")],
)
def test_the_token(value: str, token: str) -> None:
    assert head(("authorization", value)).token == token


def test_connection_may_be_said_several_times() -> None:
    one = head(("connection", "keep-alive"), ("x-a", "1"), ("x-b", "2"), ("connection", "X-A ,x-b"), ("x-c", "3"))
    assert [name for name in one.headers if name in ("x-a", "x-b", "x-c")] == ["x-c"]


def test_connection_can_not_take_away_what_the_gateway_says() -> None:
    one = head(("connection", "x-forwarded-for, x-request-id, authorization, host"), ("authorization", "Bearer t"))
    assert one.headers["x-forwarded-for"] == "192.0.2.1"
    assert one.headers["x-request-id"] == one.request_id
    assert one.headers["authorization"] == "Bearer t"


def test_a_client_without_an_address() -> None:
    assert head(client=None).address == "unknown"


def test_only_locations_inside_the_service_are_changed() -> None:
    def location(value: bytes) -> bytes:
        return dict(answer_headers([(b"Location", value)], "id", "http://intake:80"))[b"location"]

    assert location(b"http://intake:80/v1/x?a=http://intake:80/") == b"/v1/x?a=http://intake:80/"
    for other in (b"http://intake:8000/v1", b"http://intake:80.evil.example/", b"/v1/x", b"//intake:80/x"):
        assert location(other) == other

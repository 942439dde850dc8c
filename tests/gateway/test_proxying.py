"""What reaches a service, and what comes back, through the really served gateway."""

import asyncio
import re
from pathlib import Path

import pytest
from yarl import URL

from chassis.issuer import LocalIssuer
from tests.gateway.conftest import Door
from tests.gateway.services import read_head

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
PROBLEM = "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
async def test_method_path_query_and_body_arrive_as_sent(door: Door, method: str) -> None:
    target = "/v1/requests/a%20b/~c?sku=N%C3%9C-1&empty=&x=1+2&x=%2F"
    body = b'{"a": "\xc3\xa9"}' if method not in ("GET", "OPTIONS") else None
    headers = door.bearer() | {"Content-Type": "application/json"}
    async with door.client.request(
        method, URL(door.gateway.url + target, encoded=True), data=body, headers=headers
    ) as answer:
        assert answer.status == 200
        assert await answer.read() == b"done"
    [seen] = door.intake.seen
    assert (seen.method, seen.target, seen.body) == (method, target, body or b"")
    assert seen.header("content-type") == "application/json"
    assert door.assets.seen == []


async def test_each_path_reaches_its_own_service(door: Door) -> None:
    for path, service in [
        ("/v1/categories/bags", door.intake),
        ("/v1/versions", door.assets),
        ("/v1/requests/", door.intake),
    ]:
        async with door.client.get(path, headers=door.bearer()) as answer:
            assert answer.status == 200
        assert service.last().target == path


async def test_a_browser_may_ask_without_a_token_whether_a_page_may_ask_with_one(door: Door) -> None:
    """For images alone, and only that."""
    headers = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "GET"}
    path = "/iiif/3/abc/full/max/0/default.jpg"
    async with door.client.options(path, headers=headers) as answer:
        assert answer.status == 200
    seen = door.assets.last()
    assert (seen.method, seen.target, seen.header("origin")) == ("OPTIONS", path, "https://viewer.example")
    for method, other in (("OPTIONS", "/v1/versions"), ("GET", path), ("HEAD", path)):
        async with door.client.request(method, other, headers=headers) as answer:
            assert answer.status == 401, (method, other)


async def test_the_token_is_passed_on_for_the_service_to_verify_again(door: Door) -> None:
    headers = door.bearer()
    async with door.client.get("/v1/requests", headers=headers):
        assert door.intake.last().header("authorization") == headers["Authorization"]


async def test_a_harmless_request_id_is_kept_and_another_one_replaced(door: Door) -> None:
    async with door.client.get("/v1/requests", headers=door.bearer() | {"X-Request-ID": "order-7.a"}) as answer:
        assert answer.headers.getall("X-Request-ID") == ["order-7.a"]
        assert door.intake.last().header("x-request-id") == "order-7.a"
    for bad in ({}, {"X-Request-ID": "a b"}, {"X-Request-ID": "x" * 129}):
        async with door.client.get("/v1/requests", headers=door.bearer() | bad) as answer:
            [made] = answer.headers.getall("X-Request-ID")
            assert UUID.fullmatch(made)
            assert door.intake.last().header("x-request-id") == made


async def test_the_service_learns_who_called_and_nobody_can_lie_about_it(door: Door) -> None:
    lies = {
        "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil", "Forwarded": "for=1.2.3.4", "X-Real-IP": "1.2.3.4",
    }  # fmt: skip
    async with door.client.get("/v1/requests", headers=door.bearer() | lies | {"Host": "packshot.example:8443"}):
        seen = door.intake.last()
    assert seen.header("x-forwarded-for") == "127.0.0.1"
    assert seen.header("x-forwarded-proto") == "http"
    assert seen.header("x-forwarded-host") == "packshot.example:8443"
    assert seen.header("host") == door.intake.url.removeprefix("http://")
    for name in ("x-forwarded-prefix", "forwarded", "x-real-ip"):
        assert seen.header(name) is None


async def test_hop_by_hop_headers_end_here_in_both_directions(door: Door) -> None:
    sent = {
        "Connection": "close, X-Private", "X-Private": "1", "Keep-Alive": "timeout=5", "TE": "trailers",
        "Proxy-Authorization": "Basic eDp5", "Proxy-Connection": "keep-alive", "X-Public": "2",
    }  # fmt: skip
    query = "header=Keep-Alive:timeout=9&header=Proxy-Authenticate:Basic&header=X-Public:3"
    async with door.client.get(f"/v1/requests?{query}", headers=door.bearer() | sent) as answer:
        assert answer.headers["X-Public"] == "3"
        assert "Keep-Alive" not in answer.headers
        assert "Proxy-Authenticate" not in answer.headers
    seen = door.intake.last()
    assert seen.header("x-public") == "2"
    for name in ("x-private", "keep-alive", "te", "proxy-authorization", "proxy-connection", "connection"):
        assert seen.header(name) is None, name


async def test_nothing_is_asked_for_in_the_clients_name(door: Door) -> None:
    token = door.bearer()["Authorization"]
    await door.raw(
        f"POST /v1/requests HTTP/1.1\r\nHost: a\r\nAuthorization: {token}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    )
    seen = door.intake.last()
    for name in ("accept", "accept-encoding", "content-type", "cookie"):
        assert seen.header(name) is None, name


async def test_answers_come_back_untouched(door: Door) -> None:
    query = (
        "status=409&body=no&header=Content-Type:application/problem%2Bjson&header=ETag:%22x%22"
        "&header=Set-Cookie:a=1&header=Set-Cookie:b=2"
    )
    target = URL(f"{door.gateway.url}/v1/requests?{query}", encoded=True)
    async with door.client.get(target, headers=door.bearer()) as answer:
        assert answer.status == 409
        assert await answer.text() == "no"
        assert answer.content_type == PROBLEM
        assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
        assert answer.headers["ETag"] == '"x"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "aiohttp" not in answer.headers.get("Server", "").lower()
    async with door.client.get("/v1/requests", headers=door.bearer()):
        assert door.intake.last().header("cookie") is None, "the gateway keeps no cookies"


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body(door: Door, status: int) -> None:
    for _ in range(2):  # the second one on the same connections: nothing was left in them
        async with door.client.get(f"/v1/requests?status={status}", headers=door.bearer()) as answer:
            assert answer.status == status
            assert await answer.read() == b""


async def test_head_says_how_long_the_body_would_be(door: Door) -> None:
    for _ in range(2):
        async with door.client.head("/v1/requests?body=12345", headers=door.bearer()) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Length"] == "5"
            assert await answer.read() == b""


async def test_a_compressed_answer_stays_compressed(door: Door) -> None:
    async with door.client.get(
        "/v1/requests?header=Content-Encoding:gzip&body=not-really", headers=door.bearer() | {"Accept-Encoding": "gzip"}
    ) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert await answer.read() == b"not-really"


async def test_redirects_are_handed_on_and_never_name_the_inside(door: Door) -> None:
    for location, seen in [
        (f"{door.intake.url}/v1/requests/1", "/v1/requests/1"),
        ("/v1/requests/1", "/v1/requests/1"),
        ("https://elsewhere.example/x", "https://elsewhere.example/x"),
    ]:
        async with door.client.get(
            "/v1/requests", params=[("status", "307"), ("header", f"Location:{location}")], headers=door.bearer(),
            allow_redirects=False,
        ) as answer:  # fmt: skip
            assert answer.status == 307
            assert answer.headers["Location"] == seen


async def test_the_callers_trace_goes_on(door: Door) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with door.client.get("/v1/requests", headers=door.bearer() | {"traceparent": trace, "tracestate": "a=1"}):
        assert door.intake.last().header("traceparent") == trace
        assert door.intake.last().header("tracestate") == "a=1"
    async with door.client.get(
        "/v1/requests", headers=door.bearer() | {"traceparent": "nonsense", "tracestate": "a=1"}
    ):
        assert door.intake.last().header("traceparent") is None
        assert door.intake.last().header("tracestate") is None


async def test_without_a_good_token_nothing_reaches_a_service(door: Door, tmp_path: Path) -> None:
    good = door.issuer.token("producer", subject="x")
    head, claims, signature = good.split(".")
    refused = {
        "none": None,
        "empty": "Bearer ",
        "another scheme": "Basic eDp5",
        "no JWT": "Bearer nonsense",
        "another key": f"Bearer {LocalIssuer(tmp_path).token('producer', subject='x')}",
        "another issuer": f"Bearer {door.issuer.token('producer', subject='x', iss='other')}",
        "another audience": f"Bearer {door.issuer.token('producer', subject='x', aud='other')}",
        "expired": f"Bearer {door.issuer.token('producer', subject='x', seconds=-120)}",
        "changed": f"Bearer {head}.{claims[:-2]}AA.{signature}",
        "unsigned": f"Bearer {head}.{claims}.",
    }
    for name, value in refused.items():
        headers = {"Authorization": value} if value else {}
        async with door.client.post("/v1/requests", data=b"{}", headers=headers) as answer:
            assert answer.status == 401, name
            assert answer.content_type == PROBLEM
            assert answer.headers["WWW-Authenticate"].startswith("Bearer"), name
            problem = await answer.json(content_type=None)
            assert problem["type"] == "urn:packshot:problem:unauthenticated"
            assert problem["instance"] == "/v1/requests"
            assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert door.intake.seen == []


async def test_vendors_deliver_without_a_token(door: Door) -> None:
    headers = {"webhook-id": "1", "webhook-signature": "v1,x"}
    async with door.client.post("/webhooks/vendors/studio-x", data=b"{}", headers=headers) as answer:
        assert answer.status == 200
    async with door.client.put(
        f"/webhooks/vendors/studio-x/files/{'a' * 64}", data=b"bytes", headers=headers
    ) as answer:
        assert answer.status == 200
    assert [seen.target for seen in door.assets.seen] == [
        "/webhooks/vendors/studio-x", f"/webhooks/vendors/studio-x/files/{'a' * 64}"
    ]  # fmt: skip
    assert door.assets.last().header("webhook-signature") == "v1,x"
    for path in ("/webhooks/vendors", "/webhooks/vendors/", "/webhooks/other/x"):
        async with door.client.post(path, data=b"{}") as answer:
            assert answer.status == 404, path
    assert len(door.assets.seen) == 2


async def test_links_open_without_a_token(door: Door) -> None:
    """Their signature is passed on as it came."""
    for method in ("GET", "HEAD"):
        async with door.client.request(method, "/v1/links/abc?sig=a-b_c%3D", headers={"Range": "bytes=0-1"}) as answer:
            assert answer.status == 200
        assert door.assets.last().target == "/v1/links/abc?sig=a-b_c%3D"
        assert door.assets.last().header("range") == "bytes=0-1"
    for path in ("/v1/links", "/v1/links/"):
        async with door.client.get(path) as answer:
            assert answer.status == 404, path
    async with door.client.get("/v1/versions/1/links") as answer:
        assert answer.status == 401
    assert len(door.assets.seen) == 2


async def test_what_is_asked_for_is_not_in_the_log_when_a_service_fails(door: Door) -> None:
    """A link's address has its signature in it."""

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 nonsense\r\n\r\n")

    door.qc.script = garbage
    async with door.client.get("/v1/reviews?sig=the-secret", headers=door.bearer()) as answer:
        assert answer.status == 502
    log = door.gateway.log.read_text()
    assert "a service did not answer" in log
    assert "the-secret" not in log


async def test_an_unknown_path_is_answered_with_those_that_are_close(door: Door) -> None:
    async with door.client.get("/v1/request/7") as answer:
        assert answer.status == 404
        problem = await answer.json(content_type=None)
    assert problem["did_you_mean"][0] == "/v1/requests"
    assert "/v1/requests" in problem["detail"]
    async with door.client.get("/nothing-like-it") as answer:
        assert answer.status == 404
        problem = await answer.json(content_type=None)
    assert problem["did_you_mean"] == []
    assert "/openapi.json" in problem["detail"]

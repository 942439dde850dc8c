"""What the gateway answers itself: health, figures, the description of the API and its page."""

import asyncio
import re
import shutil
from pathlib import Path

import httpx
import pytest

from chassis.issuer import LocalIssuer
from gateway.app import create_app
from gateway.settings import GatewaySettings
from tests.gateway.conftest import Door
from tests.gateway.served import living
from tests.gateway.services import PATHS, closed_port, write_documents

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


async def test_the_index_says_where_to_look(door: Door) -> None:
    async with door.client.get("/") as answer:
        assert answer.status == 200
        places = await answer.json()
    for name in ("docs", "openapi", "metrics"):
        async with door.client.get(places[name]) as answer:
            assert answer.status == 200, name


async def test_live_needs_nobody(door: Door) -> None:
    async with door.client.get("/health/live") as answer:
        assert answer.status == 200
        assert await answer.json() == {"status": "live"}
        assert answer.headers["X-Request-ID"]


async def test_ready_is_what_everything_behind_it_is(door: Door) -> None:
    """One service is away, one says that it isn't ready, one is silent, one is fine."""
    door.assets.readiness["nats"] = "not connected"

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    door.qc.script = silent
    try:
        async with asyncio.timeout(10), door.client.get("/health/ready") as answer:
            assert answer.status == 503
            assert answer.headers["Retry-After"] == "1"
            ready = await answer.json()
    finally:
        del door.assets.readiness["nats"]
    assert ready == {
        "status": "not ready",
        "checks": {
            "token keys": "ok",
            "intake": "ok",
            "assets": "not ready: nats",
            "qc": "no answer within 2 s",
            "routing": "can't be reached",
        },
    }


async def test_many_who_ask_for_readiness_are_one_question(door: Door) -> None:
    asked = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while await reader.readuntil(b"\r\n\r\n"):
            asked += 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    door.qc.script = count

    async def ask() -> str:
        async with door.client.get("/health/ready") as answer:
            return str((await answer.json())["checks"]["qc"])

    answers = await asyncio.gather(*(ask() for _ in range(50)))
    assert set(answers) == {"ok"}
    assert asked <= 2


async def test_requests_are_counted_by_prefix(door: Door) -> None:
    before = await door.counted("/v1/requests", 200)
    for number in range(3):
        async with door.client.get(f"/v1/requests/{number}", headers=door.bearer()):
            pass
    assert await door.counted("/v1/requests", 200) == before + 3
    async with door.client.get("/metrics") as answer:
        assert "/v1/requests/" not in await answer.text(), "each path as a label would fill the memory"


async def test_made_up_methods_and_paths_are_one_figure(door: Door) -> None:
    for number in range(5):
        async with door.client.request(f"MADEUP{number}", f"/nowhere/{number}"):
            pass
    async with door.client.get("/metrics") as answer:
        text = await answer.text()
    assert "MADEUP" not in text
    assert 'method="other",route="unknown",service="gateway",status="404"' in text


async def test_the_joined_document(door: Door) -> None:
    async with door.client.get("/openapi.json") as answer:
        assert answer.status == 200
        joined = await answer.json()
    assert {*joined["paths"]} >= {path for paths in PATHS.values() for path in paths}
    assert joined["paths"]["/v1/reviews"]["get"]["tags"] == ["qc"]


async def test_the_page_needs_no_other_host(door: Door) -> None:
    async with door.client.get("/docs") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        page = await answer.text()
    assert "://" not in page
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(parts) == 3
    for part in parts:
        async with door.client.get(part) as answer:
            assert answer.status == 200, part
            assert len(await answer.read()) > 1000
    async with door.client.get("/docs/../app.py") as answer:
        assert answer.status == 404
    async with door.client.get("/docs/nothing.js") as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
async def test_the_page_shows_the_api(door: Door, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    browser = await asyncio.create_subprocess_exec(
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path}", "--virtual-time-budget=20000",
        "--dump-dom", f"{door.gateway.url}/docs",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with asyncio.timeout(90):
        page, _ = await browser.communicate()
    text = re.sub("[\u200b]|<wbr>", "", page.decode())
    for service in ("intake", "assets", "qc", "routing", "gateway"):
        assert f'id="operations-tag-{service}"' in text


async def test_own_paths_take_their_own_methods_only(door: Door) -> None:
    async with door.client.post("/docs") as answer:
        assert answer.status == 405
        assert answer.content_type == "application/problem+json"


async def test_without_the_issuers_keys_nobody_is_let_in(tmp_path: Path, issuer: LocalIssuer) -> None:
    keys = tmp_path / "keys.json"
    settings = GatewaySettings(
        jwks=str(keys),
        upstreams=dict.fromkeys(PATHS, f"http://127.0.0.1:{closed_port()}"),
        openapi_dir=write_documents(tmp_path / "documents"),
    )
    headers = {"Authorization": f"Bearer {issuer.token('producer', subject='p')}"}
    app = create_app(settings)
    async with living(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/v1/requests", headers=headers)
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert int(answer.headers["Retry-After"]) > 0
        assert "keys" in answer.json()["detail"]
        assert "keys" in (await client.get("/health/ready")).json()["checks"]["token keys"]
        keys.write_bytes(issuer.jwks.read_bytes())
        answer = await client.get("/v1/requests", headers=headers)
        assert "intake" in answer.json()["detail"], "let in, and its service is away"

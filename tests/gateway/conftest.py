"""A really served gateway, and real services behind it."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from chassis.issuer import LocalIssuer
from tests.gateway.served import ServedGateway, serve_gateway
from tests.gateway.services import EchoService, ScriptedService, closed_port, write_documents


@dataclass(frozen=True)
class Door:
    """The gateway with its services: two that echo, one that does what a test scripts, one that isn't there."""

    gateway: ServedGateway
    intake: EchoService
    assets: EchoService
    qc: ScriptedService
    issuer: LocalIssuer
    client: aiohttp.ClientSession

    def bearer(self, subject: str = "producer-1") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token('producer', subject=subject)}"}

    def head(self, line: str, *headers: str, token: bool = True) -> bytes:
        """A request's head, byte for byte."""
        authorization = [f"Authorization: {self.bearer()['Authorization']}"] if token else []
        return "\r\n".join([f"{line} HTTP/1.1", "Host: a", *authorization, *headers, "", ""]).encode()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.gateway.port)

    async def counted(self, prefix: str, status: int) -> float:
        """How many requests below a prefix have ended like this, by the gateway's own figures."""
        async with self.client.get("/metrics") as answer:
            text = await answer.text()
        labels = rf'method="\w+",route="{prefix}",service="gateway",status="{status}"'
        return sum(
            float(count) for count in re.findall(rf"packshot_http_request_seconds_count\{{{labels}\}} (\S+)", text)
        )

    async def raw(self, request: bytes, *, seconds: float = 10) -> bytes:
        """What comes back for these very bytes: one answer, or all until the gateway closes the connection."""
        reader, writer = await self.connect()
        writer.write(request)
        received = b""
        try:
            async with asyncio.timeout(seconds):
                while piece := await reader.read(65536):
                    received += piece
                    if b"\r\nconnection: close" not in received.lower() and _is_whole(received):
                        break
        finally:
            writer.close()
        return received


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return body.endswith(b"0\r\n\r\n")


@pytest_asyncio.fixture(scope="session")
async def served(issuer: LocalIssuer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    intake, assets, qc = EchoService(), EchoService(), ScriptedService()
    for service in (intake, assets, qc):
        await service.start()
    gateway = await serve_gateway(
        folder,
        issuer,
        upstreams={
            "intake": intake.url,
            "assets": assets.url,
            "qc": qc.url,
            "routing": f"http://127.0.0.1:{closed_port()}",
        },
        documents=write_documents(folder / "documents"),
        answer_seconds=1,
        idle_seconds=1,
        connect_seconds=1,
        rate_limit=100_000,
        rate_burst=100_000,
    )
    async with aiohttp.ClientSession(gateway.url, auto_decompress=False) as client:
        yield Door(gateway, intake, assets, qc, issuer, client)
    await gateway.stop()
    for service in (intake, assets, qc):
        await service.stop()


@pytest_asyncio.fixture
async def door(served: Door) -> Door:
    """The shared gateway, its services with clean memories."""
    served.intake.seen.clear()
    served.assets.seen.clear()
    await served.qc.reset()
    return served

"""Services for the gateway to stand before: real servers on free ports."""

import asyncio
import contextlib
import hashlib
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from chassis.embedded import claim_ports

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

PATHS = {
    "intake": {
        "/v1/requests": ["get", "post"],
        "/v1/requests/{id}": ["get", "patch"],
        "/v1/requests:validate": ["post"],
        "/v1/categories": ["get"],
    },
    "assets": {
        "/v1/versions": ["post"],
        "/iiif/3/{identifier}/info.json": ["get"],
        "/v1/links/{link_id}": ["get"],
        "/webhooks/destinations/{destination}": ["post"],
        "/webhooks/vendors/{vendor}": ["post"],
        "/webhooks/vendors/{vendor}/files/{sha256}": ["put"],
    },
    "qc": {"/v1/reviews": ["get"], "/v1/decisions": ["get", "post"]},
    "routing": {"/v1/work": ["get"]},
}


def document(title: str, paths: dict[str, list[str]], components: dict[str, Any] | None = None) -> dict[str, Any]:
    """A small OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": f"What {title} does."},
        "paths": {
            path: {
                method: {"operationId": f"{method}_{number}", "responses": {"200": {"description": "Done."}}}
                for method in methods
            }
            for number, (path, methods) in enumerate(paths.items())
        },
        "components": components or {},
    }


def write_documents(folder: Path) -> Path:
    for service, paths in PATHS.items():
        (folder / service).mkdir(parents=True)
        (folder / service / "openapi.json").write_text(json.dumps(document(service, paths)))
    return folder


def closed_port() -> int:
    """Nobody listens there, and no server that another test starts will."""
    return next(claim_ports())


@dataclass(frozen=True)
class Seen:
    """A request as it reached the service."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    sha256: str

    def header(self, name: str) -> str | None:
        """The only value of a header; None when it is absent."""
        values = self.all(name)
        assert len(values) < 2, values
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


class EchoService:
    """Remembers what reached it. `?status=`, `?header=name:value` and `?body=` say what it answers."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.readiness: dict[str, str] = {"database": "ok"}
        self.url = ""

    async def start(self) -> None:
        app = web.Application(client_max_size=2**40)
        app.router.add_route("*", "/{anything:.*}", self._answer)
        self._runner = web.AppRunner(app, auto_decompress=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        [address] = self._runner.addresses
        # By name: a cookie jar, which the gateway must not have, keeps no cookies of bare addresses.
        self.url = f"http://localhost:{address[1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/health/ready":
            is_ready = all(value == "ok" for value in self.readiness.values())
            return web.json_response({"checks": self.readiness}, status=200 if is_ready else 503)
        digest, kept = hashlib.sha256(), b""
        async for piece in request.content.iter_any():
            digest.update(piece)
            kept += piece[: 100_000 - len(kept)]
        headers = [(name.decode(), value.decode()) for name, value in request.raw_headers]
        target = request.rel_url.raw_path_qs
        self.seen.append(Seen(request.method, target, headers, kept, digest.hexdigest()))
        answer = web.Response(
            status=int(request.query.get("status", "200")), body=request.query.get("body", "done").encode()
        )
        for header in request.query.getall("header", []):
            name, _, value = header.partition(":")
            answer.headers.add(name, value)
        return answer

    def last(self) -> Seen:
        return self.seen[-1]


class ScriptedService:
    """A bare TCP server: each connection does what the test says, byte for byte."""

    def __init__(self) -> None:
        self.script: Script | None = None
        self.connections = 0
        self.url = ""
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        await self.reset()
        self._server.close()

    async def reset(self) -> None:
        """Forget the script, and wait until the gateway has let go of every connection of the last test."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self.script, self.connections = None, 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        assert self.script is not None
        self._running.add(task)
        self.connections += 1
        try:
            await self.script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            with contextlib.suppress(ConnectionError, RuntimeError):
                writer.write_eof()
                async with asyncio.timeout(5):
                    while await reader.read(65536):
                        pass
            writer.close()
            self._running.discard(task)


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """One request's head."""
    return await reader.readuntil(b"\r\n\r\n")


def small_buffers(writer: asyncio.StreamWriter) -> None:
    """So that a peer that doesn't read is felt soon."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)

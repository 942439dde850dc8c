"""A server that isn't ours, on this machine: it gives files, takes webhooks, and misbehaves as it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from chassis.embedded import free_port

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

HERE = "127.0.0.1"
PRIVATE = "127.0.0.2"
"""Another address of this machine, which the settings of tests don't allow."""


@dataclass
class Elsewhere:
    """`answers`: by path. `hits`: how often each path was asked for."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=dict)

    def url(self, path: str, host: str = HERE) -> str:
        return f"http://{host}:{self.port}{path}"

    def gives(self, path: str, content: bytes, **headers: str) -> str:
        """The URL of a file."""

        async def whole(_: web.Request) -> web.Response:
            return web.Response(body=content, headers=headers)

        return self.answers_with(path, whole)

    def redirects(self, path: str, to: str) -> str:
        async def redirect(_: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": to})

        return self.answers_with(path, redirect)

    def fails_first(self, path: str, times: int, content: bytes, status: int = 503) -> str:
        """The URL of a file that is there after so many tries."""

        async def at_last(_: web.Request) -> web.Response:
            return web.Response(status=status) if self.hits[path] <= times else web.Response(body=content)

        return self.answers_with(path, at_last)

    def never_ends(self, path: str, piece: bytes = bytes(1000), every: float = 0.01, begin: bytes = b"") -> str:
        async def endless(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(begin)
            while True:
                await response.write(piece)
                await asyncio.sleep(every)

        return self.answers_with(path, endless)

    def breaks_off(self, path: str, content: bytes) -> str:
        """Half of what it says that it has."""

        async def half(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": str(len(content))})
            await response.prepare(request)
            await response.write(content[: len(content) // 2])
            assert request.transport is not None
            request.transport.abort()
            return response

        return self.answers_with(path, half)

    def answers_with(self, path: str, answer: Answer) -> str:
        self.answers[path] = answer
        return self.url(path)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.hits[request.path] = self.hits.get(request.path, 0) + 1
        answer = self.answers.get(request.path)
        return await answer(request) if answer else web.Response(status=404)


@asynccontextmanager
async def elsewhere() -> AsyncIterator[Elsewhere]:
    """Listening at `HERE` and at `PRIVATE`, until the block ends."""
    server = Elsewhere(free_port())
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True, access_log=None)
    await runner.setup()
    try:
        for host in (HERE, PRIVATE):
            await web.TCPSite(runner, host, server.port).start()
        yield server
    finally:
        await runner.cleanup()

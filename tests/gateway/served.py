"""The gateway as a process of its own, under granian."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from chassis.embedded import free_port
from chassis.issuer import LocalIssuer
from chassis.testkit.harness import eventually
from gateway.app import Gateway


@dataclass(frozen=True)
class ServedGateway:
    port: int
    process: asyncio.subprocess.Process
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> int:
        """Bytes resident, of the process and its worker."""
        root = psutil.Process(self.process.pid)
        return sum(process.memory_info().rss for process in [root, *root.children(recursive=True)])

    async def stop(self) -> None:
        """Raises TimeoutError when it doesn't stop by itself; it is gone all the same."""
        all_of_it = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        self.process.terminate()
        try:
            async with asyncio.timeout(20):
                await self.process.wait()
        except TimeoutError:
            for process in all_of_it:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            raise


@contextlib.asynccontextmanager
async def living(app: Gateway) -> AsyncIterator[None]:
    """The gateway in this process, between its startup and its shutdown."""
    said: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    answered: asyncio.Queue[object] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan"}, said.get, answered.put))
    said.put_nowait({"type": "lifespan.startup"})
    assert await answered.get() == {"type": "lifespan.startup.complete"}
    yield
    said.put_nowait({"type": "lifespan.shutdown"})
    assert await answered.get() == {"type": "lifespan.shutdown.complete"}
    await life


async def serve_gateway(
    folder: Path, issuer: LocalIssuer, *, upstreams: dict[str, str], documents: Path, **settings: object
) -> ServedGateway:
    """Start granian as in production, and wait until it answers."""
    port = free_port()
    log = folder / f"gateway-{port}.log"
    environment = {
        **os.environ,
        "PACKSHOT_UPSTREAMS": json.dumps(upstreams),
        "PACKSHOT_OPENAPI_DIR": str(documents),
        "PACKSHOT_JWKS": str(issuer.jwks),
        **{f"PACKSHOT_{name.upper()}": str(value) for name, value in settings.items()},
    }
    granian = str(Path(sys.executable).with_name("granian"))
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            granian, "--interface", "asgi", "--factory", "gateway.app:create_app",
            "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-access-log", "--http", "1", "--no-ws",
            "--workers-kill-timeout", "15",
            env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    gateway = ServedGateway(port, process, log)
    async with aiohttp.ClientSession() as client:

        async def answers() -> bool:
            assert process.returncode is None, log.read_text()
            try:
                async with client.get(f"{gateway.url}/health/live") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        await eventually(answers, 60)
    return gateway

"""One service as a process of its own, on the servers of a benchmark."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from chassis.embedded import free_port
from chassis.issuer import LocalIssuer
from chassis.testkit import servers


@contextmanager
def service(name: str, issuer: LocalIssuer, **settings: str) -> Iterator[str]:
    """Its address. `settings`: variables of its environment besides those that every service needs."""
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", f"services.{name}.app:create_app", "--factory", "--host", "127.0.0.1",
        "--port", str(port), "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "PACKSHOT_DATABASE_URL": servers.database_url(name),
        "PACKSHOT_NATS_URL": servers.nats_url(),
        "PACKSHOT_JWKS": str(issuer.jwks),
        "PACKSHOT_LOG_LEVEL": "warning",
        **settings,
    }
    with Path(os.environ[servers.FOLDER], f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603, our own service
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


async def until_it_answers(client: aiohttp.ClientSession, path: str = "/health/ready") -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with client.get(path) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)

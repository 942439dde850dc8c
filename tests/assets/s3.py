"""A real S3 server for one worker of a test run: SeaweedFS, which checks signatures. And a door before it that fails as
networks and servers do."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import obstore
from aiohttp import web
from obstore.store import S3Store
from yarl import URL

from chassis.embedded import claim_ports, wait_for_port

if TYPE_CHECKING:
    from obstore.store import RetryConfig

KEY, SECRET = "packshot-tests", "a secret of nobody"
BUCKET, REGION = "files", "us-east-1"
_OFTEN: "RetryConfig" = {
    "max_retries": 1000,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(milliseconds=50), "max_backoff": timedelta(milliseconds=200), "base": 2},
}
_PARTS = ("master", "volume", "filer", "s3")


def program() -> str | None:
    """SeaweedFS, as its wheel installs it; None where it isn't."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


class SeaweedServer:
    """One server in `folder`, from its making to `stop`."""

    def __init__(self, folder: Path) -> None:
        found, ports = program(), claim_ports()
        assert found is not None
        flags = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-filer", "-s3", "-volume.max=20",
                 "-s3.port.iceberg=0", "-s3.port.lance=0",  # else on fixed ports, which two servers can't share
                 "-master.volumeSizeLimitMB=64"]  # fmt: skip
        for part in _PARTS:
            port = next(ports)
            flags += [f"-{part}.port={port}", f"-{part}.port.grpc={next(ports)}"]
        self.url = f"http://127.0.0.1:{port}"
        credentials = [{"accessKey": KEY, "secretKey": SECRET}]
        identity = {"name": "tests", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}
        config = folder / "s3.json"
        config.write_text(json.dumps({"identities": [identity]}))
        with (folder / "weed.log").open("wb") as log:
            command = [found, "-logtostderr", "server", *flags, f"-s3.config={config}"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        wait_for_port(port, self._process)
        self._wait_until_it_takes_files()

    def _wait_until_it_takes_files(self) -> None:
        """It listens before it does."""
        bucket = S3Store(
            BUCKET,
            endpoint=self.url,
            access_key_id=KEY,
            secret_access_key=SECRET,
            region=REGION,
            client_options={"allow_http": True},
            retry_config=_OFTEN,
        )
        obstore.put(bucket, "ready", b"yes")

    def environment(self, url: str | None = None) -> dict[str, str]:
        """What a process needs to reach it, or a door before it at `url`."""
        return {
            "AWS_ENDPOINT_URL": url or self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
        }

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class Fault(Enum):
    """What becomes of a request at the door."""

    BUSY = "503, and nothing is done"
    SILENT = "it is taken, and never answered"
    CUT = "the connection ends, and nothing is done"
    LOST = "it is done, and the connection ends before its answer"
    SLOW = "it is done and answered, after a while"


SLOW_SECONDS = 0.3


class Door:
    """Passes requests on to a server; `fault` says which of them go wrong, and how."""

    def __init__(self, server: SeaweedServer) -> None:
        self._server = server
        self.url = ""
        self.fault: Callable[[web.Request], Fault | None] = lambda _: None
        self.requests: list[tuple[float, str]] = []
        """When each came, and its method."""
        self._over = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Door"]:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = "http://{}:{}".format(*runner.addresses[0][:2])
        async with aiohttp.ClientSession(auto_decompress=False) as self._client:
            yield self
            self._over.set()
            await runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((time.monotonic(), request.method))
        body, fault = await request.read(), self.fault(request)
        if fault is Fault.BUSY:
            return web.Response(status=503, text="<Error><Code>SlowDown</Code></Error>")
        if fault is Fault.SILENT:
            await self._over.wait()
        if fault is Fault.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        if fault in (Fault.CUT, Fault.SILENT):
            return _cut(request)
        target = URL(self._server.url + request.raw_path, encoded=True)
        async with self._client.request(request.method, target, headers=request.headers, data=body) as answer:
            content = await answer.read()
            if fault is Fault.LOST:
                return _cut(request)
            headers = {k: v for k, v in answer.headers.items() if k.lower() not in ("transfer-encoding", "connection")}
            return web.Response(status=answer.status, headers=headers, body=content)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:  # else the client has gone already
        request.transport.abort()
    return web.Response()

"""Real servers for one test run: one PostgreSQL and one NATS, in a folder that goes away with them."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from chassis.embedded import PostgresFiles, as_user, free_port, nats_command, wait_for_port
from chassis.provision import provision

# Where the servers of this run are, for the workers of a parallel run too.
POSTGRES_PORT = "PACKSHOT_TEST_POSTGRES_PORT"
NATS_PORT = "PACKSHOT_TEST_NATS_PORT"
FOLDER = "PACKSHOT_TEST_FOLDER"

# A NATS account a worker: nobody sees another's streams.
ACCOUNTS = ["main", *(f"gw{number}" for number in range(16))]


def worker() -> str:
    """Which of the parallel workers this is."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


class TestServers:
    """Starts both; `stop` ends them and removes what they wrote."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="packshot-tests-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        postgres = PostgresFiles(self._folder / "postgres")
        postgres.init()
        postgres_port, nats_port = free_port(), free_port()
        command, user = postgres.command(postgres_port, ["fsync=off", "full_page_writes=off"])
        self._start(command, postgres_port, user=user)
        self._start(nats_command(self._folder / "nats", nats_port, ACCOUNTS), nats_port)
        os.environ[POSTGRES_PORT], os.environ[NATS_PORT] = str(postgres_port), str(nats_port)
        os.environ[FOLDER] = str(self._folder)

    def _start(self, command: list[str], port: int, user: str | None = None) -> None:
        log = (self._folder / f"{Path(command[0]).name}.log").open("wb")
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, **as_user(user))
        self._processes.append(process)
        wait_for_port(port, process)

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.send_signal(signal.SIGINT)  # PostgreSQL: fast shutdown, without waiting for its clients
        for process in self._processes:
            process.wait(20)
        shutil.rmtree(self._folder, ignore_errors=True)


def admin_dsn() -> str:
    return f"postgresql://postgres@127.0.0.1:{os.environ[POSTGRES_PORT]}/postgres"


def nats_url() -> str:
    return f"nats://{worker()}:{worker()}@127.0.0.1:{os.environ[NATS_PORT]}"


def database_name() -> str:
    return f"packshot_{worker()}"


def database_url(service: str) -> str:
    """As the service's own role."""
    return f"postgresql://{service}:secret-{service}@127.0.0.1:{os.environ[POSTGRES_PORT]}/{database_name()}"


_provisioned: set[tuple[str, str]] = set()
"""Servers, which may follow each other in one process, and the services that they know."""


async def provision_service(*services: str) -> None:
    """A role and a schema for each, in this worker's database; once a server."""
    server = admin_dsn()
    new = {service: f"secret-{service}" for service in services if (server, service) not in _provisioned}
    if new:
        await provision(server, database_name(), new)
        _provisioned.update((server, service) for service in new)


async def until_server_answers(seconds: float = 20) -> None:
    """PostgreSQL listens before it takes work."""
    import asyncpg

    async with asyncio.timeout(seconds):
        while True:
            try:
                connection = await asyncpg.connect(admin_dsn(), timeout=2)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return

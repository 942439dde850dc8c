"""Which processes Packshot consists of, and how each is started on one machine."""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from chassis.embedded import PostgresFiles, claim_ports, nats_command
from packshot.local.data import SERVICES, DataDirectory
from packshot.local.signing import signing_files

DATABASE = "packshot"
SERVER = "server"
SERVICE = "service"
DOOR = "gateway"

WORKERS = (("qc", "worker"), ("assets", "worker"))


@dataclass(frozen=True)
class Process:
    """One process to supervise. `kind` decides when it starts: servers, then services, then the gateway."""

    name: str
    kind: str
    port: int
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: int = 15

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _program(name: str) -> str:
    """A console script of this environment."""
    return str(Path(sys.executable).with_name(name))


def _postgres(data: DataDirectory, port: int) -> Process:
    files = PostgresFiles(data.part("postgres"))
    files.stop_leftover()
    files.init()
    command, user = files.command(port)
    return Process("postgres", SERVER, port, command, user=user, stop_signal=2)


def _nats(data: DataDirectory, port: int) -> Process:
    return Process("nats", SERVER, port, nats_command(data.part("nats"), port))


def _service(service: str, module: str, name: str, port: int, environment: dict[str, str]) -> Process:
    command = [
        sys.executable, "-m", "uvicorn", f"services.{service}.{module}:create_app", "--factory",
        "--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--timeout-graceful-shutdown", "10",
    ]  # fmt: skip
    return Process(name, SERVICE, port, command, environment)


def _gateway(port: int, environment: dict[str, str], services: dict[str, str]) -> Process:
    command = [
        _program("granian"), "--interface", "asgi", "--factory", "gateway.app:create_app",
        "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-access-log",
        "--http", "1", "--no-ws", "--workers-kill-timeout", "15",
    ]  # fmt: skip
    return Process("gateway", DOOR, port, command, {**environment, "PACKSHOT_UPSTREAMS": json.dumps(services)})


def _signing(data: DataDirectory) -> dict[str, str]:
    """What variants are signed with, unless the environment says so itself: half of each would be no pair."""
    if "PACKSHOT_C2PA_KEY" in os.environ or "PACKSHOT_C2PA_CERTIFICATES" in os.environ:
        return {}
    files = signing_files(data.part("keys"))
    return {"PACKSHOT_C2PA_CERTIFICATES": str(files.certificates), "PACKSHOT_C2PA_KEY": str(files.key)}


def make_topology(data: DataDirectory, port: int) -> list[Process]:
    """Every process, on free ports but for the gateway's. Blocks while PostgreSQL's directory is made."""
    ports = claim_ports()
    postgres, nats = _postgres(data, next(ports)), _nats(data, next(ports))
    passwords = data.passwords()
    common = {
        **_signing(data),
        "PACKSHOT_DECISION_GRACE_SECONDS": "0",  # the player makes no slips; whoever tries it by hand sets 10
        **os.environ,
        "PACKSHOT_NATS_URL": f"nats://127.0.0.1:{nats.port}",
        "PACKSHOT_JWKS": str(data.issuer.jwks),
        "PACKSHOT_STORE_URL": data.store_url,
    }

    def of(service: str, module: str, name: str) -> Process:
        url = f"postgresql://{service}:{passwords[service]}@127.0.0.1:{postgres.port}/{DATABASE}"
        process = {"PACKSHOT_PROCESS": "api" if module == "app" else module, "PACKSHOT_DATABASE_URL": url}
        if name == "assets":
            process["PACKSHOT_DOSSIER_KEY"] = data.dossier_key()
        return _service(service, module, name, next(ports), {**common, **process})

    apis = {service: of(service, "app", service) for service in SERVICES}
    workers = [of(service, module, f"{service}-{module}") for service, module in WORKERS]
    gateway = _gateway(port, common, {process.name: process.url for process in (*apis.values(), *workers)})
    return [postgres, nats, *apis.values(), *workers, gateway]

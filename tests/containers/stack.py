"""docker-compose.yml under a project name, ports and passwords of its own."""

import json
import os
import secrets
import shlex
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import yaml

from chassis.embedded import free_port
from packshot.provision import make_secrets
from tests.whole import until

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]


class NoContainers(Exception):
    """There is no tool to run containers with, and why."""


class Stack:
    """PACKSHOT_COMPOSE: the compose command. PACKSHOT_BUILD: what builds an image, when it isn't `compose build`.
    COMPOSE_FILE: which files, as for every compose command.
    """

    def __init__(self) -> None:
        self.port, self.prometheus_port, self.grafana_port = free_port(), free_port(), free_port()
        self._compose = shlex.split(os.environ.get("PACKSHOT_COMPOSE", "docker compose"))
        self._build = shlex.split(os.environ.get("PACKSHOT_BUILD", ""))
        self._project = f"packshot-test-{secrets.token_hex(4)}"
        self._environment = {
            **os.environ,
            **dict(line.split("=", 1) for line in make_secrets().splitlines()),
            "PACKSHOT_PORT": str(self.port),
            "PACKSHOT_PROMETHEUS_PORT": str(self.prometheus_port),
            "PACKSHOT_GRAFANA_PORT": str(self.grafana_port),
            "COLUMNS": "120",
        }
        self.url = f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str, seconds: float = 300, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A compose command on this project; fails with what it printed."""
        done = self._run([*self._compose, "-p", self._project, *arguments], seconds)
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done

    def _run(self, command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=seconds, check=False
        )

    def find_tool(self) -> None:
        """Raises `NoContainers`."""
        try:
            version = self._run([*self._compose, "version"], 60)
        except FileNotFoundError as error:
            raise NoContainers(f"{self._compose[0]} is not installed (PACKSHOT_COMPOSE)") from error
        if version.returncode:
            raise NoContainers(f"{shlex.join(self._compose)} doesn't work: {_first_line(version.stderr)}")
        self.compose("config")  # a wrong file is no reason to skip
        listed = self.compose("ps", check=False)
        if listed.returncode:
            raise NoContainers(f"{shlex.join(self._compose)} reaches no engine: {_first_line(listed.stderr)}")

    def services(self) -> dict[str, Json]:
        """What compose makes of the files."""
        found: dict[str, Json] = yaml.safe_load(self.compose("config").stdout)["services"]
        return found

    def images(self) -> dict[str, str]:
        """The image of each service that runs and has one of ours."""
        return {
            name: one["image"]
            for name, one in self.services().items()
            if one["image"].startswith("packshot") and not one.get("profiles") and name != "provision"
        }

    def build(self) -> None:
        if not self._build:
            self.compose("build", seconds=3000)
            return
        for one in self.services().values():
            if build := one.get("build"):
                given = build.get("args", [])  # compose tools say it in either form
                pairs = [f"{key}={value}" for key, value in given.items()] if isinstance(given, dict) else given
                arguments = [f"--build-arg={pair}" for pair in pairs]
                context = ROOT / build["context"]
                file, target = context / build["dockerfile"], build["target"]
                command = ["-f", str(file), "--target", target, *arguments, "-t", one["image"], str(context)]
                done = self._run([*self._build, *command], 3000)
                assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"

    def start(self) -> None:
        self.compose("up", "-d", seconds=600)
        until(self.is_ready, "the gateway to be ready", 300)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        self.compose("stop", seconds=300)

    def exit_codes(self) -> dict[str, int]:
        """Of every container of the project, also of those that have ended, by its name."""
        listed = self.compose("ps", "-a", "--format", "json", check=False)
        if listed.returncode:  # podman-compose lists all, and knows no -a
            listed = self.compose("ps", "--format", "json")
        text = listed.stdout.strip()
        rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        return {str(row.get("Name") or row["Names"]): row["ExitCode"] for row in rows}

    def remove(self) -> None:
        """Containers, volumes and networks."""
        self.compose("--profile", "cli", "down", "-v", "-t", "20", seconds=300)

    def inside(self, service: str, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command in a service's container."""
        return self.compose("exec", "-T", service, *command, check=check)

    def packshot(self, *arguments: str, catalogue: str | None = None, seconds: float = 300) -> str:
        """`packshot …` beside the services, with a folder of this machine at /catalogue; what it printed."""
        mount = ["-v", f"{Path(catalogue).resolve()}:/catalogue:ro"] if catalogue else []
        run = ["--profile", "cli", "run", "--rm", "-T", *mount, "cli", *arguments]
        return self.compose(*run, seconds=seconds).stdout

    @cached_property
    def _token(self) -> str:
        return self.packshot("token", "--role", "producer").split()[-1]

    def summary(self) -> Json:
        """`/v1/metrics/summary`, through the gateway."""
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = httpx.get(f"{self.url}/v1/metrics/summary", headers=headers, timeout=30).raise_for_status()
        found: Json = answer.json()
        return found

    def exposition(self, service: str) -> str:
        """A process's own Prometheus text."""
        read = (
            "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/metrics', timeout=20).read().decode())"
        )
        return self.inside(service, "python", "-c", read).stdout

    def prometheus(self, path: str, **params: str) -> Any:
        """`data` of an answer of Prometheus."""
        answer = httpx.get(f"http://127.0.0.1:{self.prometheus_port}/api/v1/{path}", params=params, timeout=30)
        body = answer.json()
        assert body["status"] == "success", (params, body)
        return body["data"]


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "it says nothing")

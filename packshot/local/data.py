"""The data directory of one machine: everything that `packshot up` keeps between starts."""

import json
import os
import secrets
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from chassis.issuer import LocalIssuer

DEFAULT = Path(".packshot")
SERVICES = ("intake", "routing", "qc", "assets", "governance", "metrics")


class AlreadyRunning(Exception):
    """Another `packshot up` serves this directory."""


@dataclass(frozen=True)
class DataDirectory:
    """`postgres/`, `nats/`, `store/` (the files), `keys/` (the local token issuer), `logs/`, `hold/`."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> "DataDirectory":
        return cls(folder.resolve())

    def part(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def issuer(self) -> LocalIssuer:
        return LocalIssuer(self.part("keys"))

    @property
    def store_url(self) -> str:
        return self.part("store").as_uri()

    def passwords(self) -> dict[str, str]:
        """One a database role, made on the first start, readable by the owner alone."""
        path = self.part("keys") / "passwords.json"
        if not path.exists():
            made = {service: secrets.token_urlsafe(24) for service in SERVICES}
            unfinished = path.with_suffix(".new")
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(made, file)
            unfinished.replace(path)
        known: dict[str, str] = json.loads(path.read_text())
        return known

    @property
    def _running(self) -> Path:
        return self.folder / "running.json"

    def running(self) -> dict[str, Any] | None:
        """What `packshot up` wrote when it became ready, while it runs; else None."""
        with suppress(FileNotFoundError, ValueError):
            state: dict[str, Any] = json.loads(self._running.read_text())
            if _is_alive(state["supervisor"]):
                return state
        return None

    def take(self) -> None:
        """Become the one that serves this directory: refuse a second, stop what a killed one left behind."""
        if state := self.running():
            raise AlreadyRunning(f"{self.folder} is served by process {state['supervisor']['pid']} already.")
        with suppress(FileNotFoundError, ValueError):
            for child in json.loads(self._running.read_text()).get("children", []):
                if _is_alive(child):
                    _end(psutil.Process(child["pid"]))

    def write_running(self, url: str, processes: dict[str, dict[str, Any]]) -> None:
        """Note who runs, so that a later start can clean up after a kill."""
        state = {
            "supervisor": identity(os.getpid()),
            "url": url,
            "processes": processes,
            "children": [one["identity"] for one in processes.values() if one["identity"]],
        }
        unfinished = self._running.with_suffix(".new")
        unfinished.write_text(json.dumps(state, indent=1))
        unfinished.replace(self._running)

    def forget_running(self) -> None:
        self._running.unlink(missing_ok=True)


def identity(pid: int) -> dict[str, Any] | None:
    """A process id with its start time: ids are used again, the pair is not. None when it doesn't run."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return {"pid": pid, "started": process.create_time()}
    except psutil.NoSuchProcess:
        return None


def _is_alive(one: dict[str, Any]) -> bool:
    found = identity(one["pid"])
    return found is not None and abs(found["started"] - one["started"]) < 1


def _end(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        # PostgreSQL takes SIGINT as: stop now, without waiting for clients.
        process.terminate() if sys.platform == "win32" else process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except psutil.TimeoutExpired:
            process.kill()
    end_group(process.pid)


def end_group(leader: int) -> None:
    """What a process that has ended left behind: each of ours leads a group of its own."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)

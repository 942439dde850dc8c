"""The data directory of one machine: everything that `packshot up` keeps between starts."""

import json
import os
import secrets
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from chassis.issuer import LocalIssuer
from services.assets.dossiers.signing import KEY_BYTES, DossierKey

DEFAULT = Path(".packshot")
DEFAULT_URL = "http://127.0.0.1:8080"
SERVICES = ("intake", "routing", "qc", "assets", "governance", "metrics")


class AlreadyRunning(Exception):
    """Another `packshot up` serves this directory."""


@dataclass(frozen=True)
class DataDirectory:
    """`postgres/`, `nats/`, `store/` (the files), `keys/` (the local token issuer, what
    variants are signed with), `logs/`, `hold/`."""

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
        """Made when there is none yet."""
        return LocalIssuer(self.part("keys"))

    @property
    def has_issuer(self) -> bool:
        """Whether anything has run here."""
        return (self.folder / "keys" / "issuer.json").exists()

    @property
    def url(self) -> str:
        """Of the gateway that serves this directory; while none does, where one would by default."""
        running = self.running()
        return str(running["url"]) if running else DEFAULT_URL

    @property
    def store_url(self) -> str:
        return self.part("store").as_uri()

    def passwords(self) -> dict[str, str]:
        """One a database role, made on the first start, readable by the owner alone."""
        made = {service: secrets.token_urlsafe(24) for service in SERVICES}
        known: dict[str, str] = json.loads(_kept(self.part("keys") / "passwords.json", json.dumps(made)))
        return known

    @property
    def dossier_keys(self) -> Path:
        """The public keys that check the dossiers of this installation, once it has run."""
        return self.folder / "keys" / "dossier-keys.json"

    def dossier_key(self) -> str:
        """The key that signs dossiers, made on the first start, readable by the owner alone; its public part beside
        it."""
        secret = _kept(self.part("keys") / "dossier.key", secrets.token_urlsafe(KEY_BYTES))
        self.dossier_keys.write_text(json.dumps(DossierKey(secret).public_keys()))
        return secret

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

    def take(self, tell: Callable[[str], None]) -> None:
        """Become the one that serves this directory, for as long as this process lives: refuse a second, and stop what
        a killed one left behind. Raises `AlreadyRunning`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not _lock(self.folder / "lock"):
            raise AlreadyRunning(f"{self.folder} is served by another process already.")
        with suppress(FileNotFoundError, ValueError):
            left = [one for one in json.loads(self._running.read_text()).get("children", []) if _is_alive(one)]
            if left:
                tell(f"Stopping {len(left)} processes that a killed run left behind …")
                _end([psutil.Process(one["pid"]) for one in left])

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


def _kept(path: Path, new: str) -> str:
    """The secret in that file; a new one where there is none yet."""
    if not path.exists():
        unfinished = path.with_suffix(".new")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(new)
        unfinished.replace(path)
    return path.read_text()


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


_locks: list[IO[str]] = []  # held until the process ends, however it ends


def _lock(path: Path) -> bool:
    """False when another process holds it."""
    if sys.platform == "win32":
        return True  # there `running.json` alone tells
    import fcntl

    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    _locks.append(file)
    return True


def _end(processes: list[psutil.Process]) -> None:
    """All at once; those that don't end in time are killed."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            # PostgreSQL takes SIGINT as: stop now, without waiting for clients.
            process.terminate() if sys.platform == "win32" else process.send_signal(signal.SIGINT)
    _, late = psutil.wait_procs(processes, timeout=15)
    for process in late:
        process.kill()
    for process in processes:
        end_group(process.pid)


def end_group(leader: int) -> None:
    """What a process that has ended left behind: each of ours leads a group of its own."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)

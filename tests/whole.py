"""The whole product as its users start it: `packshot up` in a process of its own, and what tests do to it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from chassis.embedded import claim_ports
from packshot.local.data import DataDirectory

PATIENCE_SECONDS = 90


def until(check: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """What `check` answers, as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.05)
    return found


@contextmanager
def whole_packshot() -> Iterator["Whole"]:
    """One that runs, and stops cleanly at the end, whatever was done to it. In a folder of its own: pytest's are closed
    to the user that PostgreSQL runs as under root."""
    with tempfile.TemporaryDirectory(prefix="packshot-whole-", ignore_cleanup_errors=True) as folder:
        one = Whole(Path(folder))
        try:
            one.start()
            yield one
            assert one.stop() == 0, one.log()
        finally:
            one.stop()
            one.close()


class Whole:
    """One `packshot up` on a data directory."""

    def __init__(self, folder: Path) -> None:
        self.data = DataDirectory.at(folder)
        self.crash_points = self.data.part("crash")
        self.url = f"http://127.0.0.1:{next(claim_ports())}"
        self._log = folder / "up.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._readiness = "not asked"
        # One for all, since making one reads the authorities of TLS: as dear as many answers. It keeps no connection,
        # since whoever is at its other end may have been killed.
        self._client = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))

    def __repr__(self) -> str:
        """What a test that waited for it in vain shows."""
        return f"<packshot up, ready: {self._readiness}>"

    def start(self) -> None:
        port = self.url.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "packshot.cli", "up", "--data", str(self.data.folder), "--port", port]
        environment = {**os.environ, "PACKSHOT_CRASH_DIR": str(self.crash_points)}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        until(self._serves, "packshot up to take the data", 120)
        until(self.is_ready, "packshot up to be ready", 120)

    def _serves(self) -> bool:
        """Not another one that answers at the same address."""
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        running = self.data.running()
        return running is not None and running["supervisor"]["pid"] == self._process.pid

    def is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            answer = self._client.get(f"{self.url}/health/ready", timeout=5)
        except httpx.TransportError as error:
            self._readiness = repr(error)
            return False
        self._readiness = answer.text
        return answer.status_code == 200

    def log(self) -> str:
        """What `packshot up` has printed."""
        return self._log.read_text()

    def stop(self) -> int:
        """As Ctrl-C does. Returns the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(60)

    def close(self) -> None:
        self._client.close()

    @property
    def supervisor(self) -> int:
        assert self._process is not None
        return self._process.pid

    def processes(self) -> dict[str, dict[str, Any]]:
        running = self.data.running()
        assert running is not None
        found: dict[str, dict[str, Any]] = running["processes"]
        return found

    def kill(self, name: str) -> None:
        """SIGKILL, and wait until the supervisor has noticed."""

        def running() -> dict[str, Any] | None:
            one = self.processes()[name]
            return one if one["identity"] else None

        before = until(running, f"{name} to run")
        psutil.Process(before["identity"]["pid"]).kill()
        until(lambda: self.processes()[name]["restarts"] > before["restarts"], f"{name} to be missed")

    def crash_at(self, point: str) -> None:
        """Let the process `<name>` die at its crash point `<name>.<point>`, once."""
        (self.crash_points / point).touch()

    def crashed(self, point: str) -> bool:
        return not (self.crash_points / point).exists()

    def never_mind(self, point: str) -> None:
        (self.crash_points / point).unlink(missing_ok=True)

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """The process stays stopped inside."""
        hold = self.data.part("hold") / name
        hold.touch()
        until(lambda: self.processes()[name]["identity"] is None, f"{name} to stop")
        try:
            yield
        finally:
            hold.unlink()

    def play(self, catalogue: Path) -> "Play":
        """Start `packshot run-catalogue` beside the test."""
        return Play(self, catalogue)

    def token(self, *roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.data.issuer.token(*roles, subject=f'{roles[0]}-1')}"}

    def get(self, path: str, *roles: str, **params: Any) -> httpx.Response:
        return self._client.get(f"{self.url}{path}", headers=self.token(*(roles or ("reviewer",))), params=params)

    def exposition(self, process: str) -> str:
        """A process's own Prometheus text."""
        return self._client.get(f"http://127.0.0.1:{self.processes()[process]['port']}/metrics").text


class Play:
    """One `run-catalogue`."""

    def __init__(self, whole: Whole, catalogue: Path) -> None:
        command = [sys.executable, "-m", "packshot.cli", "run-catalogue", str(catalogue)]
        self._process = subprocess.Popen(
            [*command, "--url", whole.url, "--data", str(whole.data.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "120"},
        )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def finish(self, seconds: float = 300) -> str:
        """What it printed; fails unless everything went through and every number agrees."""
        output, _ = self._process.communicate(timeout=seconds)
        text = output.decode()
        assert self._process.returncode == 0, text
        return text

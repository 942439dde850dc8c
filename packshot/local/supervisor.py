"""Starts every process, restarts what ends, stops all cleanly."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from chassis.embedded import as_user
from chassis.provision import provision
from packshot.local.data import DataDirectory, end_group, identity
from packshot.local.topology import DATABASE, DOOR, SERVER, SERVICE, Process

FIRST_PAUSE = 0.3
LONGEST_PAUSE = 10.0
CALM_SECONDS = 30
STOP_SECONDS = 15
POLL_SECONDS = 0.2

Tell = Callable[[str, str], None]


class Supervised:
    """One process and its restarts. While `hold/<name>` exists it stays stopped: for maintenance, and for tests."""

    def __init__(self, process: Process, data: DataDirectory, tell: Tell) -> None:
        self.process = process
        self.restarts = 0
        self._hold = data.part("hold") / process.name
        self._log = data.part("logs") / f"{process.name}.log"
        self._folder = data.folder
        self._tell = tell
        self._child: asyncio.subprocess.Process | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.returncode is None else None

    async def run(self) -> None:
        """Keep it running until `stop`."""
        pause = FIRST_PAUSE
        while not self._stopping:
            if self._hold.exists():
                await asyncio.sleep(POLL_SECONDS)
                continue
            started = time.monotonic()
            with self._log.open("ab") as log:
                self._child = await asyncio.create_subprocess_exec(
                    *self.process.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._folder if self.process.kind == SERVER else None,
                    env=self.process.environment or None,
                    **as_user(self.process.user),
                    start_new_session=True,  # Ctrl-C is for the supervisor alone
                )
            code = await self._ended()
            if self._stopping:
                return
            if self._hold.exists():
                self._tell(self.process.name, "held")
                continue
            self.restarts += 1
            pause = FIRST_PAUSE if time.monotonic() - started > CALM_SECONDS else min(pause * 2, LONGEST_PAUSE)
            self._tell(self.process.name, f"ended with {code}; starts again (see {self._log})")
            await asyncio.sleep(pause)

    async def _ended(self) -> int:
        assert self._child is not None
        waiting = asyncio.create_task(self._child.wait())
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=POLL_SECONDS)
            if self._hold.exists() and not waiting.done():
                self._signal(self.process.stop_signal)
                await asyncio.wait({waiting}, timeout=STOP_SECONDS)
        end_group(self._child.pid)
        return waiting.result()

    async def stop(self) -> None:
        """Ask it to end; make it, when it doesn't."""
        self._stopping = True
        if self._child is None or self._child.returncode is not None:
            return
        self._signal(self.process.stop_signal)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._child.wait()
        except TimeoutError:
            self._tell(self.process.name, "doesn't end; killed")
            self._signal(signal.SIGKILL)
            await self._child.wait()
        end_group(self._child.pid)

    def _signal(self, number: int) -> None:
        if self._child is not None and self._child.returncode is None:
            self._child.send_signal(number)


class Supervisor:
    """`start` returns when everything is ready; `stop` ends services first, servers last."""

    def __init__(self, data: DataDirectory, processes: list[Process], tell: Tell) -> None:
        self._data = data
        self._all = [Supervised(process, data, tell) for process in processes]
        self._tasks: list[asyncio.Task[None]] = []
        self._noting: asyncio.Task[None] | None = None
        [self._gateway] = [one.process for one in self._all if one.process.kind == DOOR]
        [self._postgres] = [one.process for one in self._all if one.process.name == "postgres"]

    @property
    def url(self) -> str:
        return self._gateway.url

    async def start(self, progress: Callable[[dict[str, bool]], None], seconds: float = 120) -> None:
        """Raises `TimeoutError` when something isn't ready in time; `progress` gets who is."""
        self._noting = asyncio.create_task(self._note())
        async with asyncio.timeout(seconds):
            self._run(SERVER)
            await self._until_provisioned()
            self._run(SERVICE)
            self._run(DOOR)
            await self._until_ready(progress)

    def _run(self, kind: str) -> None:
        self._tasks += [asyncio.create_task(one.run()) for one in self._all if one.process.kind == kind]

    async def _until_provisioned(self) -> None:
        admin = f"postgresql://postgres@127.0.0.1:{self._postgres.port}/postgres"
        while True:
            try:
                await provision(admin, DATABASE, self._data.passwords())
            except (OSError, asyncpg.CannotConnectNowError):  # it listens before it takes work
                await asyncio.sleep(0.05)
            else:
                return

    async def _until_ready(self, progress: Callable[[dict[str, bool]], None]) -> None:
        waiting = [one.process for one in self._all if one.process.kind != SERVER]
        ready = dict.fromkeys((process.name for process in waiting), False)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
            while not all(ready.values()):
                answers = await asyncio.gather(*(_is_ready(session, process.url) for process in waiting))
                ready = dict(zip(ready, answers, strict=True))
                progress(ready)
                await asyncio.sleep(0.1)

    async def _note(self) -> None:
        """Keep `running.json` true."""
        noted: dict[str, Any] = {}
        while True:
            now = {
                one.process.name: {
                    "port": one.process.port,
                    "restarts": one.restarts,
                    "identity": identity(one.pid) if one.pid else None,
                }
                for one in self._all
            }
            if now != noted:
                self._data.write_running(self.url, now)
                noted = now
            await asyncio.sleep(POLL_SECONDS)

    async def stop(self) -> None:
        if self._noting:
            self._noting.cancel()
        for kind in (DOOR, SERVICE, SERVER):
            await _stop_all(one for one in self._all if one.process.kind == kind)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._data.forget_running()


async def _stop_all(some: Iterable[Supervised]) -> None:
    await asyncio.gather(*(one.stop() for one in some))


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/health/ready") as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def log_tail(folder: Path, name: str, lines: int = 15) -> str:
    """The end of a process's log."""
    path = folder / "logs" / f"{name}.log"
    if not path.exists():
        return "(no log)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])

"""Child processes for CPU work: they leave Ctrl-C to their parent, and don't outlive it."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from typing import TypeVar

T = TypeVar("T")

END_SECONDS = 5


def begin_child() -> None:
    """The `initializer` of a process pool's processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed can't say goodbye, and a pool's process would wait for its next job for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class Child:
    """One process that hostile bytes may end or keep busy, while its parent goes on: started when it is needed, ended
    when it must be, and then replaced.

    `begin`: its `initializer`. `own_id`: runs in it, loads what it needs and answers its process id.
    """

    def __init__(self, begin: Callable[[], None], own_id: Callable[[], int], *, start_seconds: float) -> None:
        self._begin = begin
        self._own_id = own_id
        self._start_seconds = start_seconds
        self._pool: ProcessPoolExecutor | None = None
        self._process: BaseProcess | None = None

    async def start(self) -> None:
        """Nothing, when it runs. Raises `RuntimeError` when it doesn't start."""
        if self._pool is not None:
            return
        # Not fork: this process has threads.
        self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), self._begin)
        try:
            async with asyncio.timeout(self._start_seconds):
                process_id = await self.call(self._own_id)
        except (TimeoutError, BrokenProcessPool) as error:
            self.close()
            raise RuntimeError("the process doesn't start") from error
        except BaseException:  # whoever asked has gone: a process that nobody knows the id of could never be ended
            self.close()
            raise
        self._process = next((one for one in multiprocessing.active_children() if one.pid == process_id), None)

    async def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Raises `BrokenProcessPool` when the process ends meanwhile, and whatever the function raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self._pool is None:
            return
        if self._process is not None:
            self._process.kill()
            self._process.join(END_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._process = None

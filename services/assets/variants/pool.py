"""Work on pixels in processes of their own: not in the event loop, and a crash there is not one here."""

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from chassis.children import begin_child
from services.assets.variants.making import Made, Order, make

T = TypeVar("T")


class RenderPool:
    """Starts its processes when they are first needed; one that died takes its work with it, not the next one."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None

    async def make(self, order: Order) -> Made:
        """Raises `CannotRender`, or `BrokenProcessPool` when a process died over it."""
        return await self.run(make, order)

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Raises what it raises, or `BrokenProcessPool` when a process died over it."""
        if self._pool is None:
            # Not fork: this process has threads.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._processes, context, begin_child)
        pool = self._pool
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)
        except BrokenProcessPool:
            if self._pool is pool:
                self.close()
            raise

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

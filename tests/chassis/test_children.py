"""A process of one's own for hostile files: it can always be ended."""

import asyncio
import multiprocessing
import os
import time

import pytest

from chassis.children import Child, begin_child


def own_id() -> int:
    time.sleep(0.3)
    return os.getpid()


async def none_is_left() -> bool:
    for _ in range(500):
        if not await asyncio.to_thread(multiprocessing.active_children):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_a_start_that_is_given_up_leaves_no_process() -> None:
    """Whoever asked went away while it started."""
    child = Child(begin_child, own_id, start_seconds=60)
    starting = asyncio.create_task(child.start())
    await asyncio.sleep(0.1)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert await none_is_left()
    await child.start()
    asleep = asyncio.create_task(child.call(time.sleep, 600))
    await asyncio.sleep(0.1)
    child.close()
    assert await none_is_left()
    asleep.cancel()

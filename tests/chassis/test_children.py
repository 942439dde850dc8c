"""A process of one's own for hostile files: it can always be ended."""

import asyncio
import multiprocessing
import os
import time

import pytest

from chassis.children import Child, begin_child
from chassis.testkit.harness import eventually


def own_id() -> int:
    time.sleep(0.3)
    return os.getpid()


async def is_there() -> bool:
    return bool(multiprocessing.active_children())


async def none_is_left() -> bool:
    return not multiprocessing.active_children()


async def test_a_start_that_is_given_up_leaves_no_process() -> None:
    """Whoever asked went away while it started."""
    child = Child(begin_child, own_id, start_seconds=60)
    starting = asyncio.create_task(child.start())
    await eventually(is_there)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await eventually(none_is_left)
    await child.start()
    asleep = asyncio.create_task(child.call(time.sleep, 600))
    await asyncio.sleep(0)
    child.close()
    await eventually(none_is_left)
    asleep.cancel()

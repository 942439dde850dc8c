"""Errands that fail with what nobody expected: put off for longer each time."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chassis.clock import clock, now
from chassis.testkit.harness import Harness
from chassis.timers import set_timer
from services.assets.outbound.errands import LONGEST_PUT_OFF, PUT_OFF, Errands, put_off


@pytest.fixture
def stopped() -> Iterator[None]:
    """The clock stands still, unless it is moved."""
    clock.set(now())
    yield
    clock.reset()


def test_each_failure_in_a_row_waits_twice_as_long() -> None:
    assert [put_off(failures) for failures in (1, 2, 3)] == [PUT_OFF, 2 * PUT_OFF, 4 * PUT_OFF]
    assert put_off(8) == put_off(10_000) == LONGEST_PUT_OFF


async def test_an_errand_that_always_fails_is_tried_ever_more_rarely(assets: Harness, stopped: None) -> None:
    tried = list[str]()

    async def fails(key: str) -> None:
        tried.append(key)
        raise RuntimeError("nobody expected this")

    database = assets.service.database
    async with database.transaction() as session:
        await set_timer(session, "fails", "a/1", now())
    errands = asyncio.create_task(Errands(database, "fails", fails, most=1, lease=timedelta(days=1)).run())
    try:
        for number, pause in enumerate([PUT_OFF, 2 * PUT_OFF, 4 * PUT_OFF], 1):

            async def is_put_off(due_at: object = now() + pause) -> bool:
                return bool(await assets.fetch("SELECT 1 FROM timer WHERE kind = 'fails' AND due_at = $1", due_at))

            await assets.eventually(is_put_off)
            assert len(tried) == number
            clock.move(pause)
    finally:
        errands.cancel()
        await asyncio.gather(errands, return_exceptions=True)

"""Random programs over requests and work together: whatever people, clocks, gates and failures do, and in whatever
order, the invariants hold."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from chassis.clock import clock
from chassis.issuer import LocalIssuer
from tests.together.programs import STARTS, Programs
from tests.together.world import World, world

# The same few each time. More of them: PACKSHOT_PROGRAMS=200; others: PACKSHOT_FIRST_PROGRAM=1000.
MANY = int(os.environ.get("PACKSHOT_PROGRAMS", "3"))
FIRST = int(os.environ.get("PACKSHOT_FIRST_PROGRAM", "0"))
STEPS = 35
MOST = MANY + 7  # as long as something has not taken place

TAKE_PLACE = {
    "submit", "return incomplete", "complete", "return", "answer", "accept answers", "amend", "accept amendment",
    "refuse amendment", "cancel", "accept cancellation", "claim", "renew", "refuse others", "release", "hand over",
    "expire", "hand in", "fail", "pass", "approve", "block", "unblock", "clock", "redeliver", "redeliver all",
    "overtake", "old news", "crash", "restart", "away",
}  # fmt: skip


@pytest.mark.timeout(60 + 60 * MOST)
def test_any_program(issuer: LocalIssuer, tmp_path: Path) -> None:
    fired: Counter[str] = Counter()
    with world(issuer, tmp_path) as both:
        for number in range(FIRST, FIRST + MOST):
            if number < FIRST + MANY or TAKE_PLACE - set(+fired):
                run(both, fired, number)
    print(dict(sorted(fired.items())))
    missed = TAKE_PLACE - set(+fired)
    assert not missed, f"never took place: {sorted(missed)}"


@pytest.mark.parametrize("point", ["routing.committed", "relay.published"])
def test_routing_is_killed_and_the_program_goes_on(issuer: LocalIssuer, tmp_path: Path, point: str) -> None:
    """Between commit and acknowledgement, and between publishing and deleting: by SIGKILL, in a process of its own."""
    fired: Counter[str] = Counter()
    with world(issuer, tmp_path) as both:
        program = Programs(both, fired)
        try:
            program.begins(STARTS[0])
            with both.routing_in_a_process(dies_at=point) as process:
                program.is_returned(0)
                assert both.run(asyncio.wait_for(process.wait(), 30)) == -signal.SIGKILL
            program.check()
            program.is_answered(0)
            program.check()
        finally:
            clock.reset()
    assert fired["return"] == fired["answer"] == 1


def run(both: World, fired: Counter[str], number: int) -> None:
    """The program of this number. An error tells how it came about."""
    random, program = Random(number), Programs(both, fired)
    try:
        program.begins(random.choice(STARTS))
        for _ in range(STEPS):
            program.step(random)
    except BaseException as error:
        error.add_note("\n".join([f"program {number}:", *program.trace]))
        raise
    finally:
        clock.reset()
    fired["programs"] += 1

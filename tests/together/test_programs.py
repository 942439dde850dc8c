"""Random programs over requests and work together: whatever people, clocks, gates and failures do, and in whatever
order, the invariants hold."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from chassis.clock import clock
from chassis.issuer import LocalIssuer
from tests.together.programs import STARTS, Programs
from tests.together.world import World, world

# The same few each time. More of them: PACKSHOT_PROGRAMS=200; others: PACKSHOT_FIRST_PROGRAM=1000.
MANY = int(os.environ.get("PACKSHOT_PROGRAMS", "2"))
FIRST = int(os.environ.get("PACKSHOT_FIRST_PROGRAM", "0"))
STEPS = 35
MOST = MANY + 14  # as long as something has not taken place: by then it would have

TAKE_PLACE = {
    "submit", "return incomplete", "complete", "return", "answer", "accept answers", "amend", "accept amendment",
    "refuse amendment", "cancel", "accept cancellation", "claim", "renew", "refuse others", "release", "hand over",
    "expire", "hand in", "fail", "pass", "approve", "block", "unblock", "clock", "redeliver", "redeliver all",
    "overtake", "old news", "crash", "restart", "away",
}  # fmt: skip


@pytest.fixture(scope="module")
def both(issuer: LocalIssuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Intake and routing, for all tests here: each program begins by forgetting the one before."""
    with world(issuer, tmp_path_factory.mktemp("together")) as one:
        yield one


@pytest.mark.timeout(60 + 60 * MOST)
def test_any_program(both: World) -> None:
    fired: Counter[str] = Counter()
    for number in range(FIRST, FIRST + MOST):
        if number < FIRST + MANY or TAKE_PLACE - set(+fired):
            run(both, fired, number)
    print(dict(sorted(fired.items())))
    missed = TAKE_PLACE - set(+fired)
    assert not missed, f"never took place: {sorted(missed)}"


@pytest.mark.parametrize("point", ["routing.committed", "relay.published"])
def test_routing_is_killed_and_the_program_goes_on(both: World, point: str) -> None:
    """Between commit and acknowledgement, and between publishing and deleting: by SIGKILL, in a process of its own."""
    fired: Counter[str] = Counter()
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


def test_what_freed_a_slot_once_does_not_free_it_again(both: World) -> None:
    """The end of work whose slot was asked for again since then is told once more, under its own id: only the inbox
    knows that it is old."""
    fired: Counter[str] = Counter()
    program = Programs(both, fired)
    try:
        program.begins(STARTS[0])
        for _ in ("black is dropped for gray", "and gray for black"):
            program.is_amended(0, "colorways", 0)
            program.it_is_accepted(0, knowingly=True)
            program.check()
        program.all_events_come_again()
        program.check()
    finally:
        clock.reset()
    assert fired["accept amendment"] == 2


def test_what_is_not_asked_for_any_more_is_taken_out_of_peoples_hands(both: World) -> None:
    """By an amendment that drops it. (A cancellation is told to routing twice: as an amendment, and as itself.)"""
    fired: Counter[str] = Counter()
    program = Programs(both, fired)
    try:
        program.begins(STARTS[0])
        program.is_claimed(0, many=1, who=0)
        program.is_amended(0, "colorways", 0)
        program.it_is_accepted(0, knowingly=True)
        program.check()
        program.is_claimed(0, many=1, who=0)
        program.is_cancelled(0)
        program.it_is_accepted(0, knowingly=True)
        program.check()
    finally:
        clock.reset()
    assert fired["claim"] == 2
    assert fired["accept amendment"] == fired["accept cancellation"] == 1


def test_an_old_quote_is_not_what_happens(both: World) -> None:
    """Work was begun since it was quoted: whoever accepted it hears what it would cost now, and nothing has changed."""
    fired: Counter[str] = Counter()
    program = Programs(both, fired)
    try:
        program.begins(STARTS[0])
        program.is_amended(0, "materials", 0)
        program.is_handed_in(0)
        program.it_is_accepted(0, knowingly=True)
        program.check()
        assert fired["quoted anew"] == 1
        program.it_is_accepted(0, knowingly=True)
        program.check()
    finally:
        clock.reset()
    assert fired["accept amendment"] == 1


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

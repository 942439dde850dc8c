"""Ports for servers: what one process has claimed, no other gets."""

import subprocess
import sys
from itertools import islice

import pytest

from chassis import embedded
from chassis.embedded import BLOCK, claim_ports

BLOCKS = (16_000, 16_000 + 4 * BLOCK, BLOCK)  # few, and not those of servers

# What another process does.
CLAIM = """
from itertools import islice
from chassis import embedded
embedded.BLOCKS = {blocks}
print(*islice(embedded.claim_ports(), {count}), flush=True)
input()
"""


def test_two_processes_never_claim_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    script = CLAIM.format(blocks=BLOCKS, count=BLOCK)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = {int(port) for port in other.stdout.readline().split()}
        monkeypatch.setattr(embedded, "BLOCKS", BLOCKS)
        ours = set(islice(claim_ports(), BLOCK - 1))
        other.communicate("\n")
    assert len(theirs) == BLOCK  # more than one block has
    assert ours
    assert ours.isdisjoint(theirs)

"""A review: one version on its way through the gates of its work item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.assets import Version
from contracts.values import ComplexityClass, Gate, Measurement, MeasurementOutcome, WorkItem


class ReviewState(StrEnum):
    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"  # the work was cancelled


TRANSITIONS: Mapping[ReviewState, frozenset[ReviewState]] = {
    ReviewState.OPEN: frozenset(ReviewState),
    ReviewState.PASSED: frozenset(),
    ReviewState.FAILED: frozenset(),
    ReviewState.WITHDRAWN: frozenset(),
}


class IllegalTransition(Exception):
    """Says which ones are legal."""


@dataclass(frozen=True)
class Standing:
    """Where a review stands. `passes`: how many people have passed the open gate."""

    state: ReviewState
    gate: Gate | None
    passes: int = 0


@dataclass(frozen=True)
class Review:
    id: UUID
    work_item_id: UUID
    version: Version
    checklist_version: int
    standing: Standing
    opened_at: datetime
    closed_at: datetime | None = None


def opened(gates: Sequence[Gate]) -> Standing:
    """At the first of the work item's gates."""
    return Standing(ReviewState.OPEN, gates[0])


def after_pass(standing: Standing, gates: Sequence[Gate], final_reviewers: int) -> Standing:
    """The same gate until enough people have passed it, then the next one, then passed."""
    assert standing.gate is not None
    needed = final_reviewers if standing.gate == gates[-1] else 1
    if standing.passes + 1 < needed:
        return _move(standing, ReviewState.OPEN, standing.gate, standing.passes + 1)
    if standing.gate == gates[-1]:
        return _move(standing, ReviewState.PASSED)
    return _move(standing, ReviewState.OPEN, gates[gates.index(standing.gate) + 1])


def after_fail(standing: Standing) -> Standing:
    return _move(standing, ReviewState.FAILED)


def after_cancellation(standing: Standing) -> Standing:
    return _move(standing, ReviewState.WITHDRAWN)


def _move(standing: Standing, to: ReviewState, gate: Gate | None = None, passes: int = 0) -> Standing:
    legal = TRANSITIONS[standing.state]
    if to not in legal:
        raise IllegalTransition(f"{standing.state} → {to}; legal: {', '.join(sorted(legal)) or 'none, it is closed'}")
    return Standing(to, gate, passes)


def passes_by_measurement(
    work: WorkItem, gate: Gate, measurements: Sequence[Measurement], classes: Sequence[ComplexityClass]
) -> bool:
    """Whether this first gate needs nobody: a class that is trusted so far, no AI, all its measurements pass."""
    outcomes = [measured.outcome for measured in measurements if measured.gate == gate]
    trusted = work.complexity_class in classes and not work.ai
    return trusted and bool(outcomes) and all(outcome is MeasurementOutcome.PASS for outcome in outcomes)


def blocking_a_pass(gate: Gate, order: Sequence[Gate], measurements: Sequence[Measurement]) -> list[Measurement]:
    """The automatic fails that a pass of this gate would overlook: its own, and those of gates that come before it,
    which count here when the work item has no such gate (a variant has no technical one)."""
    reached = set(order[: order.index(gate) + 1])
    return [one for one in measurements if one.outcome is MeasurementOutcome.FAIL and one.gate in reached]

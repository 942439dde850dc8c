"""A review: one version on its way through the gates of its work item."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.assets import Version
from contracts.values import ComplexityClass, Gate, Measurement, MeasurementOutcome, WorkItem
from services.qc.reference.domain import Composition

_SIZE = re.compile(r"(\d{1,9}) × (\d{1,9}) px")


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
class Lease:
    """Who looks at the open gate. It ends with every decision there, and when its time is over."""

    id: UUID
    claimed_by: str
    until: datetime


@dataclass(frozen=True)
class Review:
    id: UUID
    work_item_id: UUID
    version: Version
    checklist_version: int
    standing: Standing
    opened_at: datetime
    closed_at: datetime | None = None
    composition: Composition | None = None
    """What it asks, of that checklist version. Composed once, from the work item as it stood when the review was
    opened: so what a reviewer was shown is what the decision must answer, and two reviewers of one gate answer the
    same. What changes about the work while it is open (a person re-routes it, an amendment changes its use) counts from
    the next round on, like a new checklist version. None: it was opened before there were compositions, and asks all.
    """
    lease: Lease | None = None

    def lease_at(self, at: datetime) -> Lease | None:
        """The lease, if it runs at that moment: nothing takes away those that ran out."""
        return self.lease if self.lease is not None and self.lease.until > at else None


@dataclass(frozen=True)
class PixelSize:
    width: int
    height: int


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


def taken_back(standing: Standing, gate: Gate, passes: int) -> Standing:
    """Where it stood before its last decision, at this gate, was taken back: the one way out of a closed review.
    Whether it may be taken is the decision's matter."""
    if standing.state is ReviewState.WITHDRAWN:
        raise IllegalTransition(f"{standing.state} → {ReviewState.OPEN}; legal: none, it is closed")
    return Standing(ReviewState.OPEN, gate, passes)


def _move(standing: Standing, to: ReviewState, gate: Gate | None = None, passes: int = 0) -> Standing:
    legal = TRANSITIONS[standing.state]
    if to not in legal:
        raise IllegalTransition(f"{standing.state} → {to}; legal: {', '.join(sorted(legal)) or 'none, it is closed'}")
    return Standing(to, gate, passes)


def passes_by_measurement(
    work: WorkItem,
    gate: Gate,
    order: Sequence[Gate],
    measurements: Sequence[Measurement],
    classes: Sequence[ComplexityClass],
) -> bool:
    """Whether this first gate needs nobody: a class that is trusted so far, no AI, something of its own was measured,
    and all passes that it answers for. What its pass would settle unseen, nobody would be asked again."""
    trusted = work.complexity_class in classes and not work.ai
    measured_here = any(one.gate is gate for one in measurements)
    answered = answered_at(gate, order, measurements, ())
    return trusted and measured_here and all(one.outcome is MeasurementOutcome.PASS for one in answered)


def blocking_a_pass(
    gate: Gate, order: Sequence[Gate], measurements: Sequence[Measurement], passed: Collection[Gate] = ()
) -> list[Measurement]:
    """The automatic fails that a pass of this gate would overlook: see `open_at`."""
    return open_at(gate, order, measurements, passed, MeasurementOutcome.FAIL)


def open_at(
    gate: Gate,
    order: Sequence[Gate],
    measurements: Sequence[Measurement],
    passed: Collection[Gate],
    outcome: MeasurementOutcome,
) -> list[Measurement]:
    """Measurements with this outcome that are this gate's to answer."""
    return [one for one in answered_at(gate, order, measurements, passed) if one.outcome is outcome]


def answered_at(
    gate: Gate, order: Sequence[Gate], measurements: Sequence[Measurement], passed: Collection[Gate]
) -> list[Measurement]:
    """The measurements that are this gate's to answer: its own, and those of gates between it and the one that was
    passed before it, which the work item hasn't (a variant has no technical one). What that pass has accepted or
    overridden is settled; but each of several people at one gate answers anew."""
    reached = order[: order.index(gate) + 1]
    settled = max((order.index(one) + 1 for one in passed if one in reached[:-1]), default=0)
    return [one for one in measurements if one.gate in reached[settled:]]


def pixel_size(measurements: Sequence[Measurement]) -> PixelSize | None:
    """Width and height of the version as a viewer shows it, from its dimensions (T04); None: they weren't measured."""
    for measured in measurements:
        if measured.check == "T04" and (found := _SIZE.match(measured.detail)):
            return PixelSize(int(found[1]), int(found[2]))
    return None

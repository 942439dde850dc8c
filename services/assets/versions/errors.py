"""Why a version is not taken, or not given."""

from chassis.problems import Conflict, NotFound, Problem
from contracts.assets import Version
from services.assets.work.domain import SETTLED, WorkCopy


class UnknownWork(NotFound):
    """Perhaps routing's event is still on its way."""

    slug = "unknown-work"
    settled = False


class NotOpen(Conflict):
    """The work item takes no file from this caller in this state. `settled`: it never will again."""

    slug = "work-not-open"

    def __init__(self, item: WorkCopy, detail: str) -> None:
        super().__init__(detail, state=item.state, round=item.round)
        self.settled = item.state in SETTLED


class AlreadyDelivered(Conflict):
    """One version a work item and round."""

    slug = "already-delivered"
    settled = False

    def __init__(self, version: Version) -> None:
        super().__init__(
            f"Round {version.round} of this work item has its version already: {version.id},"
            f" delivered by {version.delivered_by}. Another one is possible after a gate has failed.",
            version_id=str(version.id),
            sha256=version.sha256,
        )


class HeldByAnother(Problem):
    status, slug, title = 403, "held-by-another", "Someone else holds it"
    settled = False

    def __init__(self, item: WorkCopy) -> None:
        super().__init__(
            f"This work item is claimed by {item.claimed_by}. Its holder hands in its file, or releases it.",
            state=item.state,
            claimed_by=item.claimed_by,
        )


class BadRange(Problem):
    status, slug, title = 416, "bad-range", "Not a part of this file"

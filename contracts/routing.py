"""Events of routing: each carries the work item's whole new state."""

from typing import ClassVar

from pydantic import Field

from contracts.envelope import EventData
from contracts.values import Role, WorkItem


class WorkChanged(EventData):
    """What all events of a work item have in common."""

    type: ClassVar[str] = ""
    work: WorkItem
    by: str
    cause: str | None = None


class WorkCreated(WorkChanged):
    """A shot or variant was made from an accepted request."""

    type: ClassVar[str] = "routing.work.created.v1"


class WorkReady(WorkChanged):
    """A variant's master is approved: it can be rendered."""

    type: ClassVar[str] = "routing.work.ready.v1"


class WorkClaimed(WorkChanged):
    """Someone holds it, until its lease runs out."""

    type: ClassVar[str] = "routing.work.claimed.v1"


class WorkReleased(WorkChanged):
    """It is back in its queue: handed back, or the lease ran out."""

    type: ClassVar[str] = "routing.work.released.v1"


class WorkHandedIn(WorkChanged):
    """A version of it was stored and is at the gates."""

    type: ClassVar[str] = "routing.work.handed_in.v1"


class WorkReturned(WorkChanged):
    """A gate failed: it goes back for another round."""

    type: ClassVar[str] = "routing.work.returned.v1"


class WorkApproved(WorkChanged):
    """All its gates have passed."""

    type: ClassVar[str] = "routing.work.approved.v1"


class WorkBlocked(WorkChanged):
    """It can't go on; the SLA clock stands still."""

    type: ClassVar[str] = "routing.work.blocked.v1"


class WorkUnblocked(WorkChanged):
    """It goes on where it stopped; the due date has moved by the pause."""

    type: ClassVar[str] = "routing.work.unblocked.v1"


class WorkCancelled(WorkChanged):
    """It will not be made."""

    type: ClassVar[str] = "routing.work.cancelled.v1"


class WorkAtRisk(WorkChanged):
    """Most of its time is gone."""

    type: ClassVar[str] = "routing.work.at_risk.v1"


class WorkBreached(WorkChanged):
    """Its due time passed before it was approved."""

    type: ClassVar[str] = "routing.work.breached.v1"


class WorkHandedOver(WorkChanged):
    """One step is done and the next has it, before any gate: the studio gives it to retouching."""

    type: ClassVar[str] = "routing.work.handed_over.v1"


class WorkRerouted(WorkChanged):
    """Its owner gave it another track, queue, team or priority."""

    type: ClassVar[str] = "routing.work.rerouted.v1"


class WorkEscalated(WorkChanged):
    """A rung of its track's ladder was reached: someone is told. It stays where it is."""

    type: ClassVar[str] = "routing.work.escalated.v1"
    rung: str = Field(description="Of the ladder.", examples=["breach"])
    to: Role = Field(description="Who is told.")


class WorkAmended(WorkChanged):
    """An amendment changed what is said of it. It goes on where it is."""

    type: ClassVar[str] = "routing.work.amended.v1"


class WorkRedone(WorkChanged):
    """An amendment changed what it must be: it begins again in a new round."""

    type: ClassVar[str] = "routing.work.redone.v1"


EVENTS: tuple[type[EventData], ...] = (
    WorkCreated,
    WorkReady,
    WorkClaimed,
    WorkReleased,
    WorkHandedIn,
    WorkReturned,
    WorkApproved,
    WorkBlocked,
    WorkUnblocked,
    WorkCancelled,
    WorkAtRisk,
    WorkBreached,
    WorkHandedOver,
    WorkRerouted,
    WorkEscalated,
    WorkAmended,
    WorkRedone,
)

"""Events of routing: each carries the work item's whole new state."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import EventData
from contracts.values import Role, WorkItem

MOST_PLANNED = 200
"""Items in one event: a message of JetStream has a megabyte at most."""


class WorkChanged(EventData):
    """What all events of a work item have in common."""

    type: ClassVar[str] = ""
    work: WorkItem
    by: str
    cause: str | None = None


class WorkPlanned(EventData):
    """Shots and variants were made from a request: all of them, or a part when there are many. Each begins with its
    version 1, whatever the version of this event."""

    type: ClassVar[str] = "routing.work.planned.v1"
    request_id: UUID
    items: list[WorkItem] = Field(min_length=1, max_length=MOST_PLANNED)
    by: str
    cause: str | None = Field(default=None, description="The amendment that asked for them; none: the request itself.")


class WorkCreated(WorkChanged):
    """A shot or variant was made. Said until `WorkPlanned` took its place: event logs still hold it."""

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


class ExceptionGranted(EventData):
    """Someone may take the work of a queue that isn't their lane's, for a while."""

    type: ClassVar[str] = "routing.exception.granted.v1"
    id: UUID
    subject: str = Field(description="The person that it is for.")
    queue: str
    cause: str
    granted_by: str
    granted_at: AwareDatetime
    ends_at: AwareDatetime


WORK_CHANGES: tuple[type[WorkChanged], ...] = (
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

EVENTS: tuple[type[EventData], ...] = (WorkPlanned, *WORK_CHANGES, ExceptionGranted)

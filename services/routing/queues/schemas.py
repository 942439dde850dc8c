"""The pack of queues: where work waits, how much of it may be under way, and who may take it."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from chassis.problems import FieldError, doubled, require_none
from contracts.values import Role, Step
from services.routing.work.schemas import Work

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")
]
PACK = "pack"


class Lane(StrEnum):
    """Kinds of work that never compete for the same people (R38)."""

    HERO = "hero"  # few pieces, judged by impact and being on time
    BATCH = "batch"  # many pieces, judged by first pass, throughput, SLA and rework
    EXPERIMENT = "experiment"  # never published


class PackModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Queue(PackModel):
    """One queue."""

    name: Name = Field(examples=["catalog"])
    title: Line
    lane: Lane
    wip_limit: int | None = Field(
        default=None, ge=1, le=100_000, description="Work items that people may hold at once; null: no limit."
    )
    roles: list[Role] = Field(min_length=1, max_length=20, description="Who may claim from it.")
    workflow: Line = Field(description="What happens to work here, in words.")
    kpis: list[Line] = Field(min_length=1, max_length=10, description="What it is judged by (R39).")


class QueuesPack(PackModel):
    """All queues."""

    queues: list[Queue] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def is_consistent(self) -> Self:
        names = [queue.name for queue in self.queues]
        faults = doubled("/queues", "name", names)
        if PACK in names:
            detail = f"no queue is called {PACK}: that is this pack's own address"
            pointer = f"/queues/{names.index(PACK)}/name"
            faults.append(FieldError(pointer=pointer, detail=detail, remedy="Give it another name."))
        require_none(faults)
        return self

    def queue(self, name: str) -> Queue | None:
        return next((queue for queue in self.queues if queue.name == name), None)


class PublishedQueues(QueuesPack):
    version: int


class Depth(BaseModel):
    """Unfinished work by its state."""

    waiting: int = Field(default=0, description="Variants whose master is not approved yet.")
    ready: int = 0
    claimed: int = 0
    in_review: int = 0
    blocked: int = 0


class TeamFigures(BaseModel):
    """Unfinished work of a queue that is for one team."""

    team: str | None = Field(description="Null: for any team.")
    depth: Depth
    at_risk: int
    breached: int


class Throughput(BaseModel):
    """What was approved lately. Cancelled work is none."""

    last_24_hours: int
    last_7_days: int
    median_hours: float | None = Field(
        description="Of the last 7 days: hours by the wall clock from the moment when it could first be taken until it"
        " was approved, with its rework."
    )


class QueueFigures(Queue):
    """A queue as it stands."""

    depth: Depth
    wip: int = Field(description="What counts for the limit: work that people hold, blocked work among it.")
    oldest_ready_at: AwareDatetime | None = Field(description="When the oldest item that is ready was made.")
    oldest_ready_hours: float | None
    at_risk: int
    breached: int
    throughput: Throughput
    teams: list[TeamFigures]


class Queues(BaseModel):
    """All queues, in the pack's order."""

    version: int = Field(description="Of the pack.")
    items: list[QueueFigures]


class ClaimRequest(BaseModel):
    """What to take. An empty object: the one best item."""

    model_config = ConfigDict(extra="forbid")

    group_by: Literal["sku"] | None = Field(
        default=None, description="`sku`: of the best SKU that there is room for everything that is ready for you."
    )
    step: Step | None = Field(
        default=None, description="Work of this step alone; null: of the steps that your role does."
    )


class Claim(BaseModel):
    """What the caller holds now."""

    items: list[Work] = Field(description="One item; of a whole SKU, all its items, oldest first.")
    lease_until: AwareDatetime = Field(description="When the first of the leases runs out.")
    left_of_sku: int = Field(
        default=0, description="Ready items of a SKU that is larger than the whole WIP limit, and that stay behind."
    )

"""Work as the API shows it."""

from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.values import WorkItem, WorkState
from services.routing.tracks.domain import Choice
from services.routing.tracks.schemas import PackVersions
from services.routing.work.domain import Hold, Tracked


class Work(WorkItem):
    """A work item, with the rules that chose its way."""

    version: int = Field(ge=1, description="Counts its steps.")
    chosen_by: list[Choice] = Field(description="What routing decided, by which rule, and why.")
    packs: PackVersions = Field(description="The versions of the packs that it was routed with, and keeps.")
    blocked_for: list[Hold] = Field(
        description="What blocked work waits for: `person`, who blocked it; `requester`, whom its request is with."
    )

    @classmethod
    def of(cls, item: Tracked) -> Self:
        work, rule = item.work, f"track {item.work.track}"
        of_track = [
            Choice(decides="queue", rule=rule, because=f"{work.track} work waits in the queue {work.queue}"),
            Choice(decides="owner_role", rule=rule, because=f"{work.track} work is owned by the {work.owner_role}"),
        ]
        said = {choice.decides for choice in item.chosen_by}  # a person may have chosen another queue
        chosen_by = [*item.chosen_by, *(choice for choice in of_track if choice.decides not in said)]
        return cls(
            **dict(work),
            version=item.version,
            packs=item.packs,
            chosen_by=chosen_by,
            blocked_for=list(item.blocked_for),
        )


class Moved(BaseModel):
    """One field that a step changed."""

    before: str | list[str] | int | None
    after: str | list[str] | int | None


class HistoryEntry(BaseModel):
    """One step of a work item."""

    version: int
    at: AwareDatetime
    what: str = Field(examples=["claimed"])
    by: str = Field(
        description="A person, a vendor, a channel pack, or the timer: `lease`, `at_risk`, `breach`, `escalate`."
    )
    cause: str | None
    state: WorkState = Field(description="The state after the step.")
    changes: dict[str, Moved] | None = Field(default=None, description="Where a person re-routed it: what, from, to.")


class WorkWithHistory(Work):
    """A work item, and every step that it has taken, oldest first."""

    history: list[HistoryEntry]

    @classmethod
    def told(cls, item: Tracked, history: list[HistoryEntry]) -> Self:
        return cls(**dict(Work.of(item)), history=history)


class BlockRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cause: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$"),
        Field(description="Why it can't go on, for those who wait for it.", examples=["The sample is damaged."]),
    ]

"""Handoffs as the API shows them. Hours are business hours unless they say otherwise."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Row

from contracts.values import Step
from services.routing.handoffs.domain import Stint, Took

Hours = Annotated[float, Field(ge=0, examples=[2.5])]


def hours_of(span: timedelta) -> float:
    return round(span / timedelta(hours=1), 4)


class HandOver(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to: Step = Field(description="The next step.", examples=["retouching"])
    note: (
        Annotated[
            str,
            StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$"),
        ]
        | None
    ) = Field(default=None, description="For whoever takes it up.", examples=["The left cuff is creased."])


class Duration(BaseModel):
    """Pauses are left out."""

    business_hours: Hours
    wall_hours: Hours = Field(description="By the clock on the wall: nights and weekends count.")

    @classmethod
    def of(cls, took: Took) -> Self:
        return cls(business_hours=hours_of(took.business), wall_hours=hours_of(took.wall))


class CurrentStep(BaseModel):
    """The step that work is in, so far."""

    step: Step
    since: AwareDatetime
    held_by: str | None = Field(description="Who claimed it last in this step; null: nobody has.")
    waiting: Duration = Field(description="In its queue.")
    working: Duration = Field(description="Held by a person, or at the gates.")

    @classmethod
    def of(cls, step: Step, stint: Stint) -> Self:
        waiting, working = Duration.of(stint.waiting), Duration.of(stint.working)
        return cls(step=step, since=stint.since, held_by=stint.held_by, waiting=waiting, working=working)


class Handoff(BaseModel):
    """One step that is over: who had it, who handed it on, and how long it took."""

    from_step: Step
    to_step: Step
    round: int = Field(description="The round that the step was in.")
    held_by: str | None = Field(description="Who claimed it last in this step; null: nobody did.")
    since: AwareDatetime
    at: AwareDatetime
    by: str = Field(description="Who handed it on: its holder, who delivered a version, or who decided at a gate.")
    note: str | None = Field(description="The note of a handover, or why a gate failed.")
    waiting: Duration = Field(description="In its queue.")
    working: Duration = Field(description="Held by a person, or at the gates.")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        values = dict(row._mapping)
        for name in ("waiting", "working"):
            values[name] = Duration(
                business_hours=round(values[f"{name}_hours"], 4), wall_hours=round(values[f"{name}_wall_hours"], 4)
            )
        return cls.model_validate({name: values[name] for name in cls.model_fields})


class Handoffs(BaseModel):
    """The way of one work item, oldest first."""

    handoffs: list[Handoff]
    current: CurrentStep | None = Field(description="Null when its way is over: approved, or cancelled.")


class Spread(BaseModel):
    """Business hours."""

    median: Hours
    p90: Hours = Field(description="Nine of ten took no longer.")

    @classmethod
    def of(cls, percentiles: list[float]) -> Self:
        return cls(median=round(percentiles[0], 4), p90=round(percentiles[1], 4))


class StepSummary(BaseModel):
    """How long one step of one track took."""

    track: str
    step: Step
    items: int = Field(description="Times that work left this step in the period.")
    waiting: Spread
    working: Spread
    whole: Spread = Field(description="Waiting and working.")


class HandoffSummary(BaseModel):
    """Where time goes: each step of each track that work left in the period."""

    since: AwareDatetime
    until: AwareDatetime
    steps: list[StepSummary]

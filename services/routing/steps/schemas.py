"""The pack of steps: how much labour each takes, and how long it lasts."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.values import ComplexityClass, Step, WorkKind
from services.routing.handoffs.domain import WAYS
from services.routing.tracks.schemas import Name

Labour = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Elapsed = Annotated[float, Field(ge=0, le=2000, allow_inf_nan=False)]
LabourByClass = dict[ComplexityClass, dict[Step, Labour]]


class PackModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LabourHours(PackModel):
    """Hours that one person works on one item: what capacity and cost count."""

    shot: LabourByClass = Field(description="By class: studio, retouching and qc.")
    variant: LabourByClass = Field(description="By class: delivery, and qc for its gates.")

    def of(self, kind: WorkKind) -> LabourByClass:
        return self.shot if kind is WorkKind.SHOT else self.variant

    @model_validator(mode="after")
    def is_complete(self) -> Self:
        for kind in WorkKind:
            if missing := sorted(set(ComplexityClass) - set(self.of(kind))):
                raise ValueError(f"{kind}: no hours for {', '.join(missing)}")
            for complexity_class, hours in self.of(kind).items():
                if set(hours) != set(WAYS[kind]):
                    steps = ", ".join(WAYS[kind])
                    raise ValueError(f"{kind} {complexity_class}: a {kind} takes these steps, each once: {steps}")
        return self


class StepsPack(PackModel):
    """How long steps take, in two measures that are no parts of each other: a shot that takes a quarter of an hour of
    somebody's labour in the studio may well be there for a day."""

    labour_hours: LabourHours
    elapsed_hours: dict[Name, dict[Step, Elapsed]] = Field(
        max_length=100,
        description="Business hours from when work enters a step until it leaves it, waiting and working, by track, of"
        " C1 work: the class's factor multiplies them, as it does the SLA. They count until a step was measured often"
        " enough; where there are none, nobody knows how long it takes. Work is at risk when its steps to go no longer"
        " fit before its due time.",
        examples=[{"catalog": {"studio": 2, "retouching": 3, "qc": 1}}],
    )

    def labour_of(self, kind: WorkKind, complexity_class: ComplexityClass) -> Mapping[Step, float]:
        """Hours of labour that an item takes in all, by step."""
        return self.labour_hours.of(kind)[complexity_class]


class PublishedSteps(StepsPack):
    version: int

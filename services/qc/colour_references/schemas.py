"""Colour references as the API shows them."""

from pydantic import AwareDatetime, BaseModel, Field

from contracts.assets import ColourReference
from contracts.values import Measurement
from services.qc.colour_references.domain import ReferenceState
from services.qc.comparison.domain import Colour, Engine


class MeasuredReference(BaseModel):
    """What was measured of one colour reference."""

    reference: ColourReference
    state: ReferenceState
    refusals: list[str] = Field(description="Why it can't be the norm of a colour, for whoever stored it.")
    colours: list[Colour] = Field(description="The product's colours, CIELAB under D65, the largest first.")
    measurements: list[Measurement] = Field(description="In the order of their checks; T12 of a target shot.")
    engine: Engine | None = Field(description="What measured it; none where nothing could.")
    measured_at: AwareDatetime


class ReferenceInspection(MeasuredReference):
    in_use: bool = Field(
        description="Shots of the SKU and colorway that are measured from now on are compared with this one: the newest"
        " approved swatch, without one the newest approved target shot."
    )

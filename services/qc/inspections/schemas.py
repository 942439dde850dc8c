"""Inspections as the API shows them."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from contracts.values import ImageSpec, Measurement, MeasurementOutcome, Sha256


class Inspection(BaseModel):
    """What was measured of one version."""

    id: UUID
    version_id: UUID
    work_item_id: UUID
    sha256: Sha256
    spec: ImageSpec = Field(description="What the file was measured against.")
    outcome: MeasurementOutcome = Field(description="The worst of the measurements.")
    measurements: list[Measurement] = Field(description="In the order of their checks.")
    completed_at: AwareDatetime

"""Inspections as the API shows them."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from contracts.values import ImageSpec, Measurement, MeasurementOutcome, Sha256
from services.qc.comparison.domain import Engine, Used
from services.qc.evidence.schemas import Evidence
from services.qc.zoom.domain import SubjectCells


class Inspection(BaseModel):
    """What was measured of one version. Decisions keep a digest of it: what is added to a measurement later must be
    null in those from before."""

    id: UUID
    version_id: UUID
    work_item_id: UUID
    sha256: Sha256
    spec: ImageSpec = Field(description="What the file was measured against.")
    outcome: MeasurementOutcome = Field(description="The worst of the measurements.")
    measurements: list[Measurement] = Field(description="In the order of their checks.")
    evidence: list[Evidence] = Field(
        default=[], description="Where flags and fails were found: of each that has a place in the picture."
    )
    completed_at: AwareDatetime
    engine: Engine | None = Field(default=None, description="What measured it; none where nothing could.")
    compared_with: list[Used] = Field(
        default=[], description="Every reference that it was compared with. Of other slots, those that may look alike."
    )
    measured_as: UUID | None = Field(
        default=None, description="The inspection that had measured the same before: its results are these."
    )
    subject_cells: SubjectCells | None = Field(
        default=None, description="What of it must be seen at 100 % zoom; none where it couldn't be decoded."
    )


class Inspections(BaseModel):
    """Those of several versions."""

    items: list[Inspection]

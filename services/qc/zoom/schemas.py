"""Evidence of 100 % zoom as the API takes and shows it."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from contracts.envelope import Value
from services.qc.zoom.domain import CELL, Coverage, SubjectCells

MOST_SIDE = 65_535
MOST_CELLS = 2_000
"""More than any image has that is measured: 100 megapixels, and no side over 65,535 px."""

Place = Annotated[StrictInt, Field(ge=0, le=MOST_SIDE // CELL)]
Side = Annotated[StrictInt, Field(ge=1, le=MOST_SIDE)]


class SeenCells(BaseModel):
    """What was shown at one image pixel a screen pixel."""

    model_config = ConfigDict(extra="forbid")

    width: Side = Field(description="Of the image that was shown, px, as the packet says it: a preview isn't it.")
    height: Side
    cells: list[tuple[Place, Place]] = Field(
        max_length=MOST_CELLS,
        description=f"Column and row of each cell ({CELL} × {CELL} px, from 0, from the upper left) that was in view as"
        " a whole. Those sent before still count.",
        examples=[[[0, 0], [1, 0]]],
    )


class Covered(BaseModel):
    """How much of the subject somebody has seen."""

    address: str = Field(description="Where cells are sent to, at the gateway.")
    cells: int = Field(description="That the subject touches.")
    seen: int = Field(description="Of these, by the caller.")
    needed: int = Field(description="Of these, for a pass where the work asks for it.")

    @classmethod
    def of(cls, work_item_id: UUID, version_id: UUID, found: Coverage) -> Self:
        address = address_of(work_item_id, version_id)
        return cls(address=address, cells=found.cells, seen=found.seen, needed=found.needed)


class ZoomEvidence(Covered):
    """What the caller has seen of a version at 100 % zoom, and what not."""

    version_id: UUID
    cell: int = Field(default=CELL, description="Side of a cell, px.")
    width: int = Field(description="Of the version as a viewer shows it, px.")
    height: int
    columns: int
    rows: int
    whole: bool = Field(description="Nothing tells the subject for certain: every cell counts.")
    share: float = Field(description="Of the subject's cells that were seen, 0–1.")
    suffices: bool = Field(description="Enough for a pass.")
    uncovered: list[tuple[int, int]] = Field(description="The subject's cells that were not seen: column and row.")

    @classmethod
    def told(cls, work_item_id: UUID, version_id: UUID, subject: SubjectCells, found: Coverage) -> Self:
        grid = subject.grid
        return cls(
            **dict(Covered.of(work_item_id, version_id, found)),
            version_id=version_id,
            width=subject.width,
            height=subject.height,
            columns=grid.columns,
            rows=grid.rows,
            whole=subject.whole,
            share=found.share,
            suffices=found.suffices,
            uncovered=list(found.uncovered),
        )


class SeenAtZoom(Value):
    """What whoever decided had seen at 100 % zoom by then. Numbers and maps alone: a share would be a fraction, which
    not everyone writes the same way, and decisions are hashed as they are written."""

    cells: int = Field(ge=1, description="That the subject touches: `GET /v1/inspections/{version_id}` has their map.")
    seen: int = Field(ge=0, description="Of these.")
    needed: int = Field(ge=0, description="Of these, for a pass where the work asks for it.")
    rows: list[str] = Field(
        description=f"All that was seen, from the top, a character a cell of {CELL} px: `1` seen, `0` not."
    )


def address_of(work_item_id: UUID, version_id: UUID) -> str:
    return f"/v1/inspections/{work_item_id}/{version_id}"

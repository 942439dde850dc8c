"""Evidence as the API shows it."""

from uuid import UUID

from pydantic import BaseModel, Field

from services.qc.evidence.domain import Kept, Mark


class Evidence(BaseModel):
    """Where a check found what it flags or fails: a PNG to be laid over the version, transparent but for its marks."""

    check: str = Field(examples=["T14"])
    overlay: str = Field(description="Where the PNG is read, at the gateway.")
    width: int = Field(description="Of the PNG, px.")
    height: int
    scale: int = Field(
        ge=1,
        description="Px of the version, as a viewer shows it, per px of the PNG along a side: drawn that much larger,"
        " from the same top left corner, it lies on the version. Beyond the right and the bottom it may reach by less"
        " than a px of the PNG.",
    )
    legend: list[Mark]


def shown(version_id: UUID, kept: Kept) -> Evidence:
    return Evidence(
        check=kept.check,
        overlay=f"/v1/inspections/{version_id}/evidence/{kept.check}",
        width=kept.width,
        height=kept.height,
        scale=kept.scale,
        legend=list(kept.legend),
    )

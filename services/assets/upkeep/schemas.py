"""Damaged and collected files as the API shows them."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from contracts.values import Sha256
from services.assets.upkeep.domain import Damage


class Use(BaseModel):
    """A row that needs a file."""

    what: str = Field(description="`version`, `vendor_file`, `colour_reference`, …")
    key: str = Field(description="The row's id; of a vendor's file, the vendor.")


class DamagedFile(BaseModel):
    """A file whose bytes are not those that were stored."""

    id: UUID
    sha256: Sha256
    bytes: int = Field(description="So many it should have.")
    problem: Damage
    found_at: AwareDatetime
    mended_at: AwareDatetime | None = Field(description="When it was whole again, or nothing needed it any more.")
    used_by: list[Use] = Field(description="What needs it; at most a hundred.")


class Collection(BaseModel):
    """What was deleted, and where to go on."""

    files: int
    bytes: int
    next_shelf: str | None = Field(
        description="The shelf to go on from: send it as `shelf`. None: all of them were gone through."
    )

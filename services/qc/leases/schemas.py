"""Claims of reviews as the API takes and shows them."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from chassis.problems import FieldError, require_none
from contracts.values import Gate, Role, Sha256, WorkKind
from services.qc.leases.domain import Refusal

MOST = 100


class ClaimRequest(BaseModel):
    """Which reviews. An empty object: the most urgent one of the gates where you decide."""

    model_config = ConfigDict(extra="forbid")

    most: int = Field(default=1, ge=1, le=MOST, description="At most so many, the most urgent ones.")
    gate: Gate | None = Field(default=None, description="Open at this gate.")
    role: Role | None = Field(default=None, description="Open at a gate where this role, one of yours, decides.")
    sku: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    kind: WorkKind | None = None
    work_item_ids: list[UUID] | None = Field(
        default=None, min_length=1, max_length=MOST, description="These, whatever is urgent; those that you hold anew."
    )

    @model_validator(mode="after")
    def is_asked_one_way(self) -> Self:
        if self.work_item_ids is not None:
            named = self.model_fields_set - {"work_item_ids"}
            remedy = "Leave it out, or `work_item_ids`."
            require_none(
                FieldError(pointer=f"/{name}", detail="named beside `work_item_ids`", remedy=remedy)
                for name in sorted(named)
            )
        return self


class ReviewLease(BaseModel):
    """One review that you hold."""

    lease_id: UUID = Field(description="A decision may name it, and counts only while it runs.")
    lease_until: AwareDatetime
    work_item_id: UUID
    version_id: UUID
    sha256: Sha256
    gate: Gate
    sku: str


class NotClaimed(BaseModel):
    """One that was named and isn't held."""

    work_item_id: UUID
    reason: Refusal
    claimed_by: str | None = Field(default=None, description="Who holds it.")
    lease_until: AwareDatetime | None = None


class ReviewClaim(BaseModel):
    """What the caller holds now."""

    items: list[ReviewLease] = Field(description="The most urgent first; of those that were named, in their order.")
    lease_until: AwareDatetime = Field(description="When the first of the leases runs out.")
    refused: list[NotClaimed] = Field(description="Of those that were named.")


class Leases(BaseModel):
    """Leases of yours."""

    model_config = ConfigDict(extra="forbid")

    lease_ids: list[UUID] = Field(min_length=1, max_length=MOST)


class RenewedLeases(BaseModel):
    items: list[ReviewLease]
    lost: list[UUID] = Field(description="Leases that are over or not yours: their images are not held by you.")


class ReleasedLeases(BaseModel):
    released: list[UUID] = Field(description="Leases that ran until now; the others were over already, or not yours.")

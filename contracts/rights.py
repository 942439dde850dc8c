"""Events of usage rights (R67), which assets keeps: what is recorded, to what it is attached, and when it ends."""

from datetime import date
from enum import StrEnum
from typing import ClassVar, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from contracts.envelope import EventData, Value
from contracts.values import IntendedUse, Role

WORLD = "world"
"""Instead of a list of countries: everywhere."""


class RightKind(StrEnum):
    """What a paper permits."""

    LICENCE = "licence"  # of who made the picture: photographer, agency, vendor; a buyout is one without an end
    MODEL_RELEASE = "model_release"  # of a person who can be recognised
    PROPERTY_RELEASE = "property_release"  # of the owner of a place or thing that can be recognised


class Right(Value):
    """One version of a usage right. The newest counts; none is ever deleted."""

    id: UUID
    version: int = Field(ge=1)
    kind: RightKind
    holder: str = Field(description="Who grants it: photographer, model or agency, owner of the place.")
    reference: str = Field(description="Number of the contract or release.")
    territories: list[str] = Field(min_length=1, description="ISO 3166-1 codes of two letters, or `world` alone.")
    channels: list[str] | None = Field(description="None: all.")
    uses: list[IntendedUse] | None = Field(description="What pictures under it may be made for; None: anything.")
    valid_from: date = Field(description="First day of its term, in its time zone.")
    valid_until: date | None = Field(description="Last day of its term, the whole of it; None: without an end.")
    time_zone: str = Field(description="IANA name: where its days begin and end.")
    credit: str | None = Field(description="The credit line that it asks for.")
    document: str | None = Field(description="Where the signed paper is kept.")
    recorded_by: str = Field(description="Of this version, as are `role`, `recorded_at` and `cause`.")
    role: Role
    recorded_at: AwareDatetime
    cause: str | None = Field(description="Why it was changed or revoked; None: it is the first version.")
    revoked_at: AwareDatetime | None = Field(description="Since when it counts no more, whatever its term.")


class RightTarget(Value):
    """What a right is attached to: an asset, a product (SKU and colorway), a request's shoot, or a vendor's work."""

    asset_id: UUID | None = None
    sku: str | None = None
    colorway: str | None = None
    request_id: UUID | None = None
    vendor: str | None = None

    @model_validator(mode="after")
    def is_one_thing(self) -> Self:
        given = [one is not None for one in (self.asset_id, self.sku, self.request_id, self.vendor)]
        if sum(given) != 1 or (self.sku is None) != (self.colorway is None):
            raise ValueError("a target is an `asset_id`, a `request_id`, a `vendor`, or a `sku` with its `colorway`")
        return self

    @property
    def key(self) -> str:
        """The same for the same thing."""
        if self.sku is not None:
            return f"product:{self.sku}/{self.colorway}"
        kind = next(name for name in ("asset_id", "request_id", "vendor") if getattr(self, name) is not None)
        return f"{kind}:{getattr(self, kind)}"


class RightRecorded(EventData):
    """A right was recorded, or a new version of it."""

    type: ClassVar[str] = "assets.right.recorded.v1"
    right: Right


class RightRevoked(EventData):
    """A right counts no more, from this moment on. `right.cause` says why."""

    type: ClassVar[str] = "assets.right.revoked.v1"
    right: Right


class RightExpiring(EventData):
    """The end of a right's term is near: so many days are left, at most. Each warning is said once a term."""

    type: ClassVar[str] = "assets.right.expiring.v1"
    right: Right
    days: int = Field(ge=1, description="The warning that was due: days before the end.")
    ends_at: AwareDatetime = Field(description="The first moment after its term.")


class RightExpired(EventData):
    """A right's term is over. Said once a term."""

    type: ClassVar[str] = "assets.right.expired.v1"
    right: Right
    ends_at: AwareDatetime


class RightAttached(EventData):
    """A right holds for these as well."""

    type: ClassVar[str] = "assets.right.attached.v1"
    right_id: UUID
    targets: list[RightTarget] = Field(min_length=1)
    by: str
    at: AwareDatetime


class RightDetached(EventData):
    """A right holds for these no more."""

    type: ClassVar[str] = "assets.right.detached.v1"
    right_id: UUID
    targets: list[RightTarget] = Field(min_length=1)
    by: str
    at: AwareDatetime
    cause: str


EVENTS: tuple[type[EventData], ...] = (
    RightRecorded,
    RightRevoked,
    RightExpiring,
    RightExpired,
    RightAttached,
    RightDetached,
)

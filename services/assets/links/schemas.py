"""Links as the API takes and shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Purpose = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
MINUTE, DAY = 60, 24 * 3600


class LinkWish(BaseModel):
    """What a link should be like."""

    model_config = ConfigDict(extra="forbid")

    expires_in: int = Field(default=7 * DAY, ge=MINUTE, le=30 * DAY, description="Seconds; a week by default.")
    purpose: Purpose | None = Field(default=None, description="For whom or what, for the list of links.")
    despite_rights: Purpose | None = Field(
        default=None,
        description="Why it may be read although its rights don't allow it, such as the retoucher's order.",
    )


class Link(BaseModel):
    """A link without its signature: who made it for what, and until when it opens."""

    id: UUID
    version_id: UUID
    purpose: str | None
    despite_rights: str | None = Field(description="Why it opens although its rights don't allow that.")
    made_by: str
    role: str = Field(description="In which it was made.")
    made_at: AwareDatetime
    expires_at: AwareDatetime
    revoked_by: str | None
    revoked_at: AwareDatetime | None


class NewLink(Link):
    """The one answer that shows the address."""

    url: str = Field(
        description="Path and query below this API's address: whoever has it reads the version's bytes, no token "
        "needed. Shown this once.",
        examples=["/v1/links/01a2…?sig=…"],
    )

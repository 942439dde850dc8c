"""The pack of rates, and quotes as the API shows them."""

from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.amendments import Quote, QuoteLine
from contracts.values import Step


class RatesPack(BaseModel):
    """What labour costs (R85). An estimate for quotes: what was spent is measured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(examples=["EUR"])
    hourly: dict[Step, Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]] = Field(
        description="Rate an hour, for each step."
    )

    @model_validator(mode="after")
    def is_complete(self) -> Self:
        if missing := [step for step in Step if step not in self.hourly]:
            raise ValueError(f"`hourly` has no rate for {', '.join(missing)}")
        return self


class PublishedRates(RatesPack):
    version: int = Field(ge=1)


class QuoteState(StrEnum):
    """What became of an amendment, as routing knows it."""

    QUOTED = "quoted"
    APPLIED = "applied"
    REFUSED = "refused"
    CLOSED = "closed"  # rejected, withdrawn or expired in intake


class QuoteView(BaseModel):
    """The newest quote of one amendment."""

    amendment_id: UUID
    request_id: UUID
    state: QuoteState
    quote: Quote | None = Field(description="None: refused or closed before it was computed.")
    reason: str | None = Field(description="Why the quote before doesn't hold any more, or why it was refused.")
    updated_at: AwareDatetime


class QuoteItem(QuoteLine):
    """What the amendment does to one work item."""

    id: UUID = Field(description="Of the line in this quote.")

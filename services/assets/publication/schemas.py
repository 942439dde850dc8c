"""Destinations and publications as the API takes and shows them."""

from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from chassis.moment import Moment
from contracts.publication import PublicationState

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
DestinationName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
ChannelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Cause = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_NO_CONTROLS)]
_Url = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00-\x20\x7f]*$")]
_Territory = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=_NO_CONTROLS)]
_Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_CONTROLS)]


class DestinationKind(StrEnum):
    """How finals get there."""

    WEBHOOK = "webhook"  # a signed message with a link to the bytes
    FOLDER = "folder"  # the files themselves, in a folder or bucket


class DestinationEntry(BaseModel):
    """What its keeper says of a destination."""

    model_config = ConfigDict(extra="forbid")

    channel: ChannelName | None = Field(description="Whose finals go there; null: the masters.")
    kind: DestinationKind
    url: _Url = Field(
        description="A webhook's address (https, public; never shown again), or a folder below one that the settings "
        "allow: `file:///path` or `s3://bucket/prefix`.",
        examples=["https://shop.example/packshot"],
    )
    territories: list[_Territory] = Field(
        min_length=1, max_length=249, description="Where its files are shown: ISO 3166-1 codes, or `world`."
    )
    automatic: bool = Field(default=False, description="Every new final of the channel at once; else by hand.")
    active: bool = Field(
        default=True, description="False: nothing new is sent until it is true again; withdrawals still are."
    )


class Destination(BaseModel):
    """Where finals go."""

    id: str
    channel: str | None
    kind: DestinationKind
    folder: str | None = Field(description="Null: a webhook, whose health `/v1/outbound/endpoints` shows.")
    territories: list[str]
    automatic: bool
    active: bool
    kept_by: str
    kept_at: AwareDatetime


class DestinationWithSecret(Destination):
    """The one answer that shows a new secret."""

    secret: str | None = Field(
        description="Of a webhook: verifies its messages, and signs what goes live, by the Standard Webhooks scheme. "
        "Shown this once; null when it keeps the one that it has."
    )


class Destinations(BaseModel):
    items: list[Destination]


class PublicationWish(BaseModel):
    """What to publish where: a version, or the final of a slot."""

    model_config = ConfigDict(extra="forbid")

    destination: DestinationName
    version_id: UUID | None = None
    sku: _Key | None = None
    colorway: _Key | None = None
    view: _Key | None = None

    @model_validator(mode="after")
    def names_one(self) -> Self:
        slot = [one is not None for one in (self.sku, self.colorway, self.view)]
        if (self.version_id is None) != all(slot) or (any(slot) and not all(slot)):
            raise ValueError("send `version_id`, or `sku`, `colorway` and `view`")
        return self


class LiveReport(BaseModel):
    """That a destination shows it."""

    model_config = ConfigDict(extra="forbid")

    url: _Url | None = Field(default=None, description="Where customers see it: http or https.")
    at: Moment | None = Field(default=None, description="Since when; null: now.")


class Withdrawal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cause: Cause = Field(examples=["The model's agency asked for it."])


class Standing(BaseModel):
    """Where a file is, or may be."""

    publication_id: UUID
    destination: str
    state: PublicationState
    live_at: AwareDatetime | None
    live_url: str | None


class SignedLiveReport(LiveReport):
    """The same, from the destination itself."""

    type: Literal["publication.live"]
    publication_id: UUID

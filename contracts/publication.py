"""Events of publication, which assets keeps: which version was sent where, went live there, and was taken back."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import EventData, Value
from contracts.values import Sha256


class PublicationState(StrEnum):
    """Where one version stands at one destination."""

    WAITING = "waiting"  # to be sent
    SENT = "sent"  # the destination has it
    LIVE = "live"  # the destination shows it to customers
    WITHDRAWN = "withdrawn"  # it is to be shown no more: taken down, or replaced by a newer final
    REFUSED = "refused"  # it may not be sent: `causes` says why
    FAILED = "failed"  # it could not be sent, after the last try


class Publication(Value):
    """One version at one destination. There is never a second one of the two."""

    id: UUID
    destination: str = Field(examples=["shop"])
    version_id: UUID
    asset_id: UUID
    work_item_id: UUID
    sku: str
    colorway: str
    view: str
    channel: str | None = Field(description="None: the master.")
    export_name: str = Field(description="The name that it is sent under.")
    sha256: Sha256
    state: PublicationState
    attempts: int = Field(ge=0, description="Tries to send it, since it was last asked for.")
    causes: list[str] = Field(description="Why it was refused, in words; else none.")
    error: str | None = Field(description="Why the last try to reach the destination failed.")
    asked_by: str = Field(description="Who asked for it; of an automatic one, who approved or moved the version.")
    asked_at: AwareDatetime
    sent_at: AwareDatetime | None
    live_at: AwareDatetime | None
    live_url: str | None
    withdrawn_at: AwareDatetime | None
    withdrawn_because: str | None
    replaced_by: UUID | None = Field(description="The version that took its place there.")


class PublicationSent(EventData):
    """The destination has the file, or the message with the link to it."""

    type: ClassVar[str] = "assets.publication.sent.v1"
    publication: Publication
    by: str


class PublicationLive(EventData):
    """The destination shows it to customers. `publication.live_at`: since when, as it was reported."""

    type: ClassVar[str] = "assets.publication.live.v1"
    publication: Publication
    by: str


class PublicationWithdrawn(EventData):
    """It is to be shown no more: `publication.withdrawn_because`."""

    type: ClassVar[str] = "assets.publication.withdrawn.v1"
    publication: Publication
    by: str


class PublicationRefused(EventData):
    """It may not be sent: `publication.causes`."""

    type: ClassVar[str] = "assets.publication.refused.v1"
    publication: Publication
    by: str


class PublicationFailed(EventData):
    """The destination could not be reached, after the last try: `publication.error`."""

    type: ClassVar[str] = "assets.publication.failed.v1"
    publication: Publication
    by: str


EVENTS: tuple[type[EventData], ...] = (
    PublicationSent,
    PublicationLive,
    PublicationWithdrawn,
    PublicationRefused,
    PublicationFailed,
)

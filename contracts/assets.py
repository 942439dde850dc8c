"""Events of assets: versions of files, vendor deliveries, outbound webhooks, channel packs, colour references."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import EventData, Value
from contracts.values import DigitalSourceType, ImageSpec, Role, Sha256, Step, VersionSource, WorkKind, Zone


class Version(Value):
    """One immutable, content-addressed version of an asset."""

    id: UUID
    asset_id: UUID
    work_item_id: UUID
    kind: WorkKind
    sku: str
    colorway: str
    view: str
    channel: str | None
    number: int = Field(ge=1, description="Counts the versions of an asset.")
    round: int = Field(ge=0, description="The work item's round that it was delivered in.")
    sha256: Sha256
    bytes: int = Field(ge=0)
    media_type: str
    filename: str
    location: str = Field(description="Key in the store.")
    zone: Zone
    source: VersionSource
    delivered_by: str = Field(description="Subject of the person, id of the vendor, or name of the channel pack.")
    channel_pack: int | None = Field(
        description="Version of the channel pack that a variant is held to: that of its first file."
    )
    master_id: UUID | None = Field(description="A rendered variant's master: the version it was made from.")
    stored_at: AwareDatetime
    parents: list[UUID] = Field(
        default=[], description="The versions that it was made from or corrects: ids, the nearest first."
    )
    step: Step | None = Field(
        default=None, description="Where it was made; None: before versions said so. A shot of the studio is a capture."
    )
    export_name: str | None = Field(
        default=None,
        description="The name that it leaves the house under: no other slot's file for its channel has it.",
    )
    digital_source_type: DigitalSourceType | None = Field(
        default=None, description="What AI did to it, as was declared; a variant's is its master's. None: not declared."
    )
    c2pa_manifest: str | None = Field(
        default=None, description="A rendered variant's C2PA manifest, by its label. None: assets has not signed it."
    )


class VersionStored(EventData):
    """A file was accepted for a work item."""

    type: ClassVar[str] = "assets.version.stored.v1"
    version: Version


class VersionMoved(EventData):
    """A version's zone changed, because its status did or a person said so. `left` is the same zone where an approved
    version was promoted over another one."""

    type: ClassVar[str] = "assets.version.moved.v1"
    version: Version
    left: Zone
    by: str | None = Field(default=None, description="Who caused it; None: said before moves named anybody.")
    reason: str | None = None


class FileState(StrEnum):
    """Where one file of a vendor's delivery stands."""

    WAITING = "waiting"  # to be fetched from the vendor's URL; never in an event
    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"


class DeliveredFile(Value):
    """What became of one file of a vendor's delivery."""

    filename: str
    sha256: Sha256
    accepted: bool
    version_id: UUID | None
    work_item_id: UUID | None
    reasons: list[str] = Field(
        description="Why it was quarantined, or how its last fetch failed while it waits; for the vendor to read."
    )
    state: FileState | None = Field(default=None, description="None in older events: `accepted` says it.")
    codes: list[str] = Field(
        default=[], description="Why it was quarantined, for programs: one a reason.", examples=[["not_an_image"]]
    )


class DeliveryReceived(EventData):
    """A vendor's signed delivery was taken in, and each of its files decided on."""

    type: ClassVar[str] = "assets.delivery.received.v1"
    id: UUID
    vendor: str
    webhook_id: str
    files: list[DeliveredFile]
    received_at: AwareDatetime
    sequence: int | None = Field(default=None, description="The vendor's own number of it, if it counts.")
    decided_at: AwareDatetime | None = Field(
        default=None, description="When its last file was decided on; None in older events: at once."
    )


class OutboundEndpointDisabled(EventData):
    """An endpoint of signed webhooks has failed for too long: messages to it wait until somebody enables it."""

    type: ClassVar[str] = "assets.outbound_endpoint.disabled.v1"
    id: UUID
    owner: str = Field(description="Whose it is: `vendor/<id>`.")
    because: str
    failing_since: AwareDatetime
    disabled_at: AwareDatetime
    waiting: int = Field(ge=0, description="Messages that wait.")


class ChannelPack(Value):
    """What a channel asks of an image, and how a variant for it is rendered (R68b). Dated data."""

    channel: str
    version: int = Field(ge=1)
    spec: ImageSpec
    width: int = Field(ge=1, description="Best width in pixels; never enlarged beyond the master's own detail.")
    height: int = Field(ge=1)
    format: str
    quality: int = Field(ge=1, le=100)
    background: str = Field(description="`white` or `keep`.")
    fill: float | None = Field(description="Share of the frame that the subject's box is cropped to, or None.")
    naming: str = Field(description="File name pattern.", examples=["{sku}_{colorway}_{view}.jpg"])
    source: str
    read_on: str = Field(description="The date when the source was read.")
    confidence: str
    notes: list[str] = Field(default=[], description="What the channel asks for besides, and no field can say.")

    def spec_for(self, shot: ImageSpec) -> ImageSpec:
        """What a variant of this shot must be: white and filled only where the shot itself is (not a detail crop), and
        as near to its colours."""
        changes: dict[str, object] = {"focus_required": False, "colour_critical": shot.colour_critical}
        if not shot.white_background:
            changes |= {"white_background": False, "min_fill": None, "max_fill": None}
        return self.spec.model_copy(update=changes)


class ChannelPackPublished(EventData):
    """A version of a channel pack is in force."""

    type: ClassVar[str] = "assets.channel_pack.published.v1"
    pack: ChannelPack


class NamingPack(Value):
    """How files are named (R65): a pattern, and how values are written in it."""

    channel: str | None = Field(description="The channel whose variants it names; None: the brand's, for all else.")
    version: int = Field(ge=1)
    pattern: str = Field(examples=["{sku}_{colorway}_{view}.{ext}"])
    case: str = Field(description="Of values: `keep`, `lower` or `upper`.")
    characters: str = Field(description="Kept in values, besides letters A to Z and digits.")
    replacement: str = Field(max_length=1, description="Takes the place of everything else.")
    transliteration: dict[str, str] = Field(description="Letter → how it is written.")
    max_length: int = Field(ge=1, le=255)
    wrong_names: str = Field(
        description="A file with another name is renamed on export (`accept`), fails F06 as well (`fail`), or isn't "
        "taken in (`refuse`)."
    )
    notes: list[str] = Field(default=[])


class NamingPackPublished(EventData):
    """A version of a naming pack is in force."""

    type: ClassVar[str] = "assets.naming_pack.published.v1"
    pack: NamingPack


class ColourReferenceKind(StrEnum):
    """What a colour reference is a photo or scan of (R55)."""

    SWATCH = "swatch"  # the product's own cloth or material; it fills the frame
    TARGET_SHOT = "target_shot"  # the product beside a ColorChecker, in the light of its shoot


class ColourReference(Value):
    """One immutable version of what a product's colour is judged by: of one kind, for one SKU and colorway."""

    id: UUID
    sku: str
    colorway: str
    kind: ColourReferenceKind
    number: int = Field(ge=1, description="Counts the versions of a kind for a SKU and colorway: the newest counts.")
    sha256: Sha256
    bytes: int = Field(ge=0)
    media_type: str
    filename: str
    location: str = Field(description="Key in the store.")
    stored_by: str
    role: Role = Field(description="The role it was stored in: the owner of the kind's decision domain.")
    stored_at: AwareDatetime


class ColourReferenceStored(EventData):
    """A colour reference was taken in. Whether it can be one is measured by qc."""

    type: ClassVar[str] = "assets.colour_reference.stored.v1"
    reference: ColourReference


EVENTS: tuple[type[EventData], ...] = (
    VersionStored,
    VersionMoved,
    DeliveryReceived,
    OutboundEndpointDisabled,
    ChannelPackPublished,
    NamingPackPublished,
    ColourReferenceStored,
)

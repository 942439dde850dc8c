"""Naming packs, questions about names, and their answers, as the API takes and shows them."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.assets import NamingPack
from services.assets.channels.schemas import Line
from services.assets.vendors.schemas import Text

Case = Literal["keep", "lower", "upper"]
WrongNames = Literal["accept", "fail", "refuse"]
Latin = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,8}$")]
Letter = Annotated[str, StringConstraints(min_length=1, max_length=1)]


class NamingContent(BaseModel):
    """What an edit sends: all of the pack anew."""

    model_config = ConfigDict(extra="forbid")

    pattern: Line = Field(
        description="With {sku}, and {colorway}, {view}, {channel}, {number}, {round}; it ends with .{ext}.",
        examples=["{sku}_{colorway}_{view}.{ext}"],
    )
    case: Case = Field(description="Of values and of the ending.")
    characters: str = Field(
        max_length=10, description="Kept in values, besides letters A to Z and digits: some of `-_.~+,=@ ()`."
    )
    replacement: str = Field(
        max_length=1, description="Takes the place of everything else; one of `characters`, or empty."
    )
    transliteration: dict[Letter, Latin] = Field(
        default={}, max_length=500, description="Letter, lower case → how it is written. Capitals follow."
    )
    max_length: int = Field(ge=40, le=255, description="Of a name with its ending, in characters.")
    wrong_names: WrongNames = Field(
        description="What becomes of a file with another name: `accept`: it is renamed on export; `fail`: it is taken "
        "in, and fails F06 at final QC; `refuse`: it isn't taken in, and the right name is offered."
    )
    notes: list[Line] = Field(default=[], max_length=30)


class StoredNaming(NamingContent):
    """The same with its channel, as it is stored. A default's file names its version too."""

    model_config = ConfigDict(extra="ignore")

    channel: str | None = None

    def published(self, version: int) -> NamingPack:
        return NamingPack(version=version, **self.model_dump(mode="json"))


class NamingPacks(BaseModel):
    """The newest version of each: the brand's, and those of channels that have their own."""

    items: list[NamingPack]


class NameWanted(BaseModel):
    """Which file is to be named: that of a work item, or of a slot."""

    model_config = ConfigDict(extra="forbid")

    work_item_id: UUID | None = None
    sku: Text | None = None
    colorway: Text | None = None
    view: Text | None = None
    channel: Text | None = Field(default=None, description="For a variant; null for a master.")
    format: Literal["jpeg", "png", "tiff", "webp", "gif", "bmp"] = "jpeg"

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        slot = (self.sku, self.colorway, self.view)
        by_slot = None not in slot and self.work_item_id is None
        by_item = self.work_item_id is not None and not any((*slot, self.channel))
        if not (by_slot or by_item):
            raise ValueError("Send either `work_item_id`, or `sku`, `colorway` and `view`.")
        return self


class NameAsked(NameWanted):
    """A name, and which file it is for. `format` is told by its ending where that is a known one's."""

    filename: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class RightName(BaseModel):
    """The name of a file."""

    name: str = Field(description="No other slot's file for the same channel has it, now or later.")
    pattern: str
    pack: str = Field(description="The naming pack: `brand`, or a channel's own.")
    pack_version: int
    wrong_names: WrongNames


class CheckedName(RightName):
    """Whether a name is the right one."""

    fits: bool
    problem: str | None = Field(description="What is wrong with it.")

"""Usage rights as the API takes and shows them."""

import re
import unicodedata
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from contracts.rights import Right, RightKind, RightTarget
from contracts.values import IntendedUse, VersionSource
from services.assets.publication.schemas import Standing

MOST_TARGETS = 500  # in one call: their event is one message
_DAY = re.compile(r"^\d{4}-\d\d-\d\d$", re.ASCII)
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs, by Unicode, that show nothing."""
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"


def _visible(value: str) -> str:
    """A text of which something can be seen."""
    if all(unicodedata.category(letter)[0] in "CMZ" or letter in _BLANKS for letter in value):
        raise PydanticCustomError("nothing_visible", "Nothing of it can be seen: send letters or digits.")
    return value


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_CONTROLS),
    AfterValidator(_visible),
]
Cause = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_NO_CONTROLS),
    AfterValidator(_visible),
]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Territory = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=_NO_CONTROLS)]


def _day(value: Any) -> Any:
    """A day as text; a number would be taken for seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise PydanticCustomError("day", "A day is a text such as `2027-02-28`, without a time.")


Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31)), BeforeValidator(_day)]


class RightContent(BaseModel):
    """What the paper says."""

    model_config = ConfigDict(extra="forbid")

    kind: RightKind = Field(
        description="`licence`: of who made the picture (a buyout is one without an end); `model_release`: of a person "
        "who can be recognised; `property_release`: of the owner of a place or thing."
    )
    holder: Line = Field(description="Who grants it: photographer, model or agency, owner of the place.")
    reference: Line = Field(description="Number of the contract or release.", examples=["MR-2026-041"])
    territories: list[Territory] = Field(
        min_length=1, max_length=249, description="ISO 3166-1 codes of two letters, or `world` alone."
    )
    channels: list[Channel] | None = Field(
        min_length=1, max_length=200, description="As channel packs name them. Null: all, those to come as well."
    )
    uses: list[IntendedUse] | None = Field(
        min_length=1, max_length=len(IntendedUse), description="What its pictures may be made for. Null: anything."
    )
    valid_from: Day = Field(description="First day of its term.")
    valid_until: Day | None = Field(description="Last day of its term, the whole of it. Null: without an end.")
    time_zone: str | None = Field(
        default=None, max_length=64, description="IANA name: where its days begin and end. Null: the pack's."
    )
    credit: Line | None = Field(default=None, description="The credit line that it asks for.")
    document: Cause | None = Field(default=None, description="Where the signed paper is kept.")


class RightEdit(RightContent):
    """All of it anew, and why."""

    cause: Cause = Field(description="Why it is changed; it is kept with the version.")


class Revocation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cause: Cause = Field(description="Why it counts no more.", examples=["she withdrew her consent"])


class RightState(StrEnum):
    """Of a right, at this moment."""

    NOT_BEGUN = "not_begun"
    IN_FORCE = "in_force"
    ENDED = "ended"
    REVOKED = "revoked"


class RightView(Right):
    """A right, and where it stands."""

    state: RightState


class RightVersions(BaseModel):
    """A page of a right's versions. `next_before` is null on the last."""

    items: list[Right]
    next_before: int | None


class Target(RightTarget):
    """What a right is attached to: an `asset_id`, a `sku` with its `colorway`, a `request_id`, or a `vendor`."""

    sku: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    colorway: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")] | None = None
    vendor: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")] | None = None

    def told(self) -> RightTarget:
        return RightTarget(**dict(self))


Targets = Annotated[list[Target], Field(min_length=1, max_length=MOST_TARGETS)]


class Attach(BaseModel):
    model_config = ConfigDict(extra="forbid")

    targets: Targets


class Detach(BaseModel):
    model_config = ConfigDict(extra="forbid")

    targets: Targets
    cause: Cause = Field(description="Why it holds for them no more.", examples=["another model was booked"])


class Changed(BaseModel):
    """What an attachment or detachment changed. What was so already is not counted."""

    targets: int


class Attachment(BaseModel):
    """What a right is or was attached to."""

    id: UUID
    target: RightTarget
    attached_by: str
    attached_at: AwareDatetime
    detached_by: str | None
    detached_at: AwareDatetime | None
    cause: str | None = Field(description="Why it was detached.")


class Missing(StrEnum):
    """What follows where a picture lacks a right that it needs."""

    REFUSE = "refuse"
    WARN = "warn"


class When(BaseModel):
    """Of which pictures: all that are given must hold, each by one of its values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    views: list[Line] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="A view names all of its shots: `detail` also `detail_2`.",
    )
    sources: list[VersionSource] | None = Field(
        default=None, min_length=1, max_length=len(VersionSource),
        description="How a file of it or of its master came: `upload`, `vendor`, `render`.",
    )  # fmt: skip
    vendors: list[Line] | None = Field(default=None, min_length=1, max_length=100)
    channels: list[Channel] | None = Field(default=None, min_length=1, max_length=200)
    uses: list[IntendedUse] | None = Field(default=None, min_length=1, max_length=len(IntendedUse))


class Need(BaseModel):
    """Pictures that need a right of a kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
    kind: RightKind
    missing: Missing
    because: Cause = Field(description="For whoever lacks it.")
    when: When = When()


class RightsPackContent(BaseModel):
    """Which rights which pictures need, and when an end is warned of."""

    model_config = ConfigDict(extra="forbid")

    time_zone: str = Field(max_length=64, description="IANA name: of terms that name none.", examples=["Europe/Berlin"])
    warn_days: list[Annotated[int, Field(ge=1, le=366)]] = Field(
        max_length=10, description="Days before a term's end, each told once."
    )
    needs: list[Need] = Field(max_length=100)


class RightsPack(RightsPackContent):
    version: int


class RightsCause(StrEnum):
    """Why a picture may not be used, or what to mind."""

    MISSING = "missing"
    REVOKED = "revoked"
    NOT_BEGUN = "not_begun"
    ENDED = "ended"
    TERRITORY = "territory"
    CHANNEL = "channel"
    USE = "use"


class RightsFinding(BaseModel):
    """One cause, in words, and what would be right."""

    cause: RightsCause
    kind: RightKind
    right_id: UUID | None = Field(description="The right that falls short; null: there is none.")
    holder: str | None
    detail: str
    remedy: str


class RightsAsked(BaseModel):
    """What was asked. What is null or empty was not, and nothing is held against it."""

    channel: str | None
    territories: list[str]
    use: str | None
    on: date | None = Field(description="Null: this moment, in each right's own zone.")


class RightsAnswer(BaseModel):
    """Whether a picture may be used so."""

    version_id: UUID
    allowed: bool
    causes: list[RightsFinding] = Field(description="Each reason against it; empty when it is allowed.")
    warnings: list[RightsFinding] = Field(description="What doesn't keep it from being used.")
    credits: list[str] = Field(description="Credit lines that the rights ask for.")
    rights: list[UUID] = Field(description="Those that permit it.")
    until: date | None = Field(
        description="The last day on which they do; null: they have no end, or it isn't allowed."
    )
    asked: RightsAsked
    pack_version: int = Field(description="Of `GET /v1/rights/pack`, by which it was judged.")


class Affected(BaseModel):
    """A picture that rests on a right: no other one of its holder takes its place. It is the approved final, or at a
    destination."""

    version_id: UUID
    asset_id: UUID
    work_item_id: UUID
    sku: str
    colorway: str
    view: str
    channel: str | None = Field(description="Null: the master.")
    filename: str
    allowed: bool = Field(description="Whether it may be used at this moment, with this right as it stands.")
    publications: list[Standing] = Field(description="Where it is live, was sent, or is on its way: to be taken down.")

"""What a version is compared with: plain data on its way to the measuring process, and the rules that choose it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import Field

from contracts.assets import ColourReferenceKind, Version
from contracts.envelope import Value
from contracts.qc import Decision
from contracts.values import DigitalSourceType, Gate, ImageSpec, Measurement, Outcome, Sha256, WorkItem
from services.qc.reference.schemas import Reason

NO_AI = "none"
_USES = {
    DigitalSourceType.DIGITAL_CAPTURE: NO_AI,
    DigitalSourceType.HUMAN_EDITS: NO_AI,
    DigitalSourceType.ALGORITHMICALLY_ENHANCED: "enhanced",
    DigitalSourceType.COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA: "composite",
    DigitalSourceType.COMPOSITE_SYNTHETIC: "composite",
    DigitalSourceType.TRAINED_ALGORITHMIC_MEDIA: "generated",
}
"""Declared → what the engine's `AiUse` calls it."""

LEAST_SHOOT = 4
"""Other frames that show a background: a spot repeats over five frames at least (T25)."""

LEAST_BATCH = 3
"""Other frames: T11 takes no median of fewer, and a check that can't measure holds up what passes by measurement."""


class Colour(Value):
    """One colour of a subject."""

    lab: tuple[float, float, float]
    share: float


class ColourReading(Value):
    """What was measured of a colour reference, and the product's colours that it shows, the largest first."""

    measurements: list[Measurement]
    colours: tuple[Colour, ...] = ()


class ApprovedColours(Value):
    """The colours of an approved swatch or target shot."""

    reference_id: UUID
    kind: ColourReferenceKind
    sha256: Sha256
    colours: tuple[Colour, ...]


class Spot(Value):
    """A dark place on a background, as shares of the frame."""

    right: float
    down: float


class Fingerprint(Value):
    """What is kept of a measured picture; `inspection/fingerprint.py` makes it."""

    pixels: str
    phash: int
    luminance: float | None
    regions: tuple[Colour, ...]
    spots: tuple[Spot, ...] | None


class Place(Value):
    """Where a file belongs."""

    sku: str
    colorway: str
    view: str
    channel: str | None


class Seen(Value):
    """A version that was measured before, and counts: it is at the gates or has passed them."""

    version_id: UUID
    sha256: Sha256
    place: Place
    fingerprint: Fingerprint


class RightName(Value):
    """What a file must be named, and the pattern that says so."""

    name: str
    pattern: str


class References(Value):
    """Each field is one that the engine's `Reference` has; None: not asked."""

    slot: Place
    capture: Version | None = None
    colour: Version | None = None
    colours: ApprovedColours | None = None
    batch: tuple[Seen, ...] | None = None
    views: tuple[Seen, ...] | None = None
    others: tuple[Seen, ...] | None = None
    shoot: tuple[Seen, ...] | None = None
    ai_use: str | None = None
    naming: RightName | None = None
    labelled_later: bool = False
    expected: tuple[str, ...] = ()

    def used(self) -> list["Used"]:
        files = [("capture", self.capture), ("colour", self.colour)]
        approved = [Used(against=name, version_id=one.id, sha256=one.sha256) for name, one in files if one is not None]
        measured = [("batch", self.batch), ("views", self.views), ("others", self.others), ("shoot", self.shoot)]
        seen = [
            Used(against=name, version_id=one.version_id, sha256=one.sha256)
            for name, several in measured
            for one in several or ()
        ]
        if (own := self.colours) is not None:
            approved.append(Used(against="colour", reference_id=own.reference_id, sha256=own.sha256, said=own.kind))
        record = [Used(against="ai_use", said=self.ai_use)] if self.ai_use is not None else []
        if self.naming is not None:
            record.append(Used(against="naming", said=self.naming.name))
        return approved + seen + record


class Used(Value):
    """One thing that a version was compared with."""

    against: str = Field(
        description="What for: `capture`, `colour`, `batch`, `views`, `others`, `shoot`, `ai_use`, `naming`."
    )
    version_id: UUID | None = Field(default=None, description="The version; none where it is a record.")
    reference_id: UUID | None = Field(default=None, description="The colour reference that assets stores.")
    sha256: Sha256 | None = None
    said: str | None = Field(default=None, description="What is on record; of a colour reference its kind.")


class Engine(Value):
    """Which engine measures: two inspections by the same one can be compared, number by number."""

    version: str = Field(description="Hash of the engine's code and of the image libraries' versions.")
    thresholds: str = Field(description="Hash of the bounds that it measures against.")
    thresholds_version: int | None = Field(
        default=None, description="The version of the thresholds that they are from; none before these were published."
    )


def key_of(version: Version, spec: ImageSpec, engine: Engine, references: References) -> str:
    """The same for what must give the same measurements: bytes, name (its ending is measured), spec, engine, bounds
    and the content of every reference."""
    content = references.model_dump(mode="json", exclude={"capture", "colour", "colours"})
    content["colours"] = references.colours and [one.model_dump() for one in references.colours.colours]
    compared = {"batch": references.batch, "views": references.views, "others": references.others}
    for name, several in {**compared, "shoot": references.shoot}.items():
        if several is not None:  # by what they show: which version holds it changes no verdict
            content[name] = [one.model_dump(mode="json", exclude={"version_id", "sha256"}) for one in several]
    for name, approved in (("capture", references.capture), ("colour", references.colour)):
        content[name] = approved and [approved.sha256, approved.filename]
    measured = [version.sha256, version.filename, spec.model_dump(mode="json"), engine.model_dump(), content]
    return hashlib.sha256(json.dumps(measured, sort_keys=True).encode()).hexdigest()


def recorded_use(work: WorkItem, version: Version) -> str | None:
    """AI's part in a version, as was declared. Where nothing was: none, if none is on record for the work; else it
    isn't known, and F08 not asked."""
    declared = version.digital_source_type
    return _USES[declared] if declared is not None else None if work.ai else NO_AI


def signed(phash: int) -> int:
    """64 bits as PostgreSQL's bigint holds them."""
    return phash - 2**64 if phash >= 2**63 else phash


def capture_among(
    earlier: Sequence[tuple[Version, Sequence[Decision]]], work: WorkItem, reasons: Mapping[str, Reason]
) -> Version | None:
    """The approved capture of a shot: the newest of its earlier rounds whose shape a person passed, as long as nothing
    since sent it back for another picture.

    `earlier`: failed versions with their decisions, the newest first. A version that failed for its fit or texture is
    no reference for the one that puts it right, nor is what was taken before a new shot.
    """
    shape = Gate.STYLING_FIT if Gate.STYLING_FIT in work.gates else Gate.TECHNICAL
    for version, decisions in earlier:
        named = [reasons.get(name) for one in decisions if one.outcome is Outcome.FAIL for name in one.reasons]
        if not named or not all(reason is not None and reason.keeps_take(ai=work.ai) for reason in named):
            return None
        if any(one.gate is shape and one.outcome is Outcome.PASS and not one.automatic for one in decisions):
            return version
    return None


def batch_of(seen: Sequence[Seen]) -> tuple[Seen, ...] | None:
    """None of too few."""
    known = tuple(one for one in seen if one.fingerprint.luminance is not None)
    return known if len(known) >= LEAST_BATCH else None


def shows_dust(one: Fingerprint) -> bool:
    """Whether its background would."""
    return one.spots is not None


def shoot_of(seen: Sequence[Seen], own: Fingerprint) -> tuple[Seen, ...] | None:
    """The frames of a shoot that would show dust, as this one does, each picture once; None of too few: a check that
    can't measure holds up what passes by measurement."""
    known = {one.fingerprint.pixels: one for one in seen if shows_dust(one.fingerprint)}
    known.pop(own.pixels, None)
    return tuple(known.values()) if len(known) >= LEAST_SHOOT else None

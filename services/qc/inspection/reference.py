"""What a file is compared with: other files that a person approved, and what is on record about it.

All of it is plain data that crosses to the measuring process: what is on record as it is, approved files as
`ApprovedFile`, which are decoded there. Whoever asks for a measurement fills in what there is; `expected` names what
should be there as well. A check whose reference is neither there nor expected isn't asked; one whose reference is
expected and missing can't measure: a reference is never guessed.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import cv2

from services.qc.inspection.decoding import Picture, Pixels
from services.qc.inspection.fingerprint import Fingerprint
from services.qc.inspection.frame import Frame, read_frame
from services.qc.inspection.regions import Region
from services.qc.inspection.thresholds import DEFAULT, Thresholds

# Approved pictures are held while the candidate is decoded, which alone may take nearly a gibibyte.
MOST_CAPTURE_PIXELS = 12_500_000  # 38 MB; its texture is compared at its own scale
MOST_COLOUR_PIXELS = 4_000_000  # 12 MB; its colours are compared on the reduced copy


class Against(StrEnum):
    """What a check compares with: each is the field of `Reference` that holds it (a colour's may be `colours`)."""

    CAPTURE = "capture"
    COLOUR = "colour"
    TARGET = "target"
    BATCH = "batch"
    SHOOT = "shoot"
    VIEWS = "views"
    OTHERS = "others"
    NAMING = "naming"
    APPROVED = "approved_sha256"
    AI_USE = "ai_use"


@dataclass(frozen=True)
class Slot:
    """Where a file belongs."""

    sku: str
    colorway: str
    view: str
    channel: str = ""

    def is_same_shot(self, other: "Slot") -> bool:
        return (self.sku, self.colorway, self.view) == (other.sku, other.colorway, other.view)

    def __str__(self) -> str:
        return " / ".join(part for part in (self.sku, self.colorway, self.view, self.channel) if part)


@dataclass(frozen=True)
class Neighbour:
    """What another slot holds."""

    slot: Slot
    fingerprint: Fingerprint


@dataclass(frozen=True)
class Naming:
    """A pack's file names: `{sku}_{colorway}_{view}.jpg`. `skus` and `views` need hold no more than may be named; where
    the file's own name is on record (`right`), it alone counts."""

    pattern: str
    skus: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()
    case: Literal["exact", "lower", "upper"] = "exact"
    right: str | None = None


class AiUse(StrEnum):
    """What is on record of AI's part in a picture."""

    NONE = "none"
    ENHANCED = "enhanced"  # its pixels were improved, nothing was invented
    COMPOSITE = "composite"  # a part of it was generated
    GENERATED = "generated"  # all of it was
    SOME = "some"  # AI was used; what for isn't on record


@dataclass(frozen=True)
class ApprovedFile:
    """An approved file on its way to the measuring process."""

    data: bytes
    filename: str


@dataclass(frozen=True)
class Reference:
    capture: Frame | None = None  # the approved capture of the same slot: shape, structure, texture
    colour: Frame | None = None  # the approved colour reference as a picture: an approved final
    colours: tuple[Region, ...] | None = None  # its colours alone, the largest first: of a swatch, a target shot
    target: Literal["colorchecker_classic"] | None = None  # what the file itself is a photo of: a target shot
    batch: tuple[Fingerprint, ...] | None = None  # other frames of the same product, colorway and light
    shoot: tuple[Fingerprint, ...] | None = None  # other uncropped frames of the same camera and shoot
    views: tuple[Neighbour, ...] | None = None  # other views of the same SKU and colorway
    others: tuple[Neighbour, ...] | None = None  # what other slots hold; empty when there is nothing yet
    slot: Slot | None = None  # where the file itself belongs
    naming: Naming | None = None
    approved_sha256: str | None = None  # of the version that was approved for this place
    ai_use: AiUse | None = None
    labelled_later: bool = False  # a shot: what is delivered from it is labelled when it is rendered
    expected: frozenset[Against] = frozenset()

    def has(self, against: Against) -> bool:
        if against is Against.COLOUR and self.colours:
            return True
        return getattr(self, against) is not None

    def applies(self, against: Against) -> bool:
        return against in self.expected or self.has(against)

    def reading(
        self, capture: ApprovedFile | None, colour: ApprovedFile | None, thresholds: Thresholds = DEFAULT
    ) -> "Reference":
        """The same with these files decoded, each reduced to what it may take of memory. Call it before the
        candidate is decoded, and let go of the bytes."""
        return replace(
            self,
            capture=_read(capture, MOST_CAPTURE_PIXELS, thresholds) if capture else self.capture,
            colour=_read(colour, MOST_COLOUR_PIXELS, thresholds) if colour else self.colour,
        )

    def with_colour_of_capture(self) -> "Reference":
        """The capture is the colour reference too: decoded once, laid over the file once."""
        return replace(self, colour=self.capture)


NO_REFERENCE = Reference()


def _read(file: ApprovedFile, most_pixels: int, thresholds: Thresholds) -> Frame:
    """Without its bytes, and halved until it is small enough."""
    frame = replace(read_frame(file.data, file.filename, thresholds), data=b"")
    if frame.picture is None:
        return frame
    rgb, alpha = frame.picture.rgb, frame.picture.alpha
    while rgb.shape[0] * rgb.shape[1] > most_pixels:
        rgb, alpha = _halved(rgb), None if alpha is None else _halved(alpha)
    return replace(frame, picture=Picture(rgb, alpha))


def _halved(pixels: Pixels) -> Pixels:
    height, width = max(1, pixels.shape[0] // 2), max(1, pixels.shape[1] // 2)
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)

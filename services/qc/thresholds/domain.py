"""The bounds of the checks as data: their units, the default that comes with the service, and what a category makes of
them. The engine and the service both read this, so it imports neither image libraries nor the chassis."""

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from contracts.envelope import Value

PACK = Path(__file__).parent.parent / "packs" / "thresholds.toml"


class Bounds(Value):
    """Two bounds that part pass, flag and fail."""

    passes: float = Field(ge=0)
    flags: float = Field(ge=0)


class Thresholds(Value):
    least_confidence: float = Field(ge=0, le=1, description="Of the subject's mask, where a check needs a background.")
    aspect_tolerance: float = Field(gt=0, description="Share of the aspect (T04).")
    fill_fail_points: float = Field(ge=0, description="Percentage points under the least fill that fail (T17).")
    same_picture: float = Field(ge=0, le=1, description="Least share that two takes of one picture show alike.")
    same_pose: float = Field(ge=0, le=1, description="Most of the contour that may lie elsewhere in the same pose.")
    luminance: Bounds = Field(description="Most, L* from the batch's median (T11).")
    target: Bounds = Field(description="Most, ΔE(a*b*) of a grey patch (T12).")
    dust_repeats: int = Field(ge=2, description="Frames with a spot in the same place that make it dust (T25).")
    contour: Bounds = Field(description="Most, % of the subject's height (S01).")
    length: Bounds = Field(description="Most, % of the capture's (S02).")
    structure: float = Field(ge=0, description="Most, % of the subject (S03).")
    colour: Bounds = Field(description="Most, ΔE00 of a region (F01).")
    colour_critical: Bounds = Field(description="The same where the spec says that the product is colour-critical.")
    views: Bounds = Field(description="Most, ΔE00 of a region between views (F02).")
    texture_lost: Bounds = Field(description="Least, fine structure over the capture's (F03).")
    texture_added: Bounds = Field(description="Most, of the same.")
    near_duplicate_bits: int = Field(ge=0, le=64, description="Most, of a hash of 64 (F05).")
    same_product_bits: int = Field(ge=0, le=64, description="The same between views of one product in one colorway.")
    same_colour: float = Field(ge=0, description="ΔE00 under which a near duplicate is one (F05).")
    other_colour: float = Field(ge=0, description="ΔE00 over which it is another colorway (F05).")
    edge_width: Bounds = Field(description="Most, px (T09).")
    clipping: Bounds = Field(description="Most, % of the subject (T10).")
    white_balance: Bounds = Field(description="Most, C*ab (T13).")
    white_background: Bounds = Field(description="Least, % of the background (T14).")
    background_even: Bounds = Field(description="Most, L* between the background's dark and light parts (T15).")
    halo: Bounds = Field(description="Most, L* beyond the background around the subject (T16).")
    centre_offset: Bounds = Field(description="Most, % of the frame (T18).")
    edge_contact: float = Field(ge=0, description="Most, px of the frame's border (T19).")
    tilt: Bounds = Field(description="Most, degrees (T20).")
    path_overlap: float = Field(ge=0, le=1, description="Least, of clipping path and mask (T21).")
    jpeg_quality: Bounds = Field(description="Least, on libjpeg's scale (T22).")
    jpeg_traces: float = Field(ge=0, le=1, description="Least, how well coefficients keep to earlier steps (T22).")
    jpeg_earlier: float = Field(ge=0, le=100, description="Least, of an earlier save, on the same scale (T22).")
    noise: Bounds = Field(description="Most, σ(L*) (T23).")
    banding: Bounds = Field(description="Most, share of smooth pixels at even steps of tone (T24).")
    moire: Bounds = Field(description="Most, levels of a colour pattern that the reference doesn't have (T26).")
    enlarged_edge_width: float = Field(ge=0, description="Least edge width of an enlarged picture, px (T27).")
    spectral_drop: Bounds = Field(description="Most, dB from medium to fine detail (T27).")


DEFAULT = Thresholds.model_validate(tomllib.loads(PACK.read_text(encoding="utf-8")))

UNITS: Mapping[str, str] = {
    "least_confidence": "share", "aspect_tolerance": "share", "fill_fail_points": "percentage points",
    "same_picture": "share", "same_pose": "share", "luminance": "L*", "target": "ΔE(a*b*)", "dust_repeats": "frames",
    "contour": "% of the subject's height", "length": "% of the capture's", "structure": "% of the subject",
    "colour": "ΔE00", "colour_critical": "ΔE00", "views": "ΔE00", "texture_lost": "share of the capture's",
    "texture_added": "share of the capture's", "near_duplicate_bits": "bits of 64", "same_product_bits": "bits of 64",
    "same_colour": "ΔE00", "other_colour": "ΔE00", "edge_width": "px", "clipping": "% of the subject",
    "white_balance": "C*ab", "white_background": "% of the background", "background_even": "L*", "halo": "L*",
    "centre_offset": "% of the frame", "edge_contact": "px", "tilt": "degrees", "path_overlap": "share",
    "jpeg_quality": "quality", "jpeg_traces": "share", "jpeg_earlier": "quality", "noise": "σ(L*)",
    "banding": "share", "moire": "levels", "enlarged_edge_width": "px", "spectral_drop": "dB",
}  # fmt: skip
"""In what each threshold is given. Checks count in these: an edit changes numbers, never units."""


def digest_of(thresholds: Thresholds) -> str:
    """16 hex digits: the same for the same bounds."""
    return hashlib.sha256(thresholds.model_dump_json().encode()).hexdigest()[:16]


def completed(bounds: Mapping[str, Any]) -> Thresholds:
    """Bounds that a brand published, by whatever release: what they don't say is the default's, what is no threshold
    any more is left out."""
    known = {name: value for name, value in bounds.items() if name in Thresholds.model_fields}
    return Thresholds.model_validate(DEFAULT.model_dump() | known)


def changed(thresholds: Thresholds, changes: Mapping[str, Any]) -> Thresholds:
    """The same with a category's changes: a number, or one of two bounds or both."""
    content = thresholds.model_dump()
    for name, change in changes.items():
        content[name] = {**content[name], **change} if isinstance(change, Mapping) else change
    return Thresholds.model_validate(content)

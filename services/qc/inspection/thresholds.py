"""The bounds of the checks: data with a default pack, so that a brand can change them."""

import tomllib
from pathlib import Path

from pydantic import Field

from contracts.envelope import Value


class Bounds(Value):
    """Two bounds that part pass, flag and fail."""

    passes: float
    flags: float


class Thresholds(Value):
    least_confidence: float = Field(ge=0, le=1, description="Of the subject's mask, where a check needs a background.")
    aspect_tolerance: float = Field(gt=0, description="Share of the aspect (T04).")
    fill_fail_points: float = Field(ge=0, description="Percentage points under the least fill that fail (T17).")
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


DEFAULT = Thresholds.model_validate(
    tomllib.loads((Path(__file__).parent.parent / "packs" / "thresholds.toml").read_text(encoding="utf-8"))
)

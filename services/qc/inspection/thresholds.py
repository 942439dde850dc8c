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


DEFAULT = Thresholds.model_validate(
    tomllib.loads((Path(__file__).parent.parent / "packs" / "thresholds.toml").read_text(encoding="utf-8"))
)

"""The bounds that the checks measure against. What they are is outside of the engine (`thresholds/domain.py`): who
passes them to the measuring process doesn't load the image libraries."""

from services.qc.thresholds.domain import DEFAULT, Bounds, Thresholds

__all__ = ["DEFAULT", "Bounds", "Thresholds"]

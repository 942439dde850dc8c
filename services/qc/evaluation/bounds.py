"""Which thresholds decide on the number that a check reads: for fitting them, and for drawing them beside it.

Checks that aren't here are decided by the spec (T04, T05, T17) or have no such number.
"""

from dataclasses import dataclass

from services.qc.inspection.thresholds import Bounds, Thresholds


@dataclass(frozen=True)
class Knob:
    """A threshold, and how the number that a check reads is held against it."""

    key: str  # field of `Thresholds`
    check: str
    defect: str  # whose values it parts from the clean ones
    most: bool = True  # larger is worse; else smaller is
    signed: bool = False  # by its size alone
    may_fail: bool = False  # beyond the second bound it fails; else that only makes the words stronger
    fits: bool = True  # False where a convention or more than this number decides: it is drawn only

    def read(self, value: float) -> float:
        """So that larger is worse."""
        size = abs(value) if self.signed else value
        return size if self.most else -size

    def bounds(self, thresholds: Thresholds) -> tuple[float, float | None]:
        """What passes up to here, and what is flagged up to here, as `read` gives it."""
        found = getattr(thresholds, self.key)
        if isinstance(found, Bounds):
            return self.read(found.passes), self.read(found.flags)
        return self.read(float(found)), None


KNOBS = (
    Knob("edge_width", "T09", "blur", may_fail=True),
    Knob("clipping", "T10", "crushed"),
    Knob("luminance", "T11", "dark", signed=True),
    Knob("target", "T12", "cast on the target", may_fail=True),
    Knob("white_balance", "T13", "cast"),
    Knob("white_background", "T14", "stain", most=False, may_fail=True),
    Knob("background_even", "T15", "uneven"),
    Knob("halo", "T16", "halo"),
    Knob("centre_offset", "T18", "off the centre"),
    Knob("edge_contact", "T19", "cut off"),
    Knob("tilt", "T20", "tilt", signed=True),
    Knob("path_overlap", "T21", "path beside the product", most=False),
    Knob("jpeg_quality", "T22", "compressed", most=False, fits=False),
    Knob("noise", "T23", "noise", fits=False),
    Knob("banding", "T24", "banding"),
    Knob("moire", "T26", "moiré"),
    Knob("spectral_drop", "T27", "enlarged", fits=False),
    Knob("contour", "S01", "slimmer", may_fail=True),
    Knob("length", "S02", "longer", signed=True, may_fail=True),
    Knob("structure", "S03", "lost detail"),
    Knob("colour_critical", "F01", "hue", may_fail=True),
    Knob("views", "F02", "other colour"),
    Knob("texture_lost", "F03", "smoothed", most=False, may_fail=True),
    Knob("texture_added", "F03", "sharpened", may_fail=True),
)

"""What a file is compared with: other files that a person approved. Each may be missing; then the checks that need it
can't measure: a reference is never guessed."""

from dataclasses import dataclass

from services.qc.inspection.frame import Frame


@dataclass(frozen=True)
class Reference:
    capture: Frame | None = None  # the approved capture of the same slot: shape
    colour: Frame | None = None  # the approved colour reference: a swatch, a target shot or an approved final


NO_REFERENCE = Reference()

"""How evidence is written: a pure function `(Frame, ImageSpec, Reference) -> Layer | None` under the decorator
`evidence`, which names its check. It is asked where that check has flagged or failed, and shows where: by what the
check itself has measured, never by a measure of its own. None: this finding has no place in the picture."""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.values import ImageSpec
from services.qc.inspection.evidence.layer import Layer
from services.qc.inspection.frame import Frame
from services.qc.inspection.reference import Reference

Draw = Callable[[Frame, ImageSpec, Reference], Layer | None]


@dataclass(frozen=True)
class Evidence:
    """Of one check."""

    check: str
    draw: Draw


def evidence(check: str) -> Callable[[Draw], Evidence]:
    """Make a function the evidence of a check, by its id."""

    def make(draw: Draw) -> Evidence:
        return Evidence(check, draw)

    return make

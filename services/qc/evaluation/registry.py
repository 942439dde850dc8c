"""How a defect and a harmless change are written: a function of a clean photo under a decorator."""

from collections.abc import Callable
from dataclasses import dataclass

from services.qc.evaluation.photo import Case, Photo

Make = Callable[[Photo, float], Case | None]
CONTROL = 0.0  # the severity of what a defect is made from, where that isn't the clean photo itself


@dataclass(frozen=True)
class Defect:
    """Something that is wrong with a photo, in several severities, and the check that must find it."""

    check: str
    name: str
    words: str
    unit: str  # of the severity
    severities: tuple[float, ...]  # the mildest first
    asked: float | None  # the severity that must be found; None where none is promised
    named: bool  # the specification names this severity
    control: bool  # severity 0 is made as well, and must not fire
    may_fail: bool  # the check fails it, where it is strong enough; else it only flags
    make: Make

    @property
    def id(self) -> str:
        return f"{self.check} {self.name}"

    def label(self, severity: float) -> str:
        """`σ 1.5 px`; a defect of one severity is only called by its words."""
        return self.unit.format(f"{severity:g}") if self.unit else ""


@dataclass(frozen=True)
class Harmless:
    """A change that nothing may fail for."""

    name: str
    words: str
    not_for: frozenset[str]  # checks that it is a defect for
    make: Callable[[Photo], Case | None]


def defect(
    check: str,
    name: str,
    words: str,
    *,
    unit: str = "",
    severities: tuple[float, ...] = (1.0,),
    asked: float | None = 1.0,
    named: bool = False,
    control: bool = False,
    may_fail: bool = True,
) -> Callable[[Make], Defect]:
    """Make a generator a defect. It gives None for a photo that can't have it: a grey product has no hue to turn.
    `unit` is a pattern for the severity: `σ {} px`."""
    assert asked is None or asked in severities

    def wrap(make: Make) -> Defect:
        return Defect(check, name, words, unit, severities, asked, named, control, may_fail, make)

    return wrap


def harmless(
    name: str, words: str, *, not_for: tuple[str, ...] = ()
) -> Callable[[Callable[[Photo], Case | None]], Harmless]:
    def wrap(make: Callable[[Photo], Case | None]) -> Harmless:
        return Harmless(name, words, frozenset(not_for), make)

    return wrap

"""Thresholds fitted to what an evaluation read.

Of all bounds that fire at no more than the allowed share of clean pictures, the one that finds most of the defect at
the severity that is asked for; where several find as much, the middle between what clean pictures and defects read. A
bound that does as well already stays, and so does one that there is too little data for: it takes at least as many
photos to see a rate as the rate has parts (100 for 1 %).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.qc.evaluation.bounds import KNOBS, Knob
from services.qc.evaluation.results import MOST_FALSE_FAILS, Evaluation
from services.qc.inspection.thresholds import Thresholds

MOST_FALSE_FLAGS = 5.0  # %: a flag costs a person's look
LEAST_DEFECTS = 30  # pictures with the defect
_GAIN = 1.0  # percentage points: less is no reason to change what people know
_NOT_BELOW = "raised with the other bound: nothing can fail that isn't flagged"
_DIGITS = 2  # that a bound has


@dataclass(frozen=True)
class Fit:
    """What one bound would become, and why."""

    key: str
    bound: str  # `passes`, `flags`, or empty for a threshold of one number
    check: str
    before: float
    after: float
    clean: int
    defects: int
    false_before: float  # % of clean pictures beyond it
    false_after: float
    found_before: float  # % of the defects
    found_after: float
    words: str

    @property
    def changes(self) -> bool:
        return self.after != self.before


def fit(
    evaluation: Evaluation, most_fails: float = MOST_FALSE_FAILS, most_flags: float = MOST_FALSE_FLAGS
) -> list[Fit]:
    """Every bound that can be fitted, in the order of the checks; `most_…` in % of clean pictures."""
    found = []
    for knob in (one for one in KNOBS if one.fits):
        clean, photos, defects = _values(evaluation, knob)
        if not photos and not defects:
            continue
        passes, flags = knob.bounds(evaluation.thresholds)
        flagged = _fit(knob, "" if flags is None else "passes", passes, clean, photos, defects, most_flags)
        found.append(flagged)
        if flags is not None and knob.may_fail:
            least = knob.read(flagged.after)
            failed = _fit(knob, "flags", flags, clean, photos, defects, most_fails, least)
            found.append(failed)
    return found


def fitted(thresholds: Thresholds, fits: Sequence[Fit]) -> Thresholds:
    """The thresholds with what the fits change."""
    changed = thresholds.model_dump()
    for one in fits:
        if one.changes and one.bound:
            changed[one.key][one.bound] = one.after
        elif one.changes:
            changed[one.key] = one.after
    return Thresholds.model_validate(changed)


def _values(evaluation: Evaluation, knob: Knob) -> tuple[list[float], int, list[float]]:
    """What was read of clean pictures and harmless changes, of how many photos, and of the defect; larger is worse."""
    check = next((one for one in evaluation.checks if one.check == knob.check), None)
    defect = next((one for one in check.defects if one.name == knob.defect), None) if check else None
    if check is None or defect is None or defect.asked is None:
        return [], 0, []
    clean = [check.values, *(one.values for one in check.harmless)]
    return (
        [knob.read(value) for values in clean for value in values],
        max(len(values) for values in clean),
        [knob.read(value) for value in defect.asked.values],
    )


def _fit(
    knob: Knob,
    bound: str,
    now: float,
    clean: list[float],
    photos: int,
    defects: list[float],
    most: float,
    least: float = -math.inf,  # nothing can fail that isn't flagged
) -> Fit:
    needed = math.ceil(100 / most)
    floor = max(now, least)
    if photos < needed or len(defects) < LEAST_DEFECTS:
        words = f"kept: {photos} clean photos and {len(defects)} defects; it takes {needed} and {LEAST_DEFECTS}"
        return _judged(knob, bound, now, floor, clean, photos, defects, words if floor == now else _NOT_BELOW)
    lowest = sorted(clean)[max(0, math.ceil(len(clean) * (1 - most / 100)) - 1)]
    least_found = sorted(defects)[int(len(defects) * 0.05)]
    best = _rounded((lowest + least_found) / 2 if least_found > lowest else lowest, up=least_found <= lowest)
    best = max(best, least)
    if _beyond(clean, now) > most:
        words = f"more than {most:g} % of clean pictures are beyond {abs(now):g}"
        return _judged(knob, bound, now, best, clean, photos, defects, words)
    if now < least:
        return _judged(knob, bound, now, best, clean, photos, defects, _NOT_BELOW)
    if _beyond(defects, best) < _beyond(defects, now) + _GAIN:
        return _judged(knob, bound, now, now, clean, photos, defects, "kept: no other bound does better")
    words = f"finds {_beyond(defects, best):.0f} % of the defects instead of {_beyond(defects, now):.0f} %"
    return _judged(knob, bound, now, best, clean, photos, defects, words)


def _judged(
    knob: Knob, bound: str, now: float, then: float, clean: list[float], photos: int, defects: list[float], words: str
) -> Fit:
    before, after = (round(-one if not knob.most else one, 6) for one in (now, then))
    return Fit(
        key=knob.key,
        bound=bound,
        check=knob.check,
        before=before,
        after=after,
        clean=photos,
        defects=len(defects),
        false_before=_beyond(clean, now),
        false_after=_beyond(clean, then),
        found_before=_beyond(defects, now),
        found_after=_beyond(defects, then),
        words=words,
    )


def _beyond(values: list[float], bound: float) -> float:
    """%."""
    return 100 * sum(value > bound for value in values) / len(values) if values else 0.0


def _rounded(value: float, *, up: bool) -> float:
    """To two digits that count; upwards where clean pictures would else be beyond it."""
    if value == 0:
        return 0.0
    digits = _DIGITS - 1 - math.floor(math.log10(abs(value)))
    step = 10.0**-digits
    return round(math.ceil(value / step - 1e-9) * step if up else round(value, digits), max(0, digits))

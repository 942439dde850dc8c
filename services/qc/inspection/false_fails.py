"""How often each check fails a photo that is known to be good: measured on a catalogue of clean studio photos."""

import csv
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from contracts.values import Gate, ImageSpec, Measurement, MeasurementOutcome
from services.qc.inspection.engine import inspect

MOST = 2.0  # %: the bar for every check
_FORMATS = ["jpeg", "png", "tiff", "webp"]
# What a studio's final photos must be; a deliverable, so that every check may fail.
PACKSHOT = ImageSpec(
    formats=_FORMATS, min_width=1000, min_height=1000, deliverable=True, white_background=True, min_fill=0.5
)
DETAIL = ImageSpec(formats=_FORMATS, min_width=1000, min_height=1000, deliverable=True)


@dataclass
class CheckCount:
    """How often a check came to each outcome."""

    check: str
    name: str
    gate: Gate
    outcomes: dict[MeasurementOutcome, int] = field(default_factory=lambda: dict.fromkeys(MeasurementOutcome, 0))
    failed: dict[str, str] = field(default_factory=dict)  # file → what the check said

    @property
    def judged(self) -> int:
        """Photos that it came to a verdict on."""
        return sum(self.outcomes.values()) - self.outcomes[MeasurementOutcome.CANNOT_MEASURE]

    @property
    def false_fail_rate(self) -> float:
        """Per cent of the photos that it judged."""
        return 100 * self.outcomes[MeasurementOutcome.FAIL] / self.judged if self.judged else 0.0


def spec_of(view: str) -> ImageSpec:
    return DETAIL if view == "detail" else PACKSHOT


def count_false_fails(
    catalogue: Path, workers: int = 1, on_progress: Callable[[int, int], None] | None = None
) -> list[CheckCount]:
    """Measure every photo of `catalogue/catalogue.csv` under the spec of its view; one count a check, by id.

    `on_progress` is told how many photos are done, and of how many. Raises `FileNotFoundError` where the catalogue or
    a photo is missing.
    """
    with (catalogue / "catalogue.csv").open(encoding="utf-8", newline="") as table:
        photos = [(catalogue / "photos" / row["file"], row["view"]) for row in csv.DictReader(table)]
    counts: dict[str, CheckCount] = {}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, ((path, _), measurements) in enumerate(zip(photos, pool.map(_measure, photos), strict=True), 1):
            for found in measurements:
                count = counts.setdefault(found.check, CheckCount(found.check, found.name, found.gate))
                count.outcomes[found.outcome] += 1
                if found.outcome is MeasurementOutcome.FAIL:
                    count.failed[path.name] = found.detail
            if on_progress:
                on_progress(done, len(photos))
    return [counts[check] for check in sorted(counts)]


def _measure(photo: tuple[Path, str]) -> list[Measurement]:
    path, view = photo
    return inspect(path.read_bytes(), path.name, spec_of(view))

"""Makes the defects and changes of a catalogue's photos, and measures them: a photo at a time, in some processes."""

import csv
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from contracts.values import Measurement
from services.qc.evaluation.bars import bars
from services.qc.evaluation.defects import DEFECTS
from services.qc.evaluation.examples import choose
from services.qc.evaluation.harmless import HARMLESS
from services.qc.evaluation.photo import Case, Photo
from services.qc.evaluation.registry import CONTROL, Defect, Harmless
from services.qc.evaluation.results import CANNOT, FAIL, FLAG, Evaluation, Row, count
from services.qc.inspection.checks import CHECKS
from services.qc.inspection.engine import measure_frame
from services.qc.inspection.false_fails import spec_of
from services.qc.inspection.fingerprint import fingerprint
from services.qc.inspection.frame import Frame, read_frame
from services.qc.inspection.identity import code_version
from services.qc.inspection.reference import Neighbour, Slot
from services.qc.inspection.registry import Check
from services.qc.inspection.thresholds import DEFAULT, Thresholds
from services.qc.thresholds.domain import digest_of

_log = logging.getLogger(__name__)
GRADED, CROSSED = 48, 16  # photos, spread over the catalogue
_WORSE = {FLAG: 1, FAIL: 2}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Listed:
    """A photo of a catalogue, not yet read."""

    path: Path
    slot: Slot
    siblings: tuple[tuple[Path, Slot], ...]


@dataclass(frozen=True)
class Task:
    """What one photo is put through."""

    listed: Listed
    checks: frozenset[str]
    graded: bool  # all severities, and not only those that are asked for
    crossed: bool  # every check on every defect
    thresholds: Thresholds


def read_list(catalogue: Path) -> list[Listed]:
    """The photos of `catalogue/catalogue.csv`. Raises `FileNotFoundError`."""
    with (catalogue / "catalogue.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    places = [(catalogue / "photos" / row["file"], Slot(row["sku"], row["colorway"], row["view"])) for row in rows]
    return [
        Listed(path, slot, tuple(other for other in places if _is_sibling(slot, other[1]))) for path, slot in places
    ]


def _is_sibling(slot: Slot, other: Slot) -> bool:
    return (slot.sku, slot.view) == (other.sku, other.view) and slot.colorway != other.colorway


def evaluate(
    catalogue: Path,
    *,
    thresholds: Thresholds = DEFAULT,
    checks: frozenset[str] = frozenset(),
    limit: int | None = None,
    processes: int = 1,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Of the checks named, or of all of them; of `limit` photos spread over the catalogue, or of all of them.

    Raises `FileNotFoundError` for a catalogue or photo that isn't there, `ValueError` for an unknown check.
    """
    asked = checks or frozenset(check.id for check in CHECKS)
    if unknown := asked - {check.id for check in CHECKS}:
        raise ValueError(f"There is no check {', '.join(sorted(unknown))}.")
    began = time.monotonic()
    photos = spread(read_list(catalogue), limit)
    graded, crossed = ({one.path for one in spread(photos, most)} for most in (GRADED, CROSSED))
    tasks = [Task(one, asked, one.path in graded, one.path in crossed, thresholds) for one in photos]
    rows: list[Row] = []
    if on_progress:
        on_progress(0, len(tasks))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done, found in enumerate(pool.map(measure_photo, tasks), 1):
            rows += found
            if on_progress:
                on_progress(done, len(tasks))
    counted = count(rows, [check for check in CHECKS if check.id in asked], _defects(asked), HARMLESS)
    return Evaluation(
        catalogue=catalogue.name,
        photos=len(photos),
        graded=len(graded),
        crossed=len(crossed),
        seconds=round(time.monotonic() - began, 1),
        processes=processes,
        engine=code_version(),
        thresholds_version=digest_of(thresholds),
        thresholds=thresholds,
        bars=bars(counted),
        checks=counted,
        examples=choose(rows, _defects(asked)),
    )


def spread(photos: Sequence[Listed], most: int | None) -> list[Listed]:
    """At most so many, evenly spread."""
    if most is None or len(photos) <= most:
        return list(photos)
    return [photos[place * len(photos) // most] for place in range(most)]


def _defects(checks: frozenset[str]) -> list[Defect]:
    return [one for one in DEFECTS if one.check in checks]


def read_photo(listed: Listed, thresholds: Thresholds) -> Photo:
    data = listed.path.read_bytes()
    frame = read_frame(data, listed.path.name, thresholds)
    spec = spec_of(listed.slot.view).model_copy(update={"colour_critical": True})
    return Photo(listed.path.name, data, frame, listed.slot, spec, tuple(_neighbours(listed, thresholds)))


def _neighbours(listed: Listed, thresholds: Thresholds) -> Iterator[Neighbour]:
    for path, slot in listed.siblings:
        found = fingerprint(read_frame(path.read_bytes(), path.name, thresholds))
        if found is not None:
            yield Neighbour(slot, found)


def measure_photo(task: Task) -> list[Row]:
    """Everything that is made of one photo, each measured by the checks that it is about."""
    photo = read_photo(task.listed, task.thresholds)
    if photo.frame.picture is None:
        return []
    every = tuple(check for check in CHECKS if check.id in task.checks)
    clean = {one.check: one for one in measured(photo.case(photo.data), task.thresholds, every)[1]}
    found = [_row(photo, "clean", "", 0, one, {}) for one in clean.values()]
    for change in HARMLESS:
        found += _harmless_rows(photo, change, clean, every, task.thresholds)
    for one in _defects(task.checks):
        own = tuple(check for check in CHECKS if check.id == one.check)
        for severity in _severities(one, task.graded):
            case = one.make(photo, severity)
            if case is None:
                continue
            kind = "control" if severity == CONTROL else "defect"
            wide = task.crossed and severity == one.asked
            for measurement in measured(case, task.thresholds, every if wide else own)[1]:
                is_own = measurement.check == one.check
                found.append(_row(photo, kind if is_own else "crossed", one.id, severity, measurement, clean))
    return found


def _severities(one: Defect, graded: bool) -> list[float]:
    control = [CONTROL] if one.control else []
    return control + [severity for severity in one.severities if graded or severity == one.asked]


def _harmless_rows(
    photo: Photo, change: Harmless, clean: dict[str, Measurement], checks: tuple[Check, ...], thresholds: Thresholds
) -> list[Row]:
    case = change.make(photo)
    if case is None:
        return []
    asked = tuple(check for check in checks if check.id not in change.not_for)
    return [_row(photo, "harmless", change.name, 0, one, clean) for one in measured(case, thresholds, asked)[1]]


def measured(case: Case, thresholds: Thresholds, checks: tuple[Check, ...]) -> tuple[Frame, list[Measurement]]:
    frame = read_frame(case.data, case.filename, thresholds)
    return frame, measure_frame(frame, case.spec, case.reference, {one.id for one in checks})


def _row(photo: Photo, kind: str, name: str, severity: float, found: Measurement, clean: dict[str, Measurement]) -> Row:
    before = clean.get(found.check)
    new = before is None or _WORSE.get(found.outcome, 0) > _WORSE.get(before.outcome, 0)
    shown = found.outcome is not CANNOT
    return Row(
        photo=photo.file,
        kind=kind,
        name=name,
        severity=severity,
        check=found.check,
        outcome=found.outcome,
        value=found.value if shown else None,
        threshold=found.threshold,
        detail=found.detail,
        new=new,
    )

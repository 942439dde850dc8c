"""Which pictures are worth a look: what was missed, what fired for nothing, and one of each that was found."""

from collections.abc import Iterable, Sequence

from services.qc.evaluation.registry import Defect
from services.qc.evaluation.results import FAIL, FLAG, PASS, Example, Row

_MOST_MISSED, _MOST_FAILS, _MOST_FLAGS = 4, 6, 3  # of one defect, and of one check


def choose(rows: Sequence[Row], defects: Sequence[Defect]) -> list[Example]:
    labels = {one.id: one for one in defects}
    found: list[Example] = []
    for one in defects:
        own = [row for row in rows if row.kind == "defect" and row.name == one.id and row.severity == one.asked]
        found += _of("missed", [row for row in own if row.outcome is PASS], _MOST_MISSED, labels)
    fired = [row for row in rows if row.kind in ("clean", "harmless", "control") and row.new]
    for check in sorted({row.check for row in fired}):
        own = [row for row in fired if row.check == check]
        found += _of("false_fail", [row for row in own if row.outcome is FAIL], _MOST_FAILS, labels)
        found += _of("false_flag", [row for row in own if row.outcome is FLAG], _MOST_FLAGS, labels)
    for one in defects:
        severity = one.asked if one.asked is not None else one.severities[-1]
        own = [row for row in rows if row.kind == "defect" and row.name == one.id and row.severity == severity]
        found += _of("found", [row for row in own if row.outcome in (FLAG, FAIL)], 1, labels)
    return found


def _of(kind: str, rows: Iterable[Row], most: int, defects: dict[str, Defect]) -> list[Example]:
    """Spread over the rows, so that they don't all show one product; flags that say the same once."""
    every = list({row.detail: row for row in rows}.values()) if kind == "false_flag" else list(rows)
    chosen = [every[place * len(every) // most] for place in range(most)] if len(every) > most else every
    return [
        Example(
            kind=kind,
            photo=row.photo,
            source=row.kind,
            name=row.name,
            severity=row.severity,
            label=defects[row.name].label(row.severity) if row.kind == "defect" else "",
            check=row.check,
            outcome=row.outcome,
            value=row.value,
            threshold=row.threshold,
            detail=row.detail,
        )
        for row in chosen
    ]

"""What an evaluation found, counted. The JSON that is written is `Evaluation`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import Field

from contracts.envelope import Value
from contracts.values import Gate, MeasurementOutcome
from services.qc.evaluation.registry import Defect, Harmless
from services.qc.inspection.registry import Check
from services.qc.inspection.thresholds import Thresholds

PASS, FLAG, FAIL, CANNOT = (
    MeasurementOutcome.PASS,
    MeasurementOutcome.FLAG,
    MeasurementOutcome.FAIL,
    MeasurementOutcome.CANNOT_MEASURE,
)
LEAST_DETECTION, MOST_FALSE_FAILS = 95.0, 1.0  # %


@dataclass(frozen=True)
class Row:
    """One measurement of one picture."""

    photo: str
    kind: str  # `clean`, `harmless`, `control` or `defect`
    name: str  # of the change, or the defect's id; empty for the clean photo
    severity: float
    check: str
    outcome: MeasurementOutcome
    value: float | None
    threshold: str
    detail: str
    new: bool  # the clean photo didn't come to this outcome, or a worse one, in this check


class Tally(Value):
    """How often each outcome came."""

    passed: int = 0
    flagged: int = 0
    failed: int = 0
    not_measured: int = 0

    @property
    def judged(self) -> int:
        return self.passed + self.flagged + self.failed

    @property
    def fired(self) -> int:
        return self.flagged + self.failed


class Readings(Value):
    """The numbers that a check read, by what it said of them; without those that it couldn't measure."""

    passed: list[float] = Field(default=[])
    flagged: list[float] = Field(default=[])
    failed: list[float] = Field(default=[])


class Read(Value):
    """Of one kind of picture."""

    readings: Readings

    @property
    def values(self) -> list[float]:
        return [*self.readings.passed, *self.readings.flagged, *self.readings.failed]


class Severity(Read):
    severity: float
    label: str
    asked: bool = Field(description="This severity must be found.")
    outcomes: Tally
    detection: float | None = Field(description="%, flagged or failed of those that it judged.")


class DefectResult(Value):
    name: str
    words: str
    named: bool = Field(description="The specification names the severity that is asked for.")
    may_fail: bool
    severities: list[Severity]
    also_fired: dict[str, float] = Field(
        description="Other checks that fire too at the severity that is asked for, and not on the clean photo: % of a "
        "sample of the photos."
    )

    @property
    def asked(self) -> Severity | None:
        return next((one for one in self.severities if one.asked), None)

    @property
    def milder(self) -> list[Severity]:
        """Than the one that must be found; the mildest first."""
        asked = self.asked
        return [] if asked is None else self.severities[: self.severities.index(asked)]

    @property
    def others(self) -> list[Severity]:
        """All but the one that must be found and the milder ones: what a check had better find as well."""
        return [one for one in self.severities if not one.asked and one not in self.milder]


class Unchanged(Read):
    """What a check said of pictures that have nothing for it to find."""

    name: str
    words: str
    outcomes: Tally
    new_flags: int = Field(description="Where the clean photo itself isn't flagged or failed.")
    new_fails: int


class CheckResult(Read):
    check: str
    name: str
    gate: Gate
    unit: str
    clean: Tally
    false_fail_rate: float | None = Field(description="%, of the clean photos that it judged.")
    false_flag_rate: float | None
    harmless: list[Unchanged] = Field(description="Changes that must not fire, and what defects are made from.")
    defects: list[DefectResult]


class Bar(Value):
    name: str
    value: float | None
    unit: str
    bar: str
    holds: bool
    detail: str = ""


class Example(Value):
    """A picture that is worth a look."""

    kind: str = Field(description="missed, false_fail, false_flag, found")
    photo: str
    source: str = Field(description="clean, harmless, control or defect")
    name: str
    severity: float
    label: str
    check: str
    outcome: MeasurementOutcome
    value: float | None
    threshold: str
    detail: str


class Evaluation(Value):
    catalogue: str
    photos: int
    graded: int = Field(description="Photos that the other severities were made of.")
    crossed: int = Field(description="Photos of which every defect was put before every check.")
    seconds: float
    processes: int
    engine: str
    thresholds_version: str
    thresholds: Thresholds
    bars: list[Bar]
    checks: list[CheckResult]
    examples: list[Example]


def tally(rows: Iterable[Row]) -> Tally:
    counts = dict.fromkeys(MeasurementOutcome, 0)
    for row in rows:
        counts[row.outcome] += 1
    return Tally(passed=counts[PASS], flagged=counts[FLAG], failed=counts[FAIL], not_measured=counts[CANNOT])


def count(
    rows: Sequence[Row], checks: Sequence[Check], defects: Sequence[Defect], changes: Sequence[Harmless]
) -> list[CheckResult]:
    """A result for each check, in the order of the gates; also for one that had nothing to judge."""
    by_check: dict[str, list[Row]] = {check.id: [] for check in checks}
    crossed: dict[str, list[Row]] = {one.id: [] for one in defects}
    for row in rows:
        if row.kind == "crossed":
            crossed[row.name].append(row)
        else:
            by_check[row.check].append(row)
    return [
        _check_result(
            check,
            by_check[check.id],
            [(one, crossed[one.id]) for one in defects if one.check == check.id],
            changes,
        )
        for check in sorted(checks, key=lambda one: ("TSF".find(one.id[0]), one.id))
    ]


def _check_result(
    check: Check, rows: list[Row], defects: list[tuple[Defect, list[Row]]], changes: Sequence[Harmless]
) -> CheckResult:
    clean = [row for row in rows if row.kind == "clean"]
    seen = tally(clean)
    unchanged = [
        (change.name, change.words, [row for row in rows if row.kind == "harmless" and row.name == change.name])
        for change in changes
    ]
    unchanged += [
        (f"before “{one.name}”", "what the defect is made from", [row for row in rows if _is(row, "control", one)])
        for one, _ in defects
        if one.control
    ]
    return CheckResult(
        check=check.id,
        name=check.name,
        gate=check.gate,
        unit=check.unit,
        clean=seen,
        false_fail_rate=rate(seen.failed, seen.judged),
        false_flag_rate=rate(seen.flagged, seen.judged),
        readings=_readings(clean),
        harmless=[_unchanged(name, words, own) for name, words, own in unchanged if own],
        defects=[
            _defect_result(one, [row for row in rows if _is(row, "defect", one)], cross) for one, cross in defects
        ],
    )


def _is(row: Row, kind: str, one: Defect) -> bool:
    return row.kind == kind and row.name == one.id


def _unchanged(name: str, words: str, rows: list[Row]) -> Unchanged:
    return Unchanged(
        name=name,
        words=words,
        outcomes=tally(rows),
        new_flags=sum(row.new and row.outcome is FLAG for row in rows),
        new_fails=sum(row.new and row.outcome is FAIL for row in rows),
        readings=_readings(rows),
    )


def _defect_result(one: Defect, rows: list[Row], crossed: list[Row]) -> DefectResult:
    severities = []
    for severity in one.severities:
        own = [row for row in rows if row.severity == severity]
        if own:
            seen = tally(own)
            severities.append(
                Severity(
                    severity=severity,
                    label=one.label(severity),
                    asked=severity == one.asked,
                    outcomes=seen,
                    detection=rate(seen.fired, seen.judged),
                    readings=_readings(own),
                )
            )
    others: dict[str, list[bool]] = {}
    for row in crossed:
        others.setdefault(row.check, []).append(row.new and row.outcome in (FLAG, FAIL))
    return DefectResult(
        name=one.name,
        words=one.words,
        named=one.named,
        may_fail=one.may_fail,
        severities=severities,
        also_fired={check: round(100 * sum(fired) / len(fired), 1) for check, fired in others.items() if any(fired)},
    )


def _readings(rows: Sequence[Row]) -> Readings:
    passed, flagged, failed = (
        [row.value for row in rows if row.value is not None and row.outcome is outcome]
        for outcome in (PASS, FLAG, FAIL)
    )
    return Readings(passed=passed, flagged=flagged, failed=failed)


def rate(part: int, whole: int) -> float | None:
    """Per cent; None of nothing."""
    return round(100 * part / whole, 2) if whole else None

"""What is promised of the engine, and what was measured of it."""

from collections.abc import Sequence

from services.qc.evaluation.results import LEAST_DETECTION, MOST_FALSE_FAILS, Bar, CheckResult


def bars(checks: Sequence[CheckResult]) -> list[Bar]:
    """Of these checks."""
    asked = [(check, one, one.asked) for check in checks for one in check.defects if one.asked is not None]
    found: list[Bar] = []
    for check, one, severity in asked:
        if one.named and severity is not None:
            missed = severity.outcomes.not_measured
            found.append(
                Bar(
                    name=f"{check.check} finds {one.words}, {severity.label}",
                    value=severity.detection,
                    unit="%",
                    bar=f"≥ {LEAST_DETECTION:g} %",
                    holds=(severity.detection or 0) >= LEAST_DETECTION,
                    detail=f"{severity.outcomes.fired} of {severity.outcomes.judged}"
                    + (f"; {missed} more couldn't be measured" if missed else ""),
                )
            )
    others = [(f"{check.check} {one.name}", severity) for check, one, severity in asked if not one.named and severity]
    low = [name for name, severity in others if (severity.detection or 0) < LEAST_DETECTION]
    if others:
        found.append(
            Bar(
                name="the worst of the other defects, at the severities that the thresholds are for",
                value=min(severity.detection or 0 for _, severity in others),
                unit="%",
                bar=f"≥ {LEAST_DETECTION:g} %",
                holds=not low,
                detail=f"{len(others) - len(low)} of {len(others)} hold" + (f"; not {', '.join(low)}" if low else ""),
            )
        )
    return [*found, *_false_fail_bars(checks)]


def _false_fail_bars(checks: Sequence[CheckResult]) -> list[Bar]:
    measured = [check for check in checks if check.false_fail_rate is not None]
    worst = max(measured, key=lambda check: check.false_fail_rate or 0, default=None)
    harmless = sum(one.outcomes.judged for check in checks for one in check.harmless)
    fails = [f"{check.check} {one.name}" for check in checks for one in check.harmless if one.new_fails]
    number = sum(one.new_fails for check in checks for one in check.harmless)
    clean = []
    if worst is not None:
        rate_of_worst = worst.false_fail_rate or 0
        clean.append(
            Bar(
                name="false fails of clean photos, the worst check",
                value=rate_of_worst,
                unit="%",
                bar=f"≤ {MOST_FALSE_FAILS:g} %",
                holds=rate_of_worst <= MOST_FALSE_FAILS,
                detail=f"{worst.check}: {worst.clean.failed} of {worst.clean.judged}"
                if rate_of_worst
                else f"none in {sum(check.clean.judged for check in measured):,} verdicts",
            )
        )
    return [
        *clean,
        Bar(
            name="fails of harmless changes",
            value=number,
            unit="",
            bar="0",
            holds=number == 0,
            detail=f"of {harmless:,} verdicts" + (f": {', '.join(fails)}" if fails else ""),
        ),
    ]

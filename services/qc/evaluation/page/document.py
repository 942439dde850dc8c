"""The page, from top to bottom: what holds, what to look at first, every check, and how it was measured."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from services.qc.evaluation.page.parts import (
    chip,
    counted,
    cross,
    detection_chips,
    gallery,
    judged,
    legend,
    percent,
    plot,
    runs,
    split,
)
from services.qc.evaluation.pictures import Shown
from services.qc.evaluation.results import (
    LEAST_DETECTION,
    MOST_FALSE_FAILS,
    Bar,
    CheckResult,
    DefectResult,
    Evaluation,
    Tally,
)

_MANY_FLAGS = 5.0  # %: more than this of clean photos is worth a word
_STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
Pictures = Mapping[int, Sequence[Shown]]


def render(evaluation: Evaluation, pictures: Pictures) -> str:
    """`pictures` by the example's place."""
    found = [
        _head(evaluation),
        _bars(evaluation.bars),
        _first(evaluation, pictures),
        _overview(evaluation.checks),
        _checks(evaluation, pictures),
        _crossed(evaluation),
        _method(evaluation),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evaluation of the QC engine</title><style>{_STYLE}</style></head><body><main>{''.join(found)}</main>"
        "</body></html>\n"
    )


def _head(evaluation: Evaluation) -> str:
    missed = [bar for bar in evaluation.bars if not bar.holds]
    verdict = (
        "All bars hold."
        if not missed
        else f"{len(evaluation.bars) - len(missed)} of {len(evaluation.bars)} bars hold. "
        f"Missed: {'; '.join(bar.name for bar in missed)}."
    )
    measured = sum(map(judged, evaluation.checks))
    links = (("bars", "bars"), ("first", "look at first"), ("overview", "all checks"), ("checks", "check by check"),
             ("crossed", "what else fires"), ("method", "how it was measured"))  # fmt: skip
    shown = "".join(f'<a href="#{anchor}">{words}</a>' for anchor, words in links)
    return (
        "<h1>How well the QC engine sees</h1>"
        f'<p class="soft">{counted(evaluation.photos, "clean photo")} of “{escape(evaluation.catalogue)}”, '
        f"defects and harmless changes made from {'it' if evaluation.photos == 1 else 'them'}, "
        f"{counted(measured, 'verdict')}.</p>"
        f"<p><b>{escape(verdict)}</b></p>"
        f"<nav>{shown}</nav>"
    )


def _bars(bars: Sequence[Bar]) -> str:
    return f'<section id="bars" class="cards">{"".join(map(_bar, bars))}</section>'


def _bar(bar: Bar) -> str:
    unit = f" {bar.unit}" if bar.unit else ""
    value = "–" if bar.value is None else f"{bar.value:g}{escape(unit)}"
    mark = chip("holds", "good") if bar.holds else chip("missed", "bad")
    return (
        f'<div class="card bar{"" if bar.holds else " misses"}"><div class="small">{escape(bar.name)}</div>'
        f'<div class="value">{value} <span>asked: {escape(bar.bar)}</span></div>'
        f'<div class="small soft">{mark} {escape(bar.detail)}</div></div>'
    )


def _first(evaluation: Evaluation, pictures: Pictures) -> str:
    """What was missed, and what fired for nothing."""
    placed = list(enumerate(evaluation.examples))
    sections = []
    for kind, title, words in (
        ("missed", "Missed defects", "Made on purpose, at a severity that must be found, and passed."),
        ("false_fail", "Fails for nothing", "Clean photos and harmless changes that a check failed."),
        ("false_flag", "Flags for nothing", "The same, only flagged: each costs a person’s look. Some of a check."),
    ):
        own = [(one, pictures.get(place, ())) for place, one in placed if one.kind == kind]
        shown = gallery(own) if own else f"<p>{chip('none', 'good')}</p>"
        many = len(own) > 6 and kind != "missed"
        sections.append(
            f"<h3>{title}</h3><p class='soft small'>{words}</p>"
            + (
                f"<details><summary>{len(own)} pictures</summary><div class='inside'>{shown}</div></details>"
                if many
                else shown
            )
        )
    return (
        '<h2 id="first">Look at these first</h2><p class="soft">Each row: the clean photo, the picture that was '
        "measured, and where the two differ (magenta) with the outline of the subject as the engine sees it (green). "
        "What shows at 100 % only is shown so; the square says from where.</p>" + "".join(sections)
    )


def _overview(checks: Sequence[CheckResult]) -> str:
    rows = "".join(map(_overview_row, checks))
    return (
        '<h2 id="overview">All checks</h2><p class="soft">Found: the least of its defects at the severity that is '
        "asked for, of what could be judged. False fails and flags: of the clean photos that it judged. Harmless: what "
        "newly failed or was flagged after changes that mean nothing.</p>"
        '<div class="scroll"><table><tr><th>check</th><th>outcomes on clean photos</th><th class="n">found</th>'
        '<th class="n">false fails</th><th class="n">false flags</th><th class="n">harmless: fails</th>'
        f'<th class="n">flags</th></tr>{rows}</table></div>{legend()}'
    )


def _overview_row(check: CheckResult) -> str:
    found = least_found(check)
    fails, flags = check.false_fail_rate, check.false_flag_rate
    new_fails, new_flags = (sum(getattr(one, key) for one in check.harmless) for key in ("new_fails", "new_flags"))
    unharmed = sum(one.outcomes.judged for one in check.harmless)
    bad = "bad" if found is not None and found < LEAST_DETECTION else ""
    return (
        f'<tr><td><a href="#{check.check}">{check.check}</a> {escape(_words(check.name))}</td>'
        f"<td>{split(check.clean) if judged(check) else chip('nothing judged', 'none')}</td>"
        f'<td class="n {bad}">{percent(found)}</td>'
        f'<td class="n {"bad" if (fails or 0) > MOST_FALSE_FAILS else ""}">{percent(fails)}</td>'
        f'<td class="n {"warn" if (flags or 0) > _MANY_FLAGS else ""}">{percent(flags)}</td>'
        f'<td class="n {"bad" if new_fails else ""}">{new_fails} of {unharmed:,}</td>'
        f'<td class="n {"warn" if new_flags else ""}">{new_flags}</td></tr>'
    )


def least_found(check: CheckResult) -> float | None:
    """% of its defects at the severity that is asked for, the worst of them."""
    found = [one.asked.detection for one in check.defects if one.asked and one.asked.detection is not None]
    return min(found, default=None)


def _checks(evaluation: Evaluation, pictures: Pictures) -> str:
    return (
        '<h2 id="checks">Check by check</h2><p class="soft">Each with all severities of its defects (the one that must '
        "be found is bold), what it said of every kind of picture, the numbers that it read with its bounds (in the "
        "colours of what it said; rows that must be found are bold), and one picture of each defect that it "
        f"found.</p>{legend()}" + "".join(_check(check, evaluation, pictures) for check in evaluation.checks)
    )


def _check(check: CheckResult, evaluation: Evaluation, pictures: Pictures) -> str:
    found = least_found(check)
    chips = detection_chips(check)
    if check.clean.failed:
        chips += chip(counted(check.clean.failed, "false fail"), "bad")
    if (check.false_flag_rate or 0) > _MANY_FLAGS:
        chips += chip(f"flags {percent(check.false_flag_rate)} of clean photos", "warn")
    examples = [
        (one, pictures.get(place, ()))
        for place, one in enumerate(evaluation.examples)
        if one.check == check.check and one.kind == "found"
    ]
    drawn = plot(check, evaluation.thresholds)
    return (
        f'<details id="{check.check}"{" open" if found is not None and found < LEAST_DETECTION else ""}>'
        f"<summary><b>{check.check} {escape(_words(check.name))}</b>{chips}</summary><div class='inside'>"
        + _confusion(check)
        + (f"<h3>What it read</h3><div class='scroll'>{drawn}</div>" if drawn else "")
        + (f"<h3>Found</h3>{gallery(examples)}" if examples else "")
        + "</div></details>"
    )


def _confusion(check: CheckResult) -> str:
    """What there was to find, against what was said."""
    head = "".join(f'<th class="n">{words}</th>' for words in ("passed", "flagged", "failed", "not measured", "found"))
    rows = [_row("clean photos", "", check.clean, None)]
    rows += [_row(f"harmless: {one.words}", "", one.outcomes, None) for one in check.harmless if one.words[0] != "w"]
    rows += [_row(one.name, one.words, one.outcomes, None) for one in check.harmless if one.words[0] == "w"]
    for one in check.defects:
        rows += _severities(one)
    return f'<div class="scroll"><table><tr><th>picture</th><th></th>{head}</tr>{"".join(rows)}</table></div>'


def _severities(one: DefectResult) -> list[str]:
    named = " (named by the specification)" if one.named else ""
    return [
        _row(
            f"{one.words} {severity.label}",
            f"must be found{named}" if severity.asked else "",
            severity.outcomes,
            severity.detection,
            asked=severity.asked,
        )
        for severity in one.severities
    ]


def _row(name: str, more: str, tally: Tally, detection: float | None, *, asked: bool = False) -> str:
    counts = "".join(
        f'<td class="n">{getattr(tally, key)}</td>' for key in ("passed", "flagged", "failed", "not_measured")
    )
    bad = "bad" if asked and (detection or 0) < LEAST_DETECTION else ""
    soft = f' <span class="soft small">{escape(more)}</span>' if more else ""
    return (
        f'<tr class="{"asked" if asked else ""}"><td>{escape(name)}{soft}</td><td>{split(tally)}</td>{counts}'
        f'<td class="n {bad}">{percent(detection) if detection is not None else ""}</td></tr>'
    )


def _crossed(evaluation: Evaluation) -> str:
    checks = [check.check for check in evaluation.checks]
    names = [
        (check.check, one.name, one.asked.detection, one.also_fired)
        for check in evaluation.checks
        for one in check.defects
        if one.asked
    ]
    return (
        '<h2 id="crossed">What else fires</h2><p class="soft">Of '
        f"{counted(evaluation.crossed, 'photo')} with each defect, the share (%) on which another check fires too, and "
        "didn’t on the clean photo. Much of it is right: noise takes the white of the background with it. The frame "
        f"marks the defect’s own check, and what it found of all that it judged.</p>{cross(names, checks)}"
    )


def _method(evaluation: Evaluation) -> str:
    untested = [check.check for check in evaluation.checks if not check.defects]
    minutes = evaluation.seconds / 60
    return (
        '<h2 id="method">How it was measured</h2>'
        "<p>Every defect is made from each clean photo that can have it, at the severity that must be found; the "
        f"other severities from {evaluation.graded} of the {counted(evaluation.photos, 'photo')}, spread over the "
        "catalogue. Each is measured by its own check, with the clean photo as approved capture, colour reference, the "
        "rest of its batch and as another view, and real photos of the other colorways in other slots. The colours are "
        "held to the bounds for colour-critical products. Harmless changes and clean photos are measured by all "
        "checks.</p>"
        "<p>Found is flagged or failed, of what could be judged; what couldn’t be measured is told, and counted apart: "
        "a person looks at it. Where a photo can’t have a defect (a grey product has no hue) none is made.</p>"
        f"<p>Engine {evaluation.engine}, thresholds {evaluation.thresholds_version}; "
        f"{counted(round(minutes), 'minute')} in {counted(evaluation.processes, 'worker')}."
        + (f" No defect is made for {runs(untested)}." if untested else "")
        + "</p>"
    )


def _words(name: str) -> str:
    return name.replace("_", " ")

"""Pieces of the page: chips, split bars, pictures, plots."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise

from services.qc.evaluation.bounds import KNOBS
from services.qc.evaluation.pictures import Shown
from services.qc.evaluation.results import LEAST_DETECTION, CheckResult, Example, Readings, Severity, Tally
from services.qc.inspection.thresholds import Thresholds

_WIDTH, _ROW, _LEFT, _BINS = 860, 34, 210, 90  # px of a plot, and its bins
_Row = tuple[str, bool, Mapping[str, Sequence[float]]]  # name, whether it must be found, values by what was said
_TAIL = 0.01  # of all values that may lie beyond a plot's ends
_KINDS = {
    "missed": ("missed", "bad"),
    "false_fail": ("failed for nothing", "bad"),
    "false_flag": ("flagged for nothing", "warn"),
    "found": ("found", "good"),
}


def chip(words: str, kind: str) -> str:
    return f'<span class="chip {kind}">{escape(words)}</span>'


def percent(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f} %" if value in (0, 100) else f"{value:.1f} %"


def counted(number: int, one: str) -> str:
    """`1 photo`, `2 photos`."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def judged(check: CheckResult) -> int:
    """Pictures of every kind."""
    tallies = [check.clean, *(one.outcomes for one in check.harmless)]
    tallies += [severity.outcomes for one in check.defects for severity in one.severities]
    return sum(one.judged for one in tallies)


def detection_chips(check: CheckResult) -> str:
    """What it finds of what it must, the worst of all else that was made for it, and of what is milder."""
    if not check.defects:
        return chip("no defect is made for it", "none")
    asked = _found((one.words, one.asked) for one in check.defects if one.asked)
    if not asked:
        chips = chip("nothing judged" if not judged(check) else "nothing judged that must be found", "none")
    else:
        least, where = asked[0]
        several = "of each" if least == 100 else f"at least: {where}"
        words = f"finds {percent(least)}: {where}" if len(asked) == 1 else f"finds {percent(least)} {several}"
        chips = chip(words, "good" if least >= LEAST_DETECTION else "bad")
    others = _found((one.words, severity) for one in check.defects for severity in one.others)
    if others and others[0][0] < LEAST_DETECTION:
        chips += chip(f"worst {percent(others[0][0])}: {others[0][1]}", "warn")
    milder = _found((one.words, severity) for one in check.defects for severity in one.milder)
    if milder and milder[0][0] < LEAST_DETECTION:
        chips += chip(f"milder: {percent(milder[0][0])} of {milder[0][1]}", "none")
    return chips


def _found(severities: Iterable[tuple[str, Severity | None]]) -> list[tuple[float, str]]:
    """% found of each that was judged, and which it is; the worst first."""
    found = [
        (one.detection, f"{words}, {one.label}" if one.label else words)
        for words, one in severities
        if one is not None and one.detection is not None
    ]
    return sorted(found, key=lambda one: one[0])


def split(tally: Tally) -> str:
    """The four outcomes as one bar."""
    total = max(1, tally.judged + tally.not_measured)
    parts = (
        ("fail", tally.failed, "failed"),
        ("flag", tally.flagged, "flagged"),
        ("pass", tally.passed, "passed"),
        ("cannot", tally.not_measured, "couldn't be measured"),
    )
    words = ", ".join(f"{count} {name}" for _, count, name in parts if count)
    pieces = "".join(
        f'<i class="{kind}" style="width:{100 * count / total:.2f}%"></i>' for kind, count, _ in parts if count
    )
    return f'<span class="split" role="img" title="{words}" aria-label="{words}">{pieces}</span>'


def legend() -> str:
    kinds = (("fail", "failed"), ("flag", "flagged"), ("pass", "passed"), ("cannot", "couldn't be measured"))
    return f'<div class="legend">{"".join(f"<span><i class={kind}></i>{words}</span>" for kind, words in kinds)}</div>'


def gallery(examples: Iterable[tuple[Example, Sequence[Shown]]]) -> str:
    return f'<div class="examples">{"".join(_example(one, shown) for one, shown in examples)}</div>'


def _example(example: Example, shown: Sequence[Shown]) -> str:
    words, kind = _KINDS[example.kind]
    what = {"clean": "the clean photo", "harmless": f"harmless: {example.name}", "control": f"before “{example.name}”"}
    name = what.get(example.source) or f"{example.name.split(' ', 1)[1]} {example.label}"
    figures = "".join(map(_figure, shown))
    read = "" if example.value is None else f" Read {example.value:g}, asked {escape(example.threshold)}."
    return (
        f'<article class="card example"><header><a href="#{example.check}">{example.check}</a>{chip(words, kind)}'
        f"<span>{escape(name)}</span></header><p>{escape(example.detail)}{read} "
        f'<span class="soft">{escape(example.photo)}</span></p><div class="pictures">{figures}</div></article>'
    )


def _figure(shown: Shown) -> str:
    close = ' class="close"' if shown.close else ""
    return (
        f'<figure><img loading="lazy" alt=""{close} src="{shown.uri}">'
        f"<figcaption>{escape(shown.caption)}</figcaption></figure>"
    )


def plot(check: CheckResult, thresholds: Thresholds) -> str:
    """What the check read, a row a kind of picture, in the colours of what it said of it, with its bounds. Empty where
    no bound decides on it."""
    signed = any(knob.signed for knob in KNOBS if knob.check == check.check)
    rows = [_row("clean photos", False, [check.readings], signed)]
    rows.append(_row("harmless changes", False, [one.readings for one in check.harmless], signed))
    for one in check.defects:
        rows += [
            _row(f"{one.name} {severity.label}", severity.asked, [severity.readings], signed)
            for severity in one.severities
        ]
    rows = [row for row in rows if any(row[2].values())]
    every = sorted(value for _, _, said in rows for values in said.values() for value in values)
    lines = sorted(_lines(check, thresholds))
    if not lines or len(rows) < 2 or every[0] == every[-1]:
        return ""
    low = min([every[int(_TAIL * (len(every) - 1))], *lines])
    high = max([every[int((1 - _TAIL) * (len(every) - 1))], *lines])
    margin = 0.04 * (high - low or 1)
    low, high = low - margin, high + margin
    height = len(rows) * _ROW + 34
    pieces = [_histogram(index, row, low, high) for index, row in enumerate(rows)]
    for value in lines:
        x = _x(value, low, high)
        pieces.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{height - 26}" stroke="var(--ink)" stroke-dasharray="4 3"/>'
            f'<text x="{x:.1f}" y="{height - 10}" text-anchor="middle">{value:g}</text>'
        )
    pieces += [
        f'<text x="{_LEFT}" y="{height - 10}">{low + margin:.3g}</text>' if not _near(low, low, high, lines) else "",
        f'<text x="{_WIDTH}" y="{height - 10}" text-anchor="end">{high - margin:.3g} {escape(check.unit)}</text>'
        if not _near(high, low, high, lines)
        else "",
    ]
    title = f"What {check.check} read, in {check.unit or 'its own unit'}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" aria-label="{escape(title)}">'
        f"{''.join(pieces)}</svg>"
    )


def _row(name: str, asked: bool, readings: Sequence[Readings], signed: bool) -> _Row:
    said = {
        "pass": [value for one in readings for value in one.passed],
        "flag": [value for one in readings for value in one.flagged],
        "fail": [value for one in readings for value in one.failed],
    }
    return name, asked, {kind: [abs(value) if signed else value for value in own] for kind, own in said.items()}


def _lines(check: CheckResult, thresholds: Thresholds) -> set[float]:
    """The bounds, as the check reads them."""
    found: set[float] = set()
    for knob in KNOBS:
        if knob.check == check.check:
            found |= {bound if knob.most else -bound for bound in knob.bounds(thresholds) if bound is not None}
    return found


def _histogram(index: int, row: _Row, low: float, high: float) -> str:
    """What was said of the values of one place stands one on the other."""
    name, asked, said = row
    counts = {kind: [0] * _BINS for kind in said}
    for kind, values in said.items():
        for value in values:
            place = int((value - low) / (high - low) * _BINS)
            counts[kind][min(max(place, 0), _BINS - 1)] += 1
    top, base, most = index * _ROW + 6, (index + 1) * _ROW, max(map(sum, zip(*counts.values(), strict=True)))
    step = (_WIDTH - _LEFT) / _BINS
    heights = [0.0] * _BINS
    paths = ""
    for kind, own in counts.items():
        path = ""
        for place, count in enumerate(own):
            if count:
                height = max(2.0, (base - top) * count / most)
                path += (
                    f"M{_LEFT + place * step:.1f} {base - heights[place]:.1f}v{-height:.1f}h{step:.1f}v{height:.1f}z"
                )
                heights[place] += height
        if path:
            paths += f'<path d="{path}" fill="var(--{kind})"/>'
    mark = ' class="asked"' if asked else ""
    return (
        f'<text x="{_LEFT - 10}" y="{base - 6}" text-anchor="end"{mark}>'
        f"{escape(name.strip())}</text>{paths}"
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{base}" y2="{base}" stroke="var(--line)"/>'
    )


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT)


def _near(end: float, low: float, high: float, lines: Sequence[float]) -> bool:
    """Whether a bound's number would run into that of the plot's end."""
    return any(abs(_x(end, low, high) - _x(value, low, high)) < 90 for value in lines)


def cross(names: Sequence[tuple[str, str, float | None, dict[str, float]]], checks: Sequence[str]) -> str:
    """Defects (check, name, found by it in %, what else fires in %) against checks."""
    head = "".join(f"<th>{check}</th>" for check in checks)
    rows = []
    for own, name, found, fired in names:
        cells = "".join(_cell(check == own, found if check == own else fired.get(check)) for check in checks)
        rows.append(f"<tr><td>{own} {escape(name)}</td>{cells}</tr>")
    return f'<div class="scroll"><table class="cross"><tr><th></th>{head}</tr>{"".join(rows)}</table></div>'


def _cell(own: bool, fired: float | None) -> str:
    if fired is None:
        return "<td data-own></td>" if own else "<td></td>"
    shade = f"background:color-mix(in srgb, var(--flag) {max(8, fired * 0.85):.0f}%, transparent)"
    return f'<td {"data-own " if own else ""}style="{shade}">{fired:.0f}</td>'


def runs(values: Sequence[str]) -> str:
    """`S01–S03, F01` of neighbouring ids."""
    if not values:
        return ""
    found = [[values[0], values[0]]]
    for before, one in pairwise(values):
        if one[0] == before[0] and int(one[1:]) == int(before[1:]) + 1:
            found[-1][1] = one
        else:
            found.append([one, one])
    return ", ".join(first if first == last else f"{first}–{last}" for first, last in found)

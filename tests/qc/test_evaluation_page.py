"""The page of an evaluation says what was measured, in the colours of its own legend; on numbers that are known."""

import re

from services.qc.evaluation.defects import DEFECTS
from services.qc.evaluation.harmless import HARMLESS
from services.qc.evaluation.page import render
from services.qc.evaluation.page.parts import cross, detection_chips, plot
from services.qc.evaluation.results import CheckResult, DefectResult, Evaluation, Readings, Severity, Tally, count
from services.qc.inspection import DEFAULT
from services.qc.inspection.checks import CHECKS


def severity(size: float, detection: float, *, asked: bool = False, readings: Readings | None = None) -> Severity:
    found = round(detection)
    return Severity(
        severity=size,
        label=f"{size:g} px",
        asked=asked,
        outcomes=Tally(flagged=found, passed=100 - found),
        detection=detection,
        readings=readings or Readings(),
    )


def defect(name: str, *severities: Severity) -> DefectResult:
    return DefectResult(
        name=name, words=name, named=True, may_fail=True, severities=list(severities), also_fired={"T27": 40}
    )


def focus(*defects: DefectResult) -> CheckResult:
    return CheckResult(
        check="T09",
        name="focus",
        gate=next(check.gate for check in CHECKS if check.id == "T09"),
        unit="px",
        clean=Tally(passed=1),
        false_fail_rate=0,
        false_flag_rate=0,
        readings=Readings(passed=[2.1]),
        harmless=[],
        defects=list(defects),
    )


def page(photos: int, *checks: CheckResult) -> str:
    evaluation = Evaluation(
        catalogue="made",
        photos=photos,
        graded=photos,
        crossed=photos,
        seconds=60,
        processes=1,
        engine="",
        thresholds_version="",
        thresholds=DEFAULT,
        bars=[],
        checks=list(checks),
        examples=[],
    )
    return render(evaluation, {})


def chips(check: CheckResult) -> list[tuple[str, str]]:
    return re.findall(r'<span class="chip (\w+)">([^<]+)</span>', detection_chips(check))


def test_a_plot_has_the_colours_of_what_was_said() -> None:
    drawn = plot(focus(defect("blur", severity(3, 100, readings=Readings(failed=[6.5, 7.0])))), DEFAULT)
    assert re.findall(r"var\(--(pass|flag|fail|good)\)", drawn) == ["pass", "fail"]
    mixed = Readings(passed=[2.5], flagged=[3.0], failed=[4.0])
    drawn = plot(focus(defect("blur", severity(1, 66, asked=True, readings=mixed))), DEFAULT)
    assert re.findall(r"var\(--(pass|flag|fail|good)\)", drawn) == ["pass", "pass", "flag", "fail"]
    assert re.findall(r'class="asked">([^<]+)<', drawn) == ["blur 1 px"]


def test_values_of_one_place_stand_on_each_other() -> None:
    """The last of all rows: half of its one bar each."""
    same = Readings(passed=[9.0], failed=[9.0])
    drawn = plot(focus(defect("blur", severity(1, 50, asked=True, readings=same))), DEFAULT)
    bottoms = [float(found) for found in re.findall(r'd="M[\d.]+ ([\d.]+)v', drawn)]
    assert len(bottoms) == 3
    assert bottoms[2] < bottoms[1]


def test_a_badge_says_what_is_missed_besides() -> None:
    blur = defect("blur", severity(1, 20), severity(1.5, 100, asked=True), severity(3, 100))
    shake = defect("shake", severity(5, 66.7), severity(15, 90))
    assert chips(focus(blur, shake)) == [
        ("good", "finds 100 %: blur, 1.5 px"),
        ("warn", "worst 66.7 %: shake, 5 px"),
        ("none", "milder: 20.0 % of blur, 1 px"),
    ]
    assert chips(focus(defect("blur", severity(1.5, 100, asked=True), severity(3, 50)))) == [
        ("good", "finds 100 %: blur, 1.5 px"),
        ("warn", "worst 50.0 %: blur, 3 px"),
    ]
    both = focus(
        blur.model_copy(update={"severities": blur.severities[1:2]}), defect("haze", severity(2, 99, asked=True))
    )
    assert chips(both) == [("good", "finds 99.0 % at least: haze, 2 px")]
    assert chips(focus(defect("blur", severity(1.5, 90, asked=True)))) == [("bad", "finds 90.0 %: blur, 1.5 px")]


def test_a_check_that_had_nothing_to_judge_has_its_row() -> None:
    checks = [check for check in CHECKS if check.id == "T20"]
    [tilt] = count([], checks, [one for one in DEFECTS if one.check == "T20"], HARMLESS)
    assert chips(tilt) == [("none", "nothing judged")]
    shown = page(2, tilt)
    assert 'id="T20"' in shown
    assert shown.index('<a href="#T20">') < shown.index("nothing judged") < shown.index('id="T20"')


def test_the_cross_table_tells_what_a_defect_s_own_check_found() -> None:
    drawn = cross([("T09", "blur", 97.6, {"T27": 40.0})], ["T09", "T10", "T27"])
    assert re.findall(r"<td[^>]*>([^<]*)</td>", drawn) == ["T09 blur", "98", "", "40"]
    assert drawn.count("data-own") == 1


def test_one_photo_is_one() -> None:
    shown = page(1, focus(defect("blur", severity(1.5, 100, asked=True))))
    assert "1 clean photo of" in shown
    assert not re.search(r"\b1 (clean photos|photos|minutes|workers|processes)\b", shown)
    assert "2 clean photos of" in page(2, focus())

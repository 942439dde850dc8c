"""`packshot qc evaluate` and `calibrate`: on a small catalogue made here, and on numbers that are known."""

import csv
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from packshot.cli import app
from packshot.sample.files import jpeg
from services.qc.evaluation.calibration import Fit, fit, fitted
from services.qc.evaluation.defects import DEFECTS
from services.qc.evaluation.pack import read_pack, write_pack
from services.qc.evaluation.results import CheckResult, DefectResult, Evaluation, Readings, Severity, Tally
from services.qc.evaluation.running import read_list, spread
from services.qc.inspection import DEFAULT
from services.qc.inspection.checks import CHECKS
from services.qc.inspection.thresholds import Bounds
from tests.qc.retouching import sample

ASKED = "T01,T09,T13,F01,F08"
BLIND = DEFAULT.model_copy(update={"edge_width": Bounds(passes=90, flags=99)})
NERVOUS = DEFAULT.model_copy(update={"edge_width": Bounds(passes=0.5, flags=1)})


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photos of a tee in two colorways, and one of a watch."""
    folder = tmp_path_factory.mktemp("catalogue")
    (folder / "photos").mkdir()
    photos = [("TEE", "red", sample(0)), ("TEE", "blue", sample(0, 1)), ("WATCH", "steel", sample(4))]
    with (folder / "catalogue.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["sku", "colorway", "view", "file"])
        for sku, colorway, pixels in photos:
            name = f"{sku}-{colorway}.jpg"
            (folder / "photos" / name).write_bytes(jpeg(pixels[::2, ::2].copy()))
            table.writerow([sku, colorway, "front", name])
    return folder


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["qc", *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def evaluated(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evaluation]:
    out = tmp_path_factory.mktemp("out")
    result = run("evaluate", catalogue, "--out", out, "--checks", ASKED, "--processes", 1)
    assert result.exit_code in (0, 1), result.output
    return out, Evaluation.model_validate_json((out / "evaluation.json").read_text())


def check_of(evaluation: Evaluation, id: str) -> CheckResult:
    return next(one for one in evaluation.checks if one.check == id)


def asked_of(evaluation: Evaluation, id: str, name: str) -> Severity:
    [defect] = [one for one in check_of(evaluation, id).defects if one.name == name]
    assert defect.asked is not None
    return defect.asked


def test_every_check_has_a_defect_that_it_must_find() -> None:
    assert {one.check for one in DEFECTS if one.asked is not None} == {check.id for check in CHECKS}
    assert len({one.id for one in DEFECTS}) == len(DEFECTS)
    named = {one.check for one in DEFECTS if one.named}
    assert named == {"T09", "F01", "S01", "F03", "T17", "T14"}


def test_an_evaluation_counts_what_each_check_said(evaluated: tuple[Path, Evaluation]) -> None:
    _, found = evaluated
    assert (found.photos, found.thresholds) == (3, DEFAULT)
    assert [check.check for check in found.checks] == ["T01", "T09", "T13", "F01", "F08"]
    blur = asked_of(found, "T09", "blur")
    assert (blur.severity, blur.outcomes.judged + blur.outcomes.not_measured) == (1.5, 3)
    assert blur.detection == 100
    assert len(blur.values) == blur.outcomes.judged
    assert asked_of(found, "T01", "cut off").outcomes == Tally(failed=3)
    focus = check_of(found, "T09")
    assert focus.clean.judged + focus.clean.not_measured == 3
    assert focus.false_fail_rate == 0
    assert {one.name for one in focus.harmless} >= {"resave", "shift", "noise"}
    assert {one.name for one in check_of(found, "F08").harmless} >= {"before “no AI label”"}
    assert {bar.name for bar in found.bars} >= {"T09 finds Gaussian blur, σ 1.5 px", "fails of harmless changes"}


def test_the_page_needs_nothing_but_itself(evaluated: tuple[Path, Evaluation]) -> None:
    out, found = evaluated
    page = (out / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"(?!data:image/jpeg;base64,|#)", page)
    assert "http" not in page
    assert page.count("<img") == page.count('src="data:image/jpeg;base64,') >= len(found.examples)
    assert all(f'id="{check.check}"' in page for check in found.checks)


def test_a_check_that_is_blind_shows_what_it_missed(catalogue: Path, tmp_path: Path) -> None:
    write_pack(tmp_path / "blind.toml", BLIND, [], "nothing")
    result = run("evaluate", catalogue, "--out", tmp_path, "--checks", "T09", "--thresholds", tmp_path / "blind.toml",
                 "--limit", 2, "--processes", 1)  # fmt: skip
    assert result.exit_code == 1, result.output
    found = Evaluation.model_validate_json((tmp_path / "evaluation.json").read_text())
    blur = asked_of(found, "T09", "blur")
    assert (found.photos, blur.outcomes.fired, blur.detection) == (2, 0, 0)
    [bar] = [bar for bar in found.bars if bar.name.startswith("T09")]
    assert not bar.holds
    missed = [one for one in found.examples if one.kind == "missed"]
    assert {(one.check, one.name) for one in missed} == {("T09", "T09 blur")}
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.index("missed</span>") < page.index('id="overview"')


def test_a_check_that_fails_clean_photos_shows_that(catalogue: Path, tmp_path: Path) -> None:
    write_pack(tmp_path / "nervous.toml", NERVOUS, [], "nothing")
    result = run("evaluate", catalogue, "--out", tmp_path, "--checks", "T09", "--thresholds",
                 tmp_path / "nervous.toml", "--limit", 1, "--processes", 1)  # fmt: skip
    assert result.exit_code == 1, result.output
    found = Evaluation.model_validate_json((tmp_path / "evaluation.json").read_text())
    assert check_of(found, "T09").false_fail_rate == 100
    [bar] = [bar for bar in found.bars if bar.name.startswith("false fails")]
    assert (bar.holds, bar.value) == (False, 100)
    assert [one.source for one in found.examples if one.kind == "false_fail"] == ["clean"]


def test_what_cannot_be_measured_is_said(catalogue: Path, tmp_path: Path) -> None:
    for arguments, words in (
        ((tmp_path, "--checks", "T09"), "There is no"),
        ((catalogue, "--checks", "T99"), "There is no check T99"),
        ((catalogue, "--thresholds", catalogue / "catalogue.csv"), ""),
    ):
        result = run("evaluate", *arguments, "--out", tmp_path / "out")
        assert result.exit_code == 2, result.output
        assert words in result.output
        assert not (tmp_path / "out").exists()


def test_photos_are_taken_from_all_over_the_catalogue(catalogue: Path) -> None:
    photos = read_list(catalogue)
    assert [one.slot.sku for one in spread(photos, 2)] == ["TEE", "TEE"]
    assert spread(photos, 3) == spread(photos, None) == photos
    assert [slot.colorway for _, slot in photos[0].siblings] == ["blue"]
    assert photos[2].siblings == ()


# Fitting, on numbers that are known


def evaluation(clean: Sequence[float], blurred: Sequence[float], bounds: Bounds) -> Evaluation:
    """Of T09 alone: what it read of clean photos, and of the defect."""
    severity = Severity(
        severity=1.5, label="", asked=True, outcomes=Tally(), detection=None, readings=Readings(failed=list(blurred))
    )
    check = CheckResult(
        check="T09",
        name="focus",
        gate=next(check.gate for check in CHECKS if check.id == "T09"),
        unit="px",
        clean=Tally(),
        false_fail_rate=None,
        false_flag_rate=None,
        readings=Readings(passed=list(clean)),
        harmless=[],
        defects=[
            DefectResult(name="blur", words="blur", named=True, may_fail=True, severities=[severity], also_fired={})
        ],
    )
    return Evaluation(
        catalogue="made",
        photos=len(clean),
        graded=0,
        crossed=0,
        seconds=0,
        processes=1,
        engine="",
        thresholds_version="",
        thresholds=DEFAULT.model_copy(update={"edge_width": bounds}),
        bars=[],
        checks=[check],
        examples=[],
    )


def fits(clean: Sequence[float], blurred: Sequence[float], passes: float, flags: float, **most: float) -> list[Fit]:
    return fit(evaluation(clean, blurred, Bounds(passes=passes, flags=flags)), **most)


SHARP = [2 + place / 200 for place in range(200)]  # 2 to 3
SOFT = [4 + place / 50 for place in range(50)]  # 4 to 5


def test_what_is_apart_is_parted_in_the_middle() -> None:
    for blind in (4.5, 9.0):
        flagged, failed = fits(SHARP, SOFT, blind, 9.5)
        assert flagged.changes
        assert 3 <= flagged.after <= 4
        assert (flagged.false_after, flagged.found_after) == (0, 100)
        assert flagged.after <= failed.after <= 4
        assert failed.found_after == 100


def test_a_bound_that_fires_for_nothing_is_loosened_to_the_allowed_share() -> None:
    overlapping = [2.5 + place / 50 for place in range(50)]
    flagged, failed = fits(SHARP, overlapping, 2.1, 2.2)
    assert (flagged.changes, failed.changes) == (True, True)
    assert flagged.false_before > 5 >= flagged.false_after
    assert failed.false_before > 1 >= failed.false_after
    assert "more than" in failed.words


def test_a_bound_that_does_as_well_stays() -> None:
    flagged, failed = fits(SHARP, SOFT, 3.2, 3.8)
    assert not flagged.changes
    assert not failed.changes
    assert "no other bound does better" in flagged.words


def test_nothing_fails_that_is_not_flagged() -> None:
    flagged, failed = fits(SHARP, SOFT, 3.9, 9.5)
    assert not flagged.changes
    assert (failed.after, failed.found_before, failed.found_after) == (3.9, 0, 100)
    for photos, most in ((200, 30), (60, 1)):  # enough to fit the second bound as well, and too few
        flagged, failed = fits(SHARP[-photos:], SOFT, 2.0, 2.9, most_fails=most)
        assert flagged.after > 2.9
        assert failed.after == flagged.after


def test_too_little_data_changes_nothing() -> None:
    for clean, soft in ((SHARP[:90], SOFT), (SHARP, SOFT[:20])):
        failed = fits(clean, soft, 9, 9.5)[1]
        assert not failed.changes
        assert "it takes 100 and 30" in failed.words
    assert fits(SHARP[:90], SOFT, 9, 9.5)[0].changes  # 5 % show in fewer photos than 1 %
    assert not fits(SHARP, SOFT, 9, 9.5, most_fails=0.1)[1].changes


def test_the_new_pack_is_of_the_old_shape_and_says_what_is_new(tmp_path: Path) -> None:
    found = evaluation(SHARP, SOFT, Bounds(passes=4.5, flags=9.5))
    (tmp_path / "evaluation.json").write_text(found.model_dump_json())
    result = run("calibrate", tmp_path, "--out", tmp_path / "new.toml")
    assert result.exit_code == 0, result.output
    assert "2 of 2 bounds change" in result.output
    text = (tmp_path / "new.toml").read_text(encoding="utf-8")
    new = read_pack(tmp_path / "new.toml")
    assert new == fitted(found.thresholds, fit(found))
    assert new.edge_width != found.thresholds.edge_width
    assert new.model_copy(update={"edge_width": DEFAULT.edge_width}) == DEFAULT
    default = tomllib.loads((Path(__file__).parents[2] / "services/qc/packs/thresholds.toml").read_text())
    assert tomllib.loads(text).keys() == default.keys()
    assert "# was 4.5: finds" in text


def test_a_file_that_is_no_evaluation_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    result = run("calibrate", tmp_path / "other.json", "--out", tmp_path / "new.toml")
    assert result.exit_code == 2
    assert not (tmp_path / "new.toml").exists()

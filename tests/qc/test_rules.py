"""The gates' rules by themselves: transitions, what blocks, where reasons lead; and the default packs."""

from collections.abc import Callable
from itertools import product

import pytest
from pydantic import ValidationError

from chassis.packs import read_toml
from contracts.values import ComplexityClass, Domain, Gate, MeasurementOutcome
from services.qc.decisions.domain import consequences, escapes
from services.qc.inspections.domain import not_measurable, worst
from services.qc.reference.schemas import Checklists, GateRule, Gates, Reasons
from services.qc.reference.service import PACKS
from services.qc.reviews.domain import (
    TRANSITIONS,
    IllegalTransition,
    ReviewState,
    Standing,
    after_cancellation,
    after_fail,
    after_pass,
    blocking_a_pass,
    opened,
    passes_by_measurement,
)
from tests.qc.stage import measurement, work_item

GATES = list(Gate)
REASONS = Reasons.model_validate(read_toml(PACKS / "reasons.toml"))


def test_a_review_goes_through_its_gates_in_order() -> None:
    gates = [Gate.TECHNICAL, Gate.BRAND_MERCH, Gate.FINAL_QC]
    standing, seen = opened(gates), []
    while standing.state is ReviewState.OPEN:
        seen.append((standing.gate, standing.passes))
        standing = after_pass(standing, gates, final_reviewers=2)
    assert seen == [(Gate.TECHNICAL, 0), (Gate.BRAND_MERCH, 0), (Gate.FINAL_QC, 0), (Gate.FINAL_QC, 1)]
    assert standing == Standing(ReviewState.PASSED, None)


@pytest.mark.parametrize(("begin", "to"), list(product(ReviewState, ReviewState)))
def test_every_transition_is_legal_or_refused_with_the_legal_ones(begin: ReviewState, to: ReviewState) -> None:
    standing = Standing(begin, Gate.TECHNICAL)
    moves: dict[ReviewState, Callable[[], Standing]] = {
        ReviewState.OPEN: lambda: after_pass(standing, GATES, 1),
        ReviewState.PASSED: lambda: after_pass(standing, [Gate.TECHNICAL], 1),
        ReviewState.FAILED: lambda: after_fail(standing),
        ReviewState.WITHDRAWN: lambda: after_cancellation(standing),
    }
    if begin is ReviewState.OPEN:
        assert moves[to]().state is to
    else:
        with pytest.raises(IllegalTransition, match=f"{begin} → {to}; legal: none"):
            moves[to]()
    assert (to in TRANSITIONS[begin]) == (begin is ReviewState.OPEN)


@pytest.mark.parametrize(
    ("outcomes", "changes", "alone"),
    [
        (["pass", "pass"], {}, True),
        (["pass", "flag"], {}, False),
        (["pass", "cannot_measure"], {}, False),
        (["fail"], {}, False),
        ([], {}, False),
        (["pass"], {"ai": True}, False),
        (["pass"], {"complexity_class": ComplexityClass.C2}, False),
    ],
)
def test_what_passes_by_measurement_alone(outcomes: list[str], changes: dict[str, object], alone: bool) -> None:
    measured = [measurement(f"T0{number}", outcome) for number, outcome in enumerate(outcomes, 1)]
    measured.append(measurement("T17", "fail", Gate.BRAND_MERCH))  # another gate's
    work = work_item(**changes)
    assert passes_by_measurement(work, Gate.TECHNICAL, GATES, measured, [ComplexityClass.C1]) is alone


@pytest.mark.parametrize("outcome", ["pass", "flag", "cannot_measure", "fail"])
def test_what_a_pass_by_measurement_would_settle_must_pass_too(outcome: str) -> None:
    """A variant has no technical gate: its first pass answers for the technical checks."""
    work = work_item(gates=[Gate.BRAND_MERCH, Gate.FINAL_QC])
    measured = [measurement("T14", outcome), measurement("T17", "pass", Gate.BRAND_MERCH)]
    alone = passes_by_measurement(work, Gate.BRAND_MERCH, GATES, measured, [ComplexityClass.C1])
    assert alone is (outcome == "pass")
    assert not passes_by_measurement(work, Gate.BRAND_MERCH, GATES, measured[:1], [ComplexityClass.C1])


def test_only_fails_of_gates_that_are_reached_block() -> None:
    measured = [
        measurement("T01", "flag"),
        measurement("T04", "fail"),
        measurement("T17", "fail", Gate.BRAND_MERCH),
        measurement("F04", "cannot_measure", Gate.FINAL_QC),
    ]
    blocking = {gate: [one.check for one in blocking_a_pass(gate, GATES, measured)] for gate in Gate}
    assert blocking == {
        Gate.TECHNICAL: ["T04"],
        Gate.STYLING_FIT: ["T04"],
        Gate.BRAND_MERCH: ["T04", "T17"],
        Gate.FINAL_QC: ["T04", "T17"],
    }


@pytest.mark.parametrize(
    ("reasons", "ai", "target"),
    [
        (["out_of_focus"], False, "studio"),
        (["out_of_focus"], True, "ai_rerun"),
        (["wrong_format"], True, "technical_correction"),
        (["anatomy_error"], False, "ai_rerun"),
        (["file_naming", "wrong_crop"], False, "technical_correction"),
        (["wrong_crop", "fit_distortion"], False, "retouching"),
        (["fit_distortion", "incorrect_angle"], False, "studio"),
        (["incorrect_angle", "missing_brief_details"], True, "requester"),
        (["off_brand_styling", "over_retouching"], False, "creative_director"),
    ],
)
def test_the_reason_that_sends_furthest_back_decides(reasons: list[str], ai: bool, target: str) -> None:
    for named in (reasons, reasons[::-1]):
        assert consequences(named, REASONS, ai=ai).returns_to == target


def test_what_an_earlier_gate_should_have_found_escaped() -> None:
    named = ["out_of_focus", "wrong_crop", "wrong_crop", "colour_mismatch"]
    found = {gate: escapes(gate, named, REASONS, GATES) for gate in Gate}
    assert found == {
        Gate.TECHNICAL: [],
        Gate.STYLING_FIT: ["out_of_focus"],
        Gate.BRAND_MERCH: ["out_of_focus"],
        Gate.FINAL_QC: ["out_of_focus", "wrong_crop"],
    }


def test_facets_are_counted_once_and_ai_facets_only_for_ai() -> None:
    named = ["bad_framing", "wrong_crop", "out_of_focus", "missing_ai_label"]
    said = consequences(named, REASONS, ai=True)
    assert (said.ai_facets, said.rework_facets) == (["incorrect crop"], ["wrong crop", "AI artifact"])
    assert consequences(named, REASONS, ai=False).ai_facets == []


def test_the_worst_measurement_names_the_inspection() -> None:
    from_best = ["pass", "cannot_measure", "flag", "fail"]
    for count in range(1, 5):
        measured = [measurement(f"T0{number}", outcome) for number, outcome in enumerate(from_best[:count], 1)]
        assert worst(measured[::-1]) == from_best[count - 1]
    assert worst(not_measurable("it is too large")) is MeasurementOutcome.FAIL


def test_default_packs() -> None:
    gates = Gates.model_validate(read_toml(PACKS / "gates.toml"))
    assert gates.in_order([Gate.FINAL_QC, Gate.TECHNICAL]) == [Gate.TECHNICAL, Gate.FINAL_QC]
    assert gates.in_order(Gate) == GATES
    checklists = Checklists.model_validate(read_toml(PACKS / "checklists.toml"))
    assert [len(checklists.at(gate)) for gate in Gate] == [13, 15, 10, 28]
    by_gate = {gate: sum(reason.gate is gate for reason in REASONS.reasons) for gate in Gate}
    assert list(by_gate.values()) == [10, 6, 6, 8]
    assert {reason.id for reason in REASONS.reasons if reason.preventable} == {
        "missing_brief_details", "incorrect_angle", "wrong_crop", "file_naming", "wrong_version",
        "missing_detail_shot", "missing_ai_label",
    }  # fmt: skip
    assert len({reason.ai_facet for reason in REASONS.reasons} - {None}) == 10  # R77
    assert len({reason.rework_facet for reason in REASONS.reasons} - {None}) == 10  # R84


ITEM = {"id": "a", "text": "Is it?"}
REASON = {"id": "a", "gate": "technical", "text": "No.", "returns_to": "studio"}


@pytest.mark.parametrize(
    ("model", "content", "why"),
    [
        (Gates, {"gates": [{"gate": "technical", "domain": "capture"}]}, "exactly once"),
        (Gates, {"gates": [{"gate": gate, "domain": "capture"} for gate in [*Gate, "technical"]]}, "at most 4"),
        (Gates, {"gates": [{"gate": gate, "domain": "capture"} for gate in [*GATES[:3], "technical"]]}, "exactly once"),
        (
            Gates,
            {"gates": [{"gate": gate, "domain": "capture"} for gate in GATES[::-1]]},
            "order of the gates is fixed",
        ),
        (Checklists, {"checklists": [{"gate": gate, "items": [ITEM]} for gate in GATES[:3]]}, "final_qc"),
        (Checklists, {"checklists": [{"gate": gate, "items": [ITEM, ITEM]} for gate in Gate]}, "unique"),
        (Checklists, {"checklists": [{"gate": gate, "items": []} for gate in Gate]}, "at least 1"),
        (Reasons, {"furthest_back_first": [], "reasons": [REASON]}, "studio has no rank"),
        (Reasons, {"furthest_back_first": ["studio"] * 2, "reasons": [REASON]}, "studio has its rank already"),
        (Reasons, {"furthest_back_first": ["studio"], "reasons": [REASON, REASON]}, "unique"),
    ],
)
def test_contradictory_packs_are_refused(model: type[Gates], content: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        model.model_validate(content)


def test_each_contradiction_of_the_reasons_has_its_place() -> None:
    reasons = [REASON, REASON | {"returns_to": "moon", "returns_to_ai": "mars"}]
    with pytest.raises(ValidationError) as refused:
        Reasons.model_validate({"furthest_back_first": ["studio", "shop", "studio"], "reasons": reasons})
    [error] = refused.value.errors()
    faults = error["ctx"]["error"].faults
    assert [fault.pointer for fault in faults] == [
        "/reasons/1/id", "/furthest_back_first/2", "/reasons/1/returns_to", "/reasons/1/returns_to_ai",
    ]  # fmt: skip
    assert all(fault.remedy for fault in faults)
    assert "[" not in "".join(fault.detail for fault in faults)


def test_a_class_that_is_named_twice_passes_by_measurement_once() -> None:
    assert GateRule(
        gate=Gate.TECHNICAL, domain=Domain.CAPTURE, by_measurement=[ComplexityClass.C1] * 2
    ).by_measurement == ["C1"]

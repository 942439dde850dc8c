"""What a decision says beyond pass and fail: answers to automatic flags, marks on the image, causes, overrides."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from contracts.qc import DecisionRecorded, OverrideGranted
from contracts.values import ComplexityClass, Gate, ImageSpec
from services.qc.decisions.chain import Walk
from services.qc.inspection.engine import inspect
from services.qc.reviews.domain import PixelSize, pixel_size
from tests.qc.stage import FLAGGED, Stage, measurement, work_item

SIZE = measurement("T04", "pass").model_copy(update={"detail": "400 × 300 px."})


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_a_pass_accepts_every_open_flag_and_nothing_else(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    measured = [measurement("T09", "flag"), measurement("T10", "flag"), measurement("T17", "flag", Gate.BRAND_MERCH)]
    version = await stage.measured(work, measured)
    assert (await stage.packet(work.id))["open_gate"]["flags"] == ["T09", "T10"]
    accepted = {"answer": "accepted"}
    for flags, wrong in (
        ({}, ["/flags/T09", "/flags/T10"]),
        (None, ["/flags/T09", "/flags/T10"]),
        ({"T09": accepted}, ["/flags/T10"]),
        ({"T09": accepted, "T10": {"answer": "confirmed"}}, ["/flags/T10"]),
        ({"T09": accepted, "T10": accepted, "T17": accepted}, ["/flags/T17"]),
        ({"T09": accepted, "T10": {"answer": "perhaps"}}, ["/flags/T10/answer"]),
    ):
        assert pointers(await stage.decide(version, Gate.TECHNICAL, flags=flags)) == wrong, flags
    flags = {"T09": accepted, "T10": {"answer": "accepted", "note": "A lamp."}}
    answer = await stage.decide(version, Gate.TECHNICAL, flags=flags)
    assert answer.json()["flags"]["T10"] == {"answer": "accepted", "note": "A lamp."}
    [event] = await stage.qc.recorded(DecisionRecorded, work.id)
    assert event.data.decision.flags is not None
    assert event.data.decision.flags["T10"].note == "A lamp."
    assert (await stage.packet(work.id))["open_gate"]["flags"] == []
    assert (await stage.decide(version, Gate.STYLING_FIT)).status_code == 201
    assert (await stage.packet(work.id))["open_gate"]["flags"] == ["T17"]


async def test_a_fail_may_confirm_flags(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item()))
    confirmed = {"T09": {"answer": "confirmed"}}
    answer = await stage.decide(version, Gate.TECHNICAL, "fail", flags=confirmed)
    assert (answer.status_code, answer.json()["flags"]["T09"]["answer"]) == (201, "confirmed")


async def test_a_flag_of_a_gate_that_the_work_lacks_is_answered_at_its_first_gate(stage: Stage) -> None:
    work = await stage.publish_work(work_item(gates=[Gate.BRAND_MERCH, Gate.FINAL_QC]))
    version = await stage.measured(work)
    assert pointers(await stage.decide(version, Gate.BRAND_MERCH, flags=None)) == ["/flags/T09"]
    assert (await stage.decide(version, Gate.BRAND_MERCH)).status_code == 201
    assert (await stage.decide(version, Gate.FINAL_QC, flags=None)).status_code == 201


async def test_each_of_two_reviewers_answers_the_flags(stage: Stage) -> None:
    work = await stage.publish_work(work_item(gates=[Gate.FINAL_QC], final_reviewers=2))
    version = await stage.measured(work, [measurement("F05", "flag", Gate.FINAL_QC)])
    assert (await stage.decide(version, Gate.FINAL_QC, subject="quinn")).status_code == 201
    assert pointers(await stage.decide(version, Gate.FINAL_QC, subject="remy", flags=None)) == ["/flags/F05"]
    assert (await stage.decide(version, Gate.FINAL_QC, subject="remy")).status_code == 201


async def test_reasons_are_marked_on_the_image_within_its_pixels(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work, [SIZE, *FLAGGED])

    async def fail(*marks: dict[str, Any]) -> httpx.Response:
        whole = [{"reason": "out_of_focus", **mark} for mark in marks]
        return await stage.decide(version, Gate.TECHNICAL, "fail", marks=whole)

    for mark, wrong in (
        ({"x": 400, "y": 0}, "/marks/0"),
        ({"x": 0, "y": 299, "width": 1, "height": 2}, "/marks/0"),
        ({"x": -1, "y": 0}, "/marks/0/x"),
        ({"x": 0, "y": 0, "width": 5}, "/marks/0/height"),
        ({"x": 0, "y": 0, "width": 0, "height": 5}, "/marks/0/width"),
        ({"x": 0, "y": 0, "reason": "wrong_crop"}, "/marks/0/reason"),
    ):
        assert pointers(await fail(mark)) == [wrong], mark
    region = {"x": 100, "y": 100, "width": 300, "height": 200, "note": "Soft."}
    answer = await fail({"x": 399, "y": 299}, region)
    assert answer.status_code == 201, answer.text
    assert answer.json()["marks"][1] == {"reason": "out_of_focus", **region}


async def test_where_the_pixel_size_is_not_known_any_place_is_taken(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item()))
    marks = [{"reason": "out_of_focus", "x": 90_000, "y": 5}]
    assert (await stage.decide(version, Gate.TECHNICAL, "fail", marks=marks)).status_code == 201


def test_the_pixel_size_is_what_the_engine_says_of_a_real_file() -> None:
    file = io.BytesIO()
    Image.new("RGB", (20, 30), "white").save(file, "PNG")
    for spec in (ImageSpec(), ImageSpec(min_width=50), ImageSpec(max_height=5), ImageSpec(aspect=1)):
        measured = inspect(file.getvalue(), "a.png", spec)
        assert pixel_size(measured) == PixelSize(20, 30)
    assert pixel_size([measurement("T09", "pass")]) is None


async def test_causes_belong_to_items_that_are_not_a_pass(stage: Stage) -> None:
    version = await stage.measured(await stage.publish_work(work_item(spec=ImageSpec(clipping_path=True))))
    answers = (await stage.body(version, Gate.TECHNICAL))["answers"] | {"clipping_path": "not_applicable"}
    wrong = {"focus": "It is sharp.", "clipping_path": "None was asked for."}
    assert pointers(await stage.decide(version, Gate.TECHNICAL, answers=answers, causes=wrong)) == ["/causes/focus"]
    blank = await stage.decide(version, Gate.TECHNICAL, answers=answers, causes={"clipping_path": " "})
    assert pointers(blank) == ["/causes/clipping_path"]
    right = {"clipping_path": "None was asked for."}
    answer = await stage.decide(version, Gate.TECHNICAL, answers=answers, causes=right)
    assert (answer.status_code, answer.json()["causes"]) == (201, right)


async def test_the_owner_overrides_an_automatic_fail_as_an_exception(stage: Stage) -> None:
    work = await stage.publish_work(work_item())
    version = await stage.measured(work, [measurement("T04", "fail"), measurement("T05", "fail")])
    cause = {"T04": "The supplier has no larger file."}
    half = await stage.decide(version, Gate.TECHNICAL, overrides=cause)
    assert (half.status_code, [one["check"] for one in half.json()["checks"]]) == (409, ["T05"])
    both = cause | {"T05": "Agreed."}
    assert pointers(await stage.decide(version, Gate.TECHNICAL, overrides=both | {"T09": "x"})) == ["/overrides/T09"]
    assert pointers(await stage.decide(version, Gate.TECHNICAL, "fail", overrides=both)) == [
        "/overrides/T04", "/overrides/T05",
    ]  # fmt: skip
    assert pointers(await stage.decide(version, Gate.TECHNICAL, overrides=both | {"T05": ""})) == ["/overrides/T05"]
    for role in ("qc_lead", "producer"):
        assert (await stage.decide(version, Gate.TECHNICAL, role=role, overrides=both)).status_code == 403
    assert await stage.qc.recorded(OverrideGranted) == []
    answer = await stage.decide(version, Gate.TECHNICAL, subject="tom", overrides=both)
    assert answer.status_code == 201, answer.text
    [event] = await stage.qc.recorded(OverrideGranted, answer.json()["id"])
    assert (event.data.overrides, event.data.granted_by, event.data.gate) == (both, "tom", "technical")
    packet = await stage.packet(work.id)
    assert packet["open_gate"]["blocked_by"] == [], "what was overridden doesn't stand against the later gates"
    assert (await stage.decide(version, Gate.STYLING_FIT)).status_code == 201
    listed = await stage.qc.client.get(
        "/v1/decisions", params={"exceptions": True}, headers=stage.qc.bearer("producer")
    )
    assert [one["id"] for one in listed.json()["items"]] == [answer.json()["id"]]


async def test_only_the_owner_of_the_checks_own_gate_overrides_it(stage: Stage) -> None:
    """A variant answers for a technical fail at its first gate: that gate's owner is not enough."""
    work = await stage.publish_work(work_item(gates=[Gate.BRAND_MERCH, Gate.FINAL_QC]))
    version = await stage.measured(work, [measurement("T04", "fail")])
    overrides = {"T04": "Agreed."}
    refused = await stage.decide(version, Gate.BRAND_MERCH, overrides=overrides)
    assert (refused.status_code, refused.json()["allowed_roles"]) == (403, ["studio_manager"])
    body = await stage.body(version, Gate.BRAND_MERCH, overrides=overrides)
    both = stage.qc.bearer("creative_director", "studio_manager")
    assert (await stage.qc.client.post("/v1/decisions", json=body, headers=both)).status_code == 201


@pytest.mark.parametrize("name", ["flags", "marks", "causes", "overrides"])
async def test_the_chain_holds_over_every_answer(stage: Stage, name: str) -> None:
    work = await stage.publish_work(work_item(complexity_class=ComplexityClass.C2))
    version = await stage.measured(work, [SIZE, measurement("T05", "fail"), measurement("T09", "flag")])
    answers = (await stage.body(version, Gate.TECHNICAL))["answers"] | {"focus": "not_applicable"}
    said: dict[str, Any] = {
        "flags": {"T09": {"answer": "accepted", "note": "ok – ✓"}},
        "causes": {"focus": "A pattern."},
        "overrides": {"T05": "Agreed."},
    }
    if name == "marks":
        marks = [{"reason": "out_of_focus", "x": 1, "y": 2}]
        answer = await stage.decide(version, Gate.TECHNICAL, "fail", marks=marks)
    else:
        answer = await stage.decide(version, Gate.TECHNICAL, answers=answers, **said)
    assert answer.status_code == 201, answer.text
    part = (await stage.qc.client.get("/v1/decisions/chain", headers=stage.qc.bearer("producer"))).json()
    assert part["items"][0][name]
    assert Walk().follow(part["items"]) is None
    part["items"][0][name] = None
    assert Walk().follow(part["items"]) is not None

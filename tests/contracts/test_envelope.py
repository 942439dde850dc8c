"""The envelope: strict where events are made, lenient where they are read."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from contracts import generate
from contracts.envelope import Event, read_event
from contracts.intake import RequestCancelled
from contracts.qc import InspectionCompleted
from contracts.values import Measurement, MeasurementOutcome


def example(event_type: str) -> dict[str, Any]:
    path = generate.FOLDER / "examples" / event_type / "valid.json"
    event: dict[str, Any] = json.loads(path.read_bytes())
    return event


def test_a_consumer_ignores_fields_that_it_does_not_know_at_every_depth() -> None:
    event = example("qc.inspection.completed.v1")
    event["partition"] = 3
    event["data"]["duration"] = 0.4
    event["data"]["measurements"][0]["heat_map"] = {"key": "value"}
    read = read_event(InspectionCompleted, json.dumps(event))
    assert read.data.measurements[0].check == "T04"
    with pytest.raises(ValidationError):
        Event[InspectionCompleted].model_validate(event)


def test_a_consumer_of_an_older_schema_reads_events_without_the_newer_optional_fields() -> None:
    event = example("qc.inspection.completed.v1")
    del event["data"]["measurements"][0]["scale"], event["causationid"], event["traceparent"]
    assert read_event(InspectionCompleted, json.dumps(event)).data.measurements[0].scale == 1.0


def test_an_event_of_another_type_is_refused() -> None:
    event = example("intake.request.cancelled.v1") | {"type": "intake.request.accepted.v1"}
    with pytest.raises(ValidationError, match=r"type is intake\.request\.accepted\.v1"):
        read_event(RequestCancelled, json.dumps(event))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_json_has_no_number_for_is_refused(value: float) -> None:
    fields = example("qc.inspection.completed.v1")["data"]["measurements"][0]
    with pytest.raises(ValidationError, match="finite"):
        Measurement(**fields | {"value": value, "outcome": MeasurementOutcome.FAIL})


def test_the_subject_ends_in_the_aggregate() -> None:
    event = read_event(RequestCancelled, json.dumps(example("intake.request.cancelled.v1")))
    assert event.nats_subject() == "evt.intake.request.cancelled.v1.019ab000-4a10-7c31-9f52-6b1d2c7e4a01"


@pytest.mark.parametrize("subject", ["", "a.b", "a b", "a>", "*", "a\n", "é", "x" * 81])
def test_an_aggregate_id_that_would_change_the_subject_is_refused(subject: str) -> None:
    event = example("intake.request.cancelled.v1") | {"subject": subject}
    with pytest.raises(ValidationError):
        read_event(RequestCancelled, json.dumps(event))

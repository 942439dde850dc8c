"""Every event has examples that pass and examples that fail, by the classes and by the published schemas alike."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from contracts import generate
from contracts.envelope import Event, read_event
from contracts.registry import BY_TYPE

EXAMPLES = generate.FOLDER / "examples"
VALID = sorted(EXAMPLES.glob("*/valid*.json"))
INVALID = sorted(EXAMPLES.glob("*/invalid-*.json"))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def holds(whole: object, part: object) -> bool:
    """Whether all of `part` is in `whole`, which may have fields that are newer than the example."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(key in whole and holds(whole[key], value) for key, value in part.items())
    if isinstance(whole, list) and isinstance(part, list):
        return len(whole) == len(part) and all(map(holds, whole, part))
    return whole == part


def by_schema(path: Path) -> list[str]:
    schema = json.loads((generate.FOLDER / generate.SCHEMAS / f"{path.parent.name}.json").read_bytes())
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [error.message for error in validator.iter_errors(json.loads(path.read_bytes()))]


def test_every_event_has_both_and_nothing_else_is_there() -> None:
    assert {path.parent.name for path in VALID} == set(BY_TYPE)
    assert {path.parent.name for path in INVALID} == set(BY_TYPE)
    assert {path for path in EXAMPLES.glob("**/*") if path.is_file()} == {*VALID, *INVALID}


@pytest.mark.parametrize("path", VALID, ids=named)
def test_a_valid_example_passes_and_survives_the_round_trip(path: Path) -> None:
    raw = path.read_bytes()
    data = BY_TYPE[path.parent.name]
    event = Event[data].model_validate_json(raw)  # type: ignore[valid-type]
    assert event == read_event(data, raw)
    assert by_schema(path) == []
    assert holds(json.loads(event.model_dump_json()), json.loads(raw)), "what is sent says what was read"


@pytest.mark.parametrize("path", INVALID, ids=named)
def test_an_invalid_example_fails_for_the_reason_in_its_name(path: Path) -> None:
    data = BY_TYPE[path.parent.name]
    with pytest.raises(ValidationError) as refused:
        Event[data].model_validate_json(path.read_bytes())  # type: ignore[valid-type]
    (error,) = refused.value.errors()
    _, _, field = path.stem.split("-", 2)
    assert field.replace("-", "_") in (*error["loc"], *error["msg"].replace(",", "").split()[:3])
    (message,) = by_schema(path)
    assert message

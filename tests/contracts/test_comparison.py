"""Rule 6: within a version only optional fields are added; every other change is named, with whom it breaks."""

from copy import deepcopy
from enum import StrEnum
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from contracts.comparison import Reader, compare
from contracts.generate import event_schema
from contracts.registry import BY_TYPE


class Gate(StrEnum):
    TECHNICAL = "technical"
    FINAL_QC = "final_qc"


WiderGate = StrEnum("WiderGate", {"TECHNICAL": "technical", "FINAL_QC": "final_qc", "LEGAL": "legal"})
OtherGate = StrEnum("OtherGate", {"TECHNICAL": "technical", "FINAL": "final"})


class Shot(BaseModel):
    view: str
    angle: int | None = None


class ShotWithMore(BaseModel):
    view: str
    angle: int | None = None
    lens: str | None = None


class ShotWithLess(BaseModel):
    view: str


class ClosedShot(BaseModel):
    model_config = ConfigDict(extra="forbid")
    view: str
    angle: int | None = None


class Tree(BaseModel):
    name: str
    below: list["Tree"] = []


class TreeWithMore(BaseModel):
    name: str
    note: str = ""
    below: list["TreeWithMore"] = []


class NarrowTree(BaseModel):
    name: Annotated[str, Field(max_length=10)]
    below: list["NarrowTree"] = []


def schema(field: Any) -> dict[str, Any]:
    """An event whose data have the field `it`; `field`: its type, or its type and default; None: it isn't there."""
    definition = field if isinstance(field, tuple) else (field, ...)
    fields: dict[str, Any] = {"sku": (str, ...)} | ({} if field is None else {"it": definition})
    data = create_model("Data", **fields)
    return create_model("Event", data=(data, ...)).model_json_schema()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(None, (str, ""), id="new optional field"),
        pytest.param(None, (str | None, None), id="new nullable field with a default"),
        pytest.param(None, (Shot | None, None), id="new optional object with required fields of its own"),
        pytest.param(Shot, ShotWithMore, id="new optional field below"),
        pytest.param(list[Shot], list[ShotWithMore], id="new optional field in a list's items"),
        pytest.param(dict[str, Shot], dict[str, ShotWithMore], id="new optional field in a map's values"),
        pytest.param(Shot | None, ShotWithMore | None, id="new optional field below a nullable one"),
        pytest.param(Shot | int, int | ShotWithMore, id="alternatives in another order"),
        pytest.param(Optional[str], str | None, id="the same type, written differently"),  # noqa: UP045
        pytest.param(Shot, ClosedShot, id="producers may not add fields any more"),
        pytest.param(ClosedShot, Shot, id="producers may add fields"),
        pytest.param(Tree, TreeWithMore, id="new optional field in a recursive object"),
        pytest.param(Gate, Literal["final_qc", "technical"], id="the same values, as an enum or listed"),
        pytest.param(
            str, Annotated[str, Field(description="In words.", examples=["a"], deprecated=True)], id="words about it"
        ),
    ],
)
def test_harmless_changes_pass(old: Any, new: Any) -> None:
    assert compare(schema(old), schema(new)) == []


BREAKING = [
    pytest.param(str, None, Reader.OLD, "gone", id="removed field"),
    pytest.param((str, ""), None, Reader.OLD, "gone", id="removed optional field"),
    pytest.param(None, str, Reader.NEW, "new required", id="new required field"),
    pytest.param(None, str | None, Reader.NEW, "new required", id="new required nullable field"),
    pytest.param((str, ""), str, Reader.NEW, "is required", id="optional became required"),
    pytest.param(str, (str, ""), Reader.OLD, "is optional", id="required became optional"),
    pytest.param((int, 1), (int, 2), Reader.NEW, "default", id="another default"),
    pytest.param((bool, True), (int, 1), Reader.NEW, "default", id="true is not 1"),
    pytest.param(float, int, Reader.NEW, "narrowed", id="number narrowed to integer"),
    pytest.param(int, float, Reader.OLD, "widened", id="integer widened to number"),
    pytest.param(str, int, Reader.NEW, "can't be string", id="another type: what was is gone"),
    pytest.param(str, int, Reader.OLD, "now be integer", id="another type: what is wasn't"),
    pytest.param(str | None, str, Reader.NEW, "can't be null", id="nullable became not nullable"),
    pytest.param(str, str | None, Reader.OLD, "now be null", id="became nullable"),
    pytest.param(str | int, str, Reader.NEW, "can't be integer", id="an alternative less"),
    pytest.param(str, str | int, Reader.OLD, "now be integer", id="an alternative more"),
    pytest.param(str, Any, Reader.OLD, "now be any", id="anything goes"),
    pytest.param(Any, str, Reader.NEW, "can't be any", id="not anything any more"),
    pytest.param(Gate, WiderGate, Reader.OLD, "widened by 'legal'", id="widened enum"),
    pytest.param(WiderGate, Gate, Reader.NEW, "narrowed by 'legal'", id="narrowed enum"),
    pytest.param(Gate, OtherGate, Reader.OLD, "widened by 'final'", id="renamed value: the new one"),
    pytest.param(Gate, OtherGate, Reader.NEW, "narrowed by 'final_qc'", id="renamed value: the old one"),
    pytest.param(Gate | None, WiderGate | None, Reader.OLD, "widened by 'legal'", id="widened enum, nullable"),
    pytest.param(list[Gate], list[WiderGate], Reader.OLD, "widened by 'legal'", id="widened enum in a list"),
    pytest.param(dict[Gate, int], dict[WiderGate, int], Reader.OLD, "widened by 'legal'", id="widened enum of keys"),
    pytest.param(Literal["1.0"], Literal["1.1"], Reader.OLD, "widened by '1.1'", id="another constant"),
    pytest.param(str, Gate, Reader.NEW, "`enum` was added", id="a string became an enum"),
    pytest.param(Gate, str, Reader.OLD, "`enum` is gone", id="an enum became a string"),
    pytest.param(int, Annotated[int, Field(ge=1)], Reader.NEW, "`minimum` was added", id="new lower bound"),
    pytest.param(Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)], Reader.NEW, "tighten", id="higher minimum"),
    pytest.param(Annotated[int, Field(ge=1)], Annotated[int, Field(ge=0)], Reader.OLD, "loosened", id="lower minimum"),
    pytest.param(Annotated[int, Field(le=9)], Annotated[int, Field(le=5)], Reader.NEW, "tightened", id="lower maximum"),
    pytest.param(Annotated[int, Field(le=9)], int, Reader.OLD, "`maximum` is gone", id="no upper bound any more"),
    pytest.param(str, Annotated[str, Field(max_length=5)], Reader.NEW, "`maxLength` was added", id="new length limit"),
    pytest.param(list[int], Annotated[list[int], Field(min_length=1)], Reader.NEW, "`minItems`", id="may not be empty"),
    pytest.param(str, Annotated[str, Field(pattern="^a$")], Reader.NEW, "`pattern` was added", id="new pattern"),
    pytest.param(
        Annotated[str, Field(pattern="^a$")], Annotated[str, Field(pattern="^b$")], Reader.BOTH, "`pattern` changed",
        id="another pattern",
    ),
    pytest.param(list[int], set[int], Reader.NEW, "`uniqueItems`", id="no doubles any more"),
    pytest.param(list[str], list[int], Reader.OLD, "now be integer", id="other items"),
    pytest.param(dict[str, str], dict[str, str | int], Reader.OLD, "now be integer", id="wider values of a map"),
    pytest.param(dict[str, str], dict[str, Any], Reader.OLD, "`additionalProperties` is gone", id="any value in a map"),
    pytest.param(Shot, dict[str, str], Reader.OLD, "gone", id="an object became a map"),
    pytest.param(Shot, ShotWithLess, Reader.OLD, "gone", id="removed field below"),
    pytest.param(Shot | None, ShotWithLess | None, Reader.OLD, "gone", id="removed field below a nullable one"),
    pytest.param(list[Shot], list[ShotWithLess], Reader.OLD, "gone", id="removed field in a list's items"),
    pytest.param(Tree, NarrowTree, Reader.NEW, "`maxLength` was added", id="narrower in a recursive object"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "reader", "words"), BREAKING)
def test_breaking_changes_are_found(old: Any, new: Any, reader: Reader, words: str) -> None:
    found = compare(schema(old), schema(new))
    assert any(one.reader is reader and words in one.what for one in found), found
    assert all(one.where.startswith("/data/it") for one in found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "format": "uuid"}, {"type": "string"}),
        ({"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 3}),
        ({"type": ["string", "null"]}, {"type": "string"}),
        ({"type": "string"}, {"type": "string", "if": {"const": "a"}, "then": False}),
        ({"enum": [1]}, {"enum": [True]}),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "string"}),
        ({"$ref": "#/$defs/A", "maxLength": 3}, {"$ref": "#/$defs/A"}),
    ],
    ids=str,
)
def test_other_keywords_count_too(old: dict[str, Any], new: dict[str, Any]) -> None:
    definitions = {"$defs": {"A": {"type": "string"}}}
    assert compare(old | definitions, new | definitions)
    assert compare(new | definitions, old | definitions)
    assert compare(old | definitions, old | definitions) == []


def test_ways_to_write_the_same_are_the_same() -> None:
    definitions: dict[str, Any] = {
        "$defs": {"A": {"type": "string", "title": "A"}, "B": {"type": "string", "enum": ["x"]}}
    }
    ways: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"$ref": "#/$defs/A"}, {"allOf": [{"$ref": "#/$defs/A"}], "description": "an A"}),
        ({"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}, {"type": ["null", "string"]}),
        ({"$ref": "#/$defs/B"}, {"type": "string", "const": "x"}),
    ]
    for old, new in ways:
        assert compare(old | definitions, new | definitions) == []
        assert compare(new | definitions, old | definitions) == []


@pytest.mark.parametrize(
    "event_type",
    [one for one in BY_TYPE if not one.startswith("routing.") or one == "routing.work.created.v1"],  # these are alike
)
def test_every_field_of_every_event_is_guarded(event_type: str) -> None:
    """Take any one field out of the real schema, wherever it is: that is noticed."""
    whole = event_schema(BY_TYPE[event_type])
    assert compare(whole, event_schema(BY_TYPE[event_type])) == []
    objects = [None, *(name for name, one in whole["$defs"].items() if "properties" in one)]
    for name in objects:
        for field in (whole if name is None else whole["$defs"][name])["properties"]:
            other = deepcopy(whole)
            node = other if name is None else other["$defs"][name]
            del node["properties"][field]
            node["required"] = [one for one in node["required"] if one != field] if "required" in node else []
            found = compare(whole, other)
            assert found, (name, field)
            assert all(one.where.endswith(f"/{field}") for one in found)

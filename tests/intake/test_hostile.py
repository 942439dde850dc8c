"""Whatever is sent, the answer is a request or a problem that says what is wrong: never an error of ours."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from chassis.testkit.harness import Harness
from services.intake.requests.schemas import Brief
from tests.intake.samples import ai_model_shot, apparel, bags

REQUESTS = "/v1/requests"
LONG = "x" * 10_000


# What is sent, and the pointers of the problem that answers it.
HOSTILE: list[tuple[dict[str, Any], list[str]]] = [
    # Unknown fields
    ({"surprise": 1}, ["/surprise"]),
    ({"ai": {"surprise": 1}}, ["/ai/surprise"]),
    ({"waivers": [{"surprise": 1}]}, ["/waivers/0/surprise"]),
    ({"a/b~c": 1}, ["/a~1b~0c"]),
    ({"state": "accepted", "id": "x", "requested_by": "me"}, ["/state", "/id", "/requested_by"]),
    # Wrong types
    ({"sku": 5}, ["/sku"]),
    ({"sku": ["MB02"]}, ["/sku"]),
    ({"product_name": True}, ["/product_name"]),
    ({"colorways": "gray"}, ["/colorways"]),
    ({"colorways": {"0": "gray"}}, ["/colorways"]),
    ({"colorways": ["gray", 5, None]}, ["/colorways/1", "/colorways/2"]),
    ({"attributes": []}, ["/attributes"]),
    ({"attributes": {"a": None, "b": 1.5, "c": {}, "d": [1]}}, [f"/attributes/{name}" for name in "abcd"]),
    ({"ai": True}, ["/ai"]),
    ({"ai": {"human_review": "true"}}, ["/ai/human_review"]),
    ({"ai": {"human_review": 1}}, ["/ai/human_review"]),
    ({"waivers": [[]]}, ["/waivers/0"]),
    ({"deadline": 1893456000}, ["/deadline"]),
    ({"deadline": "1893456000"}, ["/deadline"]),
    ({"deadline": "2030-01-01"}, ["/deadline"]),
    ({"deadline": "2030-01-01T00:00:00"}, ["/deadline"]),
    ({"deadline": "2030-02-30T00:00:00Z"}, ["/deadline"]),
    ({"deadline": "0001-01-01T00:00:00+23:59"}, ["/deadline"]),
    ({"deadline": "9999-12-31T23:59:59-23:59"}, ["/deadline"]),
    # Not of the form
    ({"sku": ""}, ["/sku"]),
    ({"sku": "-MB02"}, ["/sku"]),
    ({"sku": "../../etc"}, ["/sku"]),
    ({"sku": "MB 02"}, ["/sku"]),
    ({"sku": "MB02\n"}, ["/sku"]),
    ({"sku": "ＭＢ０２"}, ["/sku"]),
    ({"colorways": ["Gray"]}, ["/colorways/0"]),
    ({"required_views": ["front view"]}, ["/required_views/0"]),
    ({"waivers": [{"view": "Front", "colorway": "G R"}]}, ["/waivers/0/view", "/waivers/0/colorway"]),
    ({"attributes": {"not a word": 1}}, ["/attributes"]),
    ({"attributes": {"": 1}}, ["/attributes"]),
    ({"attributes": {"größe": 1}}, ["/attributes"]),
    # NUL and other control characters
    ({"product_name": "a\x00b"}, ["/product_name"]),
    ({"approval_owner": "a\x1bb"}, ["/approval_owner"]),
    ({"references": ["a\x00b"]}, ["/references/0"]),
    ({"attributes": {"fit_notes": "a\x00b"}}, ["/attributes/fit_notes"]),
    ({"attributes": {"fit_notes": ["a\x00b"]}}, ["/attributes/fit_notes"]),
    ({"attributes": {"a\x00b": "x"}}, ["/attributes"]),
    ({"waivers": [{"cause": "a\x00b"}]}, ["/waivers/0/cause"]),
    ({"ai": {"pose": "a\x00b"}}, ["/ai/pose"]),
    # Absurd sizes
    ({"sku": "M" * 65}, ["/sku"]),
    ({"product_name": LONG}, ["/product_name"]),
    ({"colorways": ["gray"] * 51}, ["/colorways"]),
    ({"colorways": [LONG]}, ["/colorways/0"]),
    ({"materials": ["cotton"] * 21}, ["/materials"]),
    ({"channels": ["pdp"] * 31}, ["/channels"]),
    ({"references": [LONG]}, ["/references/0"]),
    ({"references": ["a"] * 51}, ["/references"]),
    ({"waivers": [{}] * 201}, ["/waivers"]),
    ({"required_views": ["a"] * 31}, ["/required_views"]),
    ({"attributes": {f"a{number}": 1 for number in range(51)}}, ["/attributes"]),
    ({"attributes": {"a" * 61: 1}}, ["/attributes"]),
    ({"attributes": {"a": LONG}}, ["/attributes/a"]),
    ({"attributes": {"a": ["b"] * 51}}, ["/attributes/a"]),
    ({"attributes": {"a": 10**30}}, ["/attributes/a"]),
    ({"priority": LONG, "proposed_class": LONG}, ["/priority", "/proposed_class"]),
]


async def test_what_is_no_brief_is_refused_field_by_field(intake: Harness) -> None:
    headers = intake.bearer("producer")
    made = (await intake.client.post(REQUESTS, json={}, headers=headers)).json()
    for brief, pointers in HOSTILE:
        created = await intake.client.post(REQUESTS, json=brief, headers=headers)
        amended = await intake.client.patch(
            f"{REQUESTS}/{made['id']}", json=brief, headers=headers | {"If-Match": '"1"'}
        )
        for answer in (created, amended):
            assert answer.status_code == 422, (brief, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert [error["pointer"] for error in answer.json()["errors"]] == pointers, brief
    assert (await intake.client.get(f"{REQUESTS}/{made['id']}", headers=headers)).json() == made


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"MB02"', 422),
        (b"{", 422),
        (b"\xff\xfe", 422),
        (b'{"sku": "\xff"}', 422),
        (b'{"sku": NaN}', 422),
        (b'{"attributes": {"a": NaN}}', 422),
        (b'{"attributes": {"a": 1e999}}', 422),
        (b'{"attributes": {"a": ' + b"9" * 5000 + b"}}", 422),
        (b'{"product_name": "\\ud800"}', 422),
        (b'{"\\ud800": 1}', 422),
        (b'{"attributes": {"\\ud800": 1}}', 422),
        (b'{"attributes": {"a": "\\ud800"}}', 422),
        (b'{"attributes": {"a": ["\\ud800"]}}', 422),
        (b"[" * 100_000, 422),
        (b'{"a":' * 100_000, 422),
        (b'{"sku": "' + b"M" * 2_000_000 + b'"}', 413),
    ],
)
async def test_bodies_that_are_no_json_object(intake: Harness, raw: bytes, status: int) -> None:
    headers = intake.bearer("producer", subject="nobody-else") | {"Content-Type": "application/json"}
    answer = await intake.client.post(REQUESTS, content=raw, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await intake.fetch("SELECT 1 FROM request WHERE requested_by = 'nobody-else'") == []


_text = st.text(max_size=30) | st.sampled_from(["", " ", "gray", "front", "bags", "cotton", "pdp", "C1", "high"])
_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=8,
)
_attributes = st.dictionaries(st.sampled_from(sorted(ai_model_shot()["attributes"])) | _text, _anything, max_size=6)
_ai = st.dictionaries(st.sampled_from(sorted(ai_model_shot()["ai"])) | _text, _anything, max_size=6)


@st.composite
def briefs(draw: st.DrawFn) -> dict[str, Any]:
    """A complete brief in which some fields are missing and some are anything at all, or something of their kind."""
    brief: dict[str, Any] = draw(st.sampled_from([apparel, bags, ai_model_shot]))()
    names = st.sampled_from(sorted(Brief.model_fields))
    for name in draw(st.lists(names, max_size=3, unique=True)):
        brief.pop(name, None)
    for name in draw(st.lists(names | _text, max_size=2, unique=True)):
        brief[name] = draw({"attributes": _attributes, "ai": _ai}.get(name, _anything) | _anything)
    return brief


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(brief=briefs())
async def test_any_body_gets_a_request_or_a_problem(intake: Harness, brief: dict[str, Any]) -> None:
    headers = intake.bearer("producer") | {"Content-Type": "application/json"}
    answer = await intake.client.post(REQUESTS, content=json.dumps(brief).encode(), headers=headers)
    body = answer.json()
    if answer.status_code == 201:
        event(body["state"])
        assert (body["state"] == "accepted") == (body["problems"] == []) == bool(body["shots"])
        read = await intake.client.get(f"{REQUESTS}/{body['id']}", headers=headers)
        assert read.json() == body
    else:
        event("refused")
        assert answer.status_code == 422, answer.text
        assert body["errors"], body

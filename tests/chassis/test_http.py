"""What every endpoint has from the chassis: problems, pages, ETags, the body limit, correlation ids, health."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import uuid4

import pytest
from fastapi.exceptions import RequestValidationError
from httpx import Response
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from chassis.ids import new_id
from chassis.problems import from_validation
from chassis.testkit.harness import Harness

TALLIES = "/v1/tallies"


def is_problem(answer: Response, status: int, slug: str | None = None) -> dict[str, Any]:
    """The problem details, after their form was checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["detail"]
    if slug:
        assert problem["type"] == f"urn:packshot:problem:{slug}"
    return problem


async def make(probe: Harness, name: str, **fields: object) -> Response:
    return await probe.client.post(TALLIES, json={"name": name, **fields}, headers=probe.bearer("keeper"))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"amount": 1}, "/name"),
        ({"name": 7}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "x" * 51}, "/name"),
        ({"name": "a", "amount": "many"}, "/amount"),
        ({"name": "a", "amount": 1.5}, "/amount"),
        ({"name": "a", "amount": True, "tags": {}}, "/tags"),
        ({"name": "a", "tags": ["b", 3]}, "/tags/1"),
        ({"name": "a", "colour": "red"}, "/colour"),
        ({"name": "a", "a/b~c": 1}, "/a~1b~0c"),
        ([], ""),
        ("a", ""),
        (None, ""),
    ],
)
async def test_every_wrong_field_is_named(probe: Harness, body: object, pointer: str) -> None:
    answer = await probe.client.post(TALLIES, json=body, headers=probe.bearer())
    problem = is_problem(answer, 422, "invalid")
    assert pointer in [error["pointer"] for error in problem["errors"]]


async def test_all_wrong_fields_are_named_at_once(probe: Harness) -> None:
    answer = await probe.client.post(TALLIES, json={"amount": "x", "colour": 1, "tags": 2}, headers=probe.bearer())
    errors = {error["pointer"]: error for error in is_problem(answer, 422)["errors"]}
    assert set(errors) == {"/name", "/amount", "/colour", "/tags"}
    assert errors["/colour"]["remedy"]


async def test_what_would_make_it_right_is_said_of_types_and_limits(probe: Harness) -> None:
    body = {"name": "x" * 51, "amount": "many", "tags": "a"}
    answer = await probe.client.post(TALLIES, json=body, headers=probe.bearer())
    errors = {error["pointer"]: error["remedy"] for error in is_problem(answer, 422)["errors"]}
    assert errors == {
        "/name": "Send at most 50 characters.",
        "/amount": "Send a whole number.",
        "/tags": "Send a list.",
    }


class Limits(BaseModel):
    """One field for each type of error that has a remedy with a limit in it."""

    short: Annotated[str, Field(min_length=2)] = "ab"
    form: Annotated[str, Field(pattern="^[a-z]+$")] = "a"
    few: Annotated[list[int], Field(min_length=1)] = [1]
    many: Annotated[list[int], Field(max_length=1)] = [1]
    one: Literal["a", "b"] = "a"
    more: Annotated[int, Field(gt=1)] = 2
    most: Annotated[int, Field(ge=1, le=3)] = 2
    less: Annotated[float, Field(lt=1)] = 0
    finite: Annotated[float, Field(allow_inf_nan=False)] = 0
    own: Annotated[str, AfterValidator(str.encode)] = "a"


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("short", "a", "Send at least 2 characters."),
        ("form", "A", "Send a text of the form `^[a-z]+$`."),
        ("few", [], "Send at least 1 of them."),
        ("many", [1, 2], "Send at most 1 of them."),
        ("one", "c", "Send one of: 'a' or 'b'."),
        ("more", 1, "Send more than 1."),
        ("most", 0, "Send 1 or more."),
        ("most", 4, "Send 3 or less."),
        ("less", 1, "Send less than 1.0."),
        ("finite", float("inf"), "Send a finite number."),
        ("own", "\ud800", "Send what `detail` asks for; the field is described in `/openapi.json`."),
    ],
)
def test_every_limit_has_its_remedy(field: str, value: object, remedy: str) -> None:
    with pytest.raises(ValidationError) as failed:
        Limits.model_validate({field: value})
    problem = from_validation(RequestValidationError(failed.value.errors()))
    assert [error.remedy for error in problem.errors] == [remedy]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"name": "a",}',
        b"\xff\xfe",
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b'{"name": "a", "amount": NaN}',
        b'{"name": "a", "amount": 1e999}',
        b'{"name": "a", "amount": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"name":' * 50_000,
        b'{"name": "nul \\u0000 byte"}',
        b'{"name": "a", "amount": 9223372036854775808}',
        b'{"name": "a", "amount": 2147483648}',
        b'{"name": "a", "amount": -1e30}',
    ],
    ids=lambda body: repr(body[:30]),
)
async def test_any_bytes_as_a_body_are_refused_not_fallen_over(probe: Harness, body: bytes) -> None:
    headers = probe.bearer() | {"Content-Type": "application/json"}
    is_problem(await probe.client.post(TALLIES, content=body, headers=headers), 422, "invalid")
    is_problem(await probe.client.post(TALLIES, content=body, headers=headers | {"Idempotency-Key": "x"}), 422)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("DELETE", TALLIES, 405),
        ("PUT", f"{TALLIES}/not-an-id", 422),
        ("GET", f"{TALLIES}?name=nul%00byte", 422),
        ("GET", f"{TALLIES}?limit=0", 422),
        ("GET", f"{TALLIES}?limit=201", 422),
        ("GET", f"{TALLIES}?limit=all", 422),
        ("GET", f"{TALLIES}?cursor=nonsense", 422),
        ("GET", f"{TALLIES}?cursor=%00", 422),
        ("GET", f"{TALLIES}?cursor=%F0%9F%98%80", 422),
        ("GET", f"{TALLIES}?cursor={'A' * 65}", 422),
    ],
)
async def test_a_wrong_address_is_a_problem_too(probe: Harness, method: str, path: str, status: int) -> None:
    headers = probe.bearer() | {"If-Match": '"1"'}
    is_problem(
        await probe.client.request(method, path, headers=headers, json={"name": "a"} if method == "PUT" else None),
        status,
    )


async def test_a_bug_is_our_fault_and_says_nothing_of_itself(probe: Harness) -> None:
    answer = await probe.client.get("/v1/broken", headers={"X-Request-ID": "find-me"})
    problem = is_problem(answer, 500, "internal")
    assert problem["request_id"] == "find-me"
    assert "a bug" not in answer.text


@pytest.mark.parametrize("offered", ["", "a b", "x" * 129, "<script>", "naïve"])
async def test_a_harmful_request_id_is_replaced(probe: Harness, offered: str) -> None:
    answer = await probe.client.get("/health/live", headers=[(b"X-Request-ID", offered.encode("latin-1"))])
    assert answer.headers["x-request-id"] not in ("", offered)


async def test_a_harmless_request_id_is_kept(probe: Harness) -> None:
    answer = await probe.client.get("/health/live", headers={"X-Request-ID": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"


async def chunks(size: int, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * size


async def test_a_body_over_the_limit_is_refused(probe: Harness) -> None:
    limit = probe.service.settings.max_body_bytes
    headers = probe.bearer() | {"Content-Type": "application/json"}
    declared = await probe.client.post(TALLIES, content=b" " * (limit + 1), headers=headers)
    is_problem(declared, 413, "too-large")
    undeclared = await probe.client.post(TALLIES, content=chunks(limit // 4, 5), headers=headers)
    is_problem(undeclared, 413, "too-large")
    understated = await probe.client.post(
        TALLIES, content=chunks(limit // 4, 5), headers=headers | {"Content-Length": "10"}
    )
    is_problem(understated, 413, "too-large")
    just_fits = b'{"name": "just fits"' + b" " * (limit - 21) + b"}"
    assert (await probe.client.post(TALLIES, content=just_fits, headers=headers)).status_code == 201


async def test_a_streaming_path_has_no_such_limit(probe: Harness) -> None:
    size = probe.service.settings.max_body_bytes
    answer = await probe.client.post("/v1/blobs", content=chunks(size, 3))
    assert answer.json() == {"bytes": 3 * size}


async def test_pages_are_stable_while_things_are_added(probe: Harness) -> None:
    before = [(await make(probe, f"page {number}")).json()["id"] for number in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params: dict[str, str | int] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await probe.client.get(TALLIES, params=params, headers=probe.bearer())).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        await make(probe, f"added {uuid4()}")
        if cursor is None:
            break
        assert len(page["items"]) == 2
    assert [one for one in seen if one in before] == before[::-1], "newest first, each once"
    assert len(seen) == len(set(seen))


async def test_a_list_that_ends_with_its_page_has_no_next_one(probe: Harness) -> None:
    name = f"alone {uuid4()}"
    await make(probe, name)
    page = await probe.client.get(TALLIES, params={"limit": 1, "name": name}, headers=probe.bearer())
    assert len(page.json()["items"]) == 1
    assert page.json()["next_cursor"] is None


async def test_an_edit_names_the_version_that_it_changes(probe: Harness) -> None:
    made = (await make(probe, f"edit {uuid4()}")).json()
    path, body = f"{TALLIES}/{made['id']}", {"name": made["name"], "amount": 5}

    async def edit(if_match: str | None) -> Response:
        headers = probe.bearer() | ({"If-Match": if_match} if if_match is not None else {})
        return await probe.client.put(path, json=body, headers=headers)

    is_problem(await edit(None), 428, "precondition-required")
    first = await edit('"1"')
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    is_problem(await edit('"1"'), 412, "precondition-failed")
    assert (await edit('W/"2"')).status_code == 200
    for unknown in ("", "3", '"three"', "*", '"3", "4"', '"-3"', '"99999999999999999999"'):
        problem = is_problem(await edit(unknown), 422, "invalid")
        assert problem["errors"][0]["pointer"] == "header/If-Match"
    path = f"{TALLIES}/{new_id()}"
    is_problem(await edit('"1"'), 404, "not-found")


async def test_it_says_how_it_is(probe: Harness) -> None:
    assert (await probe.client.get("/health/live")).json() == {"status": "live"}
    ready = await probe.client.get("/health/ready")
    assert ready.status_code == 200, ready.text
    assert set(ready.json()["checks"].values()) == {"ok"}
    figures = (await probe.client.get("/metrics")).text
    assert (
        'packshot_http_request_seconds_count{method="GET",route="/health/ready",service="probe",status="200"}'
        in figures
    )

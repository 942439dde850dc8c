"""The joined document."""

import copy
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis

from gateway.openapi import join
from gateway.operations import create_operations
from gateway.routes import load_documents
from tests.gateway.services import document

Json = dict[str, Any]

OWN: Json = document("Packshot", {"/health/live": ["get"]}, {"schemas": {"ProblemDetails": {"type": "object"}}})


def with_schemas(title: str, path: str, schemas: Json, answers_with: str) -> Json:
    one = document(title, {path: ["get"]}, {"schemas": schemas})
    one["paths"][path]["get"]["responses"]["200"]["content"] = {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{answers_with}"}}
    }
    return one


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(joined: Json, reference: str) -> Json:
    node = joined
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def answer_of(joined: Json, path: str) -> Json:
    schema = joined["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return resolve(joined, schema["$ref"])


@pytest.fixture
def documents() -> dict[str, Json]:
    """`Page` reads the same in both, but leans on an `Item` that differs; `Money` is the same, and `Pages` is in
    one service only."""
    page = {"type": "object", "properties": {"items": {"items": {"$ref": "#/components/schemas/Item"}}}}
    money = {"type": "integer"}
    pages = {"items": {"$ref": "#/components/schemas/Page"}}
    item = {"properties": {"price": {"$ref": "#/components/schemas/Money"}}}
    return {
        "intake": with_schemas(
            "Intake",
            "/v1/requests",
            {"Page": page, "Item": item | {"title": "A request"}, "Money": money, "Pages": pages},
            "Page",
        ),
        "qc": with_schemas(
            "QC", "/v1/reviews", {"Page": page, "Item": item | {"title": "A review"}, "Money": money}, "Page"
        ),
    }


def test_components_that_differ_bear_their_services_name(documents: dict[str, Json]) -> None:
    joined = join(documents, OWN)
    assert sorted(joined["components"]["schemas"]) == [
        "IntakeItem", "IntakePage", "Money", "Pages", "ProblemDetails", "QcItem", "QcPage"
    ]  # fmt: skip
    for path, title in [("/v1/requests", "A request"), ("/v1/reviews", "A review")]:
        item = answer_of(joined, path)["properties"]["items"]["items"]["$ref"]
        assert resolve(joined, item)["title"] == title
    for reference in references(joined):
        resolve(joined, reference)


def test_joining_changes_nothing_that_it_was_given(documents: dict[str, Json]) -> None:
    before, own = copy.deepcopy(documents), copy.deepcopy(OWN)
    first = join(documents, OWN)
    assert (documents, own) == (before, OWN)
    assert join(documents, OWN) == first


def test_operations_are_told_apart_by_service(documents: dict[str, Json]) -> None:
    joined = join(documents, OWN)
    operations = [joined["paths"][path]["get"] for path in ("/v1/requests", "/v1/reviews", "/health/live")]
    assert [operation["tags"] for operation in operations] == [["intake"], ["qc"], ["gateway"]]
    assert len({operation["operationId"] for operation in operations}) == 3
    assert [tag["name"] for tag in joined["tags"]] == ["intake", "qc", "gateway"]
    assert joined["tags"][0]["description"] == "What Intake does."
    assert joined["servers"] == [{"url": "/"}]


def test_what_the_gateway_adds_is_described() -> None:
    signed = document("Assets", {"/v1/versions": ["get"], "/webhooks/vendors/{vendor}": ["post"]})
    signed["paths"]["/v1/versions"]["get"]["responses"]["503"] = {"description": "The service's own words."}
    joined = join({"assets": signed}, OWN)
    with_token, without = joined["paths"]["/v1/versions"]["get"], joined["paths"]["/webhooks/vendors/{vendor}"]["post"]
    assert with_token["security"] == [{"HTTPBearer": []}]
    assert joined["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert set(with_token["responses"]) == {"200", "401", "429", "502", "503", "504"}
    assert with_token["responses"]["503"]["description"] == "The service's own words."
    assert "Retry-After" in with_token["responses"]["429"]["headers"]
    assert "security" not in without
    assert set(without["responses"]) == {"200", "429", "502", "503", "504"}
    assert set(joined["paths"]["/health/live"]["get"]["responses"]) == {"200"}


async def test_the_committed_documents_join_to_one_that_tools_can_read() -> None:
    """Of all services that have one so far, with what the gateway says of itself."""
    operations = create_operations(load_documents(), None)  # type: ignore[arg-type]  # nobody asks whether it is ready
    transport = httpx.ASGITransport(app=operations)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        joined = (await client.get("/openapi.json")).json()
    for reference in references(joined):
        resolve(joined, reference)
    identifiers = [
        operation["operationId"]
        for item in joined["paths"].values()
        for method, operation in item.items()
        if isinstance(operation, dict) and method != "parameters"
    ]
    assert len(identifiers) == len(set(identifiers))
    assert "ProblemDetails" in joined["components"]["schemas"]
    assert not [
        name for name in joined["components"]["schemas"] if name.endswith("ProblemDetails") and name != "ProblemDetails"
    ]
    schema = schemathesis.openapi.from_dict(joined)
    readable = {one.ok().label for one in schema.get_all_operations()}  # type: ignore[union-attr]  # Err has none: fails
    assert "GET /health/ready" in readable
    assert len(readable) == len(identifiers)

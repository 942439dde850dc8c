"""One OpenAPI document out of the services' own."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from gateway.errors import ServiceFailed, ServiceTooSlow, TooManyRequests
from gateway.routes import SIGNED, Documents

Json = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_REF = "#/components/"
_BEARER = "HTTPBearer"
_BEARER_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A token of the brand's OIDC issuer.",
}
_PROBLEM = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}


def _described(description: str, *, retry: bool = False) -> Json:
    answer: Json = {"description": description, "content": {"application/problem+json": _PROBLEM}}
    return {**answer, "headers": _RETRY_AFTER} if retry else answer


_UNAUTHENTICATED = ("401", _described("No token, or one that is refused."))
_OF_THE_GATEWAY = (
    (str(TooManyRequests.status), _described("The caller's requests are used up for now.", retry=True)),
    (str(ServiceFailed.status), _described("The service broke off; whether it did the request is unknown.")),
    ("503", _described("The service can't be reached; nothing was changed.", retry=True)),
    (str(ServiceTooSlow.status), _described("The service did not answer in time.")),
)


def join(documents: Documents, own: Json) -> Json:
    """One document: all paths, tagged by service, with the answers that the gateway adds to each.

    `own` describes the gateway's own paths; it names the title, and the problem schema that all share.
    """
    parts = {**documents, "gateway": own}
    conflicts = _conflicts(parts)
    joined: Json = {
        "openapi": own["openapi"],
        "info": own["info"],
        "servers": [{"url": "/"}],
        "tags": [],
        "paths": {},
        "components": {"securitySchemes": {_BEARER: _BEARER_SCHEME}},
    }
    for service, part in parts.items():
        document = _renamed(part, service, conflicts)
        info = document.get("info", {})
        joined["tags"].append({"name": service, "description": info.get("description", info.get("title", service))})
        for kind, entries in document.get("components", {}).items():
            joined["components"].setdefault(kind, {}).update(entries)
        for path, item in document.get("paths", {}).items():
            for method in _METHODS:
                if method in item:
                    _complete(item[method], service, path, is_own=part is own)
            joined["paths"][path] = item
    return joined


def _complete(operation: Json, service: str, path: str, *, is_own: bool) -> None:
    """Add what holds for every operation behind the gateway."""
    operation["tags"] = [service]
    if "operationId" in operation:
        operation["operationId"] = f"{service}_{operation['operationId']}"
    if is_own:
        return
    responses = operation.setdefault("responses", {})
    if path.startswith(SIGNED):
        operation.pop("security", None)
    else:
        operation["security"] = [{_BEARER: []}]
        responses.setdefault(*_copy(_UNAUTHENTICATED))
    for answer in _OF_THE_GATEWAY:
        responses.setdefault(*_copy(answer))


def _copy(answer: tuple[str, Json]) -> tuple[str, Json]:
    return answer[0], deepcopy(answer[1])


def _conflicts(parts: Documents) -> set[tuple[str, str]]:
    """Components (kind, name) of several services that mean different things there, or lean on one that does."""
    first: dict[tuple[str, str], Json] = {}
    conflicts: set[tuple[str, str]] = set()
    shared: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for part in parts.values():
        for kind, entries in part.get("components", {}).items():
            for name, entry in entries.items():
                if (kind, name) not in first:
                    first[kind, name] = entry
                    continue
                shared[kind, name] = set(_references(entry))
                if first[kind, name] != entry:
                    conflicts.add((kind, name))
    while more := {key for key, leans_on in shared.items() if leans_on & conflicts} - conflicts:
        conflicts |= more
    return conflicts


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str) and reference.startswith(_REF):
            kind, name = reference.removeprefix(_REF).split("/", 1)
            yield kind, name
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _renamed(document: Json, service: str, conflicts: set[tuple[str, str]]) -> Json:
    """A copy in which the components that conflict bear the service's name."""

    def new_name(kind: str, name: str) -> str:
        return f"{service.capitalize()}{name}" if (kind, name) in conflicts else name

    def reference(found: re.Match[str]) -> str:
        return f"{_REF}{found[1]}/{new_name(found[1], found[2])}"

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: walk(value) for name, value in node.items()}
        if isinstance(node, list):
            return [walk(value) for value in node]
        if isinstance(node, str) and node.startswith(_REF):
            return re.sub(rf"^{_REF}([^/]+)/(.+)$", reference, node)
        return node

    copy: Json = walk(document)
    for kind, entries in copy.get("components", {}).items():
        copy["components"][kind] = {new_name(kind, name): entry for name, entry in entries.items()}
    return copy

"""RFC 9457 problem details: what is wrong, where, and what would make it right."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from chassis.context import correlation_id
from chassis.database import database_is_away
from chassis.logs import get_logger

MEDIA_TYPE = "application/problem+json"
_SLUGS = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
RETRY_AFTER_SECONDS = 5

log = get_logger(__name__)


class FieldError(BaseModel):
    """One wrong field."""

    pointer: str = Field(description="JSON pointer into the body, or `query/name`, `path/name`, `header/name`.")
    detail: str
    remedy: str | None = Field(default=None, description="What would make it right.")


class Faults(ValueError):
    """What is wrong with a value as a whole, raised in its model's validator: each pointer is one into that value."""

    def __init__(self, faults: Sequence[FieldError]) -> None:
        super().__init__("; ".join(fault.detail for fault in faults))
        self.faults = list(faults)


def require_none(faults: Iterable[FieldError]) -> None:
    """Raises `Faults` with all of them."""
    if found := list(faults):
        raise Faults(found)


def doubled(where: str, key: str, names: Sequence[str]) -> list[FieldError]:
    """Names that came before in the list at the pointer `where`, whose items have them as `key`."""
    return [
        FieldError(
            pointer=f"{where}/{number}/{key}",
            detail=f"names are unique; doubled: {name}",
            remedy="Give it another name, or leave it out.",
        )
        for number, name in enumerate(names)
        if name in names[:number]
    ]


class ProblemDetails(BaseModel):
    """RFC 9457, plus `errors` (every wrong field) and `request_id` (to find it in the logs)."""

    type: str = Field(examples=["urn:packshot:problem:not-found"])
    title: str
    status: int
    detail: str
    instance: str | None = None
    request_id: str | None = None
    errors: list[FieldError] = []


class Problem(Exception):
    """Raise it anywhere below an endpoint: it becomes the answer. Subclasses fix `status`, `slug` and `title`."""

    status = 400
    slug = "bad-request"
    title = "The request can't be handled"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers or {}
        self.extensions = extensions


class Unauthenticated(Problem):
    status, slug, title = 401, "unauthenticated", "Who is calling?"


class Forbidden(Problem):
    status, slug, title = 403, "forbidden", "Not for this role"


class NotFound(Problem):
    status, slug, title = 404, "not-found", "There is no such thing"


class Conflict(Problem):
    status, slug, title = 409, "conflict", "Not in this state"


class PreconditionFailed(Problem):
    status, slug, title = 412, "precondition-failed", "It has changed since you read it"


class TooLarge(Problem):
    status, slug, title = 413, "too-large", "Too large"


class PreconditionRequired(Problem):
    status, slug, title = 428, "precondition-required", "Say which version you change"


class Invalid(Problem):
    status, slug, title = 422, "invalid", "Some fields are wrong"


class Unavailable(Problem):
    status, slug, title = 503, "unavailable", "Not now"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def problem_response(problem: Problem, instance: str | None = None) -> JSONResponse:
    body: dict[str, Any] = {
        "type": f"urn:packshot:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        "request_id": correlation_id.get() or None,
        "errors": [error.model_dump() for error in problem.errors],
        **problem.extensions,
    }
    return JSONResponse(body, problem.status, problem.headers, media_type=MEDIA_TYPE)


def _pointer(location: Sequence[int | str]) -> str:
    where, *path = [str(part).replace("~", "~0").replace("/", "~1") for part in location]
    return "".join(f"/{part}" for part in path) if where == "body" else "/".join([where, *path])


# Pydantic's type of error → what would make it right, with what the error says of the limit.
_REMEDIES = {
    "extra_forbidden": "Leave this field out: it isn't known here.",
    "missing": "Send it.",
    "string_type": "Send a text.",
    "string_too_short": "Send at least {min_length} characters.",
    "string_too_long": "Send at most {max_length} characters.",
    "string_pattern_mismatch": "Send a text of the form `{pattern}`.",
    "int_type": "Send a whole number, without quotes.",
    "int_parsing": "Send a whole number.",
    "int_from_float": "Send a whole number.",
    "float_type": "Send a number, without quotes.",
    "float_parsing": "Send a number.",
    "finite_number": "Send a finite number.",
    "bool_type": "Send true or false, without quotes.",
    "bool_parsing": "Send true or false.",
    "list_type": "Send a list.",
    "dict_type": "Send a JSON object.",
    "too_short": "Send at least {min_length} of them.",
    "too_long": "Send at most {max_length} of them.",
    "enum": "Send one of: {expected}.",
    "literal_error": "Send one of: {expected}.",
    "greater_than": "Send more than {gt}.",
    "greater_than_equal": "Send {ge} or more.",
    "less_than": "Send less than {lt}.",
    "less_than_equal": "Send {le} or less.",
    "uuid_type": "Send a UUID.",
    "uuid_parsing": "Send a UUID.",
    "model_type": "Send a JSON object.",
    # The body was taken for a form or for text.
    "model_attributes_type": "Send a JSON object, with the header `Content-Type: application/json`.",
}


_OTHER_REMEDY = "Send what `detail` asks for; the field is described in `/openapi.json`."


def _remedy(error: Mapping[str, Any]) -> str:
    return _REMEDIES.get(error["type"], _OTHER_REMEDY).format_map(error.get("ctx", {}))


def from_validation(error: RequestValidationError) -> Problem:
    found = error.errors()[:100]
    for one in found:
        if one["type"] == "json_invalid":  # its location is a character
            return _unreadable_body(f"{one['ctx']['error']} at character {one['loc'][1]}")
    fields = field_errors(found)
    count = f"{len(fields)} fields are" if len(fields) > 1 else "1 field is"
    return Invalid(f"{count} wrong; `errors` names each.", errors=fields)


def field_errors(found: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's errors in our words. Each location begins with where it is: `body`, `query`, …"""
    fields = list[FieldError]()
    for one in found:
        pointer, cause = _pointer(one["loc"]), one.get("ctx", {}).get("error")
        if isinstance(cause, Faults):
            fields += [fault.model_copy(update={"pointer": pointer + fault.pointer}) for fault in cause.faults[:100]]
            continue
        detail = str(cause) if one["type"] == "value_error" else one["msg"]  # without pydantic's «Value error, »
        fields.append(FieldError(pointer=pointer, detail=detail, remedy=_remedy(one)))
    return fields


def _unreadable_body(why: str) -> Problem:
    field = FieldError(pointer="", detail=f"not JSON: {why}", remedy="Send a body that is valid JSON.")
    return Invalid("The body can't be read.", errors=[field])


def documented(descriptions: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """A route's `responses`: the problems that it answers besides those of every route, for the OpenAPI document."""
    return {
        status: {"model": ProblemDetails, "content": {MEDIA_TYPE: {}}, "description": description}
        for status, description in descriptions.items()
    }


def internal_error(error: Exception) -> Problem:
    """The answer to a bug: it says nothing of it, the log says all."""
    log.error("unexpected", exc_info=error)
    problem = Problem("An error on our side. It is in the logs under the request id.")
    problem.status, problem.slug, problem.title = 500, "internal", "Our fault"
    return problem


async def _from_database(request: Request, error: DBAPIError) -> Problem | None:
    if database_is_away(error):
        return Unavailable("The database can't be reached; nothing was changed. Try again.")
    cause = getattr(error.orig, "__cause__", None)
    if isinstance(cause, asyncpg.DataError | UnicodeError):
        detail = "A value can't be stored: it holds a character or a number that has no place in a database."
        return Invalid(detail, errors=await _unstorable(request))
    if isinstance(cause, asyncpg.SerializationError | asyncpg.DeadlockDetectedError):
        return Unavailable("Others changed the same thing at the same moment; nothing was changed. Try again.")
    return None


# What JSON and addresses can say and PostgreSQL can't store: NUL, and half of a surrogate pair.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


async def _unstorable(request: Request) -> list[FieldError]:
    """Each field of the request that holds such a character; empty where the cause is another."""
    places = [f"path/{name}" for name, value in request.path_params.items() if _UNSTORABLE.search(str(value))]
    places += [f"query/{name}" for name, value in request.query_params.multi_items() if _UNSTORABLE.search(value)]
    if "json" in request.headers.get("Content-Type", ""):
        with suppress(ValueError, RuntimeError):  # RuntimeError: it went by as a stream
            places += _places(await request.json())
    told = {"detail": "holds a character that can't be stored, such as NUL", "remedy": "Send it without."}
    return [FieldError(pointer=place, **told) for place in list(dict.fromkeys(places))[:100]]


def _places(body: Any) -> Iterator[str]:
    """Pointers into a body, however deep it is."""
    waiting = deque([("", body)])
    while waiting:
        pointer, value = waiting.popleft()
        if isinstance(value, str) and _UNSTORABLE.search(value):
            yield pointer
        elif isinstance(value, list):
            waiting.extend((f"{pointer}/{number}", one) for number, one in enumerate(value))
        elif isinstance(value, dict):
            inside = {name: f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}" for name in value}
            yield from (place for name, place in inside.items() if _UNSTORABLE.search(name))
            waiting.extend((inside[name], one) for name, one in value.items())


def install_problem_handlers(app: FastAPI) -> None:
    """Every error of this app becomes a problem answer; what no handler here knows is `RequestContext`'s."""

    def answer(request: Request, problem: Problem) -> Response:
        return problem_response(problem, request.url.path)

    @app.exception_handler(Problem)
    async def on_problem(request: Request, problem: Problem) -> Response:
        return answer(request, problem)

    @app.exception_handler(RequestValidationError)
    async def on_validation(request: Request, error: RequestValidationError) -> Response:
        return answer(request, from_validation(error))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 400 and isinstance(cause := error.__cause__, ValueError | RecursionError):
            return answer(request, _unreadable_body(str(cause)[:200]))  # FastAPI could not parse the body
        problem = Problem(str(error.detail), headers=dict(error.headers or {}))
        problem.status, problem.title = error.status_code, str(error.detail)
        problem.slug = _SLUGS.get(error.status_code, "bad-request")
        return answer(request, problem)

    @app.exception_handler(DBAPIError)
    async def on_database(request: Request, error: DBAPIError) -> Response:
        if (problem := await _from_database(request, error)) is None:
            return answer(request, internal_error(error))
        log.warning("the database refused", error=repr(error.orig))
        return answer(request, problem)

    @app.exception_handler(PoolTimeout)
    @app.exception_handler(OSError)
    async def on_away(request: Request, error: Exception) -> Response:
        log.warning("something is away", error=repr(error))
        return answer(request, Unavailable("Something behind this service can't be reached; nothing was changed."))

"""Problem answers that some routes have besides those of every route, for the OpenAPI document."""

from typing import Any

from chassis.problems import MEDIA_TYPE, ProblemDetails


def _problems(descriptions: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": ProblemDetails, "content": {MEDIA_TYPE: {}}, "description": description}
        for status, description in descriptions.items()
    }


NOT_FOUND = _problems({404: "There is no such thing."})
WRONG_STATE = _problems({409: "Not in this state; `allowed` says what is."})
EDITED = _problems({412: "It has changed since you read it.", 428: "`If-Match` is missing."})
BROKEN_UPLOAD = _problems(
    {
        400: "The body ended before its declared length.",
        408: "Nothing of the body came for too long.",
        413: "The file is too large.",
        415: "Neither CSV nor XLSX.",
    }
)

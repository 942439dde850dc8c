"""Problem answers that some routes have besides those of every route, for the OpenAPI document."""

from chassis.problems import documented

NOT_FOUND = documented({404: "There is no such thing."})
WRONG_STATE = documented({409: "Not in this state; `allowed` says what is."})
BROKEN_UPLOAD = documented(
    {
        400: "The body ended before its declared length.",
        408: "Nothing of the body came for too long.",
        413: "The file is too large.",
        415: "Neither CSV nor XLSX.",
    }
)

"""ETag and If-Match: an edit names the version that it changes."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from chassis.problems import FieldError, Invalid, PreconditionFailed, PreconditionRequired, documented

EDITED = documented({412: "It has changed since you read it.", 428: "`If-Match` is missing."})

# A weak one counts too, though RFC 9110 compares If-Match strongly: it is what a proxy that compresses makes of ours on
# the way out (nginx does), and ours name a version, not bytes: weakened they say the same.
_ETAG = re.compile(r'^(?:W/)?"(\d{1,9})"$')


def names_etag(if_none_match: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` header names this one: whoever asks has it already."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in if_none_match.split(",")]


def set_etag(response: Response, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'


def _if_match(
    if_match: Annotated[str | None, Header(description='The ETag that was read, such as `"3"`.')] = None,
) -> int:
    if if_match is None:
        raise PreconditionRequired("Send `If-Match` with the ETag of what you read, so that no change gets lost.")
    if (match := _ETAG.match(if_match.strip())) is None:
        remedy = FieldError(
            pointer="header/If-Match", detail="not an ETag of ours", remedy='Send it as it came: `"3"`.'
        )
        raise Invalid("If-Match is not understood.", errors=[remedy])
    return int(match[1])


IfMatch = Annotated[int, Depends(_if_match)]


def check_version(expected: int, actual: int) -> None:
    """Raises `PreconditionFailed` when they differ."""
    if expected != actual:
        raise PreconditionFailed(f"You changed version {expected}, but it is at version {actual}. Read it again.")

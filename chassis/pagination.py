"""Cursor pagination over ids that sort by age (UUIDv7): newest first, stable while things are added."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from chassis.problems import FieldError, Invalid

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = Field(description="Send it as `cursor` to get the next page.")


class PageRequest(BaseModel):
    limit: int
    after: UUID | None


def _page_request(
    limit: Annotated[int, Query(ge=1, le=200, description="Items a page.")] = 50,
    cursor: Annotated[str | None, Query(max_length=64, description="`next_cursor` of the page before.")] = None,
) -> PageRequest:
    if cursor is None:
        return PageRequest(limit=limit, after=None)
    try:
        after = UUID(bytes=base64.urlsafe_b64decode(cursor.encode() + b"=="))
    except (ValueError, binascii.Error):
        raise Invalid(
            "The cursor is not one of ours.",
            errors=[FieldError(pointer="query/cursor", detail="unknown", remedy="Send a `next_cursor` as you got it.")],
        ) from None
    return PageRequest(limit=limit, after=after)


Paging = Annotated[PageRequest, Depends(_page_request)]


def cursor_after(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def next_cursor(ids: Sequence[UUID], limit: int) -> str | None:
    """For a query that asked for `limit + 1` rows: the cursor when there is more."""
    return cursor_after(ids[limit - 1]) if len(ids) > limit else None

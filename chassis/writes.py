"""Several writes in one statement: a step of work is a row, its history, its events and its timers, and a round trip to
PostgreSQL for each would cost more than the writing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Write:
    """`sql`: named parts of a `WITH`. No other write of the same statement has their names and parameters."""

    sql: str
    values: Mapping[str, Any]


async def write(session: AsyncSession, *writes: Write) -> None:
    """All of them, in no order: each sees the rows as they were before, and no two may write the same one."""
    if writes:
        statement = _together(tuple(one.sql for one in writes))
        await session.execute(statement, {name: value for one in writes for name, value in one.values.items()})


@lru_cache(maxsize=64)
def _together(parts: tuple[str, ...]) -> TextClause:
    """There are as few statements as kinds of steps, so PostgreSQL and its driver keep each of them prepared."""
    return text(f"WITH {', '.join(parts)} SELECT 1")

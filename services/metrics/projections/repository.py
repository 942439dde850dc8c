"""SQL of the projections. Rows are keyed by what they count, so a second delivery or a replay changes nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Table, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession


async def keep_newest(session: AsyncSession, table: Table, row: Mapping[str, Any]) -> None:
    """Store a state, unless a newer version of it is there."""
    new = insert(table).values(row)
    changes = {name: new.excluded[name] for name in row if name != "id"}
    await session.execute(
        new.on_conflict_do_update(
            index_elements=[table.c.id], set_=changes, where=table.c.version < new.excluded.version
        )
    )


_INSERT_NEW_WORK = text(
    "INSERT INTO work SELECT * FROM json_populate_recordset(NULL::work, CAST(:rows AS json)) ON CONFLICT DO NOTHING"
)


async def keep_new_work(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store work that was just made: any state that is there already is as new or newer."""
    await session.execute(_INSERT_NEW_WORK, {"rows": orjson.dumps(rows, default=str).decode()})


async def keep_earliest(session: AsyncSession, table: Table, row: Mapping[str, Any], *moments: str) -> None:
    """Store moments by the table's key, each unless an earlier one is there, in whatever order they come."""
    new = insert(table).values(row)
    earliest = {name: func.least(table.c[name], new.excluded[name]) for name in moments}
    await session.execute(new.on_conflict_do_update(index_elements=list(table.primary_key), set_=earliest))


async def keep_once(session: AsyncSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store facts that never change."""
    if rows:
        await session.execute(insert(table).values(rows).on_conflict_do_nothing())

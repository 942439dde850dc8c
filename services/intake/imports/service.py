"""Use cases of imports: a file becomes rows, in one transaction; rows are worked off later (`rows.py`)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.ids import new_id
from chassis.pagination import Page, PageRequest, next_cursor
from chassis.problems import NotFound
from chassis.timers import Timer, set_timers
from services.intake.imports import repository
from services.intake.imports.briefs import example_row, template_columns
from services.intake.imports.errors import UnknownImport
from services.intake.imports.repository import NewImport
from services.intake.imports.rows import BATCH, ROWS_TIMER, batch_key
from services.intake.imports.schemas import ImportView, RowOutcome, Rows
from services.intake.reference import load_reference

_CHUNK_BYTES = 4 * 1024 * 1024  # of rows in one statement
_NUMBER = b'{"number":'


async def find_same(session: AsyncSession, sha256: str, time_zone: str) -> ImportView | None:
    """The import of the same bytes that runs now, whoever sent them."""
    return await repository.find_running(session, sha256, time_zone)


async def start(
    session: AsyncSession,
    rows_in: Path,
    *,
    name: str,
    sha256: str,
    columns: list[str],
    time_zone: str,
    rows: int,
    imported_by: str,
) -> ImportView | None:
    """Stores the rows and lets them be worked off. None: the same bytes are being imported by another call."""
    new = NewImport(new_id(), name, sha256, columns, time_zone, rows, imported_by, now())
    if not await repository.add(session, new):
        return None
    timers = []
    async for lines in _chunks(rows_in):
        await repository.add_rows(session, new.id, lines)
        numbers = [int(line[len(_NUMBER) : line.index(b",")]) for line in lines]
        for first in range(0, len(numbers), BATCH):
            batch = numbers[first : first + BATCH]
            timers.append(Timer(ROWS_TIMER, batch_key(new.id, batch[0], batch[-1]), new.at))
    await set_timers(session, timers)
    return await read(session, new.id)


async def _chunks(path: Path) -> AsyncIterator[list[bytes]]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while lines := await asyncio.to_thread(lambda: file.readlines(_CHUNK_BYTES)):
            yield lines


async def read(session: AsyncSession, import_id: UUID) -> ImportView:
    found = await repository.find(session, import_id)
    if found is None:
        raise UnknownImport(import_id)
    return found


async def listed(session: AsyncSession, page: PageRequest) -> Page[ImportView]:
    found = await repository.newest(session, page)
    return Page[ImportView](items=found[: page.limit], next_cursor=next_cursor([one.id for one in found], page.limit))


async def rows(
    session: AsyncSession, import_id: UUID, outcomes: list[RowOutcome], after: int, limit: int, *, to_correct: bool
) -> Rows:
    if await repository.head(session, import_id) is None:
        raise UnknownImport(import_id)
    found = [
        row for row, _ in await repository.rows(session, import_id, outcomes, after, limit + 1, to_correct=to_correct)
    ]
    return Rows(items=found[:limit], next_after=found[limit - 1].row if len(found) > limit else None)


async def template(session: AsyncSession, category: str | None, with_ai: bool) -> tuple[list[str], dict[str, str]]:
    """The columns of a category's file, and an example row."""
    reference = await load_reference(session)
    if category is not None and category not in reference.categories:
        known = ", ".join(sorted(reference.categories))
        raise NotFound(f"There is no category {category}. There are: {known}.")
    pack = reference.categories[category][0] if category else None
    columns = template_columns(pack, with_ai)
    return columns, example_row(pack, reference.channels, now() + timedelta(days=30))

"""Working rows off: each becomes a request by the same rules as one that comes alone, once, whatever crashes.

A batch of rows is a timer. So every replica takes batches, each batch is one transaction, a restart finds what is
left, and nobody works on the same batch twice. A row that fails for a cause that nobody foresaw is refused and says
so; the others of its batch go through.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.context import caused_by
from chassis.crash import crash_point
from chassis.database import database_is_away
from chassis.events import Happened, record
from chassis.logs import get_logger
from chassis.timers import Timer
from contracts.intake import FieldProblem, ImportFinished
from services.intake.imports import memory, repository
from services.intake.imports.briefs import ReadRow, WrongCell, as_cells, read_row
from services.intake.imports.columns import COLUMNS
from services.intake.imports.repository import Head, PendingRow, Result
from services.intake.imports.schemas import CellProblem, RowOutcome
from services.intake.reference import Reference, load_reference
from services.intake.requests import service as requests
from services.intake.requests.errors import AiUseForbidden
from services.intake.requests.schemas import Brief, RequestState

ROWS_TIMER = "import rows"
BATCH = 50

log = get_logger(__name__)

# What the columns say; what a file can't say (waivers) stays as it is when a corrected row continues a request.
_SAID = (*COLUMNS, "attributes", "ai")


def batch_key(import_id: UUID, first: int, last: int) -> str:
    """The timer's key: these rows of this import."""
    return f"{import_id}:{first}-{last}"


async def work_off(session: AsyncSession, timer: Timer) -> None:
    """One batch. The handler of `ROWS_TIMER`."""
    import_id, _, numbers = timer.key.partition(":")
    first, _, last = numbers.partition("-")
    head = await repository.head(session, UUID(import_id))
    if head is None:
        return
    with caused_by(import_id):
        pending = await repository.pending(session, head.id, int(first), int(last))
        results = await _results(session, head, pending, await load_reference(session)) if pending else []
        await repository.keep(session, head.id, results)
        crash_point("import.batch")
        await _finish_if_last(session, head)


async def _finish_if_last(session: AsyncSession, head: Head) -> None:
    at = now()
    await repository.lock(session, head.id, at)  # of two last batches the second one sees the first
    if await repository.has_rows_left(session, head.id) or not await repository.finish(session, head.id, at):
        return
    counts = (await repository.counted(session, head.id)).counts
    said = ImportFinished(
        id=head.id,
        name=head.name,
        imported_by=head.imported_by,
        rows=counts.rows,
        accepted=counts.accepted,
        returned=counts.returned,
        refused=counts.refused,
        doubled=counts.doubled,
        started_at=head.started_at,
        finished_at=at,
    )
    await record(session, Happened(said, head.id, 1))


async def _results(session: AsyncSession, head: Head, rows: Sequence[PendingRow], reference: Reference) -> list[Result]:
    """All together; when that fails, one by one, so that only the row that is to blame is refused."""
    try:
        async with session.begin_nested():
            return await _together(session, head, rows, reference)
    except Exception as error:
        if _passes_by_itself(error):
            raise
        if len(rows) > 1:
            log.info("rows are worked off one by one", import_id=str(head.id), error=repr(error))
            return [result for row in rows for result in await _results(session, head, [row], reference)]
        log.error("a row can't be worked off", import_id=str(head.id), row=rows[0].number, exc_info=error)
        return [_unexpected(rows[0], error)]


def _passes_by_itself(error: Exception) -> bool:
    cause = getattr(error.orig, "__cause__", None) if isinstance(error, DBAPIError) else None
    return database_is_away(error) or isinstance(
        cause, asyncpg.SerializationError | asyncpg.DeadlockDetectedError | asyncpg.QueryCanceledError
    )


def _unexpected(row: PendingRow, error: Exception) -> Result:
    problem = CellProblem(
        cell=None,
        column=None,
        value=None,
        problem=f"An error on our side ({type(error).__name__}); this row made no request.",
        remedy="Send the row again as a request. The error is in the logs.",
    )
    return Result(row.number, RowOutcome.REFUSED, None, [problem])


async def _together(
    session: AsyncSession, head: Head, rows: Sequence[PendingRow], reference: Reference
) -> list[Result]:
    zone = ZoneInfo(head.time_zone)
    results: list[Result] = []
    briefs: dict[bytes, tuple[PendingRow, Brief]] = {}
    same: list[tuple[PendingRow, bytes]] = []
    for row in rows:
        read = read_row(row.cells, reference.categories, zone)
        if refused := _refused(head, row, read):
            results.append(refused)
        elif read.brief is None or read.fingerprint in briefs:
            same.append((row, read.fingerprint))
        else:
            briefs[read.fingerprint] = (row, read.brief)
    known = await memory.made_before(session, list(briefs)) if briefs else {}
    fresh = {key: one for key, one in briefs.items() if key not in known}
    made = await _make(session, head, fresh, reference)
    results += made.values()
    ids = {key: one.request_id for key, one in made.items() if one.request_id}
    if ids:
        await memory.remember(session, ids)
    for key, (row, _) in briefs.items():
        if key in known:
            results.append(Result(row.number, RowOutcome.DOUBLED, known[key]))
    for row, key in same:
        results.append(_like_the_first(row, key, known | ids, made))
    return results


def _like_the_first(row: PendingRow, key: bytes, requests_of: dict[bytes, UUID], made: dict[bytes, Result]) -> Result:
    """A row that says the same as another one of its batch."""
    if key in requests_of:
        return Result(row.number, RowOutcome.DOUBLED, requests_of[key])
    return Result(row.number, made[key].outcome, None, made[key].problems)


def _refused(head: Head, row: PendingRow, read: ReadRow) -> Result | None:
    named = {one.column for one in row.problems}
    wrong = [one for one in read.wrong if one.column not in named]
    problems = [*row.problems, *as_cells(wrong, head.columns, row.cells, row.number)]
    if row.duplicate_of is not None:
        doubled = WrongCell(
            "sku",
            f"Row {row.duplicate_of} of this file asks for the same product in the same colorway.",
            "Keep one of the two rows, or name each colorway in one of them.",
        )
        problems += as_cells([doubled], head.columns, row.cells, row.number)
    return Result(row.number, RowOutcome.REFUSED, None, problems) if problems else None


async def _make(
    session: AsyncSession, head: Head, fresh: dict[bytes, tuple[PendingRow, Brief]], reference: Reference
) -> dict[bytes, Result]:
    """Requests out of rows; a corrected row continues the returned request of the row before it was corrected."""
    skus = sorted({brief.sku for _, brief in fresh.values() if brief.sku})
    open_ones = await memory.to_continue(session, head.id, skus, head.imported_by) if skus else {}
    results: dict[bytes, Result] = {}
    new: dict[bytes, tuple[PendingRow, Brief]] = {}
    for key, (row, brief) in fresh.items():
        earlier = open_ones.pop(brief.sku, None) if brief.sku else None
        if earlier is None:
            new[key] = (row, brief)
            continue
        try:
            view = await requests.amend(session, earlier.request_id, _whole(brief), earlier.version, head.imported_by)
        except AiUseForbidden as forbidden:
            results[key] = _forbidden(head, row, forbidden)
        else:
            results[key] = _made(head, row, view.id, view.state, view.problems)
    made = await requests.create_many(session, [brief for _, brief in new.values()], head.imported_by, reference)
    for (key, (row, _)), one in zip(new.items(), made, strict=True):
        if isinstance(one, AiUseForbidden):
            results[key] = _forbidden(head, row, one)
        else:
            results[key] = _made(head, row, one.id, one.state, one.problems)
    return results


def _whole(brief: Brief) -> Brief:
    """As an amendment: what the row doesn't say is taken out."""
    said: dict[str, Any] = {name: getattr(brief, name) for name in _SAID}
    return Brief.model_validate(said)


def _made(
    head: Head, row: PendingRow, request_id: UUID, state: RequestState, problems: Sequence[FieldProblem]
) -> Result:
    outcome = RowOutcome.ACCEPTED if state is RequestState.ACCEPTED else RowOutcome.RETURNED
    return Result(row.number, outcome, request_id, as_cells(problems, head.columns, row.cells, row.number))


def _forbidden(head: Head, row: PendingRow, forbidden: AiUseForbidden) -> Result:
    return Result(row.number, RowOutcome.REFUSED, None, as_cells(forbidden.errors, head.columns, row.cells, row.number))

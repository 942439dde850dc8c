"""Working rows off: each becomes a request by the same rules as one that comes alone, once, whatever crashes.

A batch of rows is a timer. So every replica takes batches, each batch is one transaction, a restart finds what is
left, and nobody works on the same batch twice. A row that fails for a cause that nobody foresaw is refused and says
so; the others of its batch go through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from services.intake.imports.briefs import ReadRow, WrongCell, as_cells, read_row, shown
from services.intake.imports.corrections import by_column, merge, pair
from services.intake.imports.repository import Head, PendingRow, Result
from services.intake.imports.schemas import CellProblem, RowOutcome
from services.intake.reference import Reference, load_reference
from services.intake.requests import repository as stored_requests
from services.intake.requests import service as requests
from services.intake.requests.errors import AiUseForbidden
from services.intake.requests.repository import StoredRequest
from services.intake.requests.schemas import Brief, RequestState

ROWS_TIMER = "import rows"
BATCH = 50

log = get_logger(__name__)


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
        read = read_row(row.cells, reference, zone)
        if refused := _refused(head, row, read):
            results.append(refused)
        elif read.brief is None or read.fingerprint in briefs:
            same.append((row, read.fingerprint))
        else:
            briefs[read.fingerprint] = (row, read.brief)
    found = await _continued(session, head, briefs, reference) if briefs else {}
    found |= await _make(session, head, {key: one for key, one in briefs.items() if key not in found}, reference)
    results += found.values()
    results += [_like_the_first(row, found[key]) for row, key in same]
    ids = {key: one.request_id for key, one in found.items() if one.request_id}
    if ids:
        await memory.remember(session, ids)
        spoke = {ids[key]: brief for key, (_, brief) in briefs.items() if key in ids and not found[key].is_doubled}
        await memory.remember_said(session, spoke)
    return results


def _like_the_first(row: PendingRow, first: Result) -> Result:
    """A row that says the same as another one of its batch."""
    outcome = RowOutcome.DOUBLED if first.request_id else first.outcome
    return Result(row.number, outcome, first.request_id, first.problems)


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


async def _continued(
    session: AsyncSession, head: Head, briefs: Mapping[bytes, tuple[PendingRow, Brief]], reference: Reference
) -> dict[bytes, Result]:
    """What becomes of the rows that have a request already: they were imported before, or correct one that was."""
    known = await memory.made_before(session, list(briefs))
    paired = await _paired(session, head, {key: one for key, one in briefs.items() if key not in known})
    targets = known | paired
    if not targets:
        return {}
    stored = await stored_requests.lock_all(session, set(targets.values()))
    said = await memory.said_of(session, set(targets.values()))
    spoken_for = await memory.had_a_row(session, head.id, set(targets.values()))
    results = {}
    for key, request_id in targets.items():
        (row, brief), one = briefs[key], stored[request_id]
        if one.state is RequestState.CANCELLED:  # at this moment
            continue
        is_settled = one.was_accepted or request_id in spoken_for
        if is_settled and key in paired and by_column(one.brief) != by_column(brief):  # it isn't this row's after all
            continue
        if is_settled:
            results[key] = Result(row.number, RowOutcome.DOUBLED, request_id, _left(head, row, one))
        else:
            results[key] = await _continue(session, head, row, brief, one, said.get(request_id, brief), reference)
            if key in known and results[key].version == one.version:
                results[key] = replace(results[key], outcome=RowOutcome.DOUBLED)
        spoken_for.add(request_id)
    return results


async def _paired(
    session: AsyncSession, head: Head, fresh: Mapping[bytes, tuple[PendingRow, Brief]]
) -> dict[bytes, UUID]:
    """Rows that nobody imported before → the request of an earlier import that each of them continues."""
    skus = {brief.sku for _, brief in fresh.values() if brief.sku}
    earlier = await memory.earlier_of(session, skus) if skus else []
    if not earlier:
        return {}
    spoken_for = await memory.had_a_row(session, head.id, {one.request_id for one in earlier})
    open_ones = [one for one in earlier if not one.in_production and one.request_id not in spoken_for]
    rows = await memory.colorways_of_rows(session, head.id, {one.sku for one in open_ones})
    pairs: dict[int, UUID] = {}
    for sku, of_sku in rows.items():
        pairs |= pair(of_sku, {o.request_id: frozenset(o.said.colorways or ()) for o in open_ones if o.sku == sku})
    found = {}
    for key, (row, brief) in fresh.items():
        # Corrected in the request first and in the file then: they say the same.
        same = [one for one in earlier if one.in_production and by_column(one.brief) == by_column(brief)]
        if same:
            found[key] = same[0].request_id
        elif row.number in pairs:
            found[key] = pairs[row.number]
    return found


async def _continue(
    session: AsyncSession,
    head: Head,
    row: PendingRow,
    brief: Brief,
    stored: StoredRequest,
    said: Brief,
    reference: Reference,
) -> Result:
    """The incomplete request with what the file changed, checked by what holds now."""
    merged = merge(stored.brief, said, brief)
    if merged.conflicts:
        wrong = [
            WrongCell(
                one.column,
                f"Request {stored.id} was edited here since its row was imported: it says"
                f" `{shown(one.in_request)[:200]}` now.",
                "Put that into the cell, or edit the request to what the cell says.",
            )
            for one in merged.conflicts
        ]
        return Result(row.number, RowOutcome.REFUSED, None, as_cells(wrong, head.columns, row.cells, row.number))
    try:
        now_is = await requests.revise(session, stored, merged.brief, head.imported_by, reference)
    except AiUseForbidden as forbidden:
        return _forbidden(head, row, forbidden)
    return _made(head, row, now_is)


def _left(head: Head, row: PendingRow, stored: StoredRequest) -> list[CellProblem]:
    """What a request that is with its requester still needs."""
    asked = [
        FieldProblem(
            pointer=one.pointer or "",
            problem=f"Production asks: {one.text}",
            remedy=f"Answer: `POST /v1/requests/{stored.id}/answer`.",
        )
        for one in stored.questions
    ]
    return as_cells([*stored.problems, *asked], head.columns, row.cells, row.number)


async def _make(
    session: AsyncSession, head: Head, new: Mapping[bytes, tuple[PendingRow, Brief]], reference: Reference
) -> dict[bytes, Result]:
    """Requests out of rows."""
    made = await requests.create_many(session, [brief for _, brief in new.values()], head.imported_by, reference)
    return {
        key: _forbidden(head, row, one) if isinstance(one, AiUseForbidden) else _made(head, row, one)
        for (key, (row, _)), one in zip(new.items(), made, strict=True)
    }


def _made(head: Head, row: PendingRow, stored: StoredRequest) -> Result:
    outcome = RowOutcome.ACCEPTED if stored.state is RequestState.ACCEPTED else RowOutcome.RETURNED
    problems = as_cells(stored.problems, head.columns, row.cells, row.number)
    return Result(row.number, outcome, stored.id, problems, stored.version)


def _forbidden(head: Head, row: PendingRow, forbidden: AiUseForbidden) -> Result:
    return Result(row.number, RowOutcome.REFUSED, None, as_cells(forbidden.errors, head.columns, row.cells, row.number))

"""All SQL of imports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.pagination import PageRequest
from services.intake.imports.models import import_, import_row
from services.intake.imports.schemas import CellProblem, Counts, ImportState, ImportView, RowOutcome, RowView
from services.intake.requests.models import request
from services.intake.requests.schemas import RequestState

_HAS_PROBLEMS: ColumnElement[bool] = and_(
    import_row.c.outcome.is_not(None), func.jsonb_array_length(import_row.c.problems) > 0
)


@dataclass(frozen=True)
class NewImport:
    """A file that was read."""

    id: UUID
    name: str
    sha256: str
    columns: list[str]
    time_zone: str
    rows: int
    imported_by: str
    at: datetime


@dataclass(frozen=True)
class Head:
    """What a row's work needs to know of its import."""

    id: UUID
    name: str
    columns: list[str]
    time_zone: str
    rows: int
    imported_by: str
    started_at: datetime


@dataclass(frozen=True)
class PendingRow:
    """A row whose turn it is."""

    number: int
    cells: dict[str, str]
    duplicate_of: int | None
    problems: list[CellProblem]


@dataclass(frozen=True)
class Result:
    """What became of a row. `version`: of the request, when the row may have changed it."""

    number: int
    outcome: RowOutcome
    request_id: UUID | None = None
    problems: Sequence[CellProblem] = ()
    version: int | None = None

    @property
    def is_doubled(self) -> bool:
        return self.outcome is RowOutcome.DOUBLED


async def add(session: AsyncSession, new: NewImport) -> bool:
    """False when these bytes are being imported at this moment."""
    added: Any = await session.execute(
        insert(import_)
        .values(
            id=new.id,
            name=new.name,
            sha256=new.sha256,
            columns=new.columns,
            time_zone=new.time_zone,
            rows=new.rows,
            imported_by=new.imported_by,
            started_at=new.at,
            updated_at=new.at,
        )
        .on_conflict_do_nothing()
    )
    return bool(added.rowcount)


async def add_rows(session: AsyncSession, import_id: UUID, lines: Sequence[bytes]) -> None:
    """Rows as the reading process wrote them, one JSON value each."""
    await session.execute(
        text(
            "INSERT INTO import_row (import_id, number, cells, duplicate_of, problems)"
            " SELECT :id, number, cells, duplicate_of, problems FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
            " AS r (number int, cells jsonb, duplicate_of int, problems jsonb)"
        ),
        {"id": import_id, "rows": (b"[" + b",".join(lines) + b"]").decode()},
    )


def _views() -> Select[Any]:
    counted = [func.count().filter(import_row.c.outcome == outcome).label(outcome.value) for outcome in RowOutcome]
    to_correct = func.count().filter(_HAS_PROBLEMS).label("to_correct")
    counts = (
        select(*counted, func.count().filter(import_row.c.outcome.is_(None)).label("left"), to_correct)
        .where(import_row.c.import_id == import_.c.id)
        .lateral("counts")
    )
    return select(import_, counts).join(counts, text("true"))


def _view(row: Row[Any]) -> ImportView:
    return ImportView(
        id=row.id,
        name=row.name,
        state=ImportState.DONE if row.finished_at else ImportState.RUNNING,
        counts=Counts(
            rows=row.rows,
            accepted=row.accepted,
            returned=row.returned,
            refused=row.refused,
            doubled=row.doubled,
            left=row.left,
        ),
        to_correct=row.to_correct,
        columns=row.columns,
        time_zone=row.time_zone,
        sha256=row.sha256,
        imported_by=row.imported_by,
        started_at=row.started_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
    )


async def counted(session: AsyncSession, import_id: UUID) -> ImportView:
    """One that is there."""
    return _view((await session.execute(_views().where(import_.c.id == import_id))).one())


async def find(session: AsyncSession, import_id: UUID) -> ImportView | None:
    row = (await session.execute(_views().where(import_.c.id == import_id))).first()
    return _view(row) if row else None


async def head(session: AsyncSession, import_id: UUID) -> Head | None:
    """Without counting its rows."""
    names = ("id", "name", "columns", "time_zone", "rows", "imported_by", "started_at")
    row = (await session.execute(select(*(import_.c[name] for name in names)).where(import_.c.id == import_id))).first()
    return Head(**row._mapping) if row else None


async def find_running(session: AsyncSession, sha256: str, time_zone: str) -> ImportView | None:
    """There is one at most."""
    query = _views().where(
        import_.c.sha256 == sha256, import_.c.time_zone == time_zone, import_.c.finished_at.is_(None)
    )
    row = (await session.execute(query)).first()
    return _view(row) if row else None


async def newest(session: AsyncSession, page: PageRequest) -> list[ImportView]:
    """Newest first; one more than the page has room for, if there is one."""
    query = _views().order_by(import_.c.id.desc()).limit(page.limit + 1)
    if page.after is not None:
        query = query.where(import_.c.id < page.after)
    return [_view(row) for row in await session.execute(query)]


async def rows(
    session: AsyncSession,
    import_id: UUID,
    outcomes: Iterable[RowOutcome],
    after: int,
    limit: int,
    *,
    to_correct: bool = False,
) -> list[tuple[RowView, dict[str, str]]]:
    """Rows with their cells, in the file's order. No outcomes named: all rows. `to_correct`: those with problems, less
    those whose request doesn't wait for its requester any more."""
    query = (
        select(import_row, request.c.state.label("request_state"))
        .outerjoin(request, request.c.id == import_row.c.request_id)
        .where(import_row.c.import_id == import_id, import_row.c.number > after)
        .order_by(import_row.c.number)
        .limit(limit)
    )
    if wanted := list(outcomes):
        query = query.where(import_row.c.outcome.in_(wanted))
    if to_correct:
        waits = or_(import_row.c.request_id.is_(None), request.c.state == RequestState.RETURNED)
        query = query.where(_HAS_PROBLEMS, waits)
    return [
        (
            RowView(
                row=row.number,
                outcome=row.outcome,
                sku=row.cells.get("sku"),
                request_id=row.request_id,
                request_state=row.request_state,
                problems=[CellProblem.model_validate(problem) for problem in row.problems],
            ),
            row.cells,
        )
        for row in await session.execute(query)
    ]


async def pending(session: AsyncSession, import_id: UUID, first: int, last: int) -> list[PendingRow]:
    """Rows of a batch that have no outcome yet. Another who works on them is waited for."""
    query = (
        select(import_row)
        .where(
            import_row.c.import_id == import_id,
            import_row.c.number.between(first, last),
            import_row.c.outcome.is_(None),
        )
        .order_by(import_row.c.number)
        .with_for_update()
    )
    return [
        PendingRow(
            row.number, row.cells, row.duplicate_of, [CellProblem.model_validate(problem) for problem in row.problems]
        )
        for row in await session.execute(query)
    ]


async def keep(session: AsyncSession, import_id: UUID, results: Sequence[Result]) -> None:
    """What became of rows, in one statement."""
    said = [
        {
            "number": one.number,
            "outcome": one.outcome,
            "request_id": str(one.request_id) if one.request_id else None,
            "problems": [problem.model_dump() for problem in one.problems],
        }
        for one in results
    ]
    await session.execute(
        text(
            "UPDATE import_row SET outcome = r.outcome, request_id = r.request_id, problems = r.problems"
            " FROM jsonb_to_recordset(CAST(:said AS jsonb))"
            " AS r (number int, outcome text, request_id uuid, problems jsonb)"
            " WHERE import_row.import_id = :id AND import_row.number = r.number"
        ),
        {"id": import_id, "said": orjson.dumps(said).decode()},
    )


async def lock(session: AsyncSession, import_id: UUID, at: datetime) -> None:
    """Nobody else says of this import that it is done until this transaction ends."""
    await session.execute(update(import_).where(import_.c.id == import_id).values(updated_at=at))


async def has_rows_left(session: AsyncSession, import_id: UUID) -> bool:
    """Whether a row has no outcome yet."""
    query = select(import_row.c.number).where(import_row.c.import_id == import_id, import_row.c.outcome.is_(None))
    return (await session.execute(query.limit(1))).first() is not None


async def finish(session: AsyncSession, import_id: UUID, at: datetime) -> bool:
    """False when that was said before."""
    query = update(import_).where(import_.c.id == import_id, import_.c.finished_at.is_(None))
    finished: Any = await session.execute(query.values(finished_at=at, updated_at=at))
    return bool(finished.rowcount)

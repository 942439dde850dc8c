"""Imports as the API shows them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.intake.requests.schemas import RequestState


class ImportState(StrEnum):
    RUNNING = "running"
    DONE = "done"


class RowOutcome(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"  # a request that goes into production
    RETURNED = "returned"  # a request that is incomplete: with its requester
    REFUSED = "refused"  # no request at all
    DOUBLED = "doubled"  # the same row was imported before: `request_id` is its request, `problems` what it still lacks


class Counts(BaseModel):
    """Rows by what became of them; `left` are to come, and all the others add up to `rows` with it."""

    rows: int
    accepted: int
    returned: int
    refused: int
    doubled: int
    left: int


class CellProblem(BaseModel):
    """What is wrong in one cell, and what would make it right."""

    cell: str | None = Field(description="Such as `H17`; null when the file has no such column.")
    column: str | None
    value: str | None = Field(description="What the cell says, at most 200 characters.")
    problem: str
    remedy: str | None


class ImportView(BaseModel):
    """One file, and how far it has come."""

    id: UUID
    name: str
    state: ImportState
    counts: Counts
    to_correct: int = Field(description="Rows with problems: refused ones, and those whose request waits for them.")
    columns: list[str]
    time_zone: str = Field(description="Of the times in the file that name none.")
    sha256: str = Field(description="Of the file. The same bytes, sent while it runs, are the same import.")
    imported_by: str
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class RowView(BaseModel):
    """One row of a file."""

    row: int = Field(description="As a spreadsheet numbers it; the header is row 1.")
    outcome: RowOutcome | None = Field(description="Null: it is not its turn yet.")
    sku: str | None
    request_id: UUID | None
    request_state: RequestState | None = Field(description="Of the request as it stands now.")
    problems: list[CellProblem] = Field(description="When the row was worked off.")


class Rows(BaseModel):
    """One page of rows, in the order of the file."""

    items: list[RowView]
    next_after: int | None = Field(description="Send it as `after` to get the next page; null on the last.")


class FileFormat(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


class ProblemForm(StrEnum):
    PROBLEMS = "problems"  # a line a problem
    ROWS = "rows"  # the bad rows themselves, to correct and send again


RowNumber = Annotated[int, Field(ge=0, le=2_000_000)]

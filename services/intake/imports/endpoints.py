"""HTTP for imports."""

import asyncio
import tempfile
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.pagination import Page, Paging
from chassis.problems import FieldError, Invalid
from chassis.service import Service
from services.intake.fields import FilledLine, Word
from services.intake.imports import downloads, service
from services.intake.imports.body import receive, while_connected
from services.intake.imports.downloads import CSV_TYPE, MEDIA_TYPES, XLSX_TYPE
from services.intake.imports.errors import UnknownFormat
from services.intake.imports.reading import Reading
from services.intake.imports.schemas import FileFormat, ImportView, ProblemForm, RowNumber, RowOutcome, Rows
from services.intake.requests.endpoints import Requester
from services.intake.responses import BROKEN_UPLOAD, NOT_FOUND
from services.intake.settings import IntakeSettings

PREFIX = "/v1/imports"
router = APIRouter(prefix=PREFIX, tags=["imports"])

ImportId = Annotated[UUID, Path(description="Of the import.")]

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE = {"requestBody": {"required": True, "content": {CSV_TYPE: _BINARY, XLSX_TYPE: _BINARY}}}
_DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {"content": {CSV_TYPE: _BINARY, XLSX_TYPE: _BINARY}, "description": "The file."}
}
_SAME: dict[int | str, dict[str, Any]] = {
    200: {"model": ImportView, "description": "These bytes are being imported: that import, as it stands now."}
}


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _format(content_type: str) -> FileFormat:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == CSV_TYPE:
        return FileFormat.CSV
    if media_type == XLSX_TYPE:
        return FileFormat.XLSX
    raise UnknownFormat(f"Send the file itself as the body, with `Content-Type: {CSV_TYPE}` or `{XLSX_TYPE}`.")


@router.post(
    "",
    status_code=202,
    response_model=ImportView,
    summary="Import a file of requests",
    responses=BROKEN_UPLOAD | _SAME,
    openapi_extra=_FILE,
)
async def start_import(
    request: Request,
    caller: Requester,
    name: Annotated[FilledLine, Query(description="What the file is called, for the people who look at the list.")],
    time_zone: Annotated[
        str, Query(max_length=64, description="Of the times in the file that name none, such as `Europe/Paris`.")
    ] = "UTC",
) -> Response:
    """The body is the file: CSV (UTF-8; comma, semicolon or tab) or XLSX (its first sheet), at most 10,000 rows below
    the header that names the columns; `GET /v1/imports/template` gives one. A file that can't be read is refused as a
    whole, with the cause, and leaves nothing behind. Else its rows are worked off in the background, each by the same
    rules as `POST /v1/requests`: read the import until it is `done`.

    No key is needed: the same bytes, sent again while they are imported, are the same import, and a row that was
    imported before makes nothing again: it is `doubled`, and says what its request still lacks. A row that was returned
    and comes again corrected, with its SKU and colorways, continues its request: what the file changed is changed, what
    was edited meanwhile stays, and where both were the row is refused.

    A day without a time is the end of that day; of an hour that comes twice a year, the first is meant."""
    file_format = _format(request.headers.get("content-type", ""))
    if time_zone not in _zones():
        wrong = FieldError(pointer="query/time_zone", detail="no such zone", remedy="Send one such as `Europe/Paris`.")
        raise Invalid("The time zone is not known.", errors=[wrong])
    ours: Service = request.app.state.service
    settings: IntakeSettings = request.app.state.service.settings
    reading: Reading = request.app.state.reading
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="packshot-import-")
    try:
        file, rows = FilePath(folder.name) / "file", FilePath(folder.name) / "rows"
        sha256 = await receive(request, file, max_bytes=settings.max_import_bytes, stall_seconds=settings.stall_seconds)
        async with ours.database.transaction() as session:
            same = await service.find_same(session, sha256, time_zone)
        if same is not None:
            return _answer(200, same)
        found = await while_connected(request, reading.read(file, file_format is FileFormat.XLSX, rows))
        while True:
            async with ours.database.transaction() as session:
                made = await service.start(
                    session,
                    rows,
                    name=name,
                    sha256=sha256,
                    columns=found.columns,
                    time_zone=time_zone,
                    rows=found.rows,
                    imported_by=caller.subject,
                )
                if made is not None:
                    return _answer(202, made)
            async with ours.database.transaction() as session:
                same = await service.find_same(session, sha256, time_zone)
            if same is not None:  # else it is done by now
                return _answer(200, same)
    finally:
        await asyncio.to_thread(folder.cleanup)


def _answer(status: int, view: ImportView) -> Response:
    return JSONResponse(view.model_dump(mode="json"), status, {"Location": f"{PREFIX}/{view.id}"})


@router.get("", summary="Imports, newest first")
async def list_imports(caller: AnyCaller, session: Session, page: Paging) -> Page[ImportView]:
    return await service.listed(session, page)


# Before `{import_id}`.
@router.get("/template", summary="A file to begin with", response_class=Response, responses=NOT_FOUND | _DOWNLOAD)
async def read_template(
    caller: AnyCaller,
    session: Session,
    category: Annotated[Word | None, Query(description="With the columns of this category.")] = None,
    file_format: Annotated[FileFormat, Query(alias="format")] = FileFormat.CSV,
    ai: Annotated[bool, Query(description="With the columns of AI shots.")] = False,
) -> Response:
    """The header, and an example row: write over it (its SKU is refused)."""
    columns, example = await service.template(session, category, ai)
    lines = downloads.once([columns, [example.get(column, "") for column in columns]])
    return _download(lines, file_format, f"{category or 'requests'}-template")


@router.get("/{import_id}", summary="How far an import has come", responses=NOT_FOUND)
async def read_import(caller: AnyCaller, session: Session, import_id: ImportId) -> ImportView:
    """`running` until every row has its outcome, then `done`. The counts always add up."""
    return await service.read(session, import_id)


@router.get("/{import_id}/rows", summary="What became of each row", responses=NOT_FOUND)
async def list_import_rows(
    caller: AnyCaller,
    session: Session,
    import_id: ImportId,
    outcome: Annotated[list[RowOutcome] | None, Query(max_length=4, description="Only these; repeat it.")] = None,
    after: Annotated[RowNumber, Query(description="`next_after` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="Rows a page.")] = 100,
    to_correct: Annotated[
        bool, Query(description="Only those with problems, unless their request is complete or cancelled by now.")
    ] = False,
) -> Rows:
    """In the order of the file, with the request that a row made and what is wrong in which cell."""
    return await service.rows(session, import_id, outcome or [], after, limit, to_correct=to_correct)


@router.get(
    "/{import_id}/problems.{file_format}",
    summary="The rows that need correcting, as a file",
    response_class=Response,
    responses=NOT_FOUND | _DOWNLOAD,
)
async def download_problems(
    request: Request,
    caller: AnyCaller,
    session: Session,
    import_id: ImportId,
    file_format: FileFormat,
    form: Annotated[
        ProblemForm, Query(description="A line a problem; or the bad rows themselves, to correct and send again.")
    ] = ProblemForm.PROBLEMS,
) -> Response:
    """Rows with problems so far, less those whose request is complete or cancelled by now. Correct the cells in your
    own file and send all of it again, or take `form=rows`, correct that, and send it: what was imported before makes
    nothing twice."""
    view = await service.read(session, import_id)
    ours: Service = request.app.state.service
    lines = downloads.bad_rows(ours.database, import_id, view.columns, form)
    return _download(lines, file_format, f"import-{import_id}-{form}")


def _download(lines: downloads.Lines, file_format: FileFormat, name: str) -> Response:
    body = downloads.as_xlsx(lines) if file_format is FileFormat.XLSX else downloads.as_csv(lines)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{file_format}"'}
    return StreamingResponse(body, media_type=MEDIA_TYPES[file_format], headers=headers)

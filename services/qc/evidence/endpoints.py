"""HTTP for evidence."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import StreamingResponse

from chassis.auth import AnyCaller
from chassis.etags import names_etag
from chassis.problems import NotFound, ProblemDetails
from services.qc.evidence import repository, service

router = APIRouter(prefix="/v1/inspections", tags=["inspections"])

_PNG = "image/png"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {_PNG: {"schema": {"type": "string", "format": "binary"}}}, "description": "The overlay."},
    304: {"description": "The overlay is the one that `If-None-Match` names."},
    404: {
        "model": ProblemDetails,
        "content": {"application/problem+json": {}},
        "description": "There is none: the check passed, wasn't asked, or what it found has no place in the picture.",
    },
}


@router.get("/{version_id}/evidence/{check}", summary="Where a check found what it flags or fails",
            response_class=Response, responses=_ANSWERS)  # fmt: skip
async def read_evidence(
    request: Request,
    caller: AnyCaller,
    version_id: UUID,
    check: Annotated[str, Path(pattern=r"^[A-Z]\d{2}$", examples=["T14"])],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A PNG to be laid over the version as a viewer shows it; the inspection tells its scale and what its marks mean.
    It never changes."""
    app = request.app.state
    async with app.service.database.transaction() as session:  # no connection is held while the store is read
        kept = await repository.of_check(session, version_id, check)
    if kept is None:
        raise NotFound("No such overlay: the check passed, wasn't asked, or its finding has no place in the picture.")
    headers = {
        "ETag": f'"{kept.sha256}"',
        "Cache-Control": "private, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    if names_etag(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    stream = await service.stream(app.files, kept)
    return StreamingResponse(stream, headers={**headers, "Content-Length": str(kept.bytes)}, media_type=_PNG)

"""HTTP for people and their exceptions."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from chassis.auth import AnyCaller, Caller, allow
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.idempotency import Idempotent
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import documented
from services.routing.people import service
from services.routing.people.schemas import ExceptionRequest, LaneException, Person, PersonContent

router = APIRouter(prefix="/v1/people", tags=["people"])

Editor = Annotated[Caller, allow(*service.MAY_EDIT)]
Subject = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/]*$", description="As in the person's token.")
]

NO_RECORD = documented({404: "This person has no record."})


@router.get("", summary="People whose work is limited, newest first")
async def list_people(
    session: Session,
    caller: Editor,
    page: Paging,
    team: Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,60}$", description="Only this team's.")] = None,
) -> Page[Person]:
    """Teams, level and lane of everyone who has a record. Who has none may take whatever their role allows."""
    found = await service.list_people(session, team, page)
    return Page[Person](
        items=[Person.model_validate(row, from_attributes=True) for row in found[: page.limit]],
        next_cursor=next_cursor([row.id for row in found], page.limit),
    )


@router.get("/{subject}", summary="One person's record", responses=NO_RECORD)
async def read_person(session: Session, caller: AnyCaller, subject: Subject, response: Response) -> Person:
    """Everyone reads their own. The `ETag` is what an edit sends back as `If-Match`."""
    person = await service.read_person(session, subject, caller)
    set_etag(response, person.version)
    return person


@router.put("/{subject}", summary="Write a person's record", responses=EDITED)
async def put_person(
    session: Session, caller: Editor, expected: IfMatch, subject: Subject, body: PersonContent, response: Response
) -> Person:
    """All of the record anew; `If-Match: "0"` makes it. It decides about claims from now on: what the person holds
    already they keep."""
    person = await service.put_person(session, subject, body, caller, expected)
    set_etag(response, person.version)
    return person


@router.post(
    "/{subject}/exceptions",
    summary="Let someone take another lane's work for a while",
    status_code=201,
    response_model=LaneException,
    responses=NO_RECORD,
)
async def grant_exception(
    session: Session, caller: AnyCaller, subject: Subject, body: ExceptionRequest, idempotency: Idempotent
) -> Response:
    """Only the owner of `sla_and_exceptions` may. It lifts the lane for one queue until it ends by itself; team and
    level stay. It is kept for ever."""
    return await idempotency.answer(201, await service.grant_exception(session, subject, body, caller))


@router.get("/{subject}/exceptions", summary="Someone's exceptions, newest first", responses=NO_RECORD)
async def list_exceptions(session: Session, caller: AnyCaller, subject: Subject, page: Paging) -> Page[LaneException]:
    """Those that have ended too. Everyone reads their own."""
    found = await service.list_exceptions(session, subject, caller, page)
    return Page[LaneException](
        items=found[: page.limit], next_cursor=next_cursor([one.id for one in found], page.limit)
    )

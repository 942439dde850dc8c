"""People: who is in which team, of which level, in which lane; and exceptions from the lane."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.clock import now
from chassis.etags import check_version
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.pagination import PageRequest
from chassis.problems import FieldError, Invalid, NotFound
from contracts.routing import ExceptionGranted
from contracts.values import Domain
from services.routing.people import repository
from services.routing.people.schemas import ExceptionRequest, LaneException, Person, PersonContent
from services.routing.queues.service import current_queues
from services.routing.reference import require_owner
from services.routing.tracks.service import published_teams
from services.routing.work.service import MAY_DIRECT

MAY_EDIT = MAY_DIRECT
LONGEST_EXCEPTION = timedelta(days=366)


async def list_people(session: AsyncSession, team: str | None, page: PageRequest) -> list[Row[Any]]:
    """One more than the page holds, if there is one."""
    return list(await repository.list_people(session, team, page.after, page.limit + 1))


async def read_person(session: AsyncSession, subject: str, caller: Caller) -> Person:
    """Everyone reads their own record, and who may edit reads all."""
    if caller.subject != subject:
        require_role(caller, *MAY_EDIT)
    return await _person(session, subject)


async def put_person(
    session: AsyncSession, subject: str, content: PersonContent, caller: Caller, expected: int
) -> Person:
    """The whole record anew; `expected` 0 makes it. Raises `Invalid` for teams that there are not."""
    await repository.lock_subject(session, subject)
    row = await repository.find_person(session, subject)
    check_version(expected, row.version if row else 0)
    await _require_teams(session, content.teams or [])
    person = Person(
        **content.model_dump(), subject=subject, version=expected + 1, updated_by=caller.subject, updated_at=now()
    )
    await repository.put_person(session, {**person.model_dump(), "id": row.id if row else new_id()})
    return person


async def grant_exception(
    session: AsyncSession, subject: str, asked: ExceptionRequest, caller: Caller
) -> LaneException:
    """By the owner of `sla_and_exceptions`."""
    await require_owner(session, caller, Domain.SLA_AND_EXCEPTIONS)
    at = now()
    await _person(session, subject)
    await _require_sense(session, asked)
    granted = ExceptionGranted(
        id=new_id(),
        subject=subject,
        queue=asked.queue,
        cause=asked.cause,
        granted_by=caller.subject,
        granted_at=at,
        ends_at=asked.ends_at,
    )
    await repository.add_exception(session, granted.model_dump())
    await record(session, Happened(granted, granted.id, 1))
    return LaneException(**granted.model_dump(), active=True)


async def list_exceptions(
    session: AsyncSession, subject: str, caller: Caller, page: PageRequest
) -> list[LaneException]:
    """One more than the page holds, if there is one."""
    await read_person(session, subject, caller)
    at = now()
    rows = await repository.list_exceptions(session, subject, page.after, page.limit + 1)
    return [LaneException(**row._mapping, active=row.ends_at > at) for row in rows]


async def _person(session: AsyncSession, subject: str) -> Person:
    row = await repository.find_person(session, subject)
    if row is None:
        raise NotFound(f"{subject} has no record, and may take whatever their role allows.")
    return Person.model_validate(row, from_attributes=True)


async def _require_teams(session: AsyncSession, teams: Sequence[str]) -> None:
    known = [team.name for team in (await published_teams(session)).teams]
    errors = [
        FieldError(
            pointer=f"/teams/{number}", detail=f"There is no team {team}.", remedy=f"One of: {', '.join(known)}."
        )
        for number, team in enumerate(teams)
        if team not in known
    ]
    if errors:
        raise Invalid("Some teams are not there; `errors` names each.", errors=errors)


async def _require_sense(session: AsyncSession, asked: ExceptionRequest) -> None:
    at, errors = now(), []
    queues = await current_queues(session)
    if queues.queue(asked.queue) is None:
        known = ", ".join(queue.name for queue in queues.queues)
        errors.append(FieldError(pointer="/queue", detail="There is no such queue.", remedy=f"One of: {known}."))
    if not at < asked.ends_at <= at + LONGEST_EXCEPTION:
        remedy = f"A time after {at.isoformat(timespec='seconds')}, within a year."
        errors.append(FieldError(pointer="/ends_at", detail="An exception ends within a year.", remedy=remedy))
    if errors:
        raise Invalid(f"{len(errors)} of the fields can't be so; `errors` names each.", errors=errors)

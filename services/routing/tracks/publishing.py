"""Edits of the packs that routing decides by: by their domain's owner, and only what can be worked by."""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.etags import check_version
from chassis.packs import latest_version, load_pack, publish_pack
from chassis.problems import FieldError, Invalid, NotFound
from contracts.values import Domain
from services.routing.calendar.domain import BusinessCalendar
from services.routing.calendar.schemas import CalendarPack, PublishedCalendar
from services.routing.queues.service import current_queues
from services.routing.reference import require_owner
from services.routing.tracks import consistency, repository
from services.routing.tracks.schemas import (
    ClassesPack,
    PublishedClasses,
    PublishedTeams,
    PublishedTracks,
    PublishedVersion,
    TeamsPack,
    TracksPack,
    Versions,
)
from services.routing.tracks.service import CALENDAR, CLASSES, TEAMS, TRACKS, newest

P = TypeVar("P", bound=BaseModel)
Check = Callable[[AsyncSession, P], Awaitable[list[FieldError]]]

WORK_BEGINS_WITHIN_DAYS = 366
LEAST_LEASE_HOURS = 1 / 60
# A copy of the zones as the machine has them, or of a clock that counts leap seconds.
_NO_IANA_NAMES = ("posix/", "right/")


async def publish_tracks(session: AsyncSession, pack: TracksPack, caller: Caller, expected: int) -> PublishedTracks:
    version = await publish(session, TRACKS, Domain.SLA_AND_EXCEPTIONS, pack, caller, expected, _faults_of_tracks)
    return PublishedTracks(version=version, **dict(pack))


async def publish_classes(session: AsyncSession, pack: ClassesPack, caller: Caller, expected: int) -> PublishedClasses:
    version = await publish(session, CLASSES, Domain.SLA_AND_EXCEPTIONS, pack, caller, expected, _faults_of_classes)
    return PublishedClasses(version=version, **dict(pack))


async def publish_calendar(
    session: AsyncSession, pack: CalendarPack, caller: Caller, expected: int
) -> PublishedCalendar:
    version = await publish(session, CALENDAR, Domain.SLA_AND_EXCEPTIONS, pack, caller, expected, _faults_of_calendar)
    return PublishedCalendar(version=version, **dict(pack))


async def publish_teams(session: AsyncSession, pack: TeamsPack, caller: Caller, expected: int) -> PublishedTeams:
    version = await publish(session, TEAMS, Domain.SCHEDULE_AND_VENDORS, pack, caller, expected, _faults_of_teams)
    return PublishedTeams(version=version, **dict(pack))


async def versions_of(session: AsyncSession, name: str, before: int | None, limit: int) -> Versions:
    """Who published which version of a pack, newest first."""
    rows = await repository.list_versions(session, name, before, limit + 1)
    found = [PublishedVersion.model_validate(row, from_attributes=True) for row in rows[:limit]]
    return Versions(items=found, next_before=found[-1].version if len(rows) > limit else None)


async def read_version(session: AsyncSession, name: str, model: type[P], version: int) -> P:
    """One version of a pack, as it was published."""
    found = await load_pack(session, name, model, version)
    if found is None:
        newest_one = await latest_version(session, name)
        raise NotFound(f"There is no version {version} of the pack `{name}`; there are 1 to {newest_one}.")
    return found[0]


async def publish(
    session: AsyncSession, name: str, domain: Domain, pack: P, caller: Caller, expected: int, check: Check[P]
) -> int:
    """The next version of a pack, by the domain's owner, if the check finds nothing wrong with it. Returns its number.
    Raises `Invalid` with everything that is."""
    await require_owner(session, caller, domain)
    await repository.take_publishing(session)
    check_version(expected, await latest_version(session, name))
    if faults := await check(session, pack):
        count = f"{len(faults)} things keep" if len(faults) > 1 else "1 thing keeps"
        raise Invalid(f"{count} this pack from being published; `errors` names each.", errors=faults[:100])
    return await publish_pack(session, name, pack, by=caller.subject, expected=expected)


async def _faults_of_tracks(session: AsyncSession, pack: TracksPack) -> list[FieldError]:
    names = [track.name for track in pack.tracks]
    teams, _ = await newest(session, TEAMS, TeamsPack)
    asked_for = {
        value: rule.id
        for rule in teams.rules
        for condition in rule.when
        if condition.field == "track"
        for value in condition.any_of
    }
    orphaned = [
        FieldError(
            pointer="/tracks",
            detail=f"the track {name} would be gone, but rule {rule} of the teams pack asks for it",
            remedy="Publish a teams pack without that rule first, or keep the track.",
        )
        for name, rule in asked_for.items()
        if name.lower() not in names
    ]
    queues = {queue.name for queue in (await current_queues(session)).queues}
    nowhere = [
        FieldError(
            pointer=f"/tracks/{number}/queue",
            detail=f"there is no queue {track.queue}",
            remedy=f"Name one of {', '.join(sorted(queues))}, or add it to the queues pack first.",
        )
        for number, track in enumerate(pack.tracks)
        if track.queue not in queues
    ]
    short = []
    if pack.lease_hours < LEAST_LEASE_HOURS:
        detail = "a claim lasts at least a minute, or another person gets the work while its holder begins"
        short.append(FieldError(pointer="/lease_hours", detail=detail, remedy="Send 0.02 or more."))
    return [*short, *consistency.faults_of_tracks(pack), *nowhere, *orphaned, *await _stranded(session, "track", names)]


async def _faults_of_classes(session: AsyncSession, pack: ClassesPack) -> list[FieldError]:
    return consistency.faults_of_classes(pack)


async def _faults_of_teams(session: AsyncSession, pack: TeamsPack) -> list[FieldError]:
    tracks, _ = await newest(session, TRACKS, TracksPack)
    faults = consistency.faults_of_teams(pack, [track.name for track in tracks.tracks])
    return [*faults, *await _stranded(session, "team", [team.name for team in pack.teams])]


async def _faults_of_calendar(session: AsyncSession, pack: CalendarPack) -> list[FieldError]:
    found = []
    zone = pack.time_zone
    if zone != "UTC" and ("/" not in zone or zone.startswith(_NO_IANA_NAMES)):
        detail = f"{zone} is no IANA name of a place: it may be another time on another machine"
        found.append(FieldError(pointer="/time_zone", detail=detail, remedy="Send one like `Europe/Berlin`, or `UTC`."))
    if not BusinessCalendar.of(pack).opens_within(now(), WORK_BEGINS_WITHIN_DAYS):
        detail = "no business hour comes within a year, so that no work would ever be due"
        found.append(FieldError(pointer="/holidays", detail=detail, remedy="Leave working days between the holidays."))
    return found


async def _stranded(session: AsyncSession, what: Literal["track", "team"], names: list[str]) -> list[FieldError]:
    """Unfinished work that is on what the pack no longer has."""
    return [
        FieldError(
            pointer=f"/{what}s",
            detail=f"the {what} {name} would be gone, but {_items(count)} on it",
            remedy=f"Keep it, or finish or re-route that work first: `GET /v1/work?{what}={name}` lists it.",
        )
        for name, count in await repository.unfinished_on_others(session, what, names)
    ]


def _items(count: int) -> str:
    return f"{count} unfinished work items are" if count != 1 else "1 unfinished work item is"

"""HTTP for the packs that routing decides by."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.packs import edit_of
from chassis.problems import documented
from services.routing.calendar.schemas import CalendarPack, PublishedCalendar
from services.routing.tracks import publishing, service
from services.routing.tracks.schemas import (
    ClassesPack,
    PublishedClasses,
    PublishedTeams,
    PublishedTracks,
    TeamsPack,
    TracksPack,
    Versions,
)
from services.routing.tracks.service import CALENDAR, CLASSES, TEAMS, TRACKS

router = APIRouter(prefix="/v1/tracks", tags=["tracks"])

Number = Annotated[int, Path(ge=1, le=10**6, description="As `GET …/versions` lists it.")]
Before = Annotated[int | None, Query(ge=1, le=10**6, description="`next_before` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Items a page.")]

NO_VERSION = documented({404: "There is no such version."})


@router.get("", summary="The production tracks")
async def read_tracks(session: Session, caller: AnyCaller, response: Response) -> PublishedTracks:
    """Each track's whole record, and the rules that choose a track: the first that applies decides."""
    tracks = await service.published_tracks(session)
    set_etag(response, tracks.version)
    return tracks


@router.put("", summary="Publish the next version of the tracks", responses=EDITED)
async def publish_tracks(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[TracksPack, edit_of(TracksPack)],
    response: Response,
) -> PublishedTracks:
    """All of the pack anew, by the owner of `sla_and_exceptions`. It decides about work that is made from now on; other
    work keeps its version. Refused, with every cause at once: rules that contradict each other, can never decide or go
    in a circle, and a track that is gone while unfinished work is on it."""
    tracks = await publishing.publish_tracks(session, body, caller, expected)
    set_etag(response, tracks.version)
    return tracks


@router.get("/versions", summary="Every version of the tracks")
async def list_track_versions(
    session: Session, caller: AnyCaller, before: Before = None, limit: Limit = 50
) -> Versions:
    """Who published each, and when; newest first."""
    return await publishing.versions_of(session, TRACKS, before, limit)


@router.get("/versions/{version}", summary="The tracks as they were", responses=NO_VERSION)
async def read_track_version(session: Session, caller: AnyCaller, version: Number) -> PublishedTracks:
    """The version that a work item names under `packs`."""
    pack = await publishing.read_version(session, TRACKS, TracksPack, version)
    return PublishedTracks(version=version, **dict(pack))


@router.get("/classes", summary="The complexity classes")
async def read_classes(session: Session, caller: AnyCaller, response: Response) -> PublishedClasses:
    """What each class means for the work, and the rules that give it: the highest that applies wins."""
    classes = await service.published_classes(session)
    set_etag(response, classes.version)
    return classes


@router.put("/classes", summary="Publish the next version of the classes", responses=EDITED)
async def publish_classes(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[ClassesPack, edit_of(ClassesPack)],
    response: Response,
) -> PublishedClasses:
    """All of the pack anew, by the owner of `sla_and_exceptions`; for work that is made from now on."""
    classes = await publishing.publish_classes(session, body, caller, expected)
    set_etag(response, classes.version)
    return classes


@router.get("/classes/versions", summary="Every version of the classes")
async def list_class_versions(
    session: Session, caller: AnyCaller, before: Before = None, limit: Limit = 50
) -> Versions:
    """Who published each, and when; newest first."""
    return await publishing.versions_of(session, CLASSES, before, limit)


@router.get("/classes/versions/{version}", summary="The classes as they were", responses=NO_VERSION)
async def read_class_version(session: Session, caller: AnyCaller, version: Number) -> PublishedClasses:
    """The version that a work item names under `packs`."""
    pack = await publishing.read_version(session, CLASSES, ClassesPack, version)
    return PublishedClasses(version=version, **dict(pack))


@router.get("/calendar", summary="The business calendar")
async def read_calendar(session: Session, caller: AnyCaller, response: Response) -> PublishedCalendar:
    """When SLA hours pass."""
    calendar = await service.published_calendar(session)
    set_etag(response, calendar.version)
    return calendar


@router.put("/calendar", summary="Publish the next version of the calendar", responses=EDITED)
async def publish_calendar(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[CalendarPack, edit_of(CalendarPack)],
    response: Response,
) -> PublishedCalendar:
    """All of the pack anew, by the owner of `sla_and_exceptions`; for work that is made from now on. A local time that
    the clocks skip counts as the moment when they go forward, one that comes twice as the first of the two."""
    calendar = await publishing.publish_calendar(session, body, caller, expected)
    set_etag(response, calendar.version)
    return calendar


@router.get("/calendar/versions", summary="Every version of the calendar")
async def list_calendar_versions(
    session: Session, caller: AnyCaller, before: Before = None, limit: Limit = 50
) -> Versions:
    """Who published each, and when; newest first."""
    return await publishing.versions_of(session, CALENDAR, before, limit)


@router.get("/calendar/versions/{version}", summary="The calendar as it was", responses=NO_VERSION)
async def read_calendar_version(session: Session, caller: AnyCaller, version: Number) -> PublishedCalendar:
    """The version that a work item names under `packs`."""
    pack = await publishing.read_version(session, CALENDAR, CalendarPack, version)
    return PublishedCalendar(version=version, **dict(pack))


@router.get("/teams", summary="The specialist teams")
async def read_teams(session: Session, caller: AnyCaller, response: Response) -> PublishedTeams:
    """What each team watches, and the rules that offer work to it: the first that applies decides."""
    teams = await service.published_teams(session)
    set_etag(response, teams.version)
    return teams


@router.put("/teams", summary="Publish the next version of the teams", responses=EDITED)
async def publish_teams(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[TeamsPack, edit_of(TeamsPack)],
    response: Response,
) -> PublishedTeams:
    """All of the pack anew, by the owner of `schedule_and_vendors`; for work that is made from now on."""
    teams = await publishing.publish_teams(session, body, caller, expected)
    set_etag(response, teams.version)
    return teams


@router.get("/teams/versions", summary="Every version of the teams")
async def list_team_versions(session: Session, caller: AnyCaller, before: Before = None, limit: Limit = 50) -> Versions:
    """Who published each, and when; newest first."""
    return await publishing.versions_of(session, TEAMS, before, limit)


@router.get("/teams/versions/{version}", summary="The teams as they were", responses=NO_VERSION)
async def read_team_version(session: Session, caller: AnyCaller, version: Number) -> PublishedTeams:
    """The version that a work item names under `packs`."""
    pack = await publishing.read_version(session, TEAMS, TeamsPack, version)
    return PublishedTeams(version=version, **dict(pack))

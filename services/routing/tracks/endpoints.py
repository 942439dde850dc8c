"""HTTP for the packs that routing decides by."""

from fastapi import APIRouter, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.etags import set_etag
from services.routing.calendar.schemas import PublishedCalendar
from services.routing.tracks import service
from services.routing.tracks.schemas import PublishedClasses, PublishedTracks

router = APIRouter(prefix="/v1/tracks", tags=["tracks"])


@router.get("", summary="The production tracks")
async def read_tracks(session: Session, caller: AnyCaller, response: Response) -> PublishedTracks:
    """Each track's whole record, and the rules that choose a track: the first that applies decides."""
    tracks = await service.published_tracks(session)
    set_etag(response, tracks.version)
    return tracks


@router.get("/classes", summary="The complexity classes")
async def read_classes(session: Session, caller: AnyCaller, response: Response) -> PublishedClasses:
    """What each class means for the work, and the rules that give it: the highest that applies wins."""
    classes = await service.published_classes(session)
    set_etag(response, classes.version)
    return classes


@router.get("/calendar", summary="The business calendar")
async def read_calendar(session: Session, caller: AnyCaller, response: Response) -> PublishedCalendar:
    """When SLA hours pass."""
    calendar = await service.published_calendar(session)
    set_etag(response, calendar.version)
    return calendar

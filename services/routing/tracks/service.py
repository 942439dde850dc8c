"""The packs that routing decides by: published on the first start, read with the versions that work keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TypeVar
from weakref import WeakKeyDictionary

from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.packs import load_pack, publish_default, read_toml
from chassis.problems import Unavailable
from services.routing.calendar.domain import BusinessCalendar
from services.routing.calendar.schemas import CalendarPack, PublishedCalendar
from services.routing.tracks.schemas import (
    ClassesPack,
    PackVersions,
    PublishedClasses,
    PublishedTeams,
    PublishedTracks,
    TeamsPack,
    TracksPack,
)

P = TypeVar("P", bound=BaseModel)

TRACKS, CLASSES, CALENDAR, TEAMS = "tracks", "classes", "calendar", "teams"
MODELS: Mapping[str, type[BaseModel]] = {
    TRACKS: TracksPack,
    CLASSES: ClassesPack,
    CALENDAR: CalendarPack,
    TEAMS: TeamsPack,
}

# Of each version of the tracks, one a process and database: what a version says never changes.
_leases: WeakKeyDictionary[object, dict[int, timedelta]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Packs:
    """One consistent set, ready to decide with."""

    tracks: TracksPack
    classes: ClassesPack
    calendar: BusinessCalendar
    teams: TeamsPack
    versions: PackVersions


async def publish_default_packs(session: AsyncSession, folder: Path) -> None:
    """Version 1 of each, on the first start."""
    for name, model in MODELS.items():
        await publish_default(session, name, model.model_validate(read_toml(folder / f"{name}.toml")))


async def current_packs(session: AsyncSession) -> Packs:
    """The newest versions: what new work is routed with."""
    return await _packs(
        session,
        "SELECT DISTINCT ON (name) name, version, content::text FROM pack WHERE name = ANY(:names)"
        " ORDER BY name, version DESC",
        {"names": list(MODELS)},
    )


async def packs_of(session: AsyncSession, versions: PackVersions) -> Packs:
    """The versions that a work item keeps."""
    return await _packs(
        session,
        "SELECT name, version, content::text FROM pack"
        " JOIN unnest(CAST(:names AS text[]), CAST(:versions AS int[])) AS kept (name, version) USING (name, version)",
        {"names": list(MODELS), "versions": [getattr(versions, name) for name in MODELS]},
    )


async def packs_by_versions(session: AsyncSession, versions: Iterable[PackVersions]) -> dict[PackVersions, Packs]:
    """For work that was routed at several times: there are as many as packs were edited in between."""
    return {one: await packs_of(session, one) for one in set(versions)}


async def lease_by(session: AsyncSession, versions: PackVersions) -> timedelta:
    """How long a claim lasts by these versions, without the rest of the packs."""
    known = _leases.setdefault(session.get_bind(), {})
    if versions.tracks not in known:
        hours = "SELECT CAST(content->>'lease_hours' AS float) FROM pack WHERE name = :name AND version = :version"
        found = await session.execute(text(hours), {"name": TRACKS, "version": versions.tracks})
        known[versions.tracks] = timedelta(hours=found.scalar_one())
    return known[versions.tracks]


async def published_tracks(session: AsyncSession) -> PublishedTracks:
    pack, version = await newest(session, TRACKS, TracksPack)
    return PublishedTracks(version=version, **dict(pack))


async def published_classes(session: AsyncSession) -> PublishedClasses:
    pack, version = await newest(session, CLASSES, ClassesPack)
    return PublishedClasses(version=version, **dict(pack))


async def published_calendar(session: AsyncSession) -> PublishedCalendar:
    pack, version = await newest(session, CALENDAR, CalendarPack)
    return PublishedCalendar(version=version, **dict(pack))


async def published_teams(session: AsyncSession) -> PublishedTeams:
    pack, version = await newest(session, TEAMS, TeamsPack)
    return PublishedTeams(version=version, **dict(pack))


async def newest(session: AsyncSession, name: str, model: type[P]) -> tuple[P, int]:
    """A pack in force, and its version."""
    found = await load_pack(session, name, model)
    if found is None:
        raise Unavailable(f"The pack `{name}` is not loaded yet.")
    return found


async def _packs(session: AsyncSession, query: str, values: dict[str, object]) -> Packs:
    rows = {row.name: row for row in await session.execute(text(query), values)}
    if missing := sorted(set(MODELS) - set(rows)):
        raise Unavailable(f"These packs are not loaded yet: {', '.join(missing)}.")
    return Packs(
        tracks=_parsed(TracksPack, rows[TRACKS].content),
        classes=_parsed(ClassesPack, rows[CLASSES].content),
        calendar=_calendar(rows[CALENDAR].content),
        teams=_parsed(TeamsPack, rows[TEAMS].content),
        versions=PackVersions(**{name: row.version for name, row in rows.items()}),
    )


@lru_cache(maxsize=32)
def _parsed(model: type[P], content: str) -> P:
    """A pack out of its stored text. Remembered by the text itself, which never changes for a version."""
    return model.model_validate_json(content)


@lru_cache(maxsize=32)
def _calendar(content: str) -> BusinessCalendar:
    """Kept as a whole, with the years that it has counted."""
    return BusinessCalendar.of(_parsed(CalendarPack, content))

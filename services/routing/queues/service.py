"""The queues: their pack, and how they stand."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.packs import load_pack, publish_default, publish_pack, read_toml
from chassis.problems import FieldError, Invalid, Unavailable
from contracts.values import Domain, Risk
from services.routing.queues import figures
from services.routing.queues.domain import DOES, tasks_of
from services.routing.queues.errors import NoSuchQueue, QueueInUse
from services.routing.queues.schemas import (
    Depth,
    PublishedQueues,
    Queue,
    QueueFigures,
    Queues,
    QueuesPack,
    TeamFigures,
)
from services.routing.reference import require_owner
from services.routing.tracks.repository import take_publishing
from services.routing.tracks.service import published_tracks
from services.routing.work.service import MAY_CLAIM

PACK = "queues"

_HOUR = timedelta(hours=1)


async def publish_default_queues(session: AsyncSession, path: Path) -> None:
    await publish_default(session, PACK, QueuesPack.model_validate(read_toml(path)))


async def current_queues(session: AsyncSession) -> PublishedQueues:
    found = await load_pack(session, PACK, QueuesPack)
    if found is None:
        raise Unavailable("The pack `queues` is not loaded yet.")
    return PublishedQueues(version=found[1], **dict(found[0]))


async def publish_queues(session: AsyncSession, content: QueuesPack, caller: Caller, expected: int) -> PublishedQueues:
    """The next version, by the owner of `schedule_and_vendors`. It decides about claims from now on. Raises
    `QueueInUse`."""
    await require_owner(session, caller, Domain.SCHEDULE_AND_VENDORS)
    _require_claimers(content.queues)
    await take_publishing(session)
    version = await publish_pack(session, PACK, content, by=caller.subject, expected=expected)
    # After the version is taken: of two who edit at once the second one is refused for that.
    await _require_unused(session, {queue.name for queue in content.queues})
    await _require_doers(session, content.queues)
    return PublishedQueues(version=version, **dict(content))


def _require_claimers(queues: Iterable[Queue]) -> None:
    errors = [
        FieldError(
            pointer=f"/queues/{number}/roles",
            detail=f"{', '.join(strangers)} may not claim work.",
            remedy=f"Of these: {', '.join(sorted(MAY_CLAIM))}.",
        )
        for number, queue in enumerate(queues)
        if (strangers := sorted(set(queue.roles) - set(MAY_CLAIM)))
    ]
    if errors:
        raise Invalid("Some roles may not claim work; `errors` names each.", errors=errors)


async def _require_doers(session: AsyncSession, queues: list[Queue]) -> None:
    """Work that is there is offered to somebody."""
    places = {queue.name: (number, queue) for number, queue in enumerate(queues)}
    errors = []
    for name, task, count in await figures.count_tasks(session):
        number, queue = places[name]
        if task not in tasks_of(queue.roles):
            doers = [role for role, does in DOES.items() if task in does]
            detail = f"{count} items of {name} are in the step {task}, which none of its roles does."
            errors.append(
                FieldError(pointer=f"/queues/{number}/roles", detail=detail, remedy=f"Keep one of: {', '.join(doers)}.")
            )
    if errors:
        raise QueueInUse("Work would be offered to nobody; `errors` says which.", errors)


async def _require_unused(session: AsyncSession, kept: set[str]) -> None:
    tracks = [track for track in (await published_tracks(session)).tracks if track.queue not in kept]
    work = [(queue, count) for queue, count in await figures.count_unfinished(session) if queue not in kept]
    remedy = "Keep the queue until nothing needs it."
    errors = [
        FieldError(pointer="/queues", detail=f"The track {track.name} puts its work into {track.queue}.", remedy=remedy)
        for track in tracks
    ]
    errors += [
        FieldError(pointer="/queues", detail=f"{queue} has {count} unfinished work items.", remedy=remedy)
        for queue, count in work
    ]
    if errors:
        raise QueueInUse("A queue that is still needed would be gone; `errors` says which, and why.", errors)


async def read_queues(session: AsyncSession) -> Queues:
    pack = await current_queues(session)
    return Queues(version=pack.version, items=await _figures(session, pack.queues))


async def read_queue(session: AsyncSession, name: str) -> QueueFigures:
    pack = await current_queues(session)
    queue = pack.queue(name)
    if queue is None:
        raise NoSuchQueue(name, [one.name for one in pack.queues])
    [found] = await _figures(session, [queue])
    return found


async def _figures(session: AsyncSession, queues: list[Queue]) -> list[QueueFigures]:
    at, names = now(), [queue.name for queue in queues]
    standing = await figures.read_standing(session, names)
    held = await figures.count_held(session, names)
    approved = await figures.read_throughput(session, names, at)
    return [_told(queue, [row for row in standing if row.queue == queue.name], held, approved) for queue in queues]


def _told(
    queue: Queue, rows: list[figures.Standing], held: dict[str, int], approved: dict[str, figures.Approved]
) -> QueueFigures:
    oldest = min((row.oldest for row in rows if row.state == "ready"), default=None)
    done = approved.get(queue.name, figures.Approved(0, 0, None))
    teams = sorted({row.team for row in rows}, key=lambda team: team or "")
    return QueueFigures(
        **dict(queue),
        depth=_depth(rows),
        wip=held.get(queue.name, 0),
        oldest_ready_at=oldest,
        oldest_ready_hours=round((now() - oldest) / _HOUR, 2) if oldest else None,
        at_risk=_count(rows, Risk.AT_RISK),
        breached=_count(rows, Risk.BREACHED),
        throughput=done.told(),
        teams=[
            TeamFigures(
                team=team,
                depth=_depth(own := [row for row in rows if row.team == team]),
                at_risk=_count(own, Risk.AT_RISK),
                breached=_count(own, Risk.BREACHED),
            )
            for team in teams
        ],
    )


def _depth(rows: Iterable[figures.Standing]) -> Depth:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + row.count
    return Depth(**counts)


def _count(rows: Iterable[figures.Standing], risk: Risk) -> int:
    return sum(row.count for row in rows if row.risk == risk)

"""Edits of the pack of steps, by the owner of `schedule_and_vendors`."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.problems import FieldError
from contracts.values import Domain
from services.routing.steps.schemas import PublishedSteps, StepsPack
from services.routing.steps.service import STEPS
from services.routing.tracks.publishing import publish
from services.routing.tracks.schemas import TracksPack
from services.routing.tracks.service import TRACKS, newest


async def publish_steps(session: AsyncSession, pack: StepsPack, caller: Caller, expected: int) -> PublishedSteps:
    version = await publish(session, STEPS, Domain.SCHEDULE_AND_VENDORS, pack, caller, expected, _faults)
    return PublishedSteps(version=version, **dict(pack))


async def _faults(session: AsyncSession, pack: StepsPack) -> list[FieldError]:
    """Hours of tracks that there are not. A track may go before its hours do: they say nothing then."""
    tracks, _ = await newest(session, TRACKS, TracksPack)
    names = {track.name for track in tracks.tracks}
    return [
        FieldError(
            pointer=f"/elapsed_hours/{name}",
            detail=f"there is no track {name}",
            remedy=f"Leave it out, or name one of {', '.join(sorted(names))}.",
        )
        for name in sorted(set(pack.elapsed_hours) - names)
    ]

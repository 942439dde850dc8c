"""The forecast, and the pack of capacity."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.packs import load_pack, publish_default, publish_pack, read_toml
from chassis.problems import Unavailable
from contracts.values import Domain
from services.routing.calendar.domain import BusinessCalendar
from services.routing.forecast import domain, repository
from services.routing.forecast.schemas import CapacityPack, Forecast, PublishedCapacity
from services.routing.reference import require_owner
from services.routing.steps.service import current_steps
from services.routing.tracks.service import published_calendar

PACK = "capacity"


async def publish_default_capacity(session: AsyncSession, path: Path) -> None:
    await publish_default(session, PACK, CapacityPack.model_validate(read_toml(path)))


async def current_capacity(session: AsyncSession) -> PublishedCapacity:
    found = await load_pack(session, PACK, CapacityPack)
    if found is None:
        raise Unavailable("The pack `capacity` is not loaded yet.")
    return PublishedCapacity(version=found[1], **dict(found[0]))


async def publish_capacity(
    session: AsyncSession, content: CapacityPack, caller: Caller, expected: int
) -> PublishedCapacity:
    """The next version, by the owner of `schedule_and_vendors`."""
    await require_owner(session, caller, Domain.SCHEDULE_AND_VENDORS)
    version = await publish_pack(session, PACK, content, by=caller.subject, expected=expected)
    return PublishedCapacity(version=version, **dict(content))


async def read_forecast(session: AsyncSession, weeks: int) -> Forecast:
    capacity, steps = await current_capacity(session), await current_steps(session)
    calendar = BusinessCalendar.of(await published_calendar(session))
    piles = await repository.read_piles(session, calendar.zone.key)
    return domain.forecast(piles, capacity, steps, calendar, now(), weeks)

"""The pack of steps in force: nothing keeps an older one, for it estimates what is still to come."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.packs import publish_default, read_toml
from services.routing.steps.schemas import PublishedSteps, StepsPack
from services.routing.tracks.service import newest

STEPS = "steps"


async def publish_default_steps(session: AsyncSession, path: Path) -> None:
    """Version 1, on the first start."""
    await publish_default(session, STEPS, StepsPack.model_validate(read_toml(path)))


async def current_steps(session: AsyncSession) -> PublishedSteps:
    pack, version = await newest(session, STEPS, StepsPack)
    return PublishedSteps(version=version, **dict(pack))

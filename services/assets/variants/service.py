"""A variant that is ready: rendered from its approved master, and stored as its version."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database import Database
from chassis.handlers import Job, NotYet, Reject
from chassis.logs import get_logger
from contracts.assets import ChannelPack, Version
from contracts.envelope import Event
from contracts.routing import WorkReady
from contracts.values import VersionSource, WorkItem, WorkKind
from services.assets.channels.service import pack_of_variant
from services.assets.rendering import CannotRender
from services.assets.store.store import Store, StoredFile
from services.assets.variants.pool import RenderPool
from services.assets.versions import repository as versions_repository
from services.assets.versions.service import register
from services.assets.work import repository as work_repository
from services.assets.work.domain import AWAITS_FILE, WorkCopy

log = get_logger(__name__)


@dataclass(frozen=True)
class RenderedVariant:
    """Stored, and not a version yet."""

    stored: StoredFile
    pack: ChannelPack
    master_id: UUID


class Variants:
    """Renders outside a transaction, registers inside one."""

    def __init__(self, database: Database, store: Store, pool: RenderPool) -> None:
        self._database = database
        self._store = store
        self._pool = pool

    def job(self) -> Job:
        return Job(prepare=self.render, apply=self.register)

    async def render(self, event: Event[WorkReady]) -> RenderedVariant | None:
        """None when there is nothing to render. Raises `NotYet` while the master isn't final here."""
        work = event.data.work
        if work.kind is not WorkKind.VARIANT:
            return None
        async with self._database.transaction() as session:
            item = await work_repository.find(session, work.id)
            if _is_settled(item, event) or await versions_repository.of_round(session, work.id, work.round):
                return None
            master, pack = await _ingredients(session, work)
        content = await self._store.read(master.location)
        try:
            rendered = await self._pool.render(content, pack, pack.spec_for(work.spec))
        except CannotRender as error:
            raise Reject(f"work item {work.id} can't be rendered from {master.id}: {error}") from error
        return RenderedVariant(await self._store.put(rendered.content, rendered.media_type), pack, master.id)

    async def register(self, session: AsyncSession, event: Event[WorkReady], variant: RenderedVariant | None) -> None:
        """The rendered file becomes the version of the variant's round, once."""
        if variant is None:
            return
        work = event.data.work
        await work_repository.keep_newest(session, event.data, event.aggregateversion)
        item = await work_repository.find(session, work.id, lock=True)
        assert item is not None
        if _is_settled(item, event) or await versions_repository.of_round(session, work.id, work.round):
            log.info("a variant was not awaited any more", work_item_id=str(work.id), state=item.state)
            return
        await register(
            session,
            item,
            variant.stored,
            source=VersionSource.RENDER,
            delivered_by=variant.pack.channel,
            channel_pack=variant.pack,
            master_id=variant.master_id,
        )


def _is_settled(item: WorkCopy | None, event: Event[WorkReady]) -> bool:
    """Whether something newer than the event says that no file is awaited: cancelled, or handed in meanwhile."""
    if item is None or item.version <= event.aggregateversion:
        return False
    return item.round != event.data.work.round or item.state not in AWAITS_FILE


async def _ingredients(session: AsyncSession, work: WorkItem) -> tuple[Version, ChannelPack]:
    """The approved master and the channel's pack, as it was when the variant began."""
    if work.parent_id is None or work.channel is None:
        raise Reject(f"work item {work.id} is a variant without a shot or without a channel")
    master = await versions_repository.final_of_work(session, work.parent_id)
    if master is None:
        raise NotYet(f"the shot {work.parent_id} has no final version here")
    pack = await pack_of_variant(session, work.id, work.channel)
    if pack is None:
        raise NotYet(f"there is no channel pack {work.channel} here")
    return master, pack

"""A variant that is ready: rendered from its approved master, and stored as its version."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.crash import crash_point
from chassis.database import Database
from chassis.handlers import Job, NotYet, Reject
from chassis.logs import get_logger
from contracts.assets import ChannelPack, Version
from contracts.envelope import Event
from contracts.routing import WorkReady
from contracts.values import VersionSource, WorkItem, WorkKind
from services.assets.channels.service import pack_of_variant
from services.assets.labels.credentials import Credentials
from services.assets.labels.domain import LabelRecord
from services.assets.rendering import CannotRender
from services.assets.store.store import Store
from services.assets.variants import repository
from services.assets.variants.domain import question_of
from services.assets.variants.making import Order
from services.assets.variants.pool import RenderPool
from services.assets.variants.repository import Rendition
from services.assets.versions import repository as versions_repository
from services.assets.versions.service import register
from services.assets.work import repository as work_repository
from services.assets.work.domain import AWAITS_FILE, WorkCopy

log = get_logger(__name__)


@dataclass(frozen=True)
class RenderedVariant:
    """Stored, and not a version yet."""

    rendition: Rendition
    pack: ChannelPack
    master: Version


class Variants:
    """Renders outside a transaction, registers inside one. `credentials`: what variants are signed with, if any."""

    def __init__(
        self, database: Database, store: Store, pool: RenderPool, credentials: Credentials | None = None
    ) -> None:
        self._database = database
        self._store = store
        self._pool = pool
        self._credentials = credentials

    def job(self) -> Job:
        return Job(prepare=self.render, apply=self.register)

    async def render(self, event: Event[WorkReady]) -> RenderedVariant | None:
        """None when there is nothing to render. What was rendered before is taken as it is. Raises `NotYet` while the
        master isn't final here, or nothing can be signed."""
        work = event.data.work
        if work.kind is not WorkKind.VARIANT:
            return None
        async with self._database.transaction() as session:
            item = await work_repository.find(session, work.id)
            if _is_settled(item, event) or await versions_repository.of_round(session, work.id, work.round):
                return None
            master, pack = await _ingredients(session, work)
            question = question_of(master, pack, pack.spec_for(work.spec), self._credentials)
            found = await repository.find(session, question)
        if found is None or not await self._store.has(found.stored):
            found = await self._make(work, master, pack, question, lost=found)
        return RenderedVariant(found, pack, master)

    async def _make(
        self, work: WorkItem, master: Version, pack: ChannelPack, question: str, *, lost: Rendition | None
    ) -> Rendition:
        if self._credentials is not None and self._credentials.ends_at <= now():
            raise NotYet(f"the certificate that variants are signed with ended on {self._credentials.ends_at:%Y-%m-%d}")
        order = Order(
            master=await self._store.read(master.location),
            master_id=master.id,
            master_type=master.media_type,
            master_name=master.filename,
            pack=pack,
            spec=pack.spec_for(work.spec),
            title=f"{work.sku} {work.colorway} {work.view}, {work.channel}",
            declared=master.digital_source_type,
            credentials=self._credentials,
        )
        try:
            made = await self._pool.make(order)
        except CannotRender as error:
            async with self._database.transaction() as session:
                await repository.keep_failure(session, work.id, work.round, str(error))
            raise Reject(f"work item {work.id} can't be rendered from {master.id}: {error}") from error
        stored = await self._store.put(made.content, made.media_type)
        crash_point("variant.stored")
        async with self._database.transaction() as session:
            made_now = Rendition(stored, made.c2pa_manifest)
            return await repository.keep(session, question, master.id, pack, made_now, lost=lost)

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
            variant.rendition.stored,
            source=VersionSource.RENDER,
            delivered_by=variant.pack.channel,
            channel_pack=variant.pack,
            master_id=variant.master.id,
            labels=LabelRecord(variant.master.digital_source_type, variant.rendition.c2pa_manifest),
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

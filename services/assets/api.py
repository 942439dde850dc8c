"""The API's process: what it does beside answering."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.idempotency import forget_answers
from chassis.service import Service
from chassis.timers import TimerHandler
from services.assets.channels.service import publish_default_packs
from services.assets.consumers import HANDLERS
from services.assets.dossiers.consumer import HANDLERS as DOSSIER_HANDLERS
from services.assets.errands import run_errands
from services.assets.iiif.service import Images
from services.assets.naming.packs import publish_default_naming
from services.assets.outbound.client import Outside
from services.assets.reference import domains_missing
from services.assets.rights.pack import publish_default_rights_pack
from services.assets.rights.timers import HANDLERS as RIGHTS_TIMERS
from services.assets.settings import AssetsSettings
from services.assets.upkeep.chores import Chore, Chores
from services.assets.upkeep.collecting import Collector
from services.assets.upkeep.domain import shelf_at
from services.assets.upkeep.scrubbing import Scrubber
from services.assets.upkeep.store import open_store

SWEEP_EVERY = timedelta(hours=6)
TIDY_EVERY = timedelta(minutes=5)
"""A shelf at a time: all 256 have their turn within a day."""
FORGET_EVERY = timedelta(hours=6)
"""Answers to calls with an `Idempotency-Key`: some show a secret or an address."""
SCRUB_EVERY = timedelta(minutes=1)


class Api(Service):
    """A service process that looks after the store, with a process beside it for images that are asked for before their
    tiles were made."""

    def __init__(self, settings: AssetsSettings) -> None:
        self.chores = Chores(
            [
                Chore("sweep store", SWEEP_EVERY, lambda: self.store.sweep()),
                Chore("tidy store", TIDY_EVERY, lambda: self.collector.tidy(shelf_at(now(), TIDY_EVERY))),
                Chore("forget answers", FORGET_EVERY, lambda: forget_answers(self.database)),
                Chore("scrub store", SCRUB_EVERY, lambda: self._scrubber.scrub(SCRUB_EVERY.total_seconds())),
            ]
        )
        super().__init__(settings, on_start=self._begin, ready_check=domains_missing, timers=self._timers)
        self.store = open_store(settings, self.database)
        self.images = Images(self.store, settings)
        self.collector = Collector(self.database, self.store, settings.orphan_grace)
        self._scrubber = Scrubber(
            self.database,
            self.store,
            every=settings.check_every,
            bytes_per_second=settings.check_bytes_per_second,
        )
        self.outside = Outside(private_networks=settings.private_networks, plain_http=settings.plain_http)
        run_errands(self, settings, self.store, self.outside)
        self.consume("assets", HANDLERS)
        self.consume("assets-dossiers", DOSSIER_HANDLERS)

    @property
    def _timers(self) -> Mapping[str, TimerHandler]:
        return {**self.chores.timers, **RIGHTS_TIMERS}

    async def _begin(self, session: AsyncSession) -> None:
        self.store.open()
        await publish_default_packs(session)
        await publish_default_rights_pack(session)
        await publish_default_naming(session)
        await self.chores.set_timers(session)

    async def stop(self) -> None:
        await self.chores.stop()
        await super().stop()
        await self.images.close()

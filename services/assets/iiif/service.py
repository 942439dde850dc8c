"""Images as the API gives them: who may be shown, their pyramid, and a view of it."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.assets.dependencies import Transactions
from services.assets.iiif import repository
from services.assets.iiif.composing import compose, source_of
from services.assets.iiif.domain import Limits, View
from services.assets.iiif.errors import NoSuchImage, TooBusy
from services.assets.iiif.keeping import Pyramids
from services.assets.iiif.making import RETRY_SECONDS, Making
from services.assets.iiif.pyramid import Pyramid
from services.assets.settings import AssetsSettings
from services.assets.store.errors import FileMissing, StoreAway
from services.assets.store.store import Store

_HASH_DIGITS = frozenset("0123456789abcdef")
_REMEMBERED = 10_000
"""Hashes that may be shown: no version and no colour reference is ever removed."""
_COMPOSED_AT_ONCE = 2
_COMPOSED_WAITING = 32


class Images:
    """Bounded: so many views are composed at once, so many wait, and who comes then is told when to come again."""

    def __init__(self, store: Store, settings: AssetsSettings) -> None:
        self.limits = Limits(settings.image_max_side, settings.image_max_area)
        self._pyramids = Pyramids(store)
        self._making = Making(self._pyramids, settings)
        self._places = asyncio.Semaphore(_COMPOSED_AT_ONCE)
        self._here = 0
        self._locations: OrderedDict[str, str] = OrderedDict()

    async def find(self, transactions: Transactions, sha256: str) -> Pyramid:
        """Raises `NoSuchImage`; `CannotBeShown`, or `TooBusy`, where its pyramid is not made yet."""
        if len(sha256) != 64 or not _HASH_DIGITS.issuperset(sha256):
            raise NoSuchImage
        location = self._locations.get(sha256) or await self._look_up(transactions, sha256)
        if (found := await self._pyramids.find(sha256)) is not None:
            return found
        await self._making.wait_for(sha256, location)
        made = await self._pyramids.find(sha256)
        if made is None:
            raise FileMissing("What was made of the file is not in the store. This is in the logs.")
        return made

    async def _look_up(self, transactions: Transactions, sha256: str) -> str:
        async with transactions.begin() as session:
            location = await repository.find_location(session, sha256)
        if location is None:
            raise NoSuchImage
        self._locations[sha256] = location
        if len(self._locations) > _REMEMBERED:
            self._locations.popitem(last=False)
        return location

    async def content(self, sha256: str, pyramid: Pyramid, view: View) -> bytes:
        """The view's file. Raises `TooBusy`."""
        try:
            if (tile := pyramid.tile_of(view)) is not None:
                [content] = await self._pyramids.tiles(sha256, [tile])
                return content
            async with self._place():
                source = source_of(pyramid, view, self.limits.max_area)
                ranges = [pyramid.tile_at(source.level, column, row) for column, row in source.tiles()]
                tiles = await self._pyramids.tiles(sha256, ranges)
                return await asyncio.to_thread(compose, pyramid, view, source, tiles)
        except (FileMissing, StoreAway):
            self._pyramids.forget(sha256)  # whoever asks next looks whether it is there and whole
            raise

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._here >= _COMPOSED_AT_ONCE + _COMPOSED_WAITING:
            raise TooBusy(
                "Many views are being composed; the tiles that info.json names need no composing.", RETRY_SECONDS
            )
        self._here += 1
        try:
            async with self._places:
                yield
        finally:
            self._here -= 1

    async def close(self) -> None:
        await self._making.close()

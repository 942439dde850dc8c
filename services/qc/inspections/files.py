"""The store that assets fills, and where qc keeps its overlays. The two services share only the bytes there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import obstore
from obstore.store import ObjectStore, from_url

from contracts.assets import ColourReference, Version


class Unreadable(Exception):
    """The store doesn't give the bytes that a version or reference names; perhaps it does later."""


class Unwritable(Exception):
    """The store doesn't take bytes; perhaps it does later."""


class Files:
    """Reads and writes by location. The store is opened when it is first needed: its folder may not be there before."""

    def __init__(self, store_url: str) -> None:
        self._url = store_url
        self._store: ObjectStore | None = None

    async def read(self, file: Version | ColourReference) -> bytes:
        """Raises `Unreadable`."""
        try:
            answer = await obstore.get_async(self._opened(), file.location)
            data = bytes(await answer.bytes_async())
        except (obstore.exceptions.BaseError, OSError, ValueError) as error:  # ValueError: not a path inside the store
            raise Unreadable(f"{file.location} can't be read: {error}") from error
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if digest != file.sha256:
            raise Unreadable(f"{file.location} holds other bytes than those of {file.id}")
        return data

    async def write(self, location: str, content: bytes) -> None:
        """Whole or not at all. Raises `Unwritable`."""
        try:
            await obstore.put_async(self._opened(), location, content)
        except (obstore.exceptions.BaseError, OSError, ValueError) as error:
            raise Unwritable(f"{location} can't be written: {error}") from error

    async def stream(self, location: str, size: int) -> AsyncIterator[bytes]:
        """A file of that many bytes. Raises `FileNotFoundError` where there is no such one, else `Unreadable`; before
        the first byte."""
        try:
            answer = await obstore.get_async(self._opened(), location)
        except FileNotFoundError:
            raise
        except (obstore.exceptions.BaseError, OSError, ValueError) as error:
            raise Unreadable(f"{location} can't be read: {error}") from error
        if answer.meta["size"] != size:
            raise FileNotFoundError(f"{location} has {answer.meta['size']} bytes, not {size}")
        return aiter(answer.stream())

    def _opened(self) -> ObjectStore:
        if self._store is None:
            self._store = from_url(self._url)
        return self._store

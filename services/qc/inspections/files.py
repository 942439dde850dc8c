"""Reading files out of the store that assets fills. The two services share only the bytes there."""

import asyncio
import hashlib

import obstore
from obstore.store import ObjectStore, from_url

from contracts.assets import ColourReference, Version


class Unreadable(Exception):
    """The store doesn't give the bytes that a version or reference names; perhaps it does later."""


class Files:
    """Reads by location. The store is opened at the first read: its folder may not be there before."""

    def __init__(self, store_url: str) -> None:
        self._url = store_url
        self._store: ObjectStore | None = None

    async def read(self, file: Version | ColourReference) -> bytes:
        """Raises `Unreadable`."""
        try:
            if self._store is None:
                self._store = from_url(self._url)
            answer = await obstore.get_async(self._store, file.location)
            data = bytes(await answer.bytes_async())
        except (obstore.exceptions.BaseError, OSError, ValueError) as error:  # ValueError: not a path inside the store
            raise Unreadable(f"{file.location} can't be read: {error}") from error
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if digest != file.sha256:
            raise Unreadable(f"{file.location} holds other bytes than those of {file.id}")
        return data

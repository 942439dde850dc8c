"""Stores for the tests that need no service: on a local disk and in a bucket, with books that trust every file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from services.assets.store.store import Store


@dataclass
class Books:
    """A ledger that remembers what it was asked; `damaged`: hashes whose files may not be relied on."""

    damaged: set[str] = field(default_factory=set)
    expected: list[str] = field(default_factory=list)

    async def expect(self, sha256: str, size: int) -> bool:
        self.expected.append(sha256)
        return sha256 not in self.damaged

    async def replaced(self, sha256: str) -> None:
        self.damaged.discard(sha256)


def store_at(url: str, books: Books | None = None, *, seconds: float = 10) -> Store:
    """`seconds`: its patience."""
    return Store(url, books or Books(), patience=timedelta(seconds=seconds))


async def keys_in(store: Store) -> list[str]:
    """Everything that it holds and is whole."""
    return sorted([one["path"] async for batch in store._objects.list() for one in batch])


async def pieces(*content: bytes | BaseException) -> AsyncIterator[bytes]:
    for one in content:
        if isinstance(one, BaseException):
            raise one
        yield one


async def collected(stream: AsyncIterator[bytes]) -> bytes:
    return b"".join([bytes(piece) async for piece in stream])

"""What the store asks of whoever keeps the books of its files."""

from typing import Protocol


class Ledger(Protocol):
    """Knows each file in its place by its hash, so that none is deleted that someone is about to rely on."""

    async def expect(self, sha256: str, size: int) -> bool:
        """Note that this file is wanted in its place; from now on nobody deletes it for a while.

        True: what lies there may be relied on when its size fits; False: it is known to be damaged. Waits until a
        deletion that has begun is over. Raises `BeingCleared` when that takes long.
        """
        ...

    async def replaced(self, sha256: str) -> None:
        """Its bytes have just been put there anew: it is whole again."""
        ...

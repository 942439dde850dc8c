"""A request's body as a stream that is counted, bounded and never kept."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from chassis.problems import TooLarge
from services.assets.store.errors import BodyCutOff, BodyStalled
from services.assets.store.formats import HEAD_BYTES

PIECE_BYTES = 64 * 1024
"""Most chunks are larger, and go on as they came."""


class UploadBody:
    """Read it once: `head` first, if wanted, then `pieces`.

    Raises `TooLarge` past `max_bytes`, `BodyCutOff` when it ends before its declared length, `BodyStalled` when
    nothing comes for `stall_seconds`.
    """

    def __init__(self, request: Request, *, max_bytes: int, stall_seconds: float) -> None:
        self._stream = request.stream()
        self._max_bytes = max_bytes
        self._stall_seconds = stall_seconds
        declared = request.headers.get("content-length", "")
        self._declared = int(declared) if declared.isdecimal() else None
        self._received = 0
        self._ahead = bytearray()
        if self._declared is not None and self._declared > max_bytes:
            raise self._too_large()

    async def head(self) -> bytes:
        """The first bytes, at least `HEAD_BYTES` where there are so many. `pieces` gives them again."""
        while len(self._ahead) < HEAD_BYTES and (chunk := await self._next()) is not None:
            self._ahead += chunk
        return bytes(self._ahead[:HEAD_BYTES])

    async def pieces(self, piece_bytes: int = PIECE_BYTES) -> AsyncIterator[bytes]:
        """The whole body, in pieces of at least so many bytes, but for the last one."""
        while (chunk := await self._next()) is not None:
            if not self._ahead and len(chunk) >= piece_bytes:
                yield chunk
                continue
            self._ahead += chunk
            if len(self._ahead) >= piece_bytes:
                yield self.rest()
        if self._ahead:
            yield self.rest()

    async def read(self) -> bytes:
        """The whole body at once: for small ones."""
        return b"".join([piece async for piece in self.pieces()])

    def rest(self) -> bytes:
        """What has come and was not given yet: also after the body broke off."""
        piece = bytes(self._ahead)
        self._ahead.clear()
        return piece

    async def _next(self) -> bytes | None:
        """What came next; None at the end."""
        try:
            async with asyncio.timeout(self._stall_seconds):
                chunk = await anext(self._stream, None)
        except ClientDisconnect:
            raise BodyCutOff("The connection ended before the body did; nothing was stored.") from None
        except TimeoutError:
            raise BodyStalled(f"Nothing came for {self._stall_seconds:g} s; nothing was stored.") from None
        if chunk is None:
            if self._declared is not None and self._received < self._declared:
                raise BodyCutOff(f"{self._declared} bytes were declared, {self._received} came; nothing was stored.")
            return None
        self._received += len(chunk)
        if self._received > self._max_bytes:
            raise self._too_large()
        return chunk

    def _too_large(self) -> TooLarge:
        return TooLarge(f"At most {self._max_bytes} bytes are taken here.", max_bytes=self._max_bytes)

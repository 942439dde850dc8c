"""A request's body, streamed to a file: counted, bounded, hashed, and never held in memory; and its client, who may
leave."""

import asyncio
import hashlib
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from chassis.problems import TooLarge
from services.intake.imports.errors import BodyCutOff, BodyStalled

T = TypeVar("T")

_PIECE = 1024 * 1024


async def receive(request: Request, to: Path, *, max_bytes: int, stall_seconds: float) -> str:
    """The SHA-256 of what came. Raises `TooLarge`, `BodyCutOff`, `BodyStalled`."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    digest, received, ahead = hashlib.sha256(), 0, bytearray()
    stream = request.stream()
    with await asyncio.to_thread(to.open, "wb") as file:
        while True:
            try:
                async with asyncio.timeout(stall_seconds):
                    piece = await anext(stream, None)
            except ClientDisconnect:
                raise BodyCutOff("The connection ended before the body did; nothing was imported.") from None
            except TimeoutError:
                raise BodyStalled(f"Nothing came for {stall_seconds:g} s; nothing was imported.") from None
            if piece is not None:
                received += len(piece)
                if received > max_bytes:
                    raise _too_large(max_bytes)
                ahead += piece
            if ahead and (piece is None or len(ahead) >= _PIECE):
                block = bytes(ahead)
                ahead.clear()
                digest.update(block)
                await asyncio.to_thread(file.write, block)
            if piece is None:
                break
    if declared.isdecimal() and received < int(declared):
        raise BodyCutOff(f"{declared} bytes were declared, {received} came; nothing was imported.")
    return digest.hexdigest()


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What the work answers; it is cancelled when the client, whose body came, leaves. Raises `BodyCutOff` then."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise BodyCutOff("The connection ended before the answer; nothing was imported.")
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait([working, leaving])


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"A file has at most {most} bytes here. Split it, each part with the header.", max_bytes=most)

"""One request on its way through: its body, whose turn it is, and whether the client is still there."""

import asyncio
from collections.abc import AsyncIterator
from enum import Enum

from chassis.middleware import Message, Receive, Send
from gateway.settings import GatewaySettings

LOOK_EVERY_SECONDS = 0.1
LINGER_SECONDS = 5.0
LINGER_BYTES = 64 * 1024 * 1024


class Stop(Enum):
    """Why the gateway itself ends an exchange."""

    CLIENT_GONE = "the client went away"
    BODY_BROKEN = "the body ended too early, or a chunk of it was not valid"
    CLIENT_SLOW = "the client neither sent nor took anything"
    SERVICE_SLOW = "the service neither took nor sent anything"
    TOO_LARGE = "the body is too large"


class Stopped(Exception):
    """The exchange has stopped. Raised in a body, it makes the service see the body cut off, not finished."""


class Watchman:
    """Looks after all open exchanges with one timer: timers of their own would double what the gateway costs."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.patience = {Stop.CLIENT_SLOW: settings.idle_seconds, Stop.SERVICE_SLOW: settings.answer_seconds}
        self.exchanges: set[Exchange] = set()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_SECONDS, self._look)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        for exchange in tuple(self.exchanges):
            exchange.look()
        self.start()


class Exchange:
    """Reads the client's side, one reader at a time, and cancels the request's task when it is to stop."""

    __slots__ = (
        "_loop", "_reading", "_receive", "_send", "_since", "_task", "_turn", "_watcher", "_watchman",
        "body_done", "is_begun", "stop",
    )  # fmt: skip

    def __init__(self, receive: Receive, send: Send, watchman: Watchman) -> None:
        self.stop: Stop | None = None
        self.body_done = False
        self.is_begun = False
        self._receive = receive
        self._send = send
        self._watchman = watchman
        self._watcher: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()

    def open(self) -> None:
        """From now on the watchman looks after it, until `close`."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task(self._loop)
        self._set_turn(Stop.SERVICE_SLOW)
        self._watchman.exchanges.add(self)

    def close(self) -> None:
        self._watchman.exchanges.discard(self)
        if self._watcher is not None:
            self._watcher.cancel()

    def _set_turn(self, blame: Stop) -> None:
        """Whose turn it is from now on, by what is to blame if nothing moves."""
        self._turn = blame
        self._since = self._loop.time()

    def look(self) -> None:
        """End it if nothing moves, or else notice when the client goes away. (Whoever reads the body notices by
        themselves, and most requests are over before the first look.)"""
        if self._loop.time() - self._since > self._watchman.patience[self._turn]:
            self._end(self._turn)
        elif self._watcher is None and self.body_done:
            self._watcher = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._next())["type"] != "http.disconnect":
            pass
        self._end(Stop.CLIENT_GONE)

    def _end(self, why: Stop) -> None:
        if self.stop is None and self._task is not None:
            self.stop = why
            self._task.cancel()

    def took_back_cancellation(self) -> bool:
        """For whoever catches a cancellation: whether it was ours, which it is no longer."""
        if self.stop is None or self._task is None:
            return False
        self._task.uncancel()
        return True

    async def _next(self) -> Message:
        async with self._reading:
            message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self.body_done = True
        return message

    async def piece(self) -> bytes:
        """The next piece of the body; `body_done` says whether it is the last. Raises `Stopped` when no more will come:
        granian tells a client that went away, one that closed only its own direction, and a bad chunk in one way."""
        self._set_turn(Stop.CLIENT_SLOW)
        message = await self._next()
        if message["type"] != "http.request":
            self.stop = self.stop or Stop.BODY_BROKEN
            raise Stopped
        self._set_turn(Stop.SERVICE_SLOW)
        piece: bytes = message.get("body", b"")
        return piece

    async def body(self, first: bytes, *, length: int | None, limit: int) -> AsyncIterator[bytes]:
        """The body as it comes. Raises `Stopped` when it is too long, or ends before its declared `length`."""
        piece, total = first, 0
        while True:
            total += len(piece)
            if total > limit:
                self.stop = self.stop or Stop.TOO_LARGE
                raise Stopped
            if piece:
                yield piece
            if self.body_done:
                if length is not None and total != length:
                    self.stop = self.stop or Stop.BODY_BROKEN
                    raise Stopped
                self._set_turn(Stop.SERVICE_SLOW)
                return
            piece = await self.piece()

    async def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """The answer's head. From now on there can be no other answer."""
        self.is_begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def answer(self, piece: bytes, *, is_last: bool) -> None:
        """Hand a piece of the answer to the client."""
        self._set_turn(Stop.CLIENT_SLOW)
        await self._send({"type": "http.response.body", "body": piece, "more_body": not is_last})
        self._set_turn(Stop.SERVICE_SLOW)

    async def linger(self) -> None:
        """Take what is left of the body and throw it away, for a while: most clients read the answer only after
        sending everything, and a connection that is closed before loses them the answer."""
        left = LINGER_BYTES
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while not self.body_done and left > 0:
                    message = await self._next()
                    if message["type"] != "http.request":
                        return
                    left -= len(message.get("body", b""))
        except TimeoutError:
            return

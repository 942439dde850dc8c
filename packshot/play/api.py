"""Packshot's public API as a client uses it: patient when something is away, idempotent where it creates."""

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
from rich.console import Console
from standardwebhooks import Webhook

from chassis.clock import now
from chassis.ids import new_id

T = TypeVar("T")
Json = dict[str, Any]

AWAY = (429, 502, 503, 504)
PATIENCE_SECONDS = 180
BLOCK = 1 << 18


class ApiError(Exception):
    """An answer that the run did not expect."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(
            f"{answer.request.method} {answer.request.url.path} → {answer.status_code}: {answer.text[:800]}"
        )
        self.status = answer.status_code
        self.body = answer


def is_there(url: str, console: Console) -> bool:
    """Whether anything answers there at all; says so when nothing does. For whoever has just started a command: to be
    patient is for what goes away later."""
    try:
        httpx.get(f"{url}/health/live", timeout=10)
    except (httpx.TransportError, httpx.InvalidURL):
        console.print(f"[red]Nothing answers at {url}.[/red] Start it: packshot up", highlight=False, soft_wrap=True)
        return False
    return True


async def poll(check: Callable[[], Awaitable[T | None]], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """What `check` answers once it isn't None. Raises `TimeoutError`, saying what was waited for."""
    deadline = asyncio.get_running_loop().time() + seconds
    pause = 0.2
    while (found := await check()) is None:
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.4, 1.0)
    return found


class Api:
    """Calls as one person. `with_token` makes another person's on the same connections."""

    def __init__(self, client: httpx.AsyncClient, token: str | None = None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def with_token(self, token: str) -> "Api":
        return Api(self._client, token)

    async def get(self, path: str, **params: str | int | list[str]) -> Json:
        return await self._json("GET", path, params=params)

    async def find(self, path: str, **params: str | int) -> Json | None:
        """None when there is no such thing (yet)."""
        answer = await self.send("GET", path, params=params)
        return None if answer.status_code == 404 else _checked(answer)

    async def all_items(self, path: str, **params: str | int) -> list[Json]:
        """Every page of a list."""
        items: list[Json] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=200, **params, **cursor)
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = {"cursor": page["next_cursor"]}

    async def post(self, path: str, body: Json | None = None, **options: Any) -> Json:
        return await self._json("POST", path, json=body or {}, **options)

    async def create(self, path: str, body: Json, key: str) -> Json:
        """Sent again after a lost answer, it creates nothing twice."""
        return await self.post(path, body, headers={"Idempotency-Key": key})

    async def patch(self, path: str, body: Json, etag: str) -> Json:
        return await self._json("PATCH", path, json=body, headers={"If-Match": etag})

    async def put(self, path: str, body: Json, etag: str) -> Json:
        return await self._json("PUT", path, json=body, headers={"If-Match": etag})

    async def digest(self, path: str) -> str:
        """SHA-256 of what is downloaded, streamed."""

        async def attempt() -> str | None:
            found = hashlib.sha256()
            try:
                async with self._client.stream("GET", path, headers=self._headers) as answer:
                    if answer.status_code in AWAY:
                        return None
                    if answer.is_error:
                        await answer.aread()
                        raise ApiError(answer)
                    async for block in answer.aiter_bytes():
                        found.update(block)
            except httpx.TransportError:
                return None
            return found.hexdigest()

        return await poll(attempt, path)

    async def _json(self, method: str, path: str, **options: Any) -> Json:
        return _checked(await self.send(method, path, **options))

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        fresh: Callable[[], Mapping[str, Any]] = dict,
        **options: Any,
    ) -> httpx.Response:
        """One call, sent again while something is away. `fresh` makes what can be sent only once (a stream)."""

        async def attempt() -> httpx.Response | None:
            made = fresh()
            sent = {**self._headers, **(headers or {}), **made.get("headers", {})}
            rest = {name: value for name, value in made.items() if name != "headers"}
            try:
                answer = await self._client.request(method, path, headers=sent, **options, **rest)
            except httpx.TransportError:
                return None
            if answer.status_code in AWAY:
                await asyncio.sleep(min(float(answer.headers.get("Retry-After", 1)), 5) * random.uniform(0.1, 0.5))  # noqa: S311
                return None
            return answer

        return await poll(attempt, f"{method} {path}")

    async def upload(
        self, path: str, file: Path, headers: Mapping[str, str] | None = None, /, **params: str | int
    ) -> httpx.Response:
        fresh = {"headers": headers or {}}
        return await self.send("POST", path, params=params, fresh=lambda: {"content": read_blocks(file), **fresh})


class VendorApi:
    """Calls as a vendor: no token, every message signed by the Standard Webhooks scheme."""

    def __init__(self, client: httpx.AsyncClient, vendor: str, secret: str) -> None:
        self._api = Api(client)
        self._path = f"/webhooks/vendors/{vendor}"
        self._webhook = Webhook(secret)

    def _signed(self, message_id: str, payload: str) -> dict[str, str]:
        at = now()
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, at, payload),
        }

    async def put_file(self, file: Path) -> str:
        """Upload one file; what is signed is its SHA-256, so that the body can stream. Returns the SHA-256."""
        sha256 = await asyncio.to_thread(digest, file)

        def fresh() -> Mapping[str, Any]:
            return {"content": read_blocks(file), "headers": self._signed(str(new_id()), sha256)}

        _checked(await self._api.send("PUT", f"{self._path}/files/{sha256}", fresh=fresh))
        return sha256

    async def deliver(self, message_id: str, files: list[Json]) -> Json:
        """Say what the uploaded files are. The same id again gets the same answer."""
        payload = json.dumps({"files": files}, sort_keys=True)

        def fresh() -> Mapping[str, Any]:
            headers = {"Content-Type": "application/json", **self._signed(message_id, payload)}
            return {"content": payload, "headers": headers}

        return _checked(await self._api.send("POST", self._path, fresh=fresh))


def digest(file: Path) -> str:
    """SHA-256, lower-case hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


async def read_blocks(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as opened:
        while block := await asyncio.to_thread(opened.read, BLOCK):
            yield block


def _checked(answer: httpx.Response) -> Json:
    if answer.is_error:
        raise ApiError(answer)
    found: Json = answer.json() if answer.content else {}
    return found

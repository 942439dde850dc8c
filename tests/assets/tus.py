"""A tus client, header by header, for what clients of others don't do."""

import base64
from typing import Any

import httpx

from chassis.testkit.harness import Harness
from contracts.values import WorkItem
from services.assets.uploads.protocol import CONTENT_TYPE
from tests.assets.factory import HOLDER

TUS = {"Tus-Resumable": "1.0.0"}


def encoded(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def metadata(item: WorkItem, filename: str = "front.jpg", **more: str) -> str:
    pairs = {"work_item_id": str(item.id), "filename": filename, **more}
    return ",".join(f"{key} {encoded(value)}" for key, value in pairs.items())


class TusClient:
    """Calls as one person; `url` of the newest upload that it created."""

    def __init__(self, assets: Harness, by: str = HOLDER) -> None:
        self._client = assets.client
        self._headers = assets.bearer("photographer", subject=by) | TUS
        self.url = ""

    async def call(self, method: str, url: str = "", content: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self._client.request(method, url or self.url, content=content, headers=self._headers | named)
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        return answer

    async def create(
        self, item: WorkItem, length: int, content: Any = None, filename: str = "front.jpg", **more: str
    ) -> httpx.Response:
        """`more`: further metadata."""
        headers = {"Upload_Length": str(length), "Upload_Metadata": metadata(item, filename, **more)}
        if content is not None:
            headers["Content_Type"] = CONTENT_TYPE
        answer = await self.call("POST", "/v1/uploads", content, **headers)
        self.url = answer.headers.get("Location", "")
        return answer

    async def patch(self, offset: int, content: Any, **headers: str) -> httpx.Response:
        return await self.call(
            "PATCH", "", content, **({"Upload_Offset": str(offset), "Content_Type": CONTENT_TYPE} | headers)
        )

    async def offset(self) -> int:
        """Where the upload goes on, by HEAD."""
        answer = await self.call("HEAD")
        assert answer.status_code == 200, answer.status_code
        assert answer.headers["Cache-Control"] == "no-store"
        return int(answer.headers["Upload-Offset"])

    async def state(self) -> dict[str, Any]:
        answer = await self.call("GET")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

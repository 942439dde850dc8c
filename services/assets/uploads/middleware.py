"""What tus asks of every answer and every request, before and after all else. Pure ASGI."""

from chassis.middleware import App, Message, Receive, Scope, Send
from services.assets.uploads.protocol import VERSION

PREFIX = "/v1/uploads"
_OVERRIDE = b"x-http-method-override"
_OVERRIDDEN_AS = (b"PATCH", b"DELETE")


class Tus:
    """Below `/v1/uploads` every answer names the version of tus, errors too, and `X-HTTP-Method-Override` is heard, by
    which clients send PATCH and DELETE out of environments that know neither."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"tus-resumable", VERSION.encode())]
            await send(message)

        method = dict(scope["headers"]).get(_OVERRIDE, b"").upper()
        if scope["method"] == "POST" and method in _OVERRIDDEN_AS:
            scope = {**scope, "method": method.decode()}
        await self._app(scope, receive, send_with_version)

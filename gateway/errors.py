"""What the gateway itself answers when it can't pass a request on."""

import math

from chassis.problems import Problem


class BadRequest(Problem):
    """Headers that contradict each other, or that no service could be given."""

    status, slug, title = 400, "bad-request", "The request can't be passed on"


class BadPath(Problem):
    status, slug, title = 400, "bad-path", "The path isn't in its plain form"


class BodyBroken(Problem):
    """Closed, since nobody knows where the next request on this connection would begin."""

    status, slug, title = 400, "body-broken", "The body ended too early, or isn't framed as it should be"

    def __init__(self) -> None:
        super().__init__(
            "Fewer bytes came than Content-Length says, or a chunk was not whole or not valid. Send the request again.",
            headers={"Connection": "close"},
        )


class ClientTooSlow(Problem):
    status, slug, title = 408, "client-too-slow", "The body stopped coming"


class PathTooLong(Problem):
    status, slug, title = 414, "path-too-long", "The path is too long"


class TooManyRequests(Problem):
    status, slug, title = 429, "too-many-requests", "Too many requests"

    def __init__(self, wait_seconds: float) -> None:
        whole = max(1, math.ceil(wait_seconds))
        super().__init__(
            f"You have used up your requests for now. Try again in {whole} s.", headers={"Retry-After": str(whole)}
        )


class HeadersTooLarge(Problem):
    status, slug, title = 431, "headers-too-large", "The headers are too large"


class ServiceFailed(Problem):
    """The connection broke when the service may already have begun: only the caller can say what to do."""

    status, slug, title = 502, "service-failed", "The service did not finish its answer"


class ServiceTooSlow(Problem):
    status, slug, title = 504, "service-too-slow", "The service did not answer in time"

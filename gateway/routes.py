"""Which service a path belongs to: by its first two segments, as the services' own OpenAPI documents say.

An action on a whole collection follows a colon (`/v1/requests:validate`), which ends the segment here like a slash.
"""

import difflib
import functools
import importlib.resources
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import orjson

from chassis.problems import NotFound
from gateway.errors import BadPath, PathTooLong

MAX_PATH_BYTES = 8 * 1024
SIGNED = ("/webhooks/vendors", "/webhooks/destinations", "/v1/links")
"""Below these the signature is the authentication, and the service checks it: no JWT. The next segment of the path says
whose it is: a vendor's, a destination's, or a link's."""
OPEN_TO_BROWSERS = "/iiif/3"
"""Below it any page may ask with a token of its own; so a browser asks before, without one, whether it may."""

# RFC 3986 path characters; nothing else reaches a service. Possessive, so that no path takes long to refuse.
_PATH = re.compile(rb"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]++|%[0-9A-Fa-f]{2})++)++/?")
# Encoded separators and control characters, and `.` or `..` in any spelling.
_TRICKS = re.compile(rb"%(?:2f|5c|7f|[01][0-9a-f])|/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_PREFIX = re.compile(r"/(?:(?:v\d+|webhooks)/[a-z][a-z0-9-]*|iiif/\d+)(?=[/:]|$)")
_END = re.compile(rb"[/:]")

Documents = Mapping[str, dict[str, Any]]


@dataclass(frozen=True)
class Route:
    """Where the paths below one prefix go."""

    prefix: str
    service: str
    base_url: str

    @property
    def is_signed(self) -> bool:
        return self.prefix in SIGNED

    @property
    def answers_preflights(self) -> bool:
        return self.prefix == OPEN_TO_BROWSERS


def load_documents(folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """Every `<service>/openapi.json` of a folder, or of the `services` package; those that exist."""
    root: Traversable = folder if folder is not None else importlib.resources.files("services")
    found = {}
    for entry in sorted(root.iterdir(), key=lambda entry: entry.name):
        document = entry / "openapi.json"
        if entry.is_dir() and document.is_file():
            found[entry.name] = orjson.loads(document.read_bytes())
    return found


def check_path(raw: bytes) -> None:
    """Let only plain paths through. Raises `PathTooLong` or `BadPath`."""
    if len(raw) > MAX_PATH_BYTES:
        raise PathTooLong(f"A path has at most {MAX_PATH_BYTES} bytes.")
    if not _PATH.fullmatch(raw):
        raise BadPath("A path has one slash between its segments, and other characters only percent-encoded.")
    if (b"%" in raw or b"/." in raw) and _TRICKS.search(raw):
        raise BadPath("A path has no `.` or `..` segments, no encoded slashes and no control characters.")


class Routes:
    """The routing table. Raises ValueError where two services claim a prefix, or one has no address."""

    def __init__(self, documents: Documents, upstreams: Mapping[str, str]) -> None:
        routes: dict[str, Route] = {}
        for service, document in documents.items():
            for path in document.get("paths", {}):
                if not (found := _PREFIX.match(path)):
                    raise ValueError(
                        f"services/{service}/openapi.json: {path} is not below /v1/…, /webhooks/… or /iiif/…"
                    )
                if service not in upstreams:
                    raise ValueError(f"PACKSHOT_UPSTREAMS has no address for {service}.")
                route = routes.setdefault(found[0], Route(found[0], service, upstreams[service]))
                if route.service != service:
                    raise ValueError(f"{found[0]} belongs to two services: {route.service} and {service}.")
        self._routes = {prefix.encode(): route for prefix, route in routes.items()}
        self._prefixes = sorted(routes)
        self._close_ones = functools.lru_cache(maxsize=1024)(self._find_close_ones)

    def match(self, raw: bytes) -> Route:
        """The route of a path. Raises `NotFound`, naming paths that are close."""
        end = _END.search(raw, raw.find(b"/", 1) + 1)
        route = self._routes.get(raw[: end.start()] if end else raw)
        if route is None:
            raise self.unknown(raw)
        return route

    def unknown(self, raw: bytes) -> NotFound:
        tried = "/".join(raw[:80].decode("latin-1").split("/")[:3])
        close = self._close_ones(tried)
        hint = f" Did you mean {' or '.join(close)}?" if close else " All paths are listed in /openapi.json."
        return NotFound(f"There is no {tried}.{hint}", did_you_mean=close)

    def _find_close_ones(self, tried: str) -> list[str]:
        return difflib.get_close_matches(tried, [*self._prefixes, *OWN_PATHS], n=3)


OWN_PATHS = ("/", "/docs", "/openapi.json", "/health/live", "/health/ready", "/metrics")
"""What the gateway answers itself."""

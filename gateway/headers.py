"""What of a request's and an answer's headers is passed on, and what isn't."""

import functools
import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from multidict import CIMultiDict

from chassis.context import accepted_correlation_id
from chassis.middleware import Scope
from chassis.problems import TooLarge
from gateway.errors import BadRequest, HeadersTooLarge
from gateway.settings import GatewaySettings

Headers = list[tuple[bytes, bytes]]
Networks = list[IPv4Network | IPv6Network]

# They speak of one connection, not of the request (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection",
        b"te", b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip
# Not passed on as they came: read here, and made anew where a service needs them.
_REMADE = frozenset(
    {b"content-length", b"expect", b"forwarded", b"host", b"traceparent", b"tracestate", b"x-real-ip", b"x-request-id"}
)
_READ = _HOP_BY_HOP | _REMADE | {b"authorization"}
_ANSWER_DROPS = _HOP_BY_HOP | {b"server", b"x-content-type-options", b"x-request-id"}
_ONCE = (b"authorization", b"content-length", b"host")

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Head:
    """A request's head, checked: what the gateway needs to know, and the headers for the service."""

    __slots__ = ("address", "content_length", "has_body", "headers", "request_id", "token", "traceparent", "tracestate")

    def __init__(self, scope: Scope, settings: GatewaySettings) -> None:
        """Raises `HeadersTooLarge`, `BadRequest` or `TooLarge`."""
        read: dict[bytes, bytes] = {}
        self.headers: CIMultiDict[str] = CIMultiDict()
        add = self.headers.add
        size = 0
        try:
            for name, value in scope["headers"]:
                size += len(name) + len(value)
                if name in _READ:
                    if name in read:
                        if name in _ONCE:
                            raise BadRequest(f"There are two {name.decode()} headers.")
                        value = read[name] + b"," + value
                    read[name] = value
                elif not name.startswith(b"x-forwarded-"):
                    add(name.decode(), value.decode())
        except UnicodeDecodeError:
            raise BadRequest("A header has characters that aren't UTF-8.") from None
        if size > settings.max_header_bytes:
            raise HeadersTooLarge(f"All headers together have at most {settings.max_header_bytes} bytes.")
        if b"connection" in read:
            self._drop_named_by(read[b"connection"])
        self._read_body_framing(scope, read, settings)
        self._read_trace(read)
        self.request_id = accepted_correlation_id(read.get(b"x-request-id", b"").decode("latin-1"))
        add("X-Request-ID", self.request_id)
        self._read_authorization(read)
        self._read_forwarded(scope, read, settings.trusted_proxies)

    def _drop_named_by(self, connection: bytes) -> None:
        """Headers that `Connection` names are for this connection only."""
        for name in connection.decode("latin-1").split(","):
            self.headers.popall(name.strip(), None)

    def _read_body_framing(self, scope: Scope, read: dict[bytes, bytes], settings: GatewaySettings) -> None:
        """The body's length, or that it comes in chunks: the service's request is framed anew, from what is read."""
        self.content_length: int | None = None
        declared = read.get(b"content-length")
        if b"transfer-encoding" in read:
            if declared is not None:
                raise BadRequest("A body has a Content-Length or a Transfer-Encoding, not both.")
            if read[b"transfer-encoding"].lower() != b"chunked":
                raise BadRequest("The only Transfer-Encoding is chunked.")
        if declared is not None:
            if not declared.isdigit() or len(declared) > 18:
                raise BadRequest("The Content-Length is not a number of bytes.")
            self.content_length = int(declared)
            if self.content_length > (limit := self.body_limit(settings)):
                raise TooLarge(f"A body here has at most {limit} bytes.")
        # Over HTTP/2 a body needs neither header.
        self.has_body = bool(self.content_length) or b"transfer-encoding" in read or scope["http_version"] == "2"

    def body_limit(self, settings: GatewaySettings) -> int:
        media_type = self.headers.get("content-type", "").partition(";")[0].rstrip().lower()
        is_json = media_type == "application/json" or media_type.endswith("+json")
        return settings.max_body_bytes if is_json else settings.max_upload_bytes

    def _read_trace(self, read: dict[bytes, bytes]) -> None:
        self.traceparent = self.tracestate = ""
        if offered := read.get(b"traceparent"):
            text = offered.decode("latin-1")
            if _TRACEPARENT.fullmatch(text):
                self.traceparent = text
                self.tracestate = read.get(b"tracestate", b"").decode("ascii", "replace")

    def _read_authorization(self, read: dict[bytes, bytes]) -> None:
        """The bearer token, or "" when there is none. Passed on as it came: the service verifies it again."""
        self.token = ""
        if value := read.get(b"authorization"):
            try:
                text = value.decode("ascii")
            except UnicodeDecodeError:
                raise BadRequest("The Authorization header has characters that no token has.") from None
            self.headers.add("Authorization", text)
            if text[:7].lower() == "bearer ":
                self.token = text[7:].strip()

    def _read_forwarded(self, scope: Scope, read: dict[bytes, bytes], trusted: Networks) -> None:
        """Who really called: said by the peer itself, or by load balancers that we trust."""
        host = _host(read.get(b"host", b""))
        if not host and (read.get(b"host") or scope["http_version"] not in ("1", "1.0")):
            raise BadRequest("The Host header does not name a host.")
        client = scope.get("client")
        self.address = client[0] if client else "unknown"
        scheme: str = scope["scheme"]
        if trusted and _is_in(self.address, trusted):
            self.address, scheme, host = _as_told(scope["headers"], trusted, self.address, scheme, host)
        add = self.headers.add
        add("X-Forwarded-For", self.address)
        add("X-Forwarded-Proto", scheme)
        if host:
            add("X-Forwarded-Host", host)


@functools.lru_cache(maxsize=1024)
def _host(raw: bytes) -> str:
    """The host that a Host header names; "" when it names none."""
    text = raw.decode("latin-1")
    return text if _HOST.fullmatch(text) else ""


def _is_in(address: str, networks: Networks) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def _as_told(headers: Headers, trusted: Networks, address: str, scheme: str, host: str) -> tuple[str, str, str]:
    """What a trusted load balancer says: the last address that isn't one of ours, its scheme, its host."""
    told = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    for hop in reversed([hop.strip() for line in told for hop in line.split(",")]):
        try:
            ip_address(hop)
        except ValueError:
            break
        address = hop
        if not _is_in(hop, trusted):
            break
    for name, value in headers:
        text = value.decode("latin-1")
        if name == b"x-forwarded-proto" and text in ("http", "https"):
            scheme = text
        elif name == b"x-forwarded-host":
            host = _host(value) or host
    return address, scheme, host


def offered_request_id(headers: Headers) -> str:
    """The caller's request id if it is harmless, else a new one; for requests that are refused early."""
    return accepted_correlation_id(dict(headers).get(b"x-request-id", b"").decode("latin-1"))


def answer_headers(raw: Iterable[tuple[bytes, bytes]], request_id: str, base_url: str) -> Headers:
    """An answer's headers for the client; a `Location` inside the service becomes one inside the gateway."""
    kept: Headers = []
    for name, value in raw:
        lowered = name.lower()
        if lowered in _ANSWER_DROPS:
            continue
        if lowered == b"location" and value.startswith(base_url.encode() + b"/"):
            value = value[len(base_url) :]
        kept.append((lowered, value))
    kept.append((b"x-request-id", request_id.encode()))
    kept.append((b"x-content-type-options", b"nosniff"))
    return kept

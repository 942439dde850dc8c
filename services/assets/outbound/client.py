"""Calls to servers that aren't ours, at addresses that others gave: only to the public internet, only for so long.

Where a call goes is checked where its socket is made: the address in hand there, whether a name was resolved to it or
it stood in the URL itself, is the one that is connected to. So nothing can change between the check and the connection,
and there is no way around it by a redirect (each is a call of its own), a second resolution or an odd spelling.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from services.assets.outbound.addresses import Network, is_allowed
from services.assets.outbound.errors import NoAnswer, NotAllowed

MOST_REDIRECTS = 5
MOST_URL_CHARACTERS = 2000
CONNECT_SECONDS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# As they are: what is hashed is the file itself, and nothing unpacks itself here.
_HEADERS = {"User-Agent": "Packshot", "Accept-Encoding": "identity"}


class Response:
    """An answer whose body is yet to be read."""

    def __init__(self, answer: aiohttp.ClientResponse, stall_seconds: float) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.host = answer.url.host
        self.length = answer.content_length
        self._content = answer.content
        self._stall_seconds = stall_seconds

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Each read has its own limit: where aiohttp can't make sense of a body it closes the
        connection, and with it ends the limit that it had itself, but not the read."""
        while True:
            async with asyncio.timeout(self._stall_seconds):
                chunk = await self._content.readany()
            if not chunk:
                return
            yield chunk


class Outside:
    """The world outside, as this process may call it."""

    def __init__(
        self,
        *,
        private_networks: Sequence[Network] = (),
        plain_http: bool = False,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """`private_networks` may be called too. `plain_http`: not only https. `resolver`: another one than the
        system's."""
        self._private_networks = private_networks
        self._schemes = ("https", "http") if plain_http else ("https",)
        self._resolver = resolver

    def url_problem(self, url: str) -> str | None:
        """Why this URL can't be called, whatever it leads to; None when it can."""
        try:
            return self._problem(URL(url))
        except ValueError:
            return "is no URL"

    def _problem(self, url: URL) -> str | None:
        if url.scheme not in self._schemes:
            return f"doesn't begin with {' or '.join(f'{scheme}://' for scheme in self._schemes)}"
        if not url.raw_host or url.port is None:
            return "names no host"
        if not _can_be_looked_up(url.raw_host):
            return "names a host that there can't be"
        if url.user is not None or url.password is not None:
            return "has a user or password: sign the URL instead"
        if len(str(url)) > MOST_URL_CHARACTERS:
            return f"has more than {MOST_URL_CHARACTERS} characters"
        return None

    @asynccontextmanager
    async def get(self, url: str, *, seconds: float, stall_seconds: float) -> AsyncIterator[Response]:
        """The answer to a GET, whatever its status, after at most five redirects; its body is yet to be read, in the
        block. All of it takes at most `seconds`, of which nothing comes for at most `stall_seconds`.

        Raises `NotAllowed` or `NoAnswer`, also for what goes wrong while the body is read.
        """
        deadline = time.monotonic() + seconds
        async with self._session() as session:
            at = _read(url)
            for _ in range(MOST_REDIRECTS + 1):
                if problem := self._problem(at):
                    raise NotAllowed(f"The address {problem}.")
                timeout = _timeout(deadline - time.monotonic(), stall_seconds)
                with _translated(at):
                    async with session.get(at, allow_redirects=False, timeout=timeout) as response:
                        if response.status not in _REDIRECTS or "Location" not in response.headers:
                            yield Response(response, stall_seconds)
                            return
                        at = _next(response)
            raise NotAllowed(f"The address redirects more than {MOST_REDIRECTS} times.")

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> int:
        """The status of the answer to a POST. Redirects aren't followed, and the answer's body isn't read.

        Raises `NotAllowed` or `NoAnswer`.
        """
        at = _read(url)
        if problem := self._problem(at):
            raise NotAllowed(f"The address {problem}.")
        timeout = _timeout(seconds, seconds)
        async with self._session() as session:
            with _translated(at):
                async with session.post(
                    at, data=body, headers=headers, allow_redirects=False, timeout=timeout
                ) as response:
                    return response.status

    def _session(self) -> aiohttp.ClientSession:
        """One a call: nothing is kept from one to the next, neither connections nor names nor cookies."""
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            use_dns_cache=False,
            force_close=True,
            happy_eyeballs_delay=None,  # one address after the other, so that a refusal comes out as it is
            socket_factory=self._socket,
        )
        return aiohttp.ClientSession(
            connector=connector, headers=_HEADERS, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """The socket of a connection to exactly this address. Raises `NotAllowed`."""
        family, kind, protocol, _, address = info
        if not is_allowed(str(address[0]), self._private_networks):
            raise NotAllowed("The address leads into a private network.")
        return socket.socket(family, kind, protocol)


def _can_be_looked_up(host: str) -> bool:
    """Whether a resolver takes it as it is: no label of it is empty or longer than 63."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def _timeout(seconds: float, stall_seconds: float) -> aiohttp.ClientTimeout:
    """`seconds`: none left is little time, for 0 means for ever."""
    return aiohttp.ClientTimeout(total=max(seconds, 0.001), sock_connect=CONNECT_SECONDS, sock_read=stall_seconds)


def _read(url: str) -> URL:
    try:
        return URL(url)
    except ValueError:
        raise NotAllowed("The address is no URL.") from None


def _next(response: aiohttp.ClientResponse) -> URL:
    try:
        return response.url.join(URL(response.headers["Location"]))
    except ValueError:
        raise NotAllowed("The address redirects to what is no URL.") from None


@contextmanager
def _translated(at: URL) -> Iterator[None]:
    try:
        yield
    except aiohttp.InvalidURL:
        raise NotAllowed("The address is no URL that can be called.") from None
    except TimeoutError:
        raise NoAnswer(f"{at.host} took too long.") from None
    except aiohttp.ClientConnectorCertificateError:
        raise NoAnswer(f"The certificate of {at.host} is not valid.") from None
    except aiohttp.ClientConnectionError:
        raise NoAnswer(f"{at.host} can't be reached.") from None
    except (aiohttp.ClientError, OSError):
        raise NoAnswer(f"The answer of {at.host} broke off or makes no sense.") from None

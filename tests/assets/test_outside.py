"""Calling servers that aren't ours: only public addresses, whatever leads there, and only for so long."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from ipaddress import ip_network

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from chassis.embedded import free_port
from services.assets.outbound.addresses import is_allowed
from services.assets.outbound.client import Outside
from services.assets.outbound.errors import NoAnswer, NotAllowed
from tests.assets.elsewhere import HERE, PRIVATE, Elsewhere, elsewhere

PUBLIC = ["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "2606:4700::1111",
          "2a00:1450:4001:80b::200e", "::ffff:8.8.8.8", "64:ff9b::808:808"]  # fmt: skip
NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::169.254.169.254", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address, ())


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_other_addresses_are_not_unless_their_network_is_named(address: str) -> None:
    assert not is_allowed(address, ())
    assert not is_allowed(address, [ip_network("10.99.0.0/16"), ip_network("fd99::/16")])


def test_a_named_network_is_allowed_and_nothing_beside_it() -> None:
    networks = [ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")]
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd00:1::5"):
        assert is_allowed(address, networks), address
    for address in ("10.2.0.1", "::ffff:10.2.0.1", "fd00:2::5", "169.254.169.254"):
        assert not is_allowed(address, networks), address


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_counts_alike_in_every_spelling(address: object) -> None:
    plain = is_allowed(str(address), ())
    assert is_allowed(f"::ffff:{address}", ()) == is_allowed(f"64:ff9b::{address}", ()) == plain


@pytest.fixture
async def server() -> AsyncIterator[Elsewhere]:
    async with elsewhere() as server:
        yield server


def outside(resolver: AbstractResolver | None = None) -> Outside:
    return Outside(private_networks=[ip_network(f"{HERE}/32")], plain_http=True, resolver=resolver)


async def got(client: Outside, url: str, seconds: float = 5, stall_seconds: float = 5) -> bytes:
    async with client.get(url, seconds=seconds, stall_seconds=stall_seconds) as answer:
        return b"".join([chunk async for chunk in answer.chunks()])


async def test_what_is_wrong_with_a_url_is_said_before_it_is_called() -> None:
    for url, problem in {
        "http://a.example/x": "doesn't begin with https://",
        "ftp://a.example/x": "doesn't begin with https://",
        "file:///etc/passwd": "doesn't begin with https://",
        "//a.example/x": "doesn't begin with https://",
        "https://": "names no host",
        "https:///x": "names no host",
        "https://user:secret@a.example/x": "has a user or password",
        "https://user@a.example/x": "has a user or password",
        "https://[::1/x": "is no URL",
        "https://a..b/x": "names a host that there can't be",
        "https://.a.b/x": "names a host that there can't be",
        f"https://{'a' * 64}.example/x": "names a host that there can't be",
        "https://a.example:99999/x": "is no URL",
        "https://a.example/" + "x" * 2000: "has more than 2000 characters",
    }.items():
        found = Outside().url_problem(url)
        assert found is not None, url
        assert found.startswith(problem), url
    for good in (
        "https://a.example/x?signature=1",
        "https://a.example./x",
        "https://bücher.example/x",
        "https://[::1]/x",
    ):
        assert Outside().url_problem(good) is None, good
    assert outside().url_problem("http://a.example/x") is None


async def test_a_private_address_is_never_called(server: Elsewhere) -> None:
    """However it is spelt; what is allowed is one address of this machine, not the others."""
    server.gives("/x", b"secret")
    port = server.port
    spelt = [PRIVATE, f"[::ffff:{PRIVATE}]", "127.2", "2130706434", "0x7f000002", "0177.0.0.2", "0.0.0.0", "[::]",
             "[::1]", "localhost.localdomain"]  # fmt: skip
    for host in spelt:
        with pytest.raises((NotAllowed, NoAnswer)):
            await got(outside(), f"http://{host}:{port}/x")
    with pytest.raises(NotAllowed):
        await got(Outside(plain_http=True), server.url("/x"))
    assert server.hits == {}
    assert await got(outside(), server.url("/x")) == b"secret"


async def test_each_redirect_is_checked_anew(server: Elsewhere) -> None:
    server.gives("/x", b"file")
    assert await got(outside(), server.redirects("/a", server.url("/x"))) == b"file"
    assert await got(outside(), server.redirects("/b", "/x")) == b"file"
    for number, target in enumerate(
        [server.url("/private", PRIVATE), f"http://[::ffff:{PRIVATE}]:{server.port}/private", "file:///etc/passwd",
         "http://user:secret@127.0.0.1/private", "http://[::1/private", "gopher://127.0.0.1/private",
         "http://a..b/private", f"http://{'a' * 64}.example/private"]
    ):  # fmt: skip
        with pytest.raises(NotAllowed) as refused:
            await got(outside(), server.redirects(f"/evil{number}", target))
        assert "secret" not in str(refused.value)
        assert "127" not in str(refused.value)
    for number in range(5):
        server.redirects(f"/step{number}", f"/step{number + 1}")
    server.gives("/step5", b"there")
    assert await got(outside(), server.url("/step0")) == b"there"
    with pytest.raises(NotAllowed, match="more than 5 times"):
        await got(outside(), server.redirects("/step", "/step0"))
    assert "/private" not in server.hits
    with pytest.raises(NotAllowed, match="more than 5 times"):
        await got(outside(), server.redirects("/loop", "/loop"))


class Answers(AbstractResolver):
    """A name server that answers differently each time."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in self._answers.pop(0)
        ]

    async def close(self) -> None:
        pass


async def test_a_name_that_leads_elsewhere_at_the_second_look(server: Elsewhere) -> None:
    """One resolution a call, and the connection is to what was checked: there is no second look within a call."""
    server.gives("/x", b"file")
    rebinding = outside(Answers([HERE], [PRIVATE], [PRIVATE, HERE], [HERE]))
    url = f"http://files.example:{server.port}/x"
    assert await got(rebinding, url) == b"file"
    for _ in range(2):
        with pytest.raises(NotAllowed):
            await got(rebinding, url)
    assert await got(rebinding, url) == b"file"
    assert server.hits == {"/x": 2}


async def test_what_takes_too_long_is_broken_off(server: Elsewhere) -> None:
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="took too long"):
        await got(outside(), server.never_ends("/drip"), seconds=0.5)
    with pytest.raises(NoAnswer, match="took too long"):
        await got(outside(), server.never_ends("/stall", every=60), seconds=60, stall_seconds=0.2)
    with pytest.raises(NoAnswer, match="took too long"):
        await got(outside(), server.redirects("/round", server.url("/drip")), seconds=0.5)
    assert time.monotonic() - began < 30


async def test_a_body_that_makes_no_sense_in_the_end_is_broken_off_as_soon_as_it_stalls() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await asyncio.sleep(0.3)
        writer.write(b"0\r\nT: " + b"x" * 200_000)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    port = free_port()
    async with await asyncio.start_server(answer, HERE, port):
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            await got(outside(), f"http://{HERE}:{port}/x", seconds=40, stall_seconds=1)
        assert time.monotonic() - began < 30


async def test_what_breaks_off_or_is_not_there(server: Elsewhere) -> None:
    with pytest.raises(NoAnswer):
        await got(outside(), server.breaks_off("/half", bytes(100_000)))
    with pytest.raises(NoAnswer, match="can't be reached"):
        await got(outside(), f"http://{HERE}:1/x")
    with pytest.raises(NoAnswer, match="can't be reached"):
        await got(outside(), "http://there-is-no-such-name.invalid/x")


async def test_a_post_follows_no_redirect(server: Elsewhere) -> None:
    server.gives("/x", b"file")
    url = server.redirects("/a", "/x")
    assert await outside().post(url, b"{}", {}, seconds=5) == 302
    assert server.hits == {"/a": 1}
    with pytest.raises(NotAllowed):
        await outside().post(server.url("/x", PRIVATE), b"{}", {}, seconds=5)

"""Each caller has a share of its own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from chassis.issuer import LocalIssuer
from gateway.errors import TooManyRequests
from gateway.limits import RateLimit
from tests.gateway.conftest import Door
from tests.gateway.served import serve_gateway
from tests.gateway.services import EchoService, write_documents


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def may(limit: RateLimit, key: str) -> bool:
    try:
        limit.take(key)
    except TooManyRequests:
        return False
    return True


def test_a_burst_and_then_the_rate() -> None:
    clock = Clock()
    limit = RateLimit(rate=2, burst=5, max_keys=10, clock=clock)
    assert [may(limit, "a") for _ in range(7)] == [True] * 5 + [False] * 2
    clock.now += 0.5
    assert [may(limit, "a") for _ in range(2)] == [True, False]
    clock.now += 1000
    assert [may(limit, "a") for _ in range(7)] == [True] * 5 + [False] * 2


def test_refusals_cost_nothing_and_say_how_long_to_wait() -> None:
    clock = Clock()
    limit = RateLimit(rate=0.1, burst=1, max_keys=10, clock=clock)
    limit.take("a")
    for _ in range(3):
        with pytest.raises(TooManyRequests) as refused:
            limit.take("a")
        assert refused.value.headers == {"Retry-After": "10"}
    clock.now += 10
    limit.take("a")


def test_nobody_spends_anothers_share() -> None:
    limit = RateLimit(rate=1, burst=1, max_keys=10, clock=Clock())
    assert [may(limit, key) for key in "abcabc"] == [True] * 3 + [False] * 3


@given(
    rate=st.floats(0.1, 1000),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 3), max_size=200),
)
def test_never_more_than_the_burst_and_what_the_rate_gives(rate: float, burst: int, pauses: list[float]) -> None:
    clock = Clock()
    limit = RateLimit(rate, burst, max_keys=10, clock=clock)
    taken = []
    for pause in pauses:
        clock.now += pause
        if may(limit, "a"):
            taken.append(clock.now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + rate * (taken[last] - taken[first]) + 0.001


def test_memory_is_bounded_and_the_busiest_are_remembered() -> None:
    clock = Clock()
    limit = RateLimit(rate=1, burst=3, max_keys=100, clock=clock)
    assert [may(limit, "busy") for _ in range(4)] == [True] * 3 + [False]
    for number in range(1000):
        assert may(limit, f"passer-by {number}")
        assert len(limit._full_at) <= 100
    assert not may(limit, "busy")


@pytest_asyncio.fixture(scope="module")
async def strict(issuer: LocalIssuer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """A gateway that lets each caller make three requests, and believes a load balancer on this machine."""
    folder: Path = tmp_path_factory.mktemp("strict")
    service = EchoService()
    await service.start()
    gateway = await serve_gateway(
        folder,
        issuer,
        upstreams=dict.fromkeys(("intake", "assets", "qc", "routing"), service.url),
        documents=write_documents(folder / "documents"),
        rate_limit=0.05,
        rate_burst=3,
        trusted_proxies='["127.0.0.0/8", "10.0.0.0/8"]',
    )
    async with aiohttp.ClientSession(gateway.url) as client:
        yield Door(gateway, service, service, None, issuer, client)  # type: ignore[arg-type]  # nothing is scripted
    await gateway.stop()
    await service.stop()


async def statuses(door: Door, count: int, path: str = "/v1/requests", **headers: str) -> list[int]:
    async def one() -> int:
        async with door.client.post(path, data=b"{}", headers=headers) as answer:
            if answer.status == 429:
                assert answer.content_type == "application/problem+json"
                assert 1 <= int(answer.headers["Retry-After"]) <= 20
            return answer.status

    return sorted(await asyncio.gather(*(one() for _ in range(count))))


async def test_callers_are_told_apart_by_their_subject(strict: Door) -> None:
    assert await statuses(strict, 5, **strict.bearer("anna")) == [200] * 3 + [429] * 2
    assert await statuses(strict, 5, **strict.bearer("bert")) == [200] * 3 + [429] * 2
    again = strict.issuer.token("retoucher", subject="anna", jti="another token")
    assert await statuses(strict, 1, Authorization=f"Bearer {again}") == [429]


async def test_without_a_good_token_nobodys_share_is_spent(strict: Door) -> None:
    assert await statuses(strict, 10, Authorization="Bearer x") == [401] * 10
    assert await statuses(strict, 3, **strict.bearer("carl")) == [200] * 3


async def test_vendors_are_told_apart_by_name_and_address(strict: Door) -> None:
    def at(address: str) -> dict[str, str]:
        return {"X-Forwarded-For": address}

    assert await statuses(strict, 5, "/webhooks/vendors/x", **at("192.0.2.1")) == [200] * 3 + [429] * 2
    assert await statuses(strict, 5, "/webhooks/vendors/x/files/1", **at("192.0.2.1")) == [429] * 5
    assert await statuses(strict, 5, "/webhooks/vendors/y", **at("192.0.2.1")) == [200] * 3 + [429] * 2
    assert await statuses(strict, 5, "/webhooks/vendors/x", **at("192.0.2.2")) == [200] * 3 + [429] * 2


async def test_a_link_is_opened_so_often_from_one_address(strict: Door) -> None:
    def at(address: str) -> dict[str, str]:
        return {"X-Forwarded-For": address}

    assert await statuses(strict, 5, "/v1/links/a", **at("192.0.2.4")) == [200] * 3 + [429] * 2
    assert await statuses(strict, 3, "/v1/links/a?sig=x", **at("192.0.2.5")) == [200] * 3
    tried = [(await statuses(strict, 1, f"/v1/links/{n}", **at("192.0.2.6")))[0] for n in range(20)]
    assert tried.count(200) == 12


async def test_new_names_from_one_address_are_no_way_around(strict: Door) -> None:
    answers = [
        (await statuses(strict, 1, f"/webhooks/vendors/made-up-{number}", **{"X-Forwarded-For": "192.0.2.3"}))[0]
        for number in range(20)
    ]
    assert answers.count(200) == 12


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("1.1.1.1, 192.0.2.9", "192.0.2.9"),
        ("1.1.1.1, 192.0.2.9, 10.0.0.1, 10.0.0.2", "192.0.2.9"),
        ("nonsense", "127.0.0.1"),
        ("192.0.2.9, nonsense", "127.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", "127.0.0.1"),
    ],
)
async def test_a_trusted_load_balancer_says_who_called(strict: Door, told: str, believed: str) -> None:
    headers = {"X-Forwarded-For": told, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "packshot.example"}
    subject = f"told {told}"
    async with strict.client.get("/v1/requests", headers=headers | strict.bearer(subject)) as answer:
        assert answer.status == 200
    seen = strict.intake.last()
    assert seen.header("x-forwarded-for") == believed
    assert seen.header("x-forwarded-proto") == "https"
    assert seen.header("x-forwarded-host") == "packshot.example"

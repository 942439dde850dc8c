"""Packs: every version is kept, and whoever edits says which one they changed."""

import asyncio

import pytest
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import derived_id
from chassis.packs import (
    DEFAULTS_BY,
    keep_pack,
    latest_version,
    load_pack,
    load_packs,
    publish_default,
    publish_pack,
)
from chassis.problems import PreconditionFailed
from chassis.testkit.harness import Harness
from contracts.intake import RequestCancelled
from tests.chassis.conftest import StartProbe
from tests.chassis.probe.app import said


class Rates(BaseModel):
    hour: float
    note: str = ""


@pytest.fixture
async def probe(start_probe: StartProbe) -> Harness:
    return await start_probe()


def told(content: Rates, version: int) -> RequestCancelled:
    return said(f"{content.hour} in version {version}", derived_id("rates"))


async def publish(probe: Harness, hour: float, expected: int, name: str = "rates/studio") -> int:
    async with probe.service.database.transaction() as session:
        return await publish_pack(session, name, Rates(hour=hour), by="mara", expected=expected, event=told)


async def test_the_default_is_published_once_by_however_many_processes(probe: Harness) -> None:
    async def first_start() -> None:
        async with probe.service.database.transaction() as session:
            await publish_default(session, "rates/studio", Rates(hour=40), told)

    await asyncio.gather(*(first_start() for _ in range(5)))
    await publish(probe, 45, expected=1)
    await first_start()
    [default, edited] = await probe.fetch("SELECT version, published_by FROM pack ORDER BY version")
    assert (default["published_by"], edited["published_by"]) == (DEFAULTS_BY, "mara")
    events = await probe.recorded(RequestCancelled, "rates-studio")
    assert [(event.aggregateversion, event.data.cause) for event in events] == [
        (1, "40.0 in version 1"),
        (2, "45.0 in version 2"),
    ]


async def test_old_versions_stay_as_they_were(probe: Harness) -> None:
    for version, hour in enumerate((40, 45, 50)):
        assert await publish(probe, hour, expected=version) == version + 1
    async with probe.service.database.transaction() as session:
        assert await load_pack(session, "rates/studio", Rates) == (Rates(hour=50), 3)
        assert await load_pack(session, "rates/studio", Rates, version=1) == (Rates(hour=40), 1)
        assert await load_pack(session, "rates/studio", Rates, version=4) is None
        assert await load_pack(session, "rates/none", Rates) is None
        assert await latest_version(session, "rates/none") == 0


async def test_of_edits_of_one_version_all_but_one_are_refused(probe: Harness) -> None:
    await publish(probe, 40, expected=0)
    edits = (publish(probe, hour, expected=1) for hour in range(41, 49))
    results = await asyncio.gather(*edits, return_exceptions=True)
    refused = [one for one in results if isinstance(one, PreconditionFailed)]
    assert len(refused) == 7
    assert "version 1" in refused[0].detail
    assert [one for one in results if one == 2] == [2]
    assert len(await probe.recorded(RequestCancelled)) == 2


async def test_a_copy_is_kept_once_however_often_it_is_told(probe: Harness) -> None:
    async def keep(session: AsyncSession, hour: float) -> bool:
        return await keep_pack(session, "rates/copy", 3, Rates(hour=hour), "finance")

    async with probe.service.database.transaction() as session:
        assert await keep(session, 40)
        assert not await keep(session, 99)
        assert await load_pack(session, "rates/copy", Rates) == (Rates(hour=40), 3)


async def test_packs_of_one_family_are_read_together(probe: Harness) -> None:
    for name in ("rates/a", "rates/b", "rates_c", "rate"):
        await publish(probe, 40, expected=0, name=name)
    await publish(probe, 41, expected=1, name="rates/a")
    async with probe.service.database.transaction() as session:
        assert await load_packs(session, "rates/", Rates) == [(Rates(hour=41), 2), (Rates(hour=40), 1)]
        assert len(await load_packs(session, "rates_", Rates)) == 1, "an underscore stands for itself"

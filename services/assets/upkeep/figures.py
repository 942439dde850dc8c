"""Prometheus figures of the store, read from its books at each scrape."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from services.assets.upkeep import repository


async def figures(session: AsyncSession) -> Iterable[Metric]:
    """`packshot_store_damaged_files`, `packshot_store_check_overdue_seconds`."""
    damaged, overdue = await repository.standing(session, now())
    return [
        GaugeMetricFamily("packshot_store_damaged_files", "Stored files that have lost their bytes.", damaged),
        GaugeMetricFamily(
            "packshot_store_check_overdue_seconds",
            "How long the check of a stored file's bytes has been due that is due the longest.",
            overdue,
        ),
    ]

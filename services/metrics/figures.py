"""Prometheus families, read from the store at each scrape: a restart or a replay never changes them wrongly."""

from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.summary.repository import read_figures

Rows = list[Row[Any]]
_SLICE = ("category", "track", "channel")


def _counter(name: str, what: str, rows: Rows, labels: Sequence[str], value: str = "n") -> CounterMetricFamily:
    family = CounterMetricFamily(f"packshot_{name}", what, labels=labels)
    for row in rows:
        family.add_metric([str(getattr(row, label)) for label in labels], getattr(row, value))
    return family


def _gauge(name: str, what: str, rows: Rows, labels: Sequence[str]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"packshot_{name}", what, labels=labels)
    for row in rows:
        family.add_metric([str(getattr(row, label)) for label in labels], row.n)
    return family


def _intervals(rows: Rows) -> GaugeMetricFamily:
    what = "Hours from approval to upload, upload to live, and request to live, of all so far."
    family = GaugeMetricFamily("packshot_launch_hours", what, labels=["interval", "quantile"])
    for row in rows:
        for quantile, hours in zip(("0.5", "0.9"), row.at, strict=False):
            family.add_metric([row.interval, quantile], hours)
    return family


def _facet(rows: Rows, facet: str) -> Rows:
    return [row for row in rows if row.facet == facet]


async def figures(session: AsyncSession) -> Iterable[Metric]:
    """`packshot_sla_total{result=hit|missed}`, `packshot_rework_rounds_total`, `packshot_rejections_total`, …"""
    found = await read_figures(session)
    settled = [row for row in found["sla"] if row.result in ("hit", "missed")]
    at_risk = [row for row in found["sla"] if row.result == "at_risk"]
    fails = [row for row in found["decisions"] if row.outcome == "fail"]
    return [
        _gauge("requests", "Requests by state.", found["requests"], ["state"]),
        _counter("request_returns", "Requests returned for clarification.", found["returns"], []),
        _gauge("work_items", "Work items by kind and state.", found["work"], ["kind", "state"]),
        _counter("sla", "Work by whether it met its due time.", settled, [*_SLICE, "result"]),
        _gauge("sla_at_risk", "Open work, most of whose time is gone.", at_risk, _SLICE),
        _counter("escalations", "Rungs that late work climbed.", found["escalations"], ["track", "rung", "role"]),
        _counter("approved", "Approved work items.", found["approved"], _SLICE),
        _counter("first_pass", "Approved without rework.", found["approved"], _SLICE, "first_pass"),
        _counter("rework_rounds", "Times that work was sent back.", found["rework"], _SLICE, "rounds"),
        _counter("reworked_items", "Work items sent back at least once.", found["rework"], _SLICE, "items"),
        _counter("rework", "Rounds by reason of the taxonomy.", _facet(found["causes"], "reason"), ["cause"]),
        _counter("rework_facet", "Rounds by rework reason.", _facet(found["causes"], "rework"), ["cause"]),
        _counter("ai_rejections", "Fails of AI work by reason.", _facet(found["causes"], "ai"), ["cause"]),
        _counter("escapes", "Fails by a reason of an earlier gate.", _facet(found["causes"], "escape"), ["cause"]),
        _counter("rejections", "Fails by gate.", fails, ["gate", "automatic"]),
        _counter("decisions", "Decisions.", found["decisions"], ["gate", "outcome", "automatic"]),
        _counter("versions", "Stored versions by source.", found["versions"], ["source"]),
        _gauge("publications", "Versions at destinations.", found["publications"], ["destination", "state"]),
        _intervals(found["launches"]),
        _counter("delivered_files", "Files that vendors delivered.", found["delivered"], ["vendor", "accepted"]),
    ]

"""From counted rows to the summary. Pure."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from services.metrics.summary import schemas

Rows = list[Row[Any]]


def rate(part: int, whole: int) -> float | None:
    """Rounded to 4 places; None of nothing."""
    return round(part / whole, 4) if whole else None


def count_by(rows: Iterable[Row[Any]], *labels: str) -> schemas.Counts:
    """Sums `n` by the labels, joined with a blank; sorted by name."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[" ".join(str(getattr(row, label)) for label in labels)] += row.n
    return dict(sorted(counts.items()))


def summarize(figures: dict[str, Rows]) -> schemas.Summary:
    sla = count_by((row for row in figures["sla"] if row.result), "result")
    hit, missed = sla.get("hit", 0), sla.get("missed", 0)
    approved = sum(row.n for row in figures["approved"])
    first_pass = sum(row.first_pass for row in figures["approved"])
    causes = {facet: _of(figures["causes"], "facet", facet) for facet in ("reason", "rework", "ai", "escape")}
    fails = _of(figures["decisions"], "outcome", "fail")
    delivered = {row.accepted: 0 for row in figures["delivered"]}
    for row in figures["delivered"]:
        delivered[row.accepted] += row.n
    return schemas.Summary(
        requests=schemas.Requests(by_state=count_by(figures["requests"], "state"), returns=figures["returns"][0].n),
        work=schemas.Work(by_kind_and_state=_nested(figures["work"], "kind", "state")),
        sla=schemas.Sla(hit=hit, missed=missed, at_risk=sla.get("at_risk", 0), hit_rate=rate(hit, hit + missed)),
        escalations=schemas.Escalations(
            by_rung=count_by(figures["escalations"], "rung"), by_track=count_by(figures["escalations"], "track")
        ),
        first_pass=schemas.FirstPass(approved=approved, first_pass=first_pass, rate=rate(first_pass, approved)),
        rework=schemas.Rework(
            items=sum(row.items for row in figures["rework"]),
            rounds=sum(row.rounds for row in figures["rework"]),
            by_reason=count_by(causes["reason"], "cause"),
            by_facet=count_by(causes["rework"], "cause"),
            escapes=count_by(causes["escape"], "cause"),
        ),
        rejections=schemas.Rejections(
            by_gate=count_by(fails, "gate"),
            automatic_passes=sum(row.n for row in figures["decisions"] if row.automatic and row.outcome == "pass"),
            decisions=_nested(figures["decisions"], "gate", "outcome"),
        ),
        ai_rejections=schemas.AiRejections(by_reason=count_by(causes["ai"], "cause")),
        files=schemas.Files(
            versions_by_source=count_by(figures["versions"], "source"),
            delivered={"accepted": delivered.get(True, 0), "quarantined": delivered.get(False, 0)},
        ),
        publications=schemas.Publications(
            by_state=count_by(figures["publications"], "state"),
            by_destination=_nested(figures["publications"], "destination", "state"),
            intervals={row.interval: _interval(row) for row in figures["launches"]},
        ),
        by_category=_breakdown(figures, "category"),
        by_track=_breakdown(figures, "track"),
        by_channel=_breakdown(figures, "channel"),
    )


def _of(rows: Rows, label: str, value: str) -> Rows:
    return [row for row in rows if getattr(row, label) == value]


def _nested(rows: Rows, outer: str, inner: str) -> dict[str, schemas.Counts]:
    names = sorted({getattr(row, outer) for row in rows})
    return {name: count_by(_of(rows, outer, name), inner) for name in names}


def _interval(row: Row[Any]) -> schemas.Interval:
    half, most, quarter, three_quarters = row.at
    return schemas.Interval(
        count=row.n,
        p50_hours=round(half, 3),
        p90_hours=round(most, 3),
        spread_hours=round(three_quarters - quarter, 3),
    )


def _breakdown(figures: dict[str, Rows], label: str) -> dict[str, schemas.Share]:
    names = sorted({getattr(row, label) for row in figures["rework"]})
    shares = {}
    for name in names:
        approved, sla = _of(figures["approved"], label, name), _of(figures["sla"], label, name)
        shares[name] = schemas.Share(
            approved=sum(row.n for row in approved),
            first_pass=sum(row.first_pass for row in approved),
            sla_hit=sum(row.n for row in sla if row.result == "hit"),
            sla_missed=sum(row.n for row in sla if row.result == "missed"),
            rework_rounds=sum(row.rounds for row in _of(figures["rework"], label, name)),
        )
    return shares

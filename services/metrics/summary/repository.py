"""SQL of the figures: each query answers one family, with its labels."""

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

Rows = list[Row[Any]]

# Work with its rounds of rework: those that an amendment began are none.
_REWORKED = """
    (SELECT work.*, round - coalesce(redone.n, 0) AS rework FROM work
     LEFT JOIN (SELECT work_item_id, count(*) AS n FROM redone_round GROUP BY 1) AS redone ON work_item_id = work.id)
    AS work
"""

_QUERIES = {
    "requests": "SELECT state, count(*) AS n FROM request GROUP BY state",
    "returns": "SELECT count(*) AS n FROM request_return",
    "work": "SELECT kind, state, count(*) AS n FROM work GROUP BY kind, state",
    # Work that has a due time; approved work by when it was, open work by where its clock stands.
    "sla": """
        SELECT category, track, coalesce(channel, 'master') AS channel,
               CASE WHEN approved_at <= due_at THEN 'hit'
                    WHEN approved_at > due_at OR risk = 'breached' THEN 'missed'
                    WHEN risk = 'at_risk' THEN 'at_risk'
               END AS result,
               count(*) AS n
        FROM work WHERE due_at IS NOT NULL AND state <> 'cancelled'
        GROUP BY 1, 2, 3, 4
    """,
    "escalations": "SELECT track, rung, role, count(*) AS n FROM escalation GROUP BY track, rung, role",
    "approved": f"""
        SELECT category, track, coalesce(channel, 'master') AS channel,
               count(*) AS n, count(*) FILTER (WHERE rework = 0) AS first_pass
        FROM {_REWORKED} WHERE state = 'approved' GROUP BY 1, 2, 3
    """,  # noqa: S608, our own words
    "rework": f"""
        SELECT category, track, coalesce(channel, 'master') AS channel,
               sum(rework)::int AS rounds, count(*) FILTER (WHERE rework > 0) AS items
        FROM {_REWORKED} GROUP BY 1, 2, 3
    """,  # noqa: S608, our own words
    "causes": "SELECT facet, cause, count(*) AS n FROM rejection_cause GROUP BY facet, cause",
    "decisions": "SELECT gate, outcome, automatic, count(*) AS n FROM decision GROUP BY gate, outcome, automatic",
    "versions": "SELECT source, count(*) AS n FROM version GROUP BY source",
    "publications": "SELECT destination, state, count(*) AS n FROM publication GROUP BY destination, state",
    # Of work that was approved again after it was sent nobody knows the first time.
    "launches": """
        SELECT interval, count(*) AS n, percentile_cont(ARRAY[0.5, 0.9, 0.25, 0.75]) WITHIN GROUP (ORDER BY hours) AS at
        FROM (
            SELECT interval, extract(epoch FROM ended - began) / 3600 AS hours
            FROM launch JOIN work ON work.id = work_item_id LEFT JOIN request_begun USING (request_id),
            LATERAL (VALUES
                ('approval_to_upload', approved_at, sent_at),
                ('upload_to_live', sent_at, live_at),
                ('request_to_live', request_begun.at, live_at)
            ) AS part (interval, began, ended)
            WHERE ended >= began
        ) AS each GROUP BY interval ORDER BY interval
    """,
    "delivered": "SELECT vendor, accepted, count(*) AS n FROM delivered_file GROUP BY vendor, accepted",
}


async def read_figures(session: AsyncSession) -> dict[str, Rows]:
    """Every family's rows, all of one moment."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    return {name: list(await session.execute(text(query))) for name, query in _QUERIES.items()}

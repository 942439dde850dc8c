"""SQL of the books: they are counted from what is kept, each time they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.assets.deliveries.schemas import UploadedFile
from services.assets.reconciliation.schemas import (
    MOST_SHOWN,
    CountedDeliveries,
    CountedFiles,
    CountedUploads,
    DoubledNumber,
    Numbers,
    OwnNumbers,
)

_DELIVERIES = text(
    """
    SELECT count(*) AS received, count(decided_at) AS decided, count(*) - count(decided_at) AS waiting,
        coalesce(sum(repeats), 0) AS repeats
    FROM delivery WHERE vendor = :vendor AND received_at >= :since AND received_at < :until
    """
)
_FILES = text(
    """
    SELECT f.state, coalesce(f.codes[1], 'unknown') AS code, count(*) AS files
    FROM delivery d JOIN delivered_file f ON f.delivery_id = d.id
    WHERE d.vendor = :vendor AND d.received_at >= :since AND d.received_at < :until
    GROUP BY 1, 2 ORDER BY 2
    """
)
_UPLOADS = text(
    """
    SELECT count(*) FROM vendor_file WHERE vendor = :vendor AND uploaded_at >= :since AND uploaded_at < :until
    """
)
_UNNAMED = text(
    """
    SELECT u.vendor, u.sha256, u.bytes, u.media_type, count(*) OVER () AS every
    FROM vendor_file u
    WHERE u.vendor = :vendor AND u.uploaded_at >= :since AND u.uploaded_at < :until
        AND NOT EXISTS (SELECT FROM delivered_file f WHERE f.vendor = u.vendor AND f.sha256 = u.sha256)
    ORDER BY u.uploaded_at, u.sha256 LIMIT :most
    """
)
# A gap belongs to the first delivery above it: so each is in the books of one time, whenever its lower end came.
_GAPS = text(
    """
    WITH numbers AS (
        SELECT sequence, min(received_at) AS received_at,
            lag(sequence) OVER (ORDER BY sequence) AS before
        FROM delivery WHERE vendor = :vendor AND sequence IS NOT NULL GROUP BY sequence
    )
    SELECT before + 1 AS first, sequence - 1 AS last, sum(sequence - 1 - before) OVER () AS every
    FROM numbers
    WHERE sequence - before > 1 AND received_at >= :since AND received_at < :until
    ORDER BY sequence LIMIT :most
    """
)
_ENDS = text(
    """
    SELECT min(sequence) AS lowest, max(sequence) AS highest
    FROM delivery WHERE vendor = :vendor AND received_at >= :since AND received_at < :until
    """
)
_DOUBLED = text(
    """
    SELECT d.sequence AS number, count(*) AS deliveries
    FROM delivery d
    WHERE d.vendor = :vendor AND d.sequence IN (
        SELECT sequence FROM delivery WHERE vendor = :vendor AND received_at >= :since AND received_at < :until
    )
    GROUP BY d.sequence HAVING count(*) > 1 ORDER BY d.sequence LIMIT :most
    """
)


@dataclass(frozen=True)
class Time:
    """Whose books, and of which time."""

    vendor: str
    since: datetime
    until: datetime

    def values(self) -> dict[str, object]:
        return {"vendor": self.vendor, "since": self.since, "until": self.until}


async def count_deliveries(session: AsyncSession, of: Time) -> CountedDeliveries:
    row = (await session.execute(_DELIVERIES, of.values())).one()
    return CountedDeliveries(**row._mapping)


async def count_files(session: AsyncSession, of: Time) -> CountedFiles:
    rows = (await session.execute(_FILES, of.values())).all()
    accepted, quarantined, waiting = (_sum(rows, state) for state in ("accepted", "quarantined", "waiting"))
    return CountedFiles(
        named=accepted + quarantined + waiting,
        accepted=accepted,
        quarantined=quarantined,
        waiting=waiting,
        quarantined_by={row.code: row.files for row in rows if row.state == "quarantined"},
    )


def _sum(rows: Sequence[Row[*tuple[Any, ...]]], state: str) -> int:
    return sum(row.files for row in rows if row.state == state)


async def count_uploads(session: AsyncSession, of: Time) -> CountedUploads:
    received = (await session.execute(_UPLOADS, of.values())).scalar_one()
    rows = (await session.execute(_UNNAMED, of.values() | {"most": MOST_SHOWN})).all()
    unnamed = [UploadedFile(**{name: row._mapping[name] for name in UploadedFile.model_fields}) for row in rows]
    return CountedUploads(received=received, never_named=rows[0].every if rows else 0, unnamed=unnamed)


async def look_at_numbers(session: AsyncSession, of: Time) -> OwnNumbers:
    ends = (await session.execute(_ENDS, of.values())).one()
    gaps = (await session.execute(_GAPS, of.values() | {"most": MOST_SHOWN})).all()
    doubled = await session.execute(_DOUBLED, of.values() | {"most": MOST_SHOWN})
    return OwnNumbers(
        lowest=ends.lowest,
        highest=ends.highest,
        missing=int(gaps[0].every) if gaps else 0,
        gaps=[Numbers(first=row.first, last=row.last) for row in gaps],
        doubled=[DoubledNumber(**row._mapping) for row in doubled],
    )

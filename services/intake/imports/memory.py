"""SQL of what was imported before: the same row makes a request once, and a corrected one continues its request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests.schemas import RequestState


@dataclass(frozen=True)
class Open:
    """A returned request that an import made."""

    request_id: UUID
    version: int


async def made_before(session: AsyncSession, fingerprints: Sequence[bytes]) -> dict[bytes, UUID]:
    """Row content → the request that it made; not the cancelled ones. Two who import the same take turns here."""
    await session.execute(
        text(
            "SELECT pg_advisory_xact_lock(key) FROM"
            " (SELECT DISTINCT ('x' || encode(substr(print, 1, 8), 'hex'))::bit(64)::bigint AS key"
            " FROM unnest(CAST(:prints AS bytea[])) AS print ORDER BY key) AS keys"
        ),
        {"prints": list(fingerprints)},
    )
    rows = await session.execute(
        text(
            "SELECT fingerprint, request_id FROM imported JOIN request ON request.id = request_id"
            " WHERE fingerprint = ANY(CAST(:prints AS bytea[])) AND request.state <> :cancelled"
        ),
        {"prints": list(fingerprints), "cancelled": RequestState.CANCELLED},
    )
    return {bytes(row.fingerprint): row.request_id for row in rows}


async def remember(session: AsyncSession, made: Mapping[bytes, UUID]) -> None:
    """These rows have made these requests. One whose request was cancelled makes another."""
    await session.execute(
        text(
            "INSERT INTO imported (fingerprint, request_id)"
            " SELECT * FROM unnest(CAST(:prints AS bytea[]), CAST(:ids AS uuid[]))"
            " ON CONFLICT (fingerprint) DO UPDATE SET request_id = excluded.request_id"
        ),
        {"prints": list(made), "ids": list(made.values())},
    )


async def to_continue(
    session: AsyncSession, import_id: UUID, skus: Sequence[str], requested_by: str
) -> dict[str, Open]:
    """SKU → the one returned request of it that an earlier import of the same person made, if there is exactly one."""
    rows = await session.execute(
        text(
            "SELECT sku, (array_agg(id))[1] AS id, (array_agg(version))[1] AS version FROM request"
            " WHERE sku = ANY(CAST(:skus AS text[])) AND state = :returned AND accepted IS NULL AND requested_by = :by"
            " AND EXISTS (SELECT FROM import_row r WHERE r.request_id = request.id AND r.import_id <> :import_id)"
            " AND NOT EXISTS (SELECT FROM import_row r WHERE r.request_id = request.id AND r.import_id = :import_id)"
            " GROUP BY sku HAVING count(*) = 1"
        ),
        {"skus": list(skus), "returned": RequestState.RETURNED, "by": requested_by, "import_id": import_id},
    )
    return {row.sku: Open(row.id, row.version) for row in rows}

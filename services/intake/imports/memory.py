"""SQL of what was imported before: the same row makes a request once, and a corrected one continues its request."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.imports.columns import split_list
from services.intake.requests.schemas import Brief, RequestState


@dataclass(frozen=True)
class Earlier:
    """A request that an import made, and that was not cancelled. `said`: what the row said that came last for it."""

    request_id: UUID
    sku: str
    said: Brief
    brief: Brief
    in_production: bool


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


async def remember_said(session: AsyncSession, said: Mapping[UUID, Brief]) -> None:
    """This is what the files say of these requests now."""
    lines = [
        {"request_id": str(request_id), "sku": brief.sku, "brief": brief.model_dump(mode="json", exclude_none=True)}
        for request_id, brief in said.items()
    ]
    await session.execute(
        text(
            "INSERT INTO imported_brief (request_id, sku, brief) SELECT request_id, sku, brief"
            " FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS r (request_id uuid, sku text, brief jsonb)"
            " ON CONFLICT (request_id) DO UPDATE SET sku = excluded.sku, brief = excluded.brief"
        ),
        {"lines": orjson.dumps(lines).decode()},
    )


async def said_of(session: AsyncSession, request_ids: Collection[UUID]) -> dict[UUID, Brief]:
    """Request → what the row said that came last for it."""
    rows = await session.execute(
        text("SELECT request_id, brief FROM imported_brief WHERE request_id = ANY(CAST(:ids AS uuid[]))"),
        {"ids": list(request_ids)},
    )
    return {row.request_id: Brief.model_validate(row.brief) for row in rows}


async def had_a_row(session: AsyncSession, import_id: UUID, request_ids: Collection[UUID]) -> set[UUID]:
    """Those that a row of this import has made or continued already."""
    rows = await session.execute(
        text(
            "SELECT request_id FROM import_row WHERE request_id = ANY(CAST(:ids AS uuid[])) AND import_id = :import_id"
        ),
        {"ids": list(request_ids), "import_id": import_id},
    )
    return set(rows.scalars())


async def earlier_of(session: AsyncSession, skus: Collection[str]) -> list[Earlier]:
    """Of the SKUs as the files name them, oldest first."""
    rows = await session.execute(
        text(
            "SELECT request.id, said.sku, said.brief AS said, request.brief, request.accepted IS NOT NULL AS accepted"
            " FROM imported_brief said JOIN request ON request.id = said.request_id"
            " WHERE said.sku = ANY(CAST(:skus AS text[])) AND request.state <> :cancelled ORDER BY request.id"
        ),
        {"skus": list(skus), "cancelled": RequestState.CANCELLED},
    )
    return [
        Earlier(row.id, row.sku, Brief.model_validate(row.said), Brief.model_validate(row.brief), row.accepted)
        for row in rows
    ]


async def colorways_of_rows(
    session: AsyncSession, import_id: UUID, skus: Collection[str]
) -> dict[str, dict[int, frozenset[str]]]:
    """SKU → its rows in this import that have no request (yet), in the file's order, each with its colorways."""
    rows = await session.execute(
        text(
            "SELECT number, cells->>'sku' AS sku, cells->>'colorways' AS colorways FROM import_row"
            " WHERE import_id = :import_id AND request_id IS NULL AND cells->>'sku' = ANY(CAST(:skus AS text[]))"
            " ORDER BY number"
        ),
        {"import_id": import_id, "skus": list(skus)},
    )
    found: dict[str, dict[int, frozenset[str]]] = {}
    for row in rows:
        found.setdefault(row.sku, {})[row.number] = frozenset(split_list(row.colorways or ""))
    return found

"""SQL of fingerprints, and of the versions that others are compared with."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Integer, Row, Select, cast, func, insert, or_, select
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.values import Gate
from services.qc.comparison.domain import Fingerprint, Place, Seen, signed
from services.qc.comparison.models import fingerprint
from services.qc.reviews.domain import ReviewState
from services.qc.reviews.models import review
from services.qc.work.models import work_item

SHOOT = timedelta(days=1)
MOST_FRAMES = 30
"""Of a shoot: dust repeats in those or in none."""
MOST_NEIGHBOURS = 50
"""Of many that look alike; the very same picture comes first."""


async def add(session: AsyncSession, version: Version, content: Fingerprint, engine: str) -> None:
    await session.execute(
        insert(fingerprint).values(
            version_id=version.id,
            work_item_id=version.work_item_id,
            sha256=version.sha256,
            engine=engine,
            sku=version.sku,
            colorway=version.colorway,
            view=version.view,
            channel=version.channel,
            pixels=content.pixels,
            phash=signed(content.phash),
            content=content.model_dump(mode="json"),
        )
    )


async def of_bytes(session: AsyncSession, sha256: str, engine: str) -> Fingerprint | None:
    """What this engine keeps of these bytes, if it has measured them."""
    query = select(fingerprint.c.content).where(fingerprint.c.sha256 == sha256, fingerprint.c.engine == engine).limit(1)
    row = (await session.execute(query)).first()
    return Fingerprint.model_validate(row.content) if row else None


async def views(session: AsyncSession, version: Version, *, white: bool) -> list[Seen]:
    """The product's other masters in this colorway, on a white background or not as this one is."""
    query = _that_count().where(
        fingerprint.c.sku == version.sku,
        fingerprint.c.colorway == version.colorway,
        fingerprint.c.channel.is_(None),
        fingerprint.c.work_item_id != version.work_item_id,
        work_item.c.work["spec"]["white_background"].as_boolean() == white,
    )
    return _seen((await session.execute(query)).all())


async def same_shoot(session: AsyncSession, version: Version) -> list[Seen]:
    """Other masters of the same request that the same person or vendor delivered within a day, newest first."""
    request_id = work_item.c.work["request_id"].as_string()
    own = select(request_id).where(work_item.c.id == version.work_item_id).scalar_subquery()
    stored_at = cast(review.c.version["stored_at"].as_string(), DateTime(timezone=True))
    query = (
        _that_count()
        .where(
            fingerprint.c.sku == version.sku,  # a request is of one SKU
            fingerprint.c.channel.is_(None),
            fingerprint.c.work_item_id != version.work_item_id,
            request_id == own,
            review.c.version["delivered_by"].as_string() == version.delivered_by,
            stored_at > version.stored_at - SHOOT,
            stored_at <= version.stored_at + SHOOT,
        )
        .order_by(None)
        .order_by(stored_at.desc(), fingerprint.c.version_id)
        .limit(MOST_FRAMES)
    )
    return _seen((await session.execute(query)).all())


async def neighbours(session: AsyncSession, version: Version, own: Fingerprint, most_bits: int) -> list[Seen]:
    """What other slots hold that may be the same picture: masters for a master, else of the same channel."""
    bits = func.bit_count(cast(fingerprint.c.phash.op("#")(signed(own.phash)), BIT(64)), type_=Integer)
    same = fingerprint.c.pixels == own.pixels
    query = (
        _that_count()
        .where(
            or_(
                fingerprint.c.sku != version.sku,
                fingerprint.c.colorway != version.colorway,
                fingerprint.c.view != version.view,
            ),
            fingerprint.c.channel.is_not_distinct_from(version.channel),
            or_(same, bits <= most_bits),
        )
        .order_by(None)
        .order_by(same.desc(), bits, fingerprint.c.version_id)
        .limit(MOST_NEIGHBOURS)
    )
    return _seen((await session.execute(query)).all())


async def failed_before(session: AsyncSession, version: Version) -> list[tuple[UUID, Version]]:
    """Id of the review and version of each earlier round of the work item that failed, the newest first."""
    query = (
        select(review.c.id, review.c.version)
        .where(
            review.c.work_item_id == version.work_item_id,
            review.c.round < version.round,
            review.c.state == ReviewState.FAILED,
        )
        .order_by(review.c.round.desc())
    )
    return [(row.id, Version.model_validate(row.version)) for row in await session.execute(query)]


async def approved_master(session: AsyncSession, work_item_id: UUID) -> Version | None:
    """The shot's version that passed all gates."""
    query = (
        select(review.c.version)
        .where(review.c.work_item_id == work_item_id, review.c.state == ReviewState.PASSED)
        .order_by(review.c.round.desc())
        .limit(1)
    )
    row = (await session.execute(query)).first()
    return Version.model_validate(row.version) if row else None


async def approved_final(session: AsyncSession, version: Version) -> Version | None:
    """The newest master of the same slot that passed the gates for another request, final QC among them: a person has
    judged its colour. What AI made is no norm of a product's colour."""
    query = (
        select(review.c.version)
        .join(fingerprint, fingerprint.c.version_id == review.c.version_id)
        .join(work_item, work_item.c.id == review.c.work_item_id)
        .where(
            fingerprint.c.sku == version.sku,
            fingerprint.c.colorway == version.colorway,
            fingerprint.c.view == version.view,
            fingerprint.c.channel.is_(None),
            fingerprint.c.work_item_id != version.work_item_id,
            review.c.state == ReviewState.PASSED,
            work_item.c.work["gates"].contains([Gate.FINAL_QC]),
            work_item.c.work["ai"].as_boolean().is_(False),
        )
        .order_by(review.c.closed_at.desc(), review.c.id.desc())
        .limit(1)
    )
    row = (await session.execute(query)).first()
    return Version.model_validate(row.version) if row else None


def _that_count() -> Select[Any]:
    """Fingerprints of what is at the gates or has passed them: a version that failed is no norm and fills no slot."""
    return (
        select(fingerprint)
        .join(review, review.c.version_id == fingerprint.c.version_id)
        .join(work_item, work_item.c.id == fingerprint.c.work_item_id)
        .where(review.c.state.in_((ReviewState.OPEN, ReviewState.PASSED)))
        .order_by(fingerprint.c.version_id)
    )


def _seen(rows: Sequence[Row[Any]]) -> list[Seen]:
    return [
        Seen(
            version_id=row.version_id,
            sha256=row.sha256,
            place=Place(sku=row.sku, colorway=row.colorway, view=row.view, channel=row.channel),
            fingerprint=Fingerprint.model_validate(row.content),
        )
        for row in rows
    ]

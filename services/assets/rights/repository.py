"""SQL of usage rights, their versions and what they are attached to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from contracts.rights import Right, RightKind, RightTarget
from services.assets.rights.domain import holder_key
from services.assets.rights.models import usage_right, usage_right_target, usage_right_version
from services.assets.rights.schemas import Attachment, RightState
from services.assets.rights.terms import begins_at, ends_at

_right = usage_right.c
_target = usage_right_target.c
_ATTACHED = _target.detached_at.is_(None)


@dataclass(frozen=True)
class StoredRight:
    right: Right
    change: int
    """The aggregateversion of its newest event."""
    told: int | None
    """Days of the last warning of this term; 0: that it is over."""


def _stored(row: Row[*tuple[Any, ...]]) -> StoredRight:
    return StoredRight(Right.model_validate(row.content), row.change, row.told)


def _row(right: Right, change: int, told: int | None) -> dict[str, Any]:
    return {
        "id": right.id,
        "version": right.version,
        "change": change,
        "content": right.model_dump(mode="json"),
        "kind": right.kind,
        "holder_key": holder_key(right.holder),
        "begins_at": begins_at(right),
        "ends_at": ends_at(right),
        "revoked_at": right.revoked_at,
        "told": told,
    }


async def keep(session: AsyncSession, right: Right, change: int, told: int | None = None) -> None:
    """A new version, the first or the next. Of the next the right is locked by the caller."""
    row = _row(right, change, told)
    if right.version == 1:
        await session.execute(insert(usage_right).values(row))
    else:
        await session.execute(update(usage_right).where(_right.id == right.id).values(row))
    version = {"right_id": right.id, "version": right.version, "content": row["content"]}
    await session.execute(insert(usage_right_version).values(version))


async def note_change(session: AsyncSession, right_id: UUID, change: int) -> None:
    await session.execute(update(usage_right).where(_right.id == right_id).values(change=change))


async def note_told(session: AsyncSession, right_id: UUID, change: int, told: int) -> None:
    await session.execute(update(usage_right).where(_right.id == right_id).values(change=change, told=told))


async def find(session: AsyncSession, right_id: UUID, *, lock: bool = False) -> StoredRight | None:
    query = select(_right.content, _right.change, _right.told).where(_right.id == right_id)
    row = (await session.execute(query.with_for_update() if lock else query)).first()
    return _stored(row) if row else None


async def find_if_free(session: AsyncSession, right_id: UUID) -> StoredRight | None:
    """Locked; None when someone else has locked it."""
    query = select(_right.content, _right.change, _right.told).where(_right.id == right_id)
    row = (await session.execute(query.with_for_update(skip_locked=True))).first()
    return _stored(row) if row else None


@dataclass(frozen=True)
class Filter:
    at: datetime
    kind: RightKind | None = None
    holder: str | None = None
    state: RightState | None = None
    ends_before: datetime | None = None
    """Only those that have not ended, and will by then."""


async def page(session: AsyncSession, wanted: Filter, after: UUID | None, limit: int) -> list[Right]:
    """Newest first; `after`: those older than that one."""
    query = select(_right.content).order_by(_right.id.desc()).limit(limit)
    if wanted.kind is not None:
        query = query.where(_right.kind == wanted.kind)
    if wanted.holder is not None:
        query = query.where(_right.holder_key == holder_key(wanted.holder))
    if wanted.state is not None:
        query = query.where(_in_state(wanted.state, wanted.at))
    if wanted.ends_before is not None:
        query = query.where(
            _right.revoked_at.is_(None), _right.ends_at > wanted.at, _right.ends_at <= wanted.ends_before
        )
    if after is not None:
        query = query.where(_right.id < after)
    return [Right.model_validate(content) for content in (await session.execute(query)).scalars()]


def _in_state(state: RightState, at: datetime) -> Any:
    if state is RightState.REVOKED:
        return _right.revoked_at.is_not(None)
    ended = and_(_right.ends_at.is_not(None), _right.ends_at <= at)
    return and_(
        _right.revoked_at.is_(None),
        {
            RightState.NOT_BEGUN: _right.begins_at > at,
            RightState.ENDED: ended,
            RightState.IN_FORCE: and_(_right.begins_at <= at, or_(_right.ends_at.is_(None), _right.ends_at > at)),
        }[state],
    )


async def versions(session: AsyncSession, right_id: UUID, before: int | None, limit: int) -> list[Right]:
    """Newest first."""
    table = usage_right_version.c
    query = select(table.content).where(table.right_id == right_id).order_by(table.version.desc()).limit(limit)
    if before is not None:
        query = query.where(table.version < before)
    return [Right.model_validate(content) for content in (await session.execute(query)).scalars()]


async def with_an_end(session: AsyncSession) -> Sequence[UUID]:
    """Of which something may still be told: not revoked, and not told to be over."""
    query = select(_right.id).where(_right.ends_at.is_not(None), _right.revoked_at.is_(None))
    return (await session.execute(query.where(func.coalesce(_right.told, 1) > 0))).scalars().all()


async def attach(
    session: AsyncSession,
    right_id: UUID,
    targets: Sequence[RightTarget],
    items: dict[UUID, UUID],
    by: str,
    at: datetime,
) -> set[str]:
    """The keys of those that were not attached before. `items`: each asset's work item."""
    rows = [
        {
            "id": new_id(),
            "right_id": right_id,
            "key": target.key,
            "work_item_id": items[target.asset_id] if target.asset_id else None,
            "attached_by": by,
            "attached_at": at,
            **target.model_dump(),
        }
        for target in targets
    ]
    added = insert_or_not(usage_right_target).values(rows).on_conflict_do_nothing().returning(_target.key)
    return set((await session.execute(added)).scalars())


async def detach(
    session: AsyncSession, right_id: UUID, keys: Collection[str], by: str, at: datetime, cause: str
) -> set[str]:
    """The keys of those that were attached."""
    gone = (
        update(usage_right_target)
        .where(_target.right_id == right_id, _target.key.in_(keys), _ATTACHED)
        .values(detached_by=by, detached_at=at, cause=cause)
        .returning(_target.key)
    )
    return set((await session.execute(gone)).scalars())


async def attachments(session: AsyncSession, right_id: UUID, after: UUID | None, limit: int) -> list[Attachment]:
    """Newest first, those that were detached as well."""
    query = select(usage_right_target).where(_target.right_id == right_id).order_by(_target.id.desc()).limit(limit)
    if after is not None:
        query = query.where(_target.id < after)
    return [_attachment(row) for row in await session.execute(query)]


def _attachment(row: Row[*tuple[Any, ...]]) -> Attachment:
    values = row._mapping
    target = RightTarget(**{name: values[name] for name in RightTarget.model_fields})
    own = {name: values[name] for name in Attachment.model_fields if name != "target"}
    return Attachment(target=target, **own)

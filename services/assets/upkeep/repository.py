"""SQL of the store's books."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, and_, bindparam, cast, exists, func, not_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from services.assets.upkeep.domain import CHECK_LEASE, SHELVES, TAKEN_OVER_AFTER, Damage, Doomed, KeptFile, shelf_name
from services.assets.upkeep.models import damaged_file, stored_file
from services.assets.upkeep.schemas import DamagedFile, Use

_file, _damage = stored_file.c, damaged_file.c
_KEPT = (_file.sha256, _file.bytes, _file.kept_at)
_OPEN = _damage.mended_at.is_(None)

# Arrays: there may be more files on a shelf than a statement may have parameters.
_ADD = text(
    "INSERT INTO stored_file (sha256, bytes, kept_at, check_at) SELECT sha256, bytes, listed_at, listed_at"
    " FROM (SELECT CAST(:at AS timestamptz) AS listed_at) AS listing,"
    " unnest(CAST(:hashes AS text[]), CAST(:sizes AS bigint[])) AS found (sha256, bytes)"
    " ON CONFLICT DO NOTHING RETURNING sha256"
)
_BACK = text(
    "UPDATE stored_file SET collected_at = NULL WHERE sha256 = ANY(CAST(:hashes AS text[]))"
    " AND collected_at < :long_ago RETURNING sha256"
)
SHOWN_USES = 100

# Made once, for every file that is stored needs them.
_NEW = insert(stored_file)
_EXPECT = _NEW.on_conflict_do_update(
    index_elements=[_file.sha256],
    set_={
        "bytes": _NEW.excluded.bytes,
        "kept_at": func.greatest(_file.kept_at, _NEW.excluded.kept_at),
        "collected_at": None,
    },
    where=_file.doomed_at.is_(None),
).returning(exists().where(_damage.sha256 == _file.sha256, _OPEN))
_LOCKED = (
    select(_file.doomed_at, _file.collected_at)
    .where(_file.sha256 == bindparam("sha256"))
    .with_for_update(read=True, key_share=True)
)


def _is_referred_to() -> ColumnElement[bool]:
    # Here, since those tables' own modules lean on this one.
    from services.assets.upkeep.referrers import REFERRERS

    return or_(*(exists().where(one.sha256 == _file.sha256) for one in REFERRERS))


async def expect(session: AsyncSession, sha256: str, size: int, at: datetime, check_every: timedelta) -> bool | None:
    """Whether what lies in its place can be trusted; None while it is being deleted."""
    row = {"sha256": sha256, "bytes": size, "kept_at": at, "check_at": at + check_every}
    damaged = (await session.execute(_EXPECT, row)).scalar_one_or_none()
    return None if damaged is None else not damaged


async def hold(session: AsyncSession, sha256: str, size: int, at: datetime) -> bool:
    """Lock its row against deletion until the transaction ends. False when it is being deleted, or was."""
    found = (await session.execute(_LOCKED, {"sha256": sha256})).one_or_none()
    if found is None:  # it was stored before there were any rows, and nobody has ever deleted it
        row = {"sha256": sha256, "bytes": size, "kept_at": at, "check_at": at}
        await session.execute(insert(stored_file).values(row).on_conflict_do_nothing())
        found = (await session.execute(_LOCKED, {"sha256": sha256})).one()
    return found.doomed_at is None and found.collected_at is None


async def adopt(session: AsyncSession, files: Sequence[tuple[str, int]], listed_at: datetime) -> int:
    """Note files (hash and size) that lie in the store and have no row, or one that says they were deleted long ago.
    Returns how many."""
    if not files:
        return 0
    found = sorted(files)  # in one order, so that two who do this wait for each other in turn
    hashes, sizes = [sha256 for sha256, _ in found], [size for _, size in found]
    added = await session.execute(_ADD, {"hashes": hashes, "sizes": sizes, "at": listed_at})
    back = await session.execute(_BACK, {"hashes": hashes, "long_ago": listed_at - TAKEN_OVER_AFTER})
    return len(added.all()) + len(back.all())


def _is_on(shelf: str) -> ColumnElement[bool]:
    """As a range, which the index serves in any collation."""
    following = int(shelf, 16) + 1
    begin = _file.sha256 >= shelf
    return begin if following == SHELVES else and_(begin, _file.sha256 < shelf_name(following))


async def doom(session: AsyncSession, shelf: str, kept_before: datetime, at: datetime, limit: int) -> list[Doomed]:
    """Mark so many files of a shelf that nothing refers to: from here on nobody relies on them.

    Those that somebody just stores or refers to are locked, and left for another time. What somebody else has doomed
    long ago, and not deleted, is taken over.
    """
    abandoned = _file.doomed_at < at - TAKEN_OVER_AFTER
    unwanted = and_(
        _is_on(shelf),
        _file.collected_at.is_(None),
        or_(and_(_file.doomed_at.is_(None), _file.kept_at <= kept_before), abandoned),
        not_(_is_referred_to()),
    )
    query = select(_file.sha256).where(unwanted).order_by(_file.sha256).limit(limit)
    locked = list((await session.execute(query.with_for_update(skip_locked=True))).scalars())
    if not locked:
        return []
    # Asked again, now that they are locked: a reference may have come between the look and the lock.
    still = await session.execute(
        update(stored_file)
        .where(_file.sha256.in_(locked), unwanted)
        .values(doomed_at=at)
        .returning(_file.sha256, _file.bytes, _file.doomed_at)
    )
    return [Doomed(**row._mapping) for row in still]


async def rescue(session: AsyncSession, shelf: str, at: datetime) -> list[str]:
    """Files whose deletion was given up, and that something refers to all the same: their doom is over, and their bytes
    are read next. Whoever holds what it refers to never meets this."""
    abandoned = _file.doomed_at < at - TAKEN_OVER_AFTER
    rescued = await session.execute(
        update(stored_file)
        .where(_is_on(shelf), abandoned, _is_referred_to())
        .values(doomed_at=None, check_at=at)
        .returning(_file.sha256)
    )
    return list(rescued.scalars())


async def spare(session: AsyncSession, doomed: Collection[Doomed]) -> None:
    """Whose deletion has not begun: they stay."""
    for one in doomed:
        mine = and_(_file.sha256 == one.sha256, _file.doomed_at == one.doomed_at)
        await session.execute(update(stored_file).where(mine).values(doomed_at=None))


async def collected(session: AsyncSession, one: Doomed, at: datetime) -> None:
    mine = and_(_file.sha256 == one.sha256, _file.doomed_at == one.doomed_at)
    gone = update(stored_file).where(mine).values(doomed_at=None, collected_at=at).returning(_file.sha256)
    if (await session.execute(gone)).first() is not None:
        await mend(session, one.sha256, at)


async def claim_check(session: AsyncSession, at: datetime) -> KeptFile | None:
    """The file whose check is due the longest, for this caller for a while."""
    due = (
        select(_file.sha256)
        .where(_file.check_at <= at, _file.collected_at.is_(None), _file.doomed_at.is_(None))
        .order_by(_file.check_at)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
        .scalar_subquery()
    )
    row = (
        await session.execute(
            update(stored_file).where(_file.sha256 == due).values(check_at=at + CHECK_LEASE).returning(*_KEPT)
        )
    ).first()
    return KeptFile(**row._mapping) if row else None


async def lock_unchanged(session: AsyncSession, file: KeptFile) -> bool:
    """Lock the file's row; False when someone has stored it anew meanwhile, or it is being deleted."""
    query = select(_file.sha256).where(
        _file.sha256 == file.sha256,
        _file.kept_at == file.kept_at,
        _file.doomed_at.is_(None),
        _file.collected_at.is_(None),
    )
    return (await session.execute(query.with_for_update())).first() is not None


async def is_referred_to(session: AsyncSession, sha256: str) -> bool:
    query = select(_is_referred_to()).where(_file.sha256 == sha256)
    return bool((await session.execute(query)).scalar())


async def found_whole(session: AsyncSession, sha256: str, at: datetime, next_at: datetime) -> None:
    await session.execute(update(stored_file).where(_file.sha256 == sha256).values(checked_at=at, check_at=next_at))
    await mend(session, sha256, at)


async def found_gone(session: AsyncSession, sha256: str, at: datetime) -> None:
    """Nothing refers to it, and it isn't there."""
    await session.execute(update(stored_file).where(_file.sha256 == sha256).values(collected_at=at))
    await mend(session, sha256, at)


async def found_damaged(
    session: AsyncSession, file: KeptFile, problem: Damage, at: datetime, next_at: datetime
) -> bool:
    """False when it was known."""
    await session.execute(update(stored_file).where(_file.sha256 == file.sha256).values(check_at=next_at))
    row = {"id": new_id(), "sha256": file.sha256, "bytes": file.bytes, "problem": problem, "found_at": at}
    added = await session.execute(
        insert(damaged_file)
        .values(row)
        .on_conflict_do_nothing(index_elements=[_damage.sha256], index_where=_OPEN)
        .returning(_damage.id)
    )
    return added.first() is not None


async def mend(session: AsyncSession, sha256: str, at: datetime) -> None:
    """Its damage, if there was one, is over."""
    await session.execute(update(damaged_file).where(_damage.sha256 == sha256, _OPEN).values(mended_at=at))


async def damage_of(session: AsyncSession, sha256: str) -> Damage | None:
    """None: it is whole, as far as is known."""
    found = (await session.execute(select(_damage.problem).where(_damage.sha256 == sha256, _OPEN))).scalar()
    return Damage(found) if found else None


async def open_damage(session: AsyncSession, sha256: str) -> DamagedFile | None:
    row = (await session.execute(_damages().where(_damage.sha256 == sha256, _OPEN))).first()
    return (await _shown(session, [row]))[0] if row else None


async def find_damage(session: AsyncSession, damage_id: UUID) -> DamagedFile:
    row = (await session.execute(_damages().where(_damage.id == damage_id))).one()
    return (await _shown(session, [row]))[0]


async def damages(session: AsyncSession, after: UUID | None, limit: int, *, mended: bool) -> list[DamagedFile]:
    """Newest first; `mended`: those that are over as well."""
    query = _damages().order_by(_damage.id.desc()).limit(limit)
    if not mended:
        query = query.where(_OPEN)
    if after is not None:
        query = query.where(_damage.id < after)
    return await _shown(session, (await session.execute(query)).all())


def _damages() -> Any:
    return select(*damaged_file.c)


async def _shown(session: AsyncSession, rows: Sequence[Row[Any]]) -> list[DamagedFile]:
    uses = await _uses(session, {row.sha256 for row in rows})
    return [DamagedFile(**row._mapping, used_by=uses[row.sha256][:SHOWN_USES]) for row in rows]


async def _uses(session: AsyncSession, hashes: Collection[str]) -> dict[str, list[Use]]:
    from services.assets.upkeep.referrers import REFERRERS

    found: dict[str, list[Use]] = defaultdict(list)
    for one in REFERRERS:
        query = select(one.sha256.label("sha256"), cast(one.key, String).label("key")).where(one.sha256.in_(hashes))
        for row in await session.execute(query.order_by(one.key)):
            found[row.sha256].append(Use(what=one.name, key=row.key))
    return found


async def standing(session: AsyncSession, at: datetime) -> tuple[int, float]:
    """How many files are damaged, and for how many seconds the check that is due the longest has been so."""
    damaged = (await session.execute(select(func.count()).select_from(damaged_file).where(_OPEN))).scalar_one()
    oldest = select(func.min(_file.check_at)).where(_file.collected_at.is_(None))
    due = (await session.execute(oldest)).scalar()
    return damaged, max(0.0, (at - due).total_seconds()) if due else 0.0

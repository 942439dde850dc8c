"""Usage rights: recorded in versions, changed and revoked with a cause, never deleted."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.etags import check_version
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.problems import Invalid, NotFound
from chassis.timers import drop_timers, set_timer
from contracts.rights import Right, RightKind, RightRecorded, RightRevoked
from contracts.values import Domain, Role
from services.assets.channels.service import channel_packs
from services.assets.reference import require_owner
from services.assets.rights import repository
from services.assets.rights.errors import IsRevoked
from services.assets.rights.faults import faults_of
from services.assets.rights.pack import TIMER, current_pack
from services.assets.rights.repository import StoredRight
from services.assets.rights.schemas import RightContent, RightEdit, RightState, RightView
from services.assets.rights.terms import state_of


def shown(right: Right) -> RightView:
    return RightView(state=state_of(right, now()), **dict(right))


async def record_right(session: AsyncSession, content: RightContent, caller: Caller) -> Right:
    """A new right, by the owner of `files_and_rights`. Raises `Invalid` with everything that is wrong."""
    role = await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    right = await _version(session, content, new_id(), 1, caller, role, cause=None)
    await repository.keep(session, right, change=1)
    await record(session, Happened(RightRecorded(right=right), right.id, 1))
    await _look_again(session, right)
    return right


async def edit_right(session: AsyncSession, right_id: UUID, content: RightEdit, caller: Caller, expected: int) -> Right:
    """Its next version. Another term is warned of anew. Raises `Invalid`, `IsRevoked`, `PreconditionFailed`."""
    role = await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    stored = await get_right(session, right_id, lock=True)
    check_version(expected, stored.right.version)
    _require_not_revoked(stored.right)
    right = await _version(session, content, right_id, expected + 1, caller, role, cause=content.cause)
    same_term = (right.valid_until, right.time_zone) == (stored.right.valid_until, stored.right.time_zone)
    await repository.keep(session, right, stored.change + 1, stored.told if same_term else None)
    await record(session, Happened(RightRecorded(right=right), right_id, stored.change + 1))
    await _look_again(session, right)
    return right


async def revoke_right(session: AsyncSession, right_id: UUID, cause: str, caller: Caller, expected: int) -> Right:
    """From this moment on it permits nothing. Raises `IsRevoked`, `PreconditionFailed`."""
    role = await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    stored = await get_right(session, right_id, lock=True)
    check_version(expected, stored.right.version)
    _require_not_revoked(stored.right)
    at = now()
    changes = {"version": expected + 1, "recorded_by": caller.subject, "role": role, "recorded_at": at, "cause": cause}
    right = stored.right.model_copy(update=changes | {"revoked_at": at})
    await repository.keep(session, right, stored.change + 1, stored.told)
    await record(session, Happened(RightRevoked(right=right), right_id, stored.change + 1))
    await drop_timers(session, [(TIMER, str(right_id))])
    return right


async def get_right(session: AsyncSession, right_id: UUID, *, lock: bool = False) -> StoredRight:
    """Raises `NotFound`."""
    stored = await repository.find(session, right_id, lock=lock)
    if stored is None:
        raise NotFound("There is no right with this id.")
    return stored


async def rights(
    session: AsyncSession,
    *,
    kind: RightKind | None,
    holder: str | None,
    state: RightState | None,
    within_days: int | None,
    after: UUID | None,
    limit: int,
) -> list[RightView]:
    """Newest first. `within_days`: those that have not ended, and will within so many days."""
    at = now()
    ends_before = at + timedelta(days=within_days) if within_days is not None else None
    wanted = repository.Filter(at, kind, holder, state, ends_before)
    return [shown(right) for right in await repository.page(session, wanted, after, limit)]


async def _version(
    session: AsyncSession,
    content: RightContent,
    right_id: UUID,
    number: int,
    caller: Caller,
    role: Role,
    cause: str | None,
) -> Right:
    channels = {pack.channel for pack in await channel_packs(session)}
    if faults := faults_of(content, channels):
        raise Invalid("This right can't be recorded; `errors` names each cause.", errors=faults)
    said = content.model_dump(exclude={"cause"})
    said["time_zone"] = content.time_zone or (await current_pack(session)).time_zone
    return Right(
        id=right_id,
        version=number,
        recorded_by=caller.subject,
        role=role,
        recorded_at=now(),
        cause=cause,
        revoked_at=None,
        **said,
    )


def _require_not_revoked(right: Right) -> None:
    if right.revoked_at is not None:
        detail = f"It was revoked on {right.revoked_at:%Y-%m-%d}: {right.cause}. Record a new right in its place."
        raise IsRevoked(detail, revoked_at=right.revoked_at.isoformat())


async def _look_again(session: AsyncSession, right: Right) -> None:
    """At once: whether its end is near is for the timer to find."""
    if right.valid_until is None:
        await drop_timers(session, [(TIMER, str(right.id))])
    else:
        await set_timer(session, TIMER, right.id, now())

"""What rights are attached to, and detached from with a cause."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.events import Happened, record
from chassis.problems import FieldError, Invalid
from contracts.rights import RightAttached, RightDetached, RightTarget
from contracts.values import Domain
from services.assets.reference import require_owner
from services.assets.rights import pictures, repository
from services.assets.rights.recording import get_right


async def attach(session: AsyncSession, right_id: UUID, targets: Sequence[RightTarget], caller: Caller) -> int:
    """How many it was not attached to before. By the owner of `files_and_rights`. Raises `Invalid`, naming each target
    that there is none of, `NotFound`."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    stored = await get_right(session, right_id, lock=True)
    wanted = {target.key: target for target in targets}
    items = await pictures.items_of_assets(session, [one.asset_id for one in wanted.values() if one.asset_id])
    if unknown := await _unknown(session, targets, items.keys()):
        raise Invalid("Some of these targets there are none of; `errors` names each.", errors=unknown)
    at = now()
    added = await repository.attach(session, right_id, list(wanted.values()), items, caller.subject, at)
    if added:
        told = [target for key, target in wanted.items() if key in added]
        said = RightAttached(right_id=right_id, targets=told, by=caller.subject, at=at)
        await _tell(session, right_id, stored.change + 1, said)
    return len(added)


async def detach(
    session: AsyncSession, right_id: UUID, targets: Sequence[RightTarget], cause: str, caller: Caller
) -> int:
    """How many it was attached to. By the owner of `files_and_rights`. Raises `NotFound`."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    stored = await get_right(session, right_id, lock=True)
    wanted, at = {target.key: target for target in targets}, now()
    gone = await repository.detach(session, right_id, wanted.keys(), caller.subject, at, cause)
    if gone:
        told = [target for key, target in wanted.items() if key in gone]
        said = RightDetached(right_id=right_id, targets=told, by=caller.subject, at=at, cause=cause)
        await _tell(session, right_id, stored.change + 1, said)
    return len(gone)


async def _tell(session: AsyncSession, right_id: UUID, change: int, said: RightAttached | RightDetached) -> None:
    """The right is locked by the caller."""
    await repository.note_change(session, right_id, change)
    await record(session, Happened(said, right_id, change))


async def _unknown(session: AsyncSession, targets: Sequence[RightTarget], assets: Collection[UUID]) -> list[FieldError]:
    """Each target that there is none of, in its place."""
    products = await pictures.known_products(
        session, [(one.sku, one.colorway) for one in targets if one.sku and one.colorway]
    )
    requests = await pictures.known_requests(session, [one.request_id for one in targets if one.request_id])
    vendors = await pictures.known_vendors(session, [one.vendor for one in targets if one.vendor])
    found = []
    for number, one in enumerate(targets):
        if one.asset_id and one.asset_id not in assets:
            found.append(_none(number, "no file of this asset was ever stored", "Send the `asset_id` of a version."))
        elif one.sku and (one.sku, one.colorway) not in products:
            detail = f"no request has named SKU {one.sku} in {one.colorway}"
            found.append(
                _none(number, detail, "Send a product that was asked for; a new request is known in a moment.")
            )
        elif one.request_id and one.request_id not in requests:
            detail = "no work was made of this request"
            found.append(_none(number, detail, "Send an accepted request; a new one is known in a moment."))
        elif one.vendor and one.vendor not in vendors:
            found.append(_none(number, f"there is no vendor {one.vendor}", "Register it: PUT /v1/vendors/{vendor}."))
    return found


def _none(number: int, detail: str, remedy: str) -> FieldError:
    return FieldError(pointer=f"/targets/{number}", detail=detail, remedy=remedy)

"""Links: made and revoked by the owner of `files_and_rights`, opened by whoever has the address."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.ids import new_id
from chassis.problems import NotFound
from contracts.assets import Version
from contracts.values import Domain
from services.assets.links import repository
from services.assets.links.domain import KEY_BYTES, address_of, check_open, check_signature
from services.assets.links.errors import LinkOver, NoSuchLink
from services.assets.links.schemas import Link, LinkWish, NewLink
from services.assets.reference import require_owner
from services.assets.rights.errors import MayNotPublish
from services.assets.rights.service import ask
from services.assets.upkeep.ledger import require_whole
from services.assets.versions.service import get_version


async def make_link(session: AsyncSession, version_id: UUID, wish: LinkWish, caller: Caller) -> NewLink:
    """Raises `Forbidden`, `NotFound`, `MayNotPublish`."""
    role = await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    version = await get_version(session, version_id)
    if wish.despite_rights is None and not (answer := await ask(session, version)).allowed:
        remedy = "Say why it may be read all the same as `despite_rights`, which is kept."
        raise MayNotPublish(answer, remedy)
    expires_at = now() + timedelta(seconds=wish.expires_in)
    return await issue(
        session, version.id, wish.purpose, expires_at, caller.subject, role, despite_rights=wish.despite_rights
    )


async def issue(
    session: AsyncSession,
    version_id: UUID,
    purpose: str | None,
    expires_at: datetime,
    by: str,
    role: str,
    *,
    despite_rights: str | None = None,
) -> NewLink:
    """A link to a version that there is, for whom the caller of this has checked."""
    link = Link(
        id=new_id(),
        version_id=version_id,
        purpose=purpose,
        despite_rights=despite_rights,
        made_by=by,
        role=role,
        made_at=now(),
        expires_at=expires_at,
        revoked_by=None,
        revoked_at=None,
    )
    await repository.add(session, link)
    return NewLink(**link.model_dump(), url=address_of(await _key(session), link.id))


async def revoke_link(session: AsyncSession, version_id: UUID, link_id: UUID, caller: Caller) -> None:
    """Raises `Forbidden`, `NotFound`."""
    await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
    if not await repository.revoke(session, version_id, link_id, caller.subject, now()):
        raise NotFound("This version has no link with this id.")


async def open_link(session: AsyncSession, link_id: UUID, signature: str) -> Version:
    """What the link is to. Raises `NoSuchLink`; `LinkOver`, and what is wrong with the file, only to who has its whole
    address."""
    check_signature(await _key(session), link_id, signature)
    link = await repository.find(session, link_id)
    if link is None:
        raise NoSuchLink
    check_open(link, now())
    version = await get_version(session, link.version_id)
    if link.despite_rights is None and not (await ask(session, version)).allowed:
        raise LinkOver("The rights of this picture don't allow it any more. Ask whoever gave the link to you.")
    await require_whole(session, version.sha256)
    return version


async def _key(session: AsyncSession) -> bytes:
    return await repository.key(session, secrets.token_bytes(KEY_BYTES), now())

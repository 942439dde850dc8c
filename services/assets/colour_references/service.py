"""Colour references: taken in as versions, the newest of a kind first."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.events import Happened, record
from chassis.ids import new_id
from chassis.problems import NotFound
from contracts.assets import ColourReference, ColourReferenceStored
from contracts.values import Role
from services.assets.colour_references import repository
from services.assets.colour_references.domain import STORED_BY, Product, require_known, require_own
from services.assets.reference import require_owner
from services.assets.store.store import StoredFile
from services.assets.upkeep.ledger import hold
from services.assets.work import repository as work_repository


async def storing_role(session: AsyncSession, product: Product, caller: Caller) -> Role:
    """The role in which the caller stores this kind. Raises `Forbidden`, `Unavailable`."""
    return await require_owner(session, caller, STORED_BY[product.kind])


async def check_known(session: AsyncSession, product: Product) -> None:
    """Raises `UnknownProduct`."""
    require_known(product, await work_repository.slots_of(session, product.sku))


async def check_own(session: AsyncSession, product: Product, sha256: str) -> None:
    """Raises `SameAsAnotherColorway`."""
    require_own(product, sha256, await repository.newest_of_sku(session, product.sku))


async def register(
    session: AsyncSession, product: Product, stored: StoredFile, *, filename: str, by: Caller, role: Role
) -> tuple[ColourReference, bool]:
    """A stored file becomes the newest version, and True; the very bytes of the newest are that one, and False.

    Raises `SameAsAnotherColorway`, `BeingCleared`.
    """
    await repository.lock_product(session, product.sku)
    newest = await repository.newest_of_sku(session, product.sku)
    require_own(product, stored.sha256, newest)
    before = next((one for one in newest if (one.colorway, one.kind) == (product.colorway, product.kind)), None)
    if before is not None and before.sha256 == stored.sha256:
        return before, False
    reference = ColourReference(
        id=new_id(),
        sku=product.sku,
        colorway=product.colorway,
        kind=product.kind,
        number=before.number + 1 if before else 1,
        sha256=stored.sha256,
        bytes=stored.bytes,
        media_type=stored.media_type,
        filename=filename,
        location=stored.location,
        stored_by=by.subject,
        role=role,
        stored_at=now(),
    )
    await hold(session, stored)
    await repository.add(session, reference)
    await record(session, Happened(ColourReferenceStored(reference=reference), product.id, reference.number))
    return reference, True


async def get_reference(session: AsyncSession, product: Product, number: int) -> ColourReference:
    found = await repository.find(session, product, number)
    if found is None:
        raise NotFound(f"SKU {product.sku} in {product.colorway} has no {product.kind} with the number {number}.")
    return found

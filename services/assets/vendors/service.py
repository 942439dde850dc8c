"""The vendor registry. Whoever owns `schedule_and_vendors` keeps it."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.problems import NotFound
from contracts.values import Domain
from services.assets.outbound import service as outbound
from services.assets.outbound.schemas import Endpoint, EndpointEntry, EndpointWithSecret
from services.assets.outbound.secrets import new_secret
from services.assets.reference import require_owner
from services.assets.vendors import repository
from services.assets.vendors.schemas import Vendor, VendorEntry, VendorWithSecret


def owner_of_callback(vendor_id: str) -> str:
    """Under which a vendor's endpoint is registered."""
    return f"vendor/{vendor_id}"


async def register(
    session: AsyncSession, vendor_id: str, entry: VendorEntry, caller: Caller
) -> tuple[VendorWithSecret, bool]:
    """A new vendor with its secret, and True; or the known one with what was changed, and False."""
    await require_owner(session, caller, Domain.SCHEDULE_AND_VENDORS)
    secret, at = new_secret(), now()
    row = {"id": vendor_id, "secret": secret, "secret_made_at": at, "registered_by": caller.subject,
           "registered_at": at, **entry.model_dump()}  # fmt: skip
    is_new = await repository.add(session, row)
    if not is_new:
        await repository.change(session, vendor_id, entry.model_dump())
    vendor = await get_vendor(session, vendor_id)
    return VendorWithSecret(**vendor.model_dump(), secret=secret if is_new else None), is_new


async def renew_secret(session: AsyncSession, vendor_id: str, overlap: timedelta, caller: Caller) -> VendorWithSecret:
    """A new secret; the old one counts too during the overlap, and the one before that no more."""
    await require_owner(session, caller, Domain.SCHEDULE_AND_VENDORS)
    secret, at = new_secret(), now()
    old = await repository.current_secret(session, vendor_id)
    values = {"secret": secret, "secret_made_at": at, "old_secret": old if overlap else None,
              "old_secret_until": at + overlap if overlap else None}  # fmt: skip
    await repository.change(session, vendor_id, values)
    vendor = await get_vendor(session, vendor_id)
    return VendorWithSecret(**vendor.model_dump(), secret=secret)


async def keep_callback(
    session: AsyncSession, vendor_id: str, entry: EndpointEntry, caller: Caller
) -> tuple[EndpointWithSecret, bool]:
    """Where the vendor is told what became of its deliveries, and whether that is new."""
    await get_vendor(session, vendor_id)
    return await outbound.keep_endpoint(
        session, owner_of_callback(vendor_id), Domain.SCHEDULE_AND_VENDORS, entry, caller
    )


async def renew_callback_secret(
    session: AsyncSession, vendor_id: str, overlap: timedelta, caller: Caller
) -> EndpointWithSecret:
    await get_vendor(session, vendor_id)
    return await outbound.renew_secret(
        session, owner_of_callback(vendor_id), Domain.SCHEDULE_AND_VENDORS, overlap, caller
    )


async def get_callback(session: AsyncSession, vendor_id: str) -> Endpoint:
    await get_vendor(session, vendor_id)
    return await outbound.get_endpoint_of(session, owner_of_callback(vendor_id))


async def get_vendor(session: AsyncSession, vendor_id: str) -> Vendor:
    vendor = await repository.find(session, vendor_id)
    if vendor is None:
        raise NotFound(f"There is no vendor {vendor_id}.")
    return vendor

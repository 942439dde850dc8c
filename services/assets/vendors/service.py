"""The vendor registry. Whoever owns `schedule_and_vendors` keeps it."""

import base64
import secrets

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.clock import now
from chassis.problems import NotFound
from contracts.values import Domain
from services.assets.reference import require_owner
from services.assets.vendors import repository
from services.assets.vendors.schemas import Vendor, VendorEntry, VendorWithSecret

SECRET_BYTES = 32


async def register(
    session: AsyncSession, vendor_id: str, entry: VendorEntry, caller: Caller
) -> tuple[VendorWithSecret, bool]:
    """A new vendor with its secret, and True; or the known one with what was changed, and False."""
    await require_owner(session, caller, Domain.SCHEDULE_AND_VENDORS)
    secret, at = _new_secret(), now()
    row = {"id": vendor_id, "secret": secret, "secret_made_at": at, "registered_by": caller.subject,
           "registered_at": at, **entry.model_dump()}  # fmt: skip
    is_new = await repository.add(session, row)
    if not is_new:
        await repository.change(session, vendor_id, entry.model_dump())
    vendor = await get_vendor(session, vendor_id)
    return VendorWithSecret(**vendor.model_dump(), secret=secret if is_new else None), is_new


async def renew_secret(session: AsyncSession, vendor_id: str, caller: Caller) -> VendorWithSecret:
    """A new secret; the old one is void at once."""
    await require_owner(session, caller, Domain.SCHEDULE_AND_VENDORS)
    secret = _new_secret()
    await repository.change(session, vendor_id, {"secret": secret, "secret_made_at": now()})
    vendor = await get_vendor(session, vendor_id)
    return VendorWithSecret(**vendor.model_dump(), secret=secret)


async def get_vendor(session: AsyncSession, vendor_id: str) -> Vendor:
    vendor = await repository.find(session, vendor_id)
    if vendor is None:
        raise NotFound(f"There is no vendor {vendor_id}.")
    return vendor


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()

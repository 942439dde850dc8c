"""HTTP for the vendor registry."""

from typing import Any

from fastapi import APIRouter, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.problems import ProblemDetails
from services.assets.vendors import repository, service
from services.assets.vendors.schemas import Vendor, VendorEntry, VendorId, Vendors, VendorWithSecret

router = APIRouter(prefix="/v1/vendors", tags=["vendors"])

_UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {
        "model": ProblemDetails,
        "content": {"application/problem+json": {}},
        "description": "There is no such vendor.",
    }
}
_KNOWN: dict[int | str, dict[str, Any]] = {
    200: {"model": VendorWithSecret, "description": "It was known; what is said of it is changed, its secret is not."}
}


@router.get("", summary="List vendors")
async def list_vendors(session: Session, caller: AnyCaller) -> Vendors:
    return Vendors(items=await repository.every(session))


@router.get("/{vendor}", summary="Read a vendor", responses=_UNKNOWN)
async def read_vendor(session: Session, caller: AnyCaller, vendor: VendorId) -> Vendor:
    return await service.get_vendor(session, vendor)


@router.put("/{vendor}", status_code=201, summary="Register or change a vendor", responses=_KNOWN)
async def register_vendor(
    session: Session, caller: AnyCaller, vendor: VendorId, entry: VendorEntry, response: Response
) -> VendorWithSecret:
    """A new vendor's answer has its webhook secret, this once. For the owner of `schedule_and_vendors`."""
    registered, is_new = await service.register(session, vendor, entry, caller)
    response.status_code = 201 if is_new else 200
    response.headers["Cache-Control"] = "no-store"
    return registered


@router.post("/{vendor}/secret", status_code=201, summary="Make a new webhook secret", responses=_UNKNOWN)
async def renew_vendor_secret(
    session: Session, caller: AnyCaller, vendor: VendorId, response: Response
) -> VendorWithSecret:
    """The old one is void at once. For the owner of `schedule_and_vendors`."""
    renewed = await service.renew_secret(session, vendor, caller)
    response.headers["Cache-Control"] = "no-store"
    return renewed

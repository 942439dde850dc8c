"""HTTP for the vendor registry."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.idempotency import Idempotent
from chassis.problems import ProblemDetails
from services.assets.dependencies import TheOutside
from services.assets.outbound.schemas import OVERLAP_HOURS, Endpoint, EndpointEntry, EndpointWithSecret
from services.assets.outbound.urls import require_url
from services.assets.vendors import repository, service
from services.assets.vendors.schemas import OverlapHours, Vendor, VendorEntry, VendorId, Vendors, VendorWithSecret

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

_KNOWN_CALLBACK: dict[int | str, dict[str, Any]] = {
    200: {"model": EndpointWithSecret, "description": "It was known; it is changed and enabled, its secret is not."}
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


@router.post("/{vendor}/secret", status_code=201, response_model=VendorWithSecret, summary="Make a new webhook secret",
             responses=_UNKNOWN)  # fmt: skip
async def renew_vendor_secret(
    session: Session,
    caller: AnyCaller,
    idempotency: Idempotent,
    vendor: VendorId,
    overlap_hours: OverlapHours = OVERLAP_HOURS,
) -> Response:
    """The old one counts too for a day, or for `overlap_hours`; at most two count at once. For the owner of
    `schedule_and_vendors`."""
    renewed = await service.renew_secret(session, vendor, timedelta(hours=overlap_hours), caller)
    return await idempotency.answer(201, renewed, {"Cache-Control": "no-store"})


@router.get("/{vendor}/callback", summary="Read where a vendor is told outcomes", responses=_UNKNOWN)
async def read_vendor_callback(session: Session, caller: AnyCaller, vendor: VendorId) -> Endpoint:
    """And how that goes: what fails since when, and why it is disabled, where it is."""
    return await service.get_callback(session, vendor)


@router.put("/{vendor}/callback", status_code=201, summary="Say where a vendor is told outcomes",
            responses={**_UNKNOWN, **_KNOWN_CALLBACK})  # fmt: skip
async def register_vendor_callback(
    session: Session,
    caller: AnyCaller,
    outside: TheOutside,
    vendor: VendorId,
    entry: EndpointEntry,
    response: Response,
) -> EndpointWithSecret:
    """Each delivery whose files are all decided on is told there by a signed webhook (`delivery.decided`). A new
    endpoint's answer has its secret, this once; it is another than the vendor signs with. For the owner of
    `schedule_and_vendors`."""
    require_url(outside, entry.url, "/url")
    registered, is_new = await service.keep_callback(session, vendor, entry, caller)
    response.status_code = 201 if is_new else 200
    response.headers["Cache-Control"] = "no-store"
    return registered


@router.post("/{vendor}/callback/secret", status_code=201, response_model=EndpointWithSecret,
             summary="Make a new secret for a vendor's callback", responses=_UNKNOWN)  # fmt: skip
async def renew_vendor_callback_secret(
    session: Session,
    caller: AnyCaller,
    idempotency: Idempotent,
    vendor: VendorId,
    overlap_hours: OverlapHours = OVERLAP_HOURS,
) -> Response:
    """What is sent is signed with the old one too for a day, or for `overlap_hours`. For the owner of
    `schedule_and_vendors`."""
    renewed = await service.renew_callback_secret(session, vendor, timedelta(hours=overlap_hours), caller)
    return await idempotency.answer(201, renewed, {"Cache-Control": "no-store"})

"""HTTP for a vendor's deliveries and books."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.moment import Moment
from chassis.pagination import Page, Paging, next_cursor
from chassis.problems import FieldError, Invalid, documented
from services.assets.deliveries import repository as deliveries
from services.assets.deliveries.schemas import Delivery
from services.assets.reconciliation import repository
from services.assets.reconciliation.schemas import Books
from services.assets.vendors.schemas import VendorId
from services.assets.vendors.service import get_vendor

router = APIRouter(prefix="/v1/vendors/{vendor}", tags=["vendors"])

LONGEST = timedelta(days=400)

_UNKNOWN = documented({404: "There is no such vendor."})


@router.get("/deliveries", summary="List a vendor's deliveries", responses=_UNKNOWN)
async def list_deliveries_of_vendor(
    session: Session, caller: AnyCaller, vendor: VendorId, paging: Paging
) -> Page[Delivery]:
    """Newest first, with what became of each file."""
    await get_vendor(session, vendor)
    found = await deliveries.page(session, vendor, paging.after, paging.limit + 1)
    cursor = next_cursor([delivery.id for delivery in found], paging.limit)
    return Page(items=found[: paging.limit], next_cursor=cursor)


@router.get("/reconciliation", summary="Read a vendor's books", responses=_UNKNOWN)
async def read_vendor_reconciliation(
    session: Session,
    caller: AnyCaller,
    vendor: VendorId,
    since: Annotated[Moment, Query(alias="from", description="What came from then on.")],
    until: Annotated[Moment, Query(alias="to", description="And before then; at most 400 days after `from`.")],
) -> Books:
    """What it sent in this time and what became of it: each file that its deliveries named is accepted, quarantined (by
    reason) or waits. And what doesn't balance: files that came and were never named, numbers that never came or came
    doubled."""
    if not since < until <= since + LONGEST:
        error = FieldError(pointer="query/to", detail="is not after `from`, or more than 400 days after it",
                           remedy="Send a later one, or ask in parts.")  # fmt: skip
        raise Invalid("1 field is wrong; `errors` names each.", errors=[error])
    await get_vendor(session, vendor)
    of = repository.Time(vendor, since, until)
    return Books(
        vendor=vendor,
        since=since,
        until=until,
        deliveries=await repository.count_deliveries(session, of),
        files=await repository.count_files(session, of),
        uploads=await repository.count_uploads(session, of),
        sequence=await repository.look_at_numbers(session, of),
    )

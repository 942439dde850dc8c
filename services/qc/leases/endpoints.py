"""HTTP for claims of reviews."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from chassis.auth import AnyCaller
from chassis.database import Session
from chassis.idempotency import Idempotent
from chassis.problems import documented
from services.qc.leases import service
from services.qc.leases.schemas import ClaimRequest, Leases, ReleasedLeases, RenewedLeases, ReviewClaim

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])


def _lease(request: Request) -> timedelta:
    return timedelta(seconds=request.app.state.service.settings.review_lease_seconds)


Lease = Annotated[timedelta, Depends(_lease)]

NOTHING = documented(
    {
        409: "Nothing was claimed. `reason` says why: `nothing_waits`, `not_for_you`, `held`; of those that were named"
        " `refused` says it of each."
    }
)


@router.post(":claim", summary="Take the most urgent reviews for you", response_model=ReviewClaim, responses=NOTHING)
async def claim_reviews(
    session: Session, caller: AnyCaller, idempotency: Idempotent, lease: Lease, body: ClaimRequest | None = None
) -> Response:
    """By risk, due time and age, of the gates where you decide; never what you delivered, or have passed already.
    Nobody else gets them, or can decide on them, until you decide, give them back, or the lease runs out. Named ones
    that you hold begin anew. Nobody has to claim what nobody holds.

    Send an `Idempotency-Key`, so that a claim whose answer got lost takes nothing more when you send it again."""
    return await idempotency.answer(200, await service.claim(session, caller, body or ClaimRequest(), lease))


@router.post(":renew", summary="Hold them longer")
async def renew_reviews(session: Session, caller: AnyCaller, lease: Lease, body: Leases) -> RenewedLeases:
    """The heartbeat of a console: leases that run begin anew. Those that are over are named in `lost`: perhaps another
    person looks at these images by now."""
    return await service.renew(session, caller, body.lease_ids, lease)


@router.post(":release", summary="Give them back")
async def release_reviews(session: Session, caller: AnyCaller, body: Leases) -> ReleasedLeases:
    """Others can take them at once. What was over already stays so."""
    return ReleasedLeases(released=await service.release(session, caller, body.lease_ids))

"""HTTP for reviews."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.auth import AnyCaller
from chassis.clock import now
from chassis.database import Session
from chassis.moment import Moment
from chassis.pagination import Page, Paging, next_cursor
from contracts.values import Gate, Risk, Role, WorkKind
from services.qc.reviews import repository, service
from services.qc.reviews.domain import ReviewState
from services.qc.reviews.repository import Listed, Order, ReviewFilter
from services.qc.reviews.schemas import ReviewPacket, ReviewPackets, ReviewSummary

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])


@router.get("", summary="What is at the gates")
async def list_reviews(
    session: Session,
    caller: AnyCaller,
    paging: Paging,
    gate: Annotated[Gate | None, Query(description="Open at this gate.")] = None,
    state: ReviewState | None = None,
    kind: WorkKind | None = None,
    sku: Annotated[str | None, Query(max_length=200)] = None,
    work_item_id: UUID | None = None,
    role: Annotated[Role | None, Query(description="Open at a gate where this role decides.")] = None,
    risk: Annotated[Risk | None, Query(description="Of the work item's due time.")] = None,
    opened_before: Annotated[Moment | None, Query(description="Waiting since before this time.")] = None,
    claimed: Annotated[bool | None, Query(description="Held by anybody now, or by nobody.")] = None,
    claimed_by: Annotated[
        str | None, Query(max_length=200, description="Who holds it: a person's subject, or `me`.")
    ] = None,
    order: Annotated[
        Order,
        Query(
            description="`urgent`: by risk, due time, age. A page begins behind where the last"
            " one of the page before stands now."
        ),
    ] = Order.OLDEST,
) -> Page[ReviewSummary]:
    """One review a version, the one that was opened first at the top, or the most urgent one."""
    at = now()
    by = ReviewFilter(
        gate=gate, state=state, kind=kind, sku=sku, work_item_id=work_item_id, risk=risk, opened_before=opened_before,
        gates=await service.gates_of(session, role) if role else None, claimed=claimed,
        claimed_by=caller.subject if claimed_by == "me" else claimed_by, at=at,
    )  # fmt: skip
    found = await repository.page(session, by, paging.after, paging.limit + 1, order)
    return Page(
        items=[_summary(one, at) for one in found[: paging.limit]],
        next_cursor=next_cursor([one.review.id for one in found], paging.limit),
    )


@router.get(":packets", summary="Everything to decide several work items")
async def read_packets(
    session: Session,
    caller: AnyCaller,
    work_item_id: Annotated[list[UUID], Query(min_length=1, max_length=100, description="Once for each.")],
) -> ReviewPackets:
    """The newest version of each: one call for a screen full of images. Those of which nothing was measured are named
    in `unknown`."""
    return await service.read_packets(session, caller.subject, work_item_id)


@router.get("/{work_item_id}", summary="Everything to decide one work item")
async def read_review(session: Session, caller: AnyCaller, work_item_id: UUID) -> ReviewPacket:
    """The newest version of the work item: measurements, the open gate with its checklist and the reasons that a fail
    may name, and what was decided so far."""
    return await service.read_packet(session, caller.subject, work_item_id)


def _summary(listed: Listed, at: datetime) -> ReviewSummary:
    review, version, work = listed.review, listed.review.version, listed.work
    lease = review.lease_at(at)
    return ReviewSummary(
        id=review.id,
        work_item_id=work.id,
        version_id=version.id,
        sha256=version.sha256,
        round=version.round,
        kind=version.kind,
        sku=version.sku,
        colorway=version.colorway,
        view=version.view,
        channel=version.channel,
        state=review.standing.state,
        gate=review.standing.gate,
        passes=review.standing.passes,
        measured=listed.measured,
        complexity_class=work.complexity_class,
        priority=work.priority,
        ai=work.ai,
        risk=work.risk,
        due_at=work.due_at,
        opened_at=review.opened_at,
        closed_at=review.closed_at,
        claimed_by=lease.claimed_by if lease else None,
        lease_until=lease.until if lease else None,
    )

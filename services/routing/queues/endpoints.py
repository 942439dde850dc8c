"""HTTP for queues: how they stand, their pack, and claims."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from chassis.auth import AnyCaller, Caller, allow
from chassis.database import Session
from chassis.etags import EDITED, IfMatch, set_etag
from chassis.idempotency import Idempotent
from chassis.packs import edit_of
from chassis.problems import documented
from services.routing.queues import claims, service
from services.routing.queues.schemas import (
    Claim,
    ClaimRequest,
    PublishedQueues,
    QueueFigures,
    Queues,
    QueuesPack,
)
from services.routing.work.schemas import Work
from services.routing.work.service import MAY_CLAIM

router = APIRouter(prefix="/v1/queues", tags=["queues"])

Claimer = Annotated[Caller, allow(*MAY_CLAIM)]
Name = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,60}$", description="Such as `catalog`.")]

NOT_FOUND = documented({404: "There is no such queue."})
NOTHING = NOT_FOUND | documented(
    {
        409: "Nothing was claimed. `reason` says why: `nothing_waits`, `other_teams`, `higher_level`, `other_steps`,"
        " `limit_reached`, `being_taken`."
    }
)
EDITED_QUEUES = EDITED | documented(
    {409: "A queue that is in use would be gone, or its work offered to nobody; `errors` says why."}
)


@router.get("", summary="How every queue stands")
async def list_queues(session: Session, caller: AnyCaller) -> Queues:
    """Each queue with its depth by state, its WIP and limit, its oldest item, what is at risk or late, and what came
    out of it lately."""
    return await service.read_queues(session)


@router.get("/pack", summary="The pack of queues")
async def read_queues_pack(session: Session, caller: AnyCaller, response: Response) -> PublishedQueues:
    """The newest version. The `ETag` is what an edit sends back as `If-Match`."""
    pack = await service.current_queues(session)
    set_etag(response, pack.version)
    return pack


@router.put("/pack", summary="Publish the next version of the queues", responses=EDITED_QUEUES)
async def publish_queues_pack(
    session: Session,
    caller: AnyCaller,
    expected: IfMatch,
    body: Annotated[QueuesPack, edit_of(QueuesPack)],
    response: Response,
) -> PublishedQueues:
    """All of the pack anew. Only the owner of `schedule_and_vendors` may. It decides about claims from now on: a lower
    limit takes nothing from anyone. A queue that has unfinished work, or that a track names, stays, and keeps a
    role that does the steps of its work."""
    pack = await service.publish_queues(session, body, caller, expected)
    set_etag(response, pack.version)
    return pack


@router.get("/{queue}", summary="How one queue stands", responses=NOT_FOUND)
async def read_queue(session: Session, caller: AnyCaller, queue: Name) -> QueueFigures:
    """Its depth by state, WIP and limit, oldest item, what is at risk or late, and what came out of it lately."""
    return await service.read_queue(session, queue)


@router.post("/{queue}/claim", summary="Take the best work for you", response_model=Claim, responses=NOTHING)
async def claim_from_queue(
    session: Session, caller: Claimer, queue: Name, idempotency: Idempotent, body: ClaimRequest | None = None
) -> Response:
    """Of what your role does, and your team and level may do, the most urgent item, then the one that is due first,
    then the oldest; nobody else gets it. `step` asks for work of one step, whatever your role. With `group_by: sku`
    everything of its SKU that is ready in this queue and that you would get, in one claim.

    You hold it until you hand it in, give it back, or the lease runs out; claiming it again by its id renews the lease.
    Send an `Idempotency-Key`, so that a claim whose answer got lost takes nothing more when you send it again.

    Every item counts for the queue's WIP limit, those of a SKU too: you get the best SKU that there is room for as a
    whole. One that is larger than the whole limit comes in parts, as many at once as there is room for; `left_of_sku`
    counts the rest."""
    asked = body or ClaimRequest()
    taken = await claims.claim_best(session, queue, caller, whole_sku=asked.group_by == "sku", step=asked.step)
    leases = [item.work.lease_until for item in taken.items if item.work.lease_until]
    claim = Claim(items=[Work.of(item) for item in taken.items], lease_until=min(leases), left_of_sku=taken.left_of_sku)
    return await idempotency.answer(200, claim)

"""Which SKU × colorway × view is in work: taken when a request is accepted, or an amendment that adds to it; freed by
the end of its work.

The slots of a request exist before anybody can hear of it, and only its own events free them. So an event that comes
late, twice, or again in a replay from the beginning finds nothing that it could wrongly change.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.envelope import Event
from contracts.intake import FieldProblem
from contracts.routing import WorkApproved, WorkCancelled
from contracts.values import Request, WorkKind
from services.intake.slots import repository
from services.intake.slots.domain import Held, Slot, duplicate_problems, only, slots_added, slots_of

_TRIES = 5
_BUSY = FieldProblem(pointer="/sku", problem="Others ask for the same at this moment.", remedy="Send it again.")


async def take(session: AsyncSession, requests: Sequence[Request]) -> dict[UUID, list[FieldProblem]]:
    """Takes the slots of requests that are about to be accepted. Of one that can't have all of them it takes none, and
    answers what is in its way."""
    problems: dict[UUID, list[FieldProblem]] = {}
    left = [request for request in requests if slots_of(request)]
    for _ in range(_TRIES):
        if not left:
            break
        wanted = [held for request in left for held in slots_of(request)]
        taken = await repository.take(session, wanted)
        holders = await repository.holders(session, wanted) if len(taken) < len(wanted) else {}
        again = []
        for request in left:
            others = _others(request, holders)
            missing = [held for held in slots_of(request) if held.slot not in taken and held.slot not in others]
            missing = [held for held in missing if holders.get(held.slot) != request.id]
            if not others and not missing:
                continue
            await repository.free_request(session, request.id)
            if others:
                problems[request.id] = duplicate_problems(request, others)
            else:  # freed between the two statements
                again.append(request)
        left = again
    return problems | {request.id: [_BUSY] for request in left}


async def take_added(session: AsyncSession, before: Request, after: Request) -> list[FieldProblem]:
    """Takes the slots that an amendment adds to what its request has, and answers what is in its way: whoever gets an
    answer commits nothing."""
    wanted = slots_added(before, after)
    for _ in range(_TRIES):
        if not wanted or len(await repository.take(session, wanted)) == len(wanted):
            return []
        holders = await repository.holders(session, wanted)
        if others := _others(only(after, wanted), holders):
            return duplicate_problems(only(after, wanted), others)
        wanted = [held for held in wanted if held.slot not in holders]  # freed between the two statements
    return [_BUSY] if wanted else []


async def added_in_the_way(session: AsyncSession, before: Request, after: Request) -> list[FieldProblem]:
    """What would keep an amendment from having the slots that it adds. Takes none."""
    wanted = slots_added(before, after)
    return await in_the_way(session, only(after, wanted)) if wanted else []


async def settle(session: AsyncSession, content: Request) -> None:
    """Frees what a request has and its content in force doesn't ask for."""
    await repository.keep_only(session, content.id, slots_of(content))


async def in_the_way(session: AsyncSession, request: Request) -> list[FieldProblem]:
    """What would keep a request from having its slots now. Takes none."""
    others = _others(request, await repository.holders(session, slots_of(request)))
    return duplicate_problems(request, others) if others else []


def _others(request: Request, holders: Mapping[Slot, UUID]) -> dict[Slot, UUID]:
    mine = {held.slot for held in slots_of(request)}
    return {slot: holder for slot, holder in holders.items() if slot in mine and holder != request.id}


async def free(session: AsyncSession, request_id: UUID) -> None:
    """All slots of a request: it was cancelled."""
    await repository.free_request(session, request_id)


async def work_ended(session: AsyncSession, event: Event[WorkApproved] | Event[WorkCancelled]) -> None:
    """A shot is approved or will not be made: what comes now for the same slot is no duplicate."""
    work = event.data.work
    if work.kind is WorkKind.SHOT:
        await repository.free(session, Held(Slot(work.sku, work.colorway, work.view), work.request_id))

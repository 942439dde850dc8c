"""Decisions on several work items of one SKU at once: all of them count, or none."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.problems import FieldError, Invalid, Problem
from services.qc.decisions.schemas import NewDecision, RecordedDecision
from services.qc.decisions.service import decide
from services.qc.work import repository as work_items


async def decide_batch(
    session: AsyncSession, caller: Caller, bodies: Sequence[NewDecision], grace: timedelta
) -> list[RecordedDecision]:
    """Each is decided as it would be alone. All work items are locked first, in the order of their ids, because the
    first decision takes the lock of the chain. A problem names the place of its decision."""
    ids = [body.work_item_id for body in bodies]
    doubled = [_error(place, "named twice") for place, one in enumerate(ids) if one in ids[:place]]
    if doubled:
        raise Invalid("Each work item is decided once.", errors=doubled)
    works = {one: await work_items.load(session, one, lock=True) for one in sorted(ids)}
    skus = [work.sku for one in ids if (work := works[one]) is not None]
    others = [_error(place, f"of another SKU than {skus[0]}") for place, one in enumerate(ids)
              if (work := works[one]) is not None and work.sku != skus[0]]  # fmt: skip
    if others:
        raise Invalid("A batch is of one SKU.", errors=others)
    recorded = []
    for place, body in enumerate(bodies):
        try:
            recorded.append(await decide(session, caller, body, grace))
        except Problem as problem:
            problem.errors = [
                error.model_copy(update={"pointer": f"/decisions/{place}{error.pointer}"}) for error in problem.errors
            ]
            problem.extensions |= {"decision": place, "work_item_id": str(body.work_item_id)}
            raise
    return recorded


def _error(place: int, detail: str) -> FieldError:
    return FieldError(pointer=f"/decisions/{place}/work_item_id", detail=detail, remedy="Send it by itself.")

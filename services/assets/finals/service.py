"""The one call that answers the approved final, or says why there is none."""

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.values import WorkState
from services.assets.finals.domain import most_hopeful, unfinished, unknown_slot
from services.assets.rights.service import check_may_deliver
from services.assets.versions.repository import final_of_slot
from services.assets.work import repository as work_repository
from services.assets.work.domain import Slot


async def find_final(session: AsyncSession, slot: Slot, territory: str | None = None) -> Version:
    """Raises `NoFinal`; `Invalid` for a territory that there is none of."""
    if final := await final_of_slot(session, slot):
        await check_may_deliver(session, final, slot.channel, territory)
        return final
    items = await work_repository.of_slots(session, [slot])
    if not items:
        raise unknown_slot(slot, await work_repository.slots_of(session, slot.sku))
    item = most_hopeful(items)
    gate = item.open_gate(await work_repository.passed_gates(session, item))
    waits = item.state is WorkState.WAITING and item.parent_id is not None
    master = await work_repository.find(session, item.parent_id) if waits and item.parent_id else None
    raise unfinished(item, gate, master)

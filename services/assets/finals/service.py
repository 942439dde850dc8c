"""The one call that answers the approved final, or says why there is none."""

from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.assets import Version
from contracts.values import WorkState
from services.assets.finals import repository
from services.assets.finals.domain import most_hopeful, taken_out, unfinished, unknown_slot
from services.assets.finals.schemas import Finals, Missing
from services.assets.rights.service import check_may_deliver, check_territories, deliverable
from services.assets.versions import repository as versions
from services.assets.work import repository as work_repository
from services.assets.work.domain import Slot


async def find_final(session: AsyncSession, slot: Slot, territory: str | None = None) -> Version:
    """Raises `NoFinal`; `Invalid` for a territory that there is none of."""
    check_territories("query/territory", [territory] if territory else [])
    if final := await repository.final_of_slot(session, slot):
        check_may_deliver(final.version, final.picture, final.attached, final.pack, territory)
        return final.version
    standings = {one.item.id: one for one in await repository.standings_of_slot(session, slot)}
    if not standings:
        raise unknown_slot(slot, await work_repository.slots_of(session, slot.sku))
    item = most_hopeful([one.item for one in standings.values()])
    if item.state is WorkState.APPROVED and (held := await versions.taken_out_of_slot(session, slot)):
        raise taken_out(held)
    raise unfinished(standings[item.id])


async def finals_of_sku(session: AsyncSession, sku: str, territory: str | None = None) -> Finals:
    """All of its finals that may be delivered, and what has none. Raises `Invalid` for a territory that there is none
    of."""
    check_territories("query/territory", [territory] if territory else [])
    finals = await versions.finals_of_sku(session, sku)
    allowed = await deliverable(session, finals, territory)
    items = [final for final, may in zip(finals, allowed, strict=True) if may]
    slots = await work_repository.slots_of(session, sku)
    have = {(one.colorway, one.view, one.channel) for one in items}
    missing = sorted((one for one in slots if (one.colorway, one.view, one.channel) not in have), key=str)
    return Finals(items=items, missing=[Missing(**asdict(one)) for one in missing])

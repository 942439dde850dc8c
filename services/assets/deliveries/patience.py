"""Waiting a little for what routing says: a shot may be newer than what its events have told here."""

import asyncio
from collections.abc import Sequence

from services.assets.deliveries import service
from services.assets.deliveries.schemas import NamedFile
from services.assets.dependencies import Transactions

POLL_SECONDS = 0.1


async def until_settled(transactions: Transactions, vendor: str, files: Sequence[NamedFile], seconds: float) -> None:
    """Until no event that is on its way would change what becomes of these files, or for so long.

    Raises `Unavailable` when nothing that routing says can arrive.
    """
    give_up = asyncio.get_running_loop().time() + seconds
    while True:
        async with transactions.begin() as session:
            judgements, _ = await service.judge(session, vendor, files, lock=False)
        if not any(one.may_change for one in judgements):
            return
        if asyncio.get_running_loop().time() >= give_up:
            transactions.check_up_to_date()
            return
        await asyncio.sleep(POLL_SECONDS)

"""A colour reference from its first byte to its version. No connection to the database is held while it streams."""

import asyncio

from chassis.auth import Caller
from contracts.assets import ColourReference
from services.assets.colour_references import service
from services.assets.colour_references.domain import Product
from services.assets.colour_references.errors import UnknownProduct
from services.assets.dependencies import Transactions
from services.assets.store.body import UploadBody
from services.assets.store.store import Store
from services.assets.versions.upload import POLL_SECONDS, image_type, require_name


async def take_in(
    body: UploadBody,
    product: Product,
    *,
    filename: str,
    caller: Caller,
    transactions: Transactions,
    store: Store,
    wait_seconds: float,
) -> tuple[ColourReference, bool]:
    """The version, and whether it is new. Raises a `Problem`; then there is none."""
    require_name(filename)
    async with transactions.begin() as session:
        role = await service.storing_role(session, product, caller)
    await _until_known(transactions, product, wait_seconds)
    media_type = await image_type(body)
    async with store.staged(body.pieces()) as staged:
        async with transactions.begin() as session:
            await service.check_own(session, product, staged.sha256)
        stored = await store.keep(staged, media_type)
    async with transactions.begin() as session:
        return await service.register(session, product, stored, filename=filename, by=caller, role=role)


async def _until_known(transactions: Transactions, product: Product, wait_seconds: float) -> None:
    """The request may be newer than what routing's events have told here: wait for them a little."""
    give_up = asyncio.get_running_loop().time() + wait_seconds
    while True:
        try:
            async with transactions.begin() as session:
                await service.check_known(session, product)
            return
        except UnknownProduct:
            if asyncio.get_running_loop().time() >= give_up:
                transactions.check_up_to_date()
                raise
        await asyncio.sleep(POLL_SECONDS)

"""A damaged file put right by the bytes that it should have. No connection to the database is held while they come."""

from chassis.auth import Caller
from contracts.values import Domain
from services.assets.dependencies import Transactions
from services.assets.reference import require_owner
from services.assets.store.body import UploadBody
from services.assets.store.errors import WrongDigest
from services.assets.store.store import Store
from services.assets.upkeep import repository
from services.assets.upkeep.errors import NotDamaged
from services.assets.upkeep.schemas import DamagedFile

_ANY = "application/octet-stream"


async def mend(
    body: UploadBody, sha256: str, *, caller: Caller, transactions: Transactions, store: Store
) -> DamagedFile:
    """The damage, which is over. Raises `NotDamaged`, `WrongDigest`; then nothing has changed."""
    async with transactions.begin() as session:
        await require_owner(session, caller, Domain.FILES_AND_RIGHTS)
        damage = await repository.open_damage(session, sha256)
    if damage is None:
        raise NotDamaged("No file with this hash is damaged; `GET /v1/store/damaged` lists those that are.")
    async with store.staged(body.pieces()) as staged:
        if staged.sha256 != sha256:
            raise WrongDigest(f"The SHA-256 of what came is {staged.sha256}; nothing was changed.")
        await store.keep(staged, _ANY)
    async with transactions.begin() as session:
        return await repository.find_damage(session, damage.id)

"""The errand that ends uploads that nobody finishes, and removes what is kept of those that have ended."""

from datetime import timedelta
from uuid import UUID

from chassis.clock import now
from chassis.timers import drop_timers, set_timer
from services.assets.dependencies import Transactions
from services.assets.store.store import Store
from services.assets.uploads import repository
from services.assets.uploads.domain import KEPT, ResumableUpload, UploadState, pieces_folder
from services.assets.uploads.service import EXPIRY

AT_ONCE = 2
LEASE = timedelta(minutes=10)
"""Its pieces are removed within. Who takes longer does it beside another one, which is harmless."""


class Expiring:
    """An open upload past its time expires, and the row of an ended one goes. Either way its pieces go: those of an
    ended one too, since a writer that had lost it may have left one.

    Who writes moves the upload's time, not the timer: they lock the upload alone, and never wait for each other.
    """

    def __init__(self, transactions: Transactions, store: Store) -> None:
        self._transactions = transactions
        self._store = store

    async def run(self, key: str) -> None:
        upload_id = UUID(key)
        upload = await self._ended(upload_id)
        if upload is None:
            return
        await self._store.remove_pieces(pieces_folder(upload_id))
        async with self._transactions.begin() as session:
            if upload.state is UploadState.OPEN:
                await set_timer(session, EXPIRY, key, now() + KEPT)
            else:
                await repository.remove(session, upload_id)
                await drop_timers(session, [(EXPIRY, key)])

    async def _ended(self, upload_id: UUID) -> ResumableUpload | None:
        """As it was before it expired, when its time has come. From here on nobody adds to it."""
        async with self._transactions.begin() as session:
            upload = await repository.find(session, upload_id, lock=True)
            if upload is None:
                await drop_timers(session, [(EXPIRY, str(upload_id))])
                return None
            if upload.expires_at > now():
                await set_timer(session, EXPIRY, upload_id, upload.expires_at)
                return None
            if upload.state is UploadState.OPEN:
                await repository.end(session, upload_id, UploadState.EXPIRED, now() + KEPT)
            return upload

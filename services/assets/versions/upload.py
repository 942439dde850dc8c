"""An upload from its first byte to its version. No connection to the database is held while it waits or streams."""

import asyncio
from uuid import UUID

from chassis.auth import Caller
from chassis.crash import crash_point
from chassis.problems import FieldError, Invalid
from contracts.assets import Version
from contracts.values import DigitalSourceType, VersionSource
from services.assets.dependencies import Transactions
from services.assets.labels.service import declared_record
from services.assets.store.body import UploadBody
from services.assets.store.errors import NotAnImage
from services.assets.store.formats import KNOWN, media_type_of
from services.assets.store.store import Store
from services.assets.versions import service
from services.assets.versions.domain import name_problem
from services.assets.versions.errors import AlreadyDelivered, HeldByAnother, NotOpen, UnknownWork
from services.assets.work.domain import WorkCopy

POLL_SECONDS = 0.05


def require_name(filename: str) -> None:
    """Raises `Invalid` where this can't be a file's name."""
    if problem := name_problem(filename):
        error = FieldError(pointer="query/filename", detail=problem, remedy="Send a plain name: `sku_front.jpg`.")
        raise Invalid(f"The file name {problem}.", errors=[error])


async def image_type(body: UploadBody) -> str:
    """The media type of what comes, by its first bytes. Raises `NotAnImage`."""
    media_type = media_type_of(await body.head())
    if media_type is None:
        raise NotAnImage(
            f"The first bytes are those of no image. Known are: {', '.join(KNOWN)}."
            " Send the file itself as the body (curl: --data-binary @file), not a form."
        )
    return media_type


class Upload:
    """One caller's upload to one work item."""

    def __init__(
        self,
        transactions: Transactions,
        store: Store,
        caller: Caller,
        work_item_id: UUID,
        filename: str,
        declared: DigitalSourceType | None = None,
    ) -> None:
        self._transactions = transactions
        self._store = store
        self._caller = caller.subject
        self._work_item_id = work_item_id
        self._filename = filename
        self._declared = declared

    async def take_in(self, body: UploadBody, wait_seconds: float) -> Version:
        """Check, stream, register. Raises a `Problem`; then nothing is stored."""
        require_name(self._filename)
        item = await self._item(wait_seconds)
        async with self._transactions.begin() as session:
            await declared_record(session, item, self._declared)
        media_type = await image_type(body)
        async with self._store.staged(body.pieces()) as staged:
            async with self._transactions.begin() as session:
                await service.still_open(session, item, self._caller, lock=False)
            stored = await self._store.keep(staged, media_type)
        crash_point("upload.stored")
        async with self._transactions.begin() as session:
            item = await service.still_open(session, item, self._caller, lock=True)
            return await service.register(
                session,
                item,
                stored,
                filename=self._filename,
                source=VersionSource.UPLOAD,
                delivered_by=self._caller,
                labels=await declared_record(session, item, self._declared),
            )

    async def _item(self, wait_seconds: float) -> WorkCopy:
        """The claim may be newer than what routing's events have told here: wait for them a little."""
        give_up = asyncio.get_running_loop().time() + wait_seconds
        while True:
            try:
                async with self._transactions.begin() as session:
                    return await service.may_upload(session, self._work_item_id, self._caller)
            except (UnknownWork, NotOpen, HeldByAnother, AlreadyDelivered) as problem:
                if problem.settled:
                    raise
                if asyncio.get_running_loop().time() >= give_up:
                    self._transactions.check_up_to_date()
                    raise
            await asyncio.sleep(POLL_SECONDS)

"""An upload from its first byte to its version. No connection to the database is held while it waits or streams."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller
from chassis.crash import crash_point
from chassis.problems import FieldError, Invalid
from contracts.assets import Version
from contracts.values import DigitalSourceType, VersionSource
from services.assets.dependencies import Transactions
from services.assets.labels.service import declared_record
from services.assets.lineage.parents import require_known
from services.assets.store.body import UploadBody
from services.assets.store.errors import NotAnImage, WrongDigest
from services.assets.store.formats import KNOWN, media_type_of
from services.assets.store.store import Store, StoredFile
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
    return require_image(await body.head())


def require_image(head: bytes) -> str:
    """The media type of a file that begins like this. Raises `NotAnImage`."""
    media_type = media_type_of(head)
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
        parents: Sequence[UUID] = (),
        declared: DigitalSourceType | None = None,
    ) -> None:
        self._transactions = transactions
        self._store = store
        self._caller = caller.subject
        self._work_item_id = work_item_id
        self._filename = filename
        self._parents = parents
        self._declared = declared

    async def take_in(self, body: UploadBody, wait_seconds: float) -> Version:
        """Check, stream, register. Raises a `Problem`; then nothing is stored."""
        require_name(self._filename)
        if self._parents:
            async with self._transactions.begin() as session:
                await require_known(session, self._parents)
        item = await self.item(wait_seconds)
        stored = await self.store(item, await image_type(body), body.pieces())
        async with self._transactions.begin() as session:
            return await self.register(session, item, stored)

    async def check(self, item: WorkCopy, media_type: str) -> None:
        """What can be told before its bytes are here. Raises `ContradictsRecord` or `WrongName`."""
        async with self._transactions.begin() as session:
            await declared_record(session, item, self._declared)
            await service.require_right_name(session, item, self._filename, media_type)

    async def store(
        self, item: WorkCopy, media_type: str, pieces: AsyncIterator[bytes], *, sha256: str | None = None
    ) -> StoredFile:
        """Stream the file to its place. `sha256`: what it must be. Raises a `Problem`; then nothing is stored."""
        await self.check(item, media_type)
        async with self._store.staged(pieces) as staged:
            if sha256 is not None and staged.sha256 != sha256:
                raise WrongDigest(f"The bytes that came have the SHA-256 {staged.sha256}, not {sha256}.")
            async with self._transactions.begin() as session:
                await service.still_open(session, item, self._caller, lock=False)
            stored = await self._store.keep(staged, media_type)
        crash_point("upload.stored")
        return stored

    async def register(self, session: AsyncSession, item: WorkCopy, stored: StoredFile) -> Version:
        """The stored file becomes the version, if it still may. Raises a `Problem`."""
        item = await service.still_open(session, item, self._caller, lock=True)
        return await service.register(
            session,
            item,
            stored,
            filename=self._filename,
            source=VersionSource.UPLOAD,
            delivered_by=self._caller,
            parents=self._parents,
            labels=await declared_record(session, item, self._declared),
        )

    async def item(self, wait_seconds: float) -> WorkCopy:
        """The item, when the caller may hand in its round's version now. Raises what stands against it.

        The claim may be newer than what routing's events have told here: wait for them a little."""
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

"""One request that writes to an upload: its body is kept by pieces, and what completes the upload ends it.

No connection to the database is held while it streams. The writer says that it lives by renewing a lease; what it may
write is checked by its id, so that one that was given up for dead writes nothing any more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import orjson
from sqlalchemy.exc import DBAPIError

from chassis.auth import Caller
from chassis.clock import now
from chassis.crash import crash_point
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.problems import Problem, problem_response
from services.assets.dependencies import Transactions
from services.assets.labels.errors import ContradictsRecord
from services.assets.naming.domain import media_type_of as media_type_of_name
from services.assets.naming.errors import WrongName
from services.assets.settings import AssetsSettings
from services.assets.store.body import UploadBody
from services.assets.store.errors import BodyCutOff, BodyStalled, FileMissing, NotAnImage, StoreAway, WrongDigest
from services.assets.store.formats import HEAD_BYTES
from services.assets.store.store import Store
from services.assets.uploads import repository, service
from services.assets.uploads.domain import (
    RENEW_SECONDS,
    REST_SECONDS,
    Piece,
    ResumableUpload,
    UploadState,
    new_piece,
    pieces_folder,
)
from services.assets.uploads.errors import ChecksumMismatch, PiecesLost
from services.assets.uploads.protocol import Checksum, Metadata, in_metadata
from services.assets.versions.errors import AlreadyDelivered, HeldByAnother, NotOpen, UnknownWork
from services.assets.versions.upload import POLL_SECONDS, Upload, require_image

_REFUSALS = (NotAnImage, WrongDigest, UnknownWork, NotOpen, HeldByAnother, AlreadyDelivered, PiecesLost,
             WrongName, ContradictsRecord)  # fmt: skip
"""Nothing that its sender could send would make the upload right."""

_ANY_IMAGE = "image/jpeg"
"""For a name without an image's ending, which is wrong whatever comes."""

OpenBody = Callable[[int], UploadBody]
"""The request's body, of at most so many bytes."""

log = get_logger(__name__)


class Uploads:
    """What one caller does with uploads."""

    def __init__(self, transactions: Transactions, store: Store, settings: AssetsSettings, caller: Caller) -> None:
        self._transactions = transactions
        self._store = store
        self._settings = settings
        self._caller = caller
        self._lasts = timedelta(hours=settings.upload_expires_hours)

    async def create(self, metadata: Metadata, length: int) -> ResumableUpload:
        """An upload to a work item that the caller holds. Raises what stands against it."""
        if length == 0:
            require_image(b"")
        target = self._target(metadata)
        item = await target.item(self._settings.claim_wait_seconds)
        try:
            await target.check(item, media_type_of_name(metadata.filename) or _ANY_IMAGE)
        except (WrongName, ContradictsRecord) as problem:
            raise in_metadata(problem) from None
        async with self._transactions.begin() as session:
            return await service.create(
                session, item, metadata, length, self._caller, lasts=self._lasts, limit=self._settings.open_uploads
            )

    async def write(
        self, upload_id: UUID, offset: int, checksum: Checksum | None, open_body: OpenBody
    ) -> ResumableUpload:
        """Keep what comes from `offset` on; the upload as it is then. What completes it ends it: as a version, or
        refused, with the `Problem` that is raised.

        Raises a `Problem`; what had come before is kept, unless the whole request has a checksum.
        """
        writer = new_id()
        async with self._transactions.begin() as session:
            upload = await service.begin_writing(session, upload_id, offset, self._caller, writer, self._lasts)
        if upload.state is UploadState.FINISHED:
            await open_body(0).read()
            return upload
        async with self._holding(upload_id, writer):
            try:
                incoming = _Incoming(self._transactions, self._store, upload, writer, checksum)
                body = open_body(upload.length - offset)
                tail = await incoming.keep(body, self._settings.upload_piece_bytes)
                if tail is None:
                    return replace(upload, received=incoming.received)
                return await self._end(upload, writer, tail)
            except _REFUSALS as problem:
                if isinstance(problem, WrongName | ContradictsRecord):
                    in_metadata(problem)
                await self._refuse(upload, writer, problem)
                raise

    async def at_rest(self, upload_id: UUID) -> ResumableUpload:
        """The upload, a moment after its writer has gone: one whose connection broke is about to keep what came.
        Where one writes on, as it is. Raises `NotFound`."""
        give_up = asyncio.get_running_loop().time() + REST_SECONDS
        while True:
            async with self._transactions.begin() as session:
                upload = await service.own_upload(session, upload_id, self._caller)
            if not upload.is_written_to(now()) or asyncio.get_running_loop().time() >= give_up:
                return upload
            await asyncio.sleep(POLL_SECONDS)

    async def terminate(self, upload_id: UUID) -> None:
        """End it without a version. Raises `NotFound` or `Gone`."""
        async with self._transactions.begin() as session:
            await service.terminate(session, upload_id, self._caller)
        await self._remove_pieces(upload_id)

    def _target(self, said: Metadata | ResumableUpload) -> Upload:
        return Upload(
            self._transactions,
            self._store,
            self._caller,
            said.work_item_id,
            said.filename,
            declared=said.digital_source_type,
        )

    async def _end(self, upload: ResumableUpload, writer: UUID, tail: bytes) -> ResumableUpload:
        """All has come: it becomes a version by the same rules as a file that came at once."""
        target = self._target(upload)
        async with self._transactions.begin() as session:
            item = await service.begun_item(session, upload)
            pieces = await repository.pieces_of(session, upload.id)
        head, whole = await _with_head(self._whole(pieces, tail))
        stored = await target.store(item, require_image(head), whole, sha256=upload.sha256)
        async with self._transactions.begin() as session:
            await service.held(session, upload.id, writer)
            version = await target.register(session, item, stored)
            finished = await service.finish(session, upload, version)
        crash_point("upload.finished")
        await self._remove_pieces(upload.id)
        return finished

    async def _whole(self, pieces: list[Piece], tail: bytes) -> AsyncIterator[bytes]:
        """All that came, in order. Raises `PiecesLost`."""
        for piece in pieces:
            came = 0
            try:
                async for part in await self._store.stream(piece.location, 0, piece.bytes):
                    came += len(part)
                    yield bytes(part)
            except FileMissing:
                came = 0
            if came != piece.bytes:
                raise PiecesLost(f"What came from byte {piece.start} on was lost. Begin a new upload.")
        yield tail

    async def _refuse(self, upload: ResumableUpload, writer: UUID, problem: Problem) -> None:
        told = orjson.loads(bytes(problem_response(problem, f"/v1/uploads/{upload.id}").body))
        async with self._transactions.begin() as session:
            await service.refuse(session, upload.id, writer, told)
        await self._remove_pieces(upload.id)

    async def _remove_pieces(self, upload_id: UUID) -> None:
        """What can't be removed now goes with the upload's row."""
        try:
            await self._store.remove_pieces(pieces_folder(upload_id))
        except StoreAway:
            log.warning("an upload's pieces stay until its row goes", upload=str(upload_id))

    @asynccontextmanager
    async def _holding(self, upload_id: UUID, writer: UUID) -> AsyncIterator[None]:
        """Others may write as soon as the block ends, or a while after this process has died."""
        renewing = asyncio.create_task(self._renew(upload_id, writer))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            async with self._transactions.begin() as session:
                await repository.release(session, upload_id, writer)

    async def _renew(self, upload_id: UUID, writer: UUID) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                async with self._transactions.begin() as session:
                    await service.renew(session, upload_id, writer, self._lasts)
            except (DBAPIError, OSError) as error:  # the next piece says so to the sender
                log.warning("a writer's lease was not renewed", upload=str(upload_id), error=repr(error))


class _Incoming:
    """The body of one request on its way into the store."""

    def __init__(
        self, transactions: Transactions, store: Store, upload: ResumableUpload, writer: UUID, checksum: Checksum | None
    ) -> None:
        self.received = upload.received
        self._transactions = transactions
        self._store = store
        self._upload = upload
        self._writer = writer
        self._checksum = checksum
        self._digest = checksum.begin() if checksum else None
        self._stored = list[Piece]()
        """In the store, but not kept yet."""

    async def keep(self, body: UploadBody, piece_bytes: int) -> bytes | None:
        """Keep what comes. What ends at the upload's length is not kept, but returned: it is for who ends it.

        With a checksum all is kept at once, when all has come and is right. Raises a `Problem`.
        """
        tail: bytes | None = None
        try:
            if self.received == 0 and self._checksum is None:
                await self._look_at_head(body)
            async for piece in body.pieces(piece_bytes):
                if self._digest is not None:
                    await asyncio.to_thread(self._digest.update, piece)
                if self.received + len(piece) == self._upload.length:
                    tail = piece
                else:
                    await self._store_piece(piece)
            if self._checksum is not None:
                self._check_digest(self._checksum)
                await self._keep_stored()
        except (BodyCutOff, BodyStalled) as problem:
            if self._checksum is None:
                await self._keep_rest(tail or body.rest())
                said = "What came is kept" if self.received else "Nothing was kept"
            else:
                said = "Nothing of it was kept, since its checksum is that of the whole"
            raise type(problem)(f"The body did not come to its end. {said}: go on where HEAD says.") from None
        finally:
            await self._discard_stored()
        return tail

    async def _look_at_head(self, body: UploadBody) -> None:
        """What is no image need not come as a whole. Raises `NotAnImage`."""
        head = await body.head()
        if len(head) == min(HEAD_BYTES, self._upload.length):
            require_image(head)

    async def _store_piece(self, content: bytes) -> None:
        piece = new_piece(self._upload.id, self.received, len(content))
        self._stored.append(piece)
        await self._store.put_piece(piece.location, content)
        crash_point("upload.piece_stored")
        self.received += len(content)
        if self._checksum is None:
            await self._keep_stored()

    async def _keep_rest(self, rest: bytes) -> None:
        """Of a body that broke off. Not the upload's very last byte: who sends that has sent all, and ends it."""
        if rest := rest[: self._upload.length - 1 - self.received]:
            await self._store_piece(rest)

    async def _keep_stored(self) -> None:
        """They are discarded only when they were surely not kept: a commit may have been done without an answer."""
        stored, self._stored = self._stored, []
        try:
            if stored:
                async with self._transactions.begin() as session:
                    await service.keep_pieces(session, self._upload.id, self._writer, stored)
        except Problem:
            self._stored = stored
            raise

    def _check_digest(self, checksum: Checksum) -> None:
        """Raises `ChecksumMismatch`."""
        assert self._digest is not None
        if self._digest.digest() != checksum.digest:
            raise ChecksumMismatch(
                f"The {checksum.algorithm} of what came is another one; nothing of it was kept. Send it again."
            )

    async def _discard_stored(self) -> None:
        """What is in the store and was not kept; if it can't be removed now, it goes with the upload."""
        for piece in self._stored:
            await self._store.remove_piece(piece.location)


async def _with_head(pieces: AsyncIterator[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first bytes, at least `HEAD_BYTES` where there are so many, and all of it again."""
    ahead = bytearray()
    async for piece in pieces:
        ahead += piece
        if len(ahead) >= HEAD_BYTES:
            break

    async def all_again() -> AsyncIterator[bytes]:
        yield bytes(ahead)
        async for piece in pieces:
            yield piece

    return bytes(ahead[:HEAD_BYTES]), all_again()

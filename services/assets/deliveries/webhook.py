"""A vendor's signed messages, from the first byte on. No connection to the database is held while they come."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from services.assets.deliveries import repository, service
from services.assets.deliveries.schemas import Delivery, DeliveryNote, NamedFile, UploadedFile
from services.assets.deliveries.signatures import verified_id
from services.assets.dependencies import Transactions
from services.assets.store.body import UploadBody
from services.assets.store.errors import WrongDigest
from services.assets.store.formats import media_type_of
from services.assets.store.store import Store
from services.assets.upkeep.ledger import hold
from services.assets.vendors.repository import secret_of

POLL_SECONDS = 0.1
UNKNOWN_TYPE = "application/octet-stream"


class Webhook:
    """One message that says it is from this vendor."""

    def __init__(self, transactions: Transactions, vendor: str, headers: Mapping[str, str]) -> None:
        self._transactions = transactions
        self._vendor = vendor
        self._headers = headers

    async def take_in_file(self, store: Store, sha256: str, body: UploadBody) -> tuple[UploadedFile, bool]:
        """Store one file; True when the vendor had not uploaded it before.

        What is signed is the hash in the path, so that the body can stream. Other bytes leave nothing.
        """
        await self._verify(sha256.encode())
        media_type = media_type_of(await body.head())
        async with store.staged(body.pieces()) as staged:
            if staged.sha256 != sha256:
                raise WrongDigest(f"The SHA-256 of what came is {staged.sha256}; nothing was stored.")
            stored = await store.keep(staged, media_type or UNKNOWN_TYPE)
        file = UploadedFile(vendor=self._vendor, sha256=sha256, bytes=staged.bytes, media_type=media_type)
        async with self._transactions.begin() as session:
            await hold(session, stored)
            return file, await repository.keep_file(session, file)

    async def take_in_delivery(self, body: bytes, wait_seconds: float) -> tuple[Delivery, bool]:
        """Decide on the files that it names; True when that is new. The same message again gets the same answer."""
        webhook_id = await self._verify(body)
        body_sha256 = hashlib.sha256(body).hexdigest()
        if again := await self._find_again(webhook_id, body_sha256):
            return again, False
        files = _parse(body).files
        await self._wait(files, wait_seconds)
        async with self._transactions.begin() as session:
            delivery = await service.take_in(session, self._vendor, webhook_id, body_sha256, files)
        if delivery is not None:
            return delivery, True
        again = await self._find_again(webhook_id, body_sha256)
        assert again is not None
        return again, False

    async def _verify(self, signed: bytes) -> str:
        async with self._transactions.begin() as session:
            secret = await secret_of(session, self._vendor)
        return verified_id(secret, self._headers, signed)

    async def _find_again(self, webhook_id: str, body_sha256: str) -> Delivery | None:
        async with self._transactions.begin() as session:
            return await service.find_again(session, self._vendor, webhook_id, body_sha256)

    async def _wait(self, files: Sequence[NamedFile], wait_seconds: float) -> None:
        """A shot may be newer than what routing's events have told here: wait for them a little."""
        give_up = asyncio.get_running_loop().time() + wait_seconds
        while True:
            async with self._transactions.begin() as session:
                judgements, _ = await service.judge(session, self._vendor, files, lock=False)
            if not any(one.may_change for one in judgements):
                return
            if asyncio.get_running_loop().time() >= give_up:
                self._transactions.check_up_to_date()
                return
            await asyncio.sleep(POLL_SECONDS)


def _parse(body: bytes) -> DeliveryNote:
    """Raises FastAPI's own error, so that the answer looks like that of every other endpoint."""
    try:
        return DeliveryNote.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        errors: list[Any] = [
            {"type": "json_invalid", "loc": ("body", error.pos), "msg": "not JSON", "ctx": {"error": error.msg}}
        ]
    except ValidationError as error:
        errors = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
    raise RequestValidationError(errors)

"""A vendor's signed messages, from the first byte on. No connection to the database is held while they come."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from chassis.problems import Invalid, NotFound
from services.assets.deliveries import repository, service
from services.assets.deliveries.patience import until_settled
from services.assets.deliveries.schemas import Delivery, DeliveryNote, UploadedFile
from services.assets.deliveries.signatures import verified_id
from services.assets.dependencies import Transactions
from services.assets.outbound.client import Outside
from services.assets.outbound.urls import url_faults
from services.assets.store.body import UploadBody
from services.assets.store.errors import WrongDigest
from services.assets.store.formats import media_type_of
from services.assets.store.store import Store
from services.assets.upkeep.ledger import hold
from services.assets.vendors.repository import secrets_of


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
            stored = await store.keep(staged, media_type or service.UNKNOWN_TYPE)
        file = UploadedFile(vendor=self._vendor, sha256=sha256, bytes=staged.bytes, media_type=media_type)
        async with self._transactions.begin() as session:
            await hold(session, stored)
            return file, await repository.keep_file(session, file)

    async def take_in_delivery(self, body: bytes, outside: Outside, wait_seconds: float) -> tuple[Delivery, bool]:
        """Decide on the files that it names, as far as they are here; True when that is new. The same message again
        gets the delivery as it stands."""
        webhook_id = await self._verify(body)
        body_sha256 = hashlib.sha256(body).hexdigest()
        if again := await self._find_again(webhook_id, body_sha256):
            return again, False
        note = _parse(body)
        _check_urls(note, outside)
        await until_settled(self._transactions, self._vendor, note.files, wait_seconds)
        async with self._transactions.begin() as session:
            delivery = await service.take_in(session, self._vendor, webhook_id, body_sha256, note)
        if delivery is not None:
            return delivery, True
        again = await self._find_again(webhook_id, body_sha256)
        assert again is not None
        return again, False

    async def read_delivery(self, webhook_id: str) -> Delivery:
        """What became of one. What is signed is the path, for there is no body."""
        await self._verify(f"/webhooks/vendors/{self._vendor}/deliveries/{webhook_id}".encode())
        async with self._transactions.begin() as session:
            found = await repository.find_delivery(session, self._vendor, webhook_id)
        if found is None:
            raise NotFound("You have sent no delivery with this `webhook-id`, or it was refused.")
        return found[0]

    async def _verify(self, signed: bytes) -> str:
        async with self._transactions.autocommit() as session:
            secrets = await secrets_of(session, self._vendor)
        return verified_id(secrets, self._headers, signed)

    async def _find_again(self, webhook_id: str, body_sha256: str) -> Delivery | None:
        async with self._transactions.begin() as session:
            return await service.find_again(session, self._vendor, webhook_id, body_sha256)


def _check_urls(note: DeliveryNote, outside: Outside) -> None:
    """Raises `Invalid` with every URL that can't be called, whatever it leads to."""
    faults = [
        fault
        for number, file in enumerate(note.files)
        if file.url is not None
        for fault in url_faults(outside, file.url, f"/files/{number}/url")
    ]
    if faults:
        raise Invalid("Some URLs can't be called; `errors` names each.", errors=faults[:100])


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

"""Fetching one delivered file from its vendor's URL: into the store, hashed on the way, with no connection to the
database held meanwhile."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

from prometheus_client import Counter

from chassis.clock import now
from chassis.crash import crash_point
from chassis.problems import Unavailable
from chassis.timers import drop_timers, set_timer
from services.assets.deliveries import repository, service
from services.assets.deliveries.domain import VENDOR_INACTIVE, Code, Reason
from services.assets.deliveries.patience import until_settled
from services.assets.deliveries.schemas import NamedFile, UploadedFile
from services.assets.dependencies import Transactions
from services.assets.outbound.client import Outside, Response
from services.assets.outbound.errors import NoAnswer, NotAllowed
from services.assets.settings import AssetsSettings
from services.assets.store.body import PIECE_BYTES
from services.assets.store.formats import HEAD_BYTES, media_type_of
from services.assets.store.store import Store
from services.assets.upkeep.ledger import hold
from services.assets.vendors import repository as vendors

AWAY = timedelta(seconds=10)
"""How long a file waits while something of ours is away, without a try being counted."""

OVER_AND_ABOVE = timedelta(minutes=2)
"""How long an errand may take besides fetching."""

FETCHED = Counter("packshot_fetched_files_total", "Tries to fetch a vendor's file from its URL.", ["result"])


class _Refused(Exception):
    """What came, or what comes, is not what the delivery named; another try would end alike."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.reason = Reason(code, text)


class Fetching:
    """The errand that fetches delivered files, and has them decided on."""

    def __init__(self, transactions: Transactions, store: Store, outside: Outside, settings: AssetsSettings) -> None:
        self._transactions = transactions
        self._store = store
        self._outside = outside
        self._settings = settings

    async def run(self, key: str) -> None:
        vendor, delivery_id, position = key.split("/")
        try:
            await self._fetch_and_decide(key, vendor, UUID(delivery_id), int(position))
        except Unavailable:  # the store, or NATS; PostgreSQL is the errand's own matter
            async with self._transactions.begin() as session:
                await set_timer(session, service.FETCH, key, now() + AWAY)

    async def _fetch_and_decide(self, key: str, vendor: str, delivery_id: UUID, position: int) -> None:
        async with self._transactions.begin() as session:
            waiting = await repository.waiting_file(session, delivery_id, position)
            if waiting is None:
                await drop_timers(session, [(service.FETCH, key)])
                return
            is_here = await repository.uploaded_files(session, vendor, [waiting.named.sha256])
            refusal = None if await vendors.is_active(session, vendor) else VENDOR_INACTIVE
        if refusal is None and not is_here:
            try:
                await self._fetch(vendor, waiting.named)
            except NoAnswer as problem:
                FETCHED.labels("failed").inc()
                async with self._transactions.begin() as session:
                    await service.fetch_failed(session, delivery_id, position, waiting.attempts, str(problem))
                return
            except NotAllowed as problem:
                refusal = Reason(Code.URL_REFUSED, f"The file was not fetched. {problem}")
            except _Refused as problem:
                refusal = problem.reason
            FETCHED.labels("refused" if refusal else "fetched").inc()
            crash_point("delivery.fetched")
        if refusal is None:
            wait_seconds = self._settings.claim_wait_seconds
            await until_settled(self._transactions, vendor, [waiting.named], wait_seconds)
        async with self._transactions.begin() as session:
            await service.decide_fetched(session, delivery_id, position, refusal)

    async def _fetch(self, vendor: str, named: NamedFile) -> None:
        """Keep it as one of the vendor's files. Raises `NoAnswer`, `NotAllowed`, `_Refused`, `StoreAway`; then nothing
        is kept."""
        assert named.url is not None
        limits = {"seconds": self._settings.fetch_seconds, "stall_seconds": self._settings.stall_seconds}
        async with self._outside.get(named.url, **limits) as answer:
            body = _Body(answer, named, self._settings.max_upload_bytes)
            async with self._store.staged(body.pieces()) as staged:
                if staged.sha256 != named.sha256:
                    raise _Refused(Code.OTHER_BYTES, f"The SHA-256 of what came from its URL is {staged.sha256}.")
                media_type = media_type_of(body.head)
                stored = await self._store.keep(staged, media_type or service.UNKNOWN_TYPE)
        file = UploadedFile(vendor=vendor, sha256=staged.sha256, bytes=staged.bytes, media_type=media_type)
        async with self._transactions.begin() as session:
            await hold(session, stored)
            await repository.keep_file(session, file)


class _Body:
    """The body of an answer, as the file that a delivery names: counted, bounded and never kept."""

    def __init__(self, answer: Response, named: NamedFile, max_bytes: int) -> None:
        """Raises `NoAnswer` or `_Refused` for what its head says already."""
        self.head = b""
        self._answer = answer
        self._named = named
        self._max_bytes = max_bytes
        if answer.status != 200:
            raise NoAnswer(f"{answer.host} answered {answer.status}.")
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise NoAnswer(f"{answer.host} sent it compressed, and was asked not to.")
        if answer.length is not None:
            self._check(answer.length, ended=True)

    async def pieces(self) -> AsyncIterator[bytes]:
        """In pieces of about 1 MiB. `head` has the first bytes afterwards."""
        received, ahead = 0, bytearray()
        async for chunk in self._answer.chunks():
            received += len(chunk)
            self._check(received, ended=False)
            self.head += chunk[: max(0, HEAD_BYTES - len(self.head))]
            ahead += chunk
            if len(ahead) >= PIECE_BYTES:
                yield bytes(ahead)
                ahead.clear()
        self._check(received, ended=True)
        if ahead:
            yield bytes(ahead)

    def _check(self, size: int, *, ended: bool) -> None:
        wanted = self._named.bytes
        if size > self._max_bytes:
            raise _Refused(Code.TOO_LARGE, f"The file is larger than {self._max_bytes} bytes.")
        if wanted is not None and (size > wanted or (ended and size < wanted)):
            has = f"{size} bytes" if ended else f"more than {wanted} bytes"
            raise _Refused(Code.OTHER_SIZE, f"What its URL gives has {has}, not {wanted}.")

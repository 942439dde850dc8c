"""Whether someone may claim from a queue, and whether its WIP limit allows it: the same for every way of claiming."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Caller, require_role
from chassis.problems import Unavailable
from contracts.values import WorkItem
from services.routing.queues import repository
from services.routing.queues.domain import Limits
from services.routing.queues.errors import LimitReached, NoSuchQueue, NotForYou, OtherLane
from services.routing.queues.schemas import Queue, QueuesPack


@dataclass(frozen=True)
class Admission:
    """Someone may claim from this queue; `limits` says what."""

    queue: Queue
    limits: Limits
    held: int  # when this was read; `hold_to_limit` counts for good

    @property
    def room(self) -> int | None:
        """How many more may be held, as it looked then; None: any number."""
        return None if self.queue.wip_limit is None else max(0, self.queue.wip_limit - self.held)

    def has_room(self, wanted: int) -> bool:
        """As it looked then: better asked now than after the work of a claim."""
        return self.room is None or wanted <= self.room

    def require_room(self, wanted: int) -> None:
        """Raises `LimitReached`."""
        if self.queue.wip_limit is not None and not self.has_room(wanted):
            raise LimitReached(self.queue.name, self.queue.wip_limit, self.held, wanted)

    def require_fit(self, work: WorkItem) -> None:
        """Raises `NotForYou`."""
        if why := self.limits.why_not(work):
            raise NotForYou(why, team=work.team, level=work.level)


async def admit(session: AsyncSession, name: str, caller: Caller, at: datetime) -> Admission:
    """Raises `NoSuchQueue`, `Forbidden` for a role that may not, `OtherLane`."""
    standing = await repository.read_standing(session, name, caller.subject)
    if standing.queues is None:
        raise Unavailable("The pack `queues` is not loaded yet.")
    pack = _parsed(standing.queues)
    queue = pack.queue(name)
    if queue is None:
        raise NoSuchQueue(name, [one.name for one in pack.queues])
    require_role(caller, *queue.roles)
    ends = standing.exception_ends
    if standing.limits.keeps_out_of(queue) and not (ends and ends > at):
        raise OtherLane(name, queue.lane, standing.limits.lane, ends)
    return Admission(queue, standing.limits, standing.held)


async def hold_to_limit(session: AsyncSession, queue: Queue, wanted: int) -> None:
    """Raises `LimitReached`, which undoes the claim. The last thing that a claim does: who asks for it next waits until
    this transaction ends, and the rest of a claim needs no waiting."""
    if queue.wip_limit is not None:
        held = await repository.count_held(session, queue.name)
        if held > queue.wip_limit:
            raise LimitReached(queue.name, queue.wip_limit, held - wanted, wanted)


@lru_cache(maxsize=16)
def _parsed(content: str) -> QueuesPack:
    """Remembered by the text itself."""
    return QueuesPack.model_validate_json(content)

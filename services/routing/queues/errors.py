"""Why a claim gets nothing, and what would help."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chassis.problems import Conflict, FieldError, Forbidden, NotFound
from services.routing.queues.schemas import Lane


class NoSuchQueue(NotFound):
    """There is no queue of this name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no queue {name}. There are: {', '.join(known)}.")


class NothingToClaim(Conflict):
    """Nothing for this person at this moment; `reason` says why."""

    title = "Nothing to claim"

    def __init__(self, queue: str, reason: str, detail: str) -> None:
        super().__init__(detail, queue=queue, reason=reason)


class LimitReached(Conflict):
    """As many work items as the queue allows are under way."""

    title = "The WIP limit is reached"

    def __init__(self, queue: str, limit: int, held: int, wanted: int) -> None:
        room = max(0, limit - held)
        detail = f"{held} of at most {limit} work items of the queue {queue} are under way"
        detail += "." if wanted == 1 else f": there is room for {room}, and this would take {wanted}."
        detail += " Wait until some are handed in, or hand in what you hold."
        super().__init__(detail, queue=queue, reason="limit_reached", wip_limit=limit, wip=held, wanted=wanted)


class OtherLane(Forbidden):
    """Hero and batch people don't take each other's work without an exception (R38)."""

    title = "Work of another lane"

    def __init__(self, queue: str, queue_lane: Lane, lane: Lane | None, ended: datetime | None) -> None:
        past = f" Your exception ended at {ended.isoformat(timespec='seconds')}." if ended else ""
        super().__init__(
            f"{queue} is {queue_lane} work, and you do {lane} work.{past} The owner of `sla_and_exceptions` can grant"
            " you an exception: POST /v1/people/{subject}/exceptions.",
            queue=queue,
            reason="other_lane",
        )


class NotForYou(Forbidden):
    """Another team's work, or work that asks for more experience."""

    title = "Not for your team or level"

    def __init__(self, why: str, **extensions: Any) -> None:
        super().__init__(f"You can't take this work: {why}.", reason="other_team_or_level", **extensions)


class QueueInUse(Conflict):
    """A queue that is still needed would be gone, or nobody would be offered its work."""

    title = "The queue is in use"

    def __init__(self, why: str, errors: list[FieldError]) -> None:
        super().__init__(why, errors=errors)

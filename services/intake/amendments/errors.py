"""What a call about an amendment can fail with."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from chassis.problems import Conflict, FieldError, Forbidden, Invalid, NotFound


class UnknownAmendment(NotFound):
    def __init__(self, amendment_id: UUID) -> None:
        super().__init__(f"There is no amendment {amendment_id}.")


class IllegalStep(Conflict):
    """The state doesn't allow it; `allowed` says what it does allow."""

    def __init__(self, action: str, state: str, allowed: Iterable[str]) -> None:
        names = sorted(allowed)
        can = f"what can happen now: {', '.join(names)}" if names else "nothing happens to it any more"
        super().__init__(
            f"`{action}` is not possible while an amendment is {state}; {can}.", state=state, allowed=names
        )


class NotAmendable(Conflict):
    """Only what production has is amended by a quote, and not while it is asked about."""

    def __init__(self, state: str, *, was_accepted: bool) -> None:
        remedy = "Send a PATCH: it is incomplete" if state == "returned" else "Make a new request"
        if was_accepted and state != "cancelled":
            remedy = "Settle the questions about it first"
        super().__init__(f"Only an accepted request is amended; this one is {state}. {remedy}.", state=state)


class AnotherIsOpen(Conflict):
    """One amendment at a time: each is quoted against what is in force."""

    title = "Another amendment is open"

    def __init__(self, amendment_id: UUID, state: str) -> None:
        super().__init__(
            f"The amendment {amendment_id} is {state}. Wait until it is decided, or withdraw it.",
            amendment_id=str(amendment_id),
            state=state,
        )


class AddsWhatIsInWork(Conflict):
    """Another request came first: what it has is not made twice."""

    title = "What it adds is in work"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(
            "Since it was proposed, another request has come first; `errors` names it. Withdraw this one.",
            errors=errors,
        )


class QuoteIsOld(Conflict):
    """Too late to accept it."""

    def __init__(self, why: str, at: datetime) -> None:
        super().__init__(f"{why} {at:%Y-%m-%dT%H:%M:%SZ}. Withdraw it and propose it anew.")


class NotYours(Forbidden):
    """It is decided by who owns the request."""

    def __init__(self, owners: Sequence[str], roles: Iterable[str]) -> None:
        names = sorted(str(role) for role in roles)
        super().__init__(
            f"This is decided by {' or '.join(owners)}, or by: {', '.join(names)}.",
            allowed_subjects=list(owners),
            allowed_roles=names,
        )


class LossesNotAcknowledged(Invalid):
    slug, title = "losses-not-acknowledged", "Work past a gate would be lost"

    def __init__(self, losses: int, named: Sequence[FieldError], cost: float, currency: str) -> None:
        rest = f" `errors` names {len(named)}." if len(named) < losses else ""
        super().__init__(
            f"{losses} work items past a gate would be stopped or redone; an estimated {cost:.2f} {currency} were spent"
            f" on what is given up.{rest}",
            errors=named,
            losses=losses,
        )

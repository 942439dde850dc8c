"""What can't be done with a work item, and what can."""

from collections.abc import Iterable

from chassis.problems import Conflict, NotFound


class NoSuchWork(NotFound):
    """There is no work item with this id."""


class IllegalTransition(Conflict):
    """The state machine has no such step; `legal_actions` names those that it has, but for an amendment's."""

    def __init__(self, state: str, action: str, legal: Iterable[str]) -> None:
        names = sorted(legal)
        over = "nothing happens to it any more"
        if state == "approved":
            over += ", unless an amendment of its request redoes it"
        can = f"what can happen now: {', '.join(names)}" if names else over
        super().__init__(f"`{action}` is not possible while work is {state}; {can}.", state=state, legal_actions=names)


class WithRequester(Conflict):
    """Its request is with its requester: the answer lets it go on, nobody else does."""

    title = "It waits for its requester"

    def __init__(self, legal: Iterable[str]) -> None:
        super().__init__(
            "Its request is with its requester, who has open questions: it goes on when they are answered.",
            state="blocked",
            legal_actions=sorted(legal),
        )


class HeldByAnother(Conflict):
    """Someone else's lease is still running."""

    title = "Another person holds it"

    def __init__(self, state: str, holder: str, until: str | None, legal: Iterable[str]) -> None:
        holds = f"holds it until {until}" if until else "holds it while it is blocked"
        super().__init__(
            f"{holder} {holds}. Wait until it is handed in or back, or take other work.",
            state=state,
            claimed_by=holder,
            legal_actions=sorted(legal),
        )

"""What stands against a publication."""

from collections.abc import Sequence

from chassis.problems import Conflict, NotFound


class UnknownDestination(NotFound):
    slug = "unknown-destination"


class UnknownPublication(NotFound):
    slug = "unknown-publication"


class IllegalStep(Conflict):
    """`legal`: what may happen to it instead."""

    slug = "illegal-step"

    def __init__(self, what: str, state: str, legal: Sequence[str]) -> None:
        instead = ", ".join(legal) or "nothing"
        super().__init__(f"It is {state}, so it can't be {what}. Possible now: {instead}.", legal=[*legal])


class NotPublishable(Conflict):
    """`cause`: why this version isn't published there, for programs."""

    slug = "not-publishable"

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(detail, cause=cause)


class NotReached(Exception):
    """A destination couldn't be reached this time. For people to read: no address or path."""

"""Why a version stays where it is."""

from collections.abc import Sequence

from chassis.problems import Conflict


class IllegalMove(Conflict):
    """`legal`: what may be done with it instead."""

    slug = "illegal-move"

    def __init__(self, move: str, why: str, legal: Sequence[str]) -> None:
        instead = ", ".join(legal) or "nothing"
        super().__init__(f"You can't {move} this version: {why}. Possible now: {instead}.", legal=[*legal])

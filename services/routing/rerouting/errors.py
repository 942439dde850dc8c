"""Why work can't be re-routed now, and what can be done."""

from collections.abc import Iterable

from chassis.problems import Conflict


class NotRoutableNow(Conflict):
    """The state allows other changes, or none."""

    def __init__(self, state: str, wanted: Iterable[str], legal: Iterable[str], why: str) -> None:
        names = sorted(legal)
        super().__init__(
            f"{', '.join(sorted(wanted))} can't change while work is {state}: {why}."
            f" What can change now: {', '.join(names) or 'nothing'}.",
            state=state,
            changeable=names,
        )

"""What can't be handed over, and what can."""

from collections.abc import Sequence

from chassis.problems import Conflict
from contracts.values import Step


class IllegalHandover(Conflict):
    """There is no such way by hand; `legal_steps` names those that there are."""

    title = "No such handover"

    def __init__(self, origin: Step, to: Step, legal: Sequence[Step]) -> None:
        can = f"it goes to: {', '.join(legal)}" if legal else "store a version, and it goes to qc"
        super().__init__(f"From {origin} nobody hands over to {to}; {can}.", step=origin, legal_steps=list(legal))

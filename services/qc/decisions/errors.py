"""What keeps a decision from counting."""

from chassis.problems import Conflict, Forbidden


class Changed(Conflict):
    """What was looked at is not what is at the gate now."""

    slug, title = "changed", "It has changed since you read it"


class OpenFails(Conflict):
    """Automatic checks that failed stand against a pass; `checks` tells each."""

    slug, title = "open-fails", "Automatic checks failed"


class OwnWork(Forbidden):
    """Nobody reviews what they delivered."""

    slug, title = "own-work", "Not your own work"


class AnotherReviewer(Forbidden):
    """The final gate needs different people."""

    slug, title = "another-reviewer", "Another person must pass it"


class Standing(Conflict):
    """Others have acted on the decision: what it opened, or sent back, stands."""

    slug, title = "stands", "It can't be taken back any more"

"""What can go wrong between a body and the store."""

from chassis.problems import Problem, Unavailable


class StoreAway(Unavailable):
    """The store refuses or can't be reached (full disk, network, permissions). The cause is in the logs."""

    def __init__(self) -> None:
        super().__init__("The file store can't be reached or is full; nothing was changed. Try again.")


class FileMissing(Problem):
    """A version's file is not where its row says. Never the caller's fault."""

    status, slug, title = 500, "file-missing", "Our fault"


class BodyCutOff(Problem):
    status, slug, title = 400, "body-cut-off", "The body ended early"


class BodyStalled(Problem):
    status, slug, title = 408, "body-stalled", "The body came too slowly"


class WrongDigest(Problem):
    status, slug, title = 422, "wrong-digest", "These are other bytes"


class NotAnImage(Problem):
    status, slug, title = 422, "not-an-image", "Not an image"

"""What can go wrong between a body and the store."""

from chassis.problems import RETRY_AFTER_SECONDS, Problem, Unavailable


class StoreAway(Unavailable):
    """The store refuses or can't be reached (network, permissions). The cause is in the logs."""

    def __init__(self) -> None:
        super().__init__("The file store can't be reached; nothing was changed. Try again.")


class StoreFull(Problem):
    """The disk or quota is full. Someone has to make room before it is worth another try."""

    status, slug, title = 507, "store-full", "No room left"

    def __init__(self) -> None:
        super().__init__(
            "The file store is full; nothing was stored. Try again when there is room.",
            headers={"Retry-After": str(12 * RETRY_AFTER_SECONDS)},
        )


class FileMissing(Problem):
    """A version's file is not where its row says. Never the caller's fault."""

    status, slug, title = 500, "file-missing", "Our fault"


class FileDamaged(Problem):
    """A version's file has other bytes than were stored. Never the caller's fault; the same bytes again mend it."""

    status, slug, title = 500, "file-damaged", "Our fault"


class BodyCutOff(Problem):
    status, slug, title = 400, "body-cut-off", "The body ended early"


class BodyStalled(Problem):
    status, slug, title = 408, "body-stalled", "The body came too slowly"


class WrongDigest(Problem):
    status, slug, title = 422, "wrong-digest", "These are other bytes"


class NotAnImage(Problem):
    status, slug, title = 422, "not-an-image", "Not an image"

"""Why a file can't be relied on just now, and what can't be mended."""

from chassis.problems import NotFound, Unavailable


class BeingCleared(Unavailable):
    """Nothing had referred to these bytes for a long time, and they are being deleted at this very moment."""

    def __init__(self) -> None:
        super().__init__("An old copy of this very file is just being cleared away; nothing was stored. Try again.")


class NotDamaged(NotFound):
    slug = "not-damaged"

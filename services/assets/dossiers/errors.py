"""Why there is no dossier."""

from chassis.problems import NotFound, Unavailable


class NotFinal(NotFound):
    slug, title = "not-final", "This version is not an approved final"


class NotAllHere(Unavailable):
    """What it is made of is told by other services, and on its way."""

    slug, title = "dossier-incomplete", "Not all of the dossier is here yet"


class NoKey(Unavailable):
    slug, title = "no-dossier-key", "Dossiers can't be signed"

    def __init__(self) -> None:
        super().__init__("This installation has no key to sign dossiers with: set PACKSHOT_DOSSIER_KEY.")

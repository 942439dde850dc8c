"""One photo that no sample catalogue has, to be delivered by hand."""

from packshot.sample import tops
from packshot.sample.colours import COLORWAYS
from packshot.sample.files import jpeg
from packshot.sample.studio import Studio

_FOLDS = 1848  # as they fall on this tee alone


def plain_tee() -> bytes:
    """The front of a cream T-shirt without pocket or stripes: always the same JPEG."""
    studio = Studio(_FOLDS)
    tops.tee(studio, COLORWAYS["cream"], back=False, surface="jersey", pocket=False, stripe=None)
    return jpeg(studio.photograph())

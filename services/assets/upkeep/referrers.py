"""What keeps a file in the store: every table with a hash of one. A feature that refers to files adds its line."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from services.assets.colour_references.models import colour_reference
from services.assets.deliveries.models import vendor_file
from services.assets.variants.models import rendition
from services.assets.versions.models import version


@dataclass(frozen=True)
class Referrer:
    """Rows that need the file with the hash in `sha256`, which has an index. `key` names such a row to people.

    Whoever adds such a row calls `hold` first, in the same transaction.
    """

    name: str
    sha256: ColumnElement[str]
    key: ColumnElement[object]


REFERRERS = (
    Referrer("version", version.c.sha256, version.c.id),
    Referrer("vendor_file", vendor_file.c.sha256, vendor_file.c.vendor),
    Referrer("rendition", rendition.c.sha256, rendition.c.question),
    Referrer("colour_reference", colour_reference.c.sha256, colour_reference.c.id),
)

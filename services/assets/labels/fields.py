"""The fields of metadata that are kept through every derivative: what was made how, by whom, and whose it is."""

from collections.abc import Mapping
from enum import Enum
from xml.sax.saxutils import escape

from contracts.values import DigitalSourceType

Labels = Mapping[str, tuple[str, ...]]
"""Field → its values, in order; a field that is not there has none."""

NO_LABELS: Labels = {}
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCE_TYPE, CREATOR, RIGHTS, CREDIT = "Iptc4xmpExt:DigitalSourceType", "dc:creator", "dc:rights", "photoshop:Credit"
MOST_VALUES, MOST_CHARACTERS = 20, 2_000
"""Of one field. What is longer is no label; all of them fit into one segment of a JPEG."""
MOST_BYTES = 40_000
"""Of all, as XML writes them."""

NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
}


class Shape(Enum):
    """How XMP writes a field."""

    TEXT = "text"
    LIST = "Seq"
    BY_LANGUAGE = "Alt"


FIELDS = {
    SOURCE_TYPE: Shape.TEXT,
    "Iptc4xmpExt:AISystemUsed": Shape.TEXT,
    "Iptc4xmpExt:AISystemVersionUsed": Shape.TEXT,
    "Iptc4xmpExt:AIPromptInformation": Shape.TEXT,
    "Iptc4xmpExt:AIPromptWriterName": Shape.TEXT,
    CREATOR: Shape.LIST,
    RIGHTS: Shape.BY_LANGUAGE,
    CREDIT: Shape.TEXT,
    "xmpRights:Marked": Shape.TEXT,
    "xmpRights:WebStatement": Shape.TEXT,
    "xmpRights:UsageTerms": Shape.BY_LANGUAGE,
    "plus:DataMining": Shape.TEXT,
}


def with_source_type(labels: Labels, declared: DigitalSourceType | None) -> Labels:
    """What is on record counts; where nothing is, what the file itself says stays."""
    return labels if declared is None else {**labels, SOURCE_TYPE: (f"{VOCABULARY}{declared}",)}


def tidy(labels: Labels) -> Labels:
    """In the order of `FIELDS`, without what is empty, can't be written, or is too much to be a label. A field that is
    no list has one value: the first, which of several languages is the default one."""
    kept: dict[str, tuple[str, ...]] = {}
    room = MOST_BYTES
    for field, shape in FIELDS.items():
        most = MOST_VALUES if shape is Shape.LIST else 1
        shown = [_shown(value) for value in labels.get(field, ())]
        values = tuple(value for value in shown if value and len(value) <= MOST_CHARACTERS)[:most]
        room -= sum(len(escape(value).encode()) for value in values)
        if room < 0:
            break
        if values:
            kept[field] = values
    return kept


def _shown(value: str) -> str:
    """Only characters that XML has."""
    return "".join(one for one in value if one in "\t\n" or " " <= one <= "\ud7ff" or "\ue000" <= one <= "\ufffd" or
                   one > "\uffff").strip()  # fmt: skip
